"""Samples of `tag-values-valid`."""

from __future__ import annotations

from policies.checks.tag_values_valid import COST_TAG
from policies.tokens import BUCKET, NAMESPACE
from policies.views import UNKNOWN
from tests.policies.harness import DIGEST, Case, Declared, Sample

GOOD = {
    "data-class": "restricted",
    "risk-class": "high",
    "tier": "0",
    "environment": "prod",
    "cost-center": "cc-4100",
    "model-digest": DIGEST,
    "owner": "ml-platform",
}
MAIL = "jane.doe@example.com"


def bucket(tags: object, *sources: str) -> Declared:
    return Declared(BUCKET, "models", {"tags": tags}, {"tags": sources} if sources else {})


def namespace(**labels: str) -> Declared:
    return Declared(NAMESPACE, "search", {"metadata": {"name": "search", "labels": labels}})


SAMPLES = (
    Sample(Case.ALLOWED, "good values", (bucket(GOOD),)),
    Sample(Case.ALLOWED, "a number as a number", (bucket({"tier": 1}),)),
    Sample(Case.ALLOWED, "labels", (namespace(**{"serving.blueprint/tier": "0", "tier": "frontend"}),)),
    Sample(Case.ALLOWED, "active", (Declared(COST_TAG, "tag", {"tagKey": "owner", "status": "Active"}),)),
    Sample(Case.ALLOWED, "datasets", (bucket({"dataset": "card-transactions@2026-10-01 chargebacks@2026-10-01"}),)),
    Sample(
        Case.ALLOWED,
        "a team's mailbox",
        (bucket({"contact": "ml-platform@teams.example.com"}),),
        parameters={"shared_mailboxes": ["teams.example.com"]},
    ),
    Sample(
        Case.RESOLVED,
        "a name of another resource",
        (Declared("aws:ec2/vpc:Vpc", "vpc", {}), bucket({"Network": UNKNOWN}, "vpc")),
    ),
    Sample(
        Case.DISALLOWED,
        "class of nobody knows what",
        (bucket({**GOOD, "data-class": "secret-ish"}),),
        ('data-class is "secret-ish", which is not public|internal|confidential|restricted',),
    ),
    Sample(Case.DISALLOWED, "a part that matches", (bucket({"tier": "01"}),), ("tier is",)),
    Sample(
        Case.DISALLOWED,
        "by default tags",
        (Declared(BUCKET, "models", {}, default_tags={"environment": "?"}),),
        ("environment is",),
    ),
    Sample(Case.DISALLOWED, "label", (namespace(**{"serving.blueprint/tier": "gold"}),), ("tier is",)),
    Sample(Case.DISALLOWED, "a person", (bucket({"owner": MAIL}),), ("tags.owner holds an e-mail address",)),
    Sample(Case.DISALLOWED, "somebody's telephone", (bucket({"on-call": "+49 151 2345678"}),), ("telephone number",)),
    Sample(
        Case.DISALLOWED,
        "a person beside a team",
        (bucket({"contact": MAIL}),),
        ("holds an e-mail address",),
        parameters={"shared_mailboxes": ["teams.example.com"]},
    ),
    Sample(
        Case.DISALLOWED,
        "keys of one's own",
        (bucket({"env": "production"}),),
        ("env is",),
        parameters={"patterns": ["env=dev|prod"]},
    ),
    Sample(
        Case.DISALLOWED,
        "not active",
        (Declared(COST_TAG, "tag", {"tagKey": "owner", "status": "Inactive"}),),
        ("status is",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown value does not hide a wrong one",
        (bucket({"tier": "9", "owner": UNKNOWN}),),
        ("tier is", "tags.owner is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no tags", (Declared("aws:s3/bucketPolicy:BucketPolicy", "p", {}),)),
    Sample(Case.NOT_APPLICABLE, "annotations that are not ours", (namespace(environment="?"),)),
)
