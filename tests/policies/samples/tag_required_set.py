"""Samples of `tag-required-set`."""

from __future__ import annotations

from policies.tokens import BUCKET, NAMESPACE
from policies.views import UNKNOWN
from serving.blueprint.tags import OWNERSHIP_KEYS
from tests.policies.harness import Case, Declared, Sample

TAGS = {key.value: "x" for key in OWNERSHIP_KEYS}
LABELS = {key.label: "x" for key in OWNERSHIP_KEYS}
FEWER = dict(list(TAGS.items())[1:])
GROUP = "aws:autoscaling/group:Group"
SERVICE = "kubernetes:core/v1:Service"


def bucket(tags: object) -> Declared:
    return Declared(BUCKET, "models", {"tags": tags})


SAMPLES = (
    Sample(Case.ALLOWED, "all tags", (bucket(TAGS),)),
    Sample(Case.ALLOWED, "by default tags", (Declared(BUCKET, "models", {}, default_tags=TAGS),)),
    Sample(
        Case.ALLOWED, "some by default tags", (Declared(BUCKET, "m", {"tags": FEWER}, default_tags={"owner": "x"}),)
    ),
    Sample(
        Case.ALLOWED,
        "as a list",
        (Declared(GROUP, "nodes", {"tags": [{"key": key, "value": "x"} for key in TAGS]}),),
    ),
    Sample(Case.ALLOWED, "labels", (Declared(SERVICE, "chat", {"metadata": {"labels": LABELS}}),)),
    Sample(Case.ALLOWED, "annotations", (Declared(SERVICE, "chat", {"metadata": {"annotations": LABELS}}),)),
    Sample(Case.DISALLOWED, "none", (Declared(BUCKET, "models", {}),), ("owner, cost-center",)),
    Sample(Case.DISALLOWED, "one missing", (bucket(FEWER),), ("tag owner missing",)),
    Sample(Case.DISALLOWED, "empty", (bucket(TAGS | {"owner": " "}),), ("tags.owner is empty",)),
    Sample(Case.DISALLOWED, "no labels", (Declared(SERVICE, "chat", {}),), ("labels serving.blueprint/owner",)),
    Sample(
        Case.DISALLOWED,
        "custom object in a namespace",
        (Declared("kubernetes:keda.sh/v1alpha1:ScaledObject", "s", {"metadata": {"namespace": "n"}}),),
        ("labels",),
    ),
    Sample(
        Case.DISALLOWED,
        "type that the package does not know, with tags",
        (Declared("aws:nosuch/thing:Thing", "t", {"tags": FEWER}),),
        ("tag owner missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "default tags do not reach it",
        (Declared(GROUP, "nodes", {"tags": []}, default_tags=TAGS),),
        ("owner",),
    ),
    Sample(Case.UNKNOWN, "all tags", (bucket(UNKNOWN),), ("tags is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown value does not hide a missing key",
        (bucket(FEWER | {"tenant": UNKNOWN}),),
        ("tag owner missing", "tags.tenant is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no tags in AWS", (Declared("aws:s3/bucketPolicy:BucketPolicy", "p", {}),)),
    Sample(Case.NOT_APPLICABLE, "cluster-wide", (Declared(NAMESPACE, "n", {"metadata": {"name": "n"}}),)),
    Sample(Case.NOT_APPLICABLE, "provider", (Declared("pulumi:providers:aws", "aws", {}),)),
    Sample(Case.NOT_APPLICABLE, "component", (Declared("shop:index:Front", "front", {}),)),
    Sample(Case.NOT_APPLICABLE, "exempt", (Declared(BUCKET, "m", {}),), parameters={"exempt_types": [BUCKET]}),
)
