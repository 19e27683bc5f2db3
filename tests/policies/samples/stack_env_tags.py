"""Samples of `stack-env-tags`."""

from __future__ import annotations

from policies.tokens import BUCKET
from tests.policies.harness import Case, Declared, Sample

STACK = (Declared("pulumi:pulumi:Stack", "shop-prod", {}), Declared(BUCKET, "models", {}))
OWNED = {"environment": "prod", "owner": "ml-platform"}
TAGS = {**OWNED, "change-id": "CHG-1234", "approved-by": "platform-approvers"}

SAMPLES = (
    Sample(Case.ALLOWED, "all tags", STACK, tags=TAGS),
    Sample(Case.ALLOWED, "approved on the pull request", STACK, parameters={"change_keys": []}, tags=OWNED),
    Sample(Case.ALLOWED, "keys of one's own", STACK, parameters={"keys": ["env"]}, tags={**TAGS, "env": "prod"}),
    Sample(Case.DISALLOWED, "no owner", STACK, ("no tag owner",), tags={**TAGS, "owner": " "}),
    Sample(Case.DISALLOWED, "no change", STACK, ("no tag change-id", "no tag approved-by"), tags=OWNED),
    Sample(
        Case.DISALLOWED,
        "no tags",
        STACK,
        ("no tag environment", "no tag owner"),
        parameters={"change_keys": []},
        tags={"pulumi:project": "shop"},
    ),
    Sample(Case.NOT_APPLICABLE, "nothing in it", ()),
)
