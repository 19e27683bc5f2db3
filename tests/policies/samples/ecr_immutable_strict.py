"""Samples of `ecr-immutable-strict`."""

from __future__ import annotations

from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def repository(**properties: object) -> Declared:
    return Declared("aws:ecr/repository:Repository", "images", properties)


def excluding(*filters: str) -> Declared:
    return repository(
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filter": text, "filterType": "WILDCARD"} for text in filters],
    )


SAMPLES = (
    Sample(Case.ALLOWED, "immutable", (repository(imageTagMutability="IMMUTABLE"),)),
    Sample(Case.ALLOWED, "allowed exclusion", (excluding("cache-*"),), parameters={"excluded_tags": ["cache-*"]}),
    Sample(Case.DISALLOWED, "mutable by default", (repository(),), ("imageTagMutability is missing",)),
    Sample(Case.DISALLOWED, "mutable", (repository(imageTagMutability="MUTABLE"),), ("imageTagMutability is",)),
    Sample(Case.DISALLOWED, "exclusion", (excluding("*"),), ("not among the tags that may move",)),
    Sample(
        Case.DISALLOWED,
        "deleted with its images",
        (repository(imageTagMutability="IMMUTABLE", forceDelete=True),),
        ("forceDelete is true",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown does not hide the other",
        (repository(imageTagMutability=UNKNOWN, forceDelete=True),),
        ("forceDelete is true", "imageTagMutability is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:ecr/lifecyclePolicy:LifecyclePolicy", "x", {}),)),
)
