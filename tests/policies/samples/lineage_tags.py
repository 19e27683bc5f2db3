"""Samples of `lineage-tags`."""

from __future__ import annotations

from policies.tokens import BUCKET
from policies.views import UNKNOWN
from serving.blueprint.tags import LINEAGE_KEYS, PLATFORM_SERVICE, TagKey
from tests.policies.harness import Case, Declared, Sample

LINEAGE = {key.value: "x" for key in LINEAGE_KEYS}
FEWER = {key: value for key, value in LINEAGE.items() if key != TagKey.TRAINING_RUN}
CHAT = {TagKey.SERVICE.value: "chat"}
PLATFORM = {TagKey.SERVICE.value: PLATFORM_SERVICE}
GROUP = "aws:autoscaling/group:Group"


def bucket(tags: object) -> Declared:
    return Declared(BUCKET, "models", {"tags": tags})


SAMPLES = (
    Sample(Case.ALLOWED, "all keys", (bucket(CHAT | LINEAGE),)),
    Sample(Case.ALLOWED, "some by default tags", (Declared(BUCKET, "m", {"tags": FEWER}, default_tags=LINEAGE),)),
    Sample(Case.DISALLOWED, "one missing", (bucket(CHAT | FEWER),), ("tag training-run missing",)),
    Sample(Case.DISALLOWED, "lineage without a service", (bucket(FEWER),), ("tag training-run missing",)),
    Sample(
        Case.DISALLOWED,
        "lineage of what all share",
        (bucket(PLATFORM | FEWER),),
        ("tag training-run missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "service by default tags",
        (Declared(BUCKET, "m", {"tags": FEWER}, default_tags=CHAT),),
        ("tag training-run missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "as a list",
        (Declared(GROUP, "nodes", {"tags": [{"key": key, "value": "x"} for key in FEWER]}),),
        ("tag training-run missing",),
    ),
    Sample(Case.DISALLOWED, "empty", (bucket(CHAT | LINEAGE | {"model": " "}),), ("tags.model is empty",)),
    Sample(
        Case.DISALLOWED,
        "type that the package does not know, with tags",
        (Declared("aws:nosuch/thing:Thing", "t", {"tags": CHAT | FEWER}),),
        ("tag training-run missing",),
    ),
    Sample(Case.UNKNOWN, "all tags", (bucket(UNKNOWN),), ("tags is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown value does not hide a missing key",
        (bucket(CHAT | FEWER | {"model": UNKNOWN}),),
        ("tag training-run missing", "tags.model is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "what all share", (bucket(PLATFORM),)),
    Sample(Case.NOT_APPLICABLE, "names no service", (bucket({"owner": "x"}),)),
    Sample(Case.NOT_APPLICABLE, "no tags", (Declared(BUCKET, "m", {}),)),
    Sample(
        Case.NOT_APPLICABLE,
        "no tags in AWS",
        (Declared("aws:s3/bucketPolicy:BucketPolicy", "p", {}, default_tags=CHAT),),
    ),
    Sample(Case.NOT_APPLICABLE, "provider", (Declared("pulumi:providers:aws", "aws", {}),)),
    Sample(Case.NOT_APPLICABLE, "no lineage at all", (bucket(CHAT),)),
)
