"""Samples of `region-explicit`."""

from __future__ import annotations

from policies.tokens import BUCKET, DEPLOYMENT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:aws::default"
FINDS = ("neither the resource nor its provider states a region",)

SAMPLES = (
    Sample(Case.ALLOWED, "its own", (Declared(BUCKET, "one", {"region": "eu-west-1"}),)),
    Sample(Case.ALLOWED, "of its provider", (Declared(BUCKET, "one", {}, region="eu-west-1"),)),
    Sample(Case.ALLOWED, "an older name of the type", (Declared("aws:s3/bucketV2:BucketV2", "one", {}, region="x"),)),
    Sample(
        Case.RESOLVED,
        "from a resource of the stack",
        (
            Declared("random:index:Choice", "where", {}),
            Declared(BUCKET, "one", {"region": UNKNOWN}, {"region": ("where",)}),
        ),
    ),
    Sample(Case.DISALLOWED, "provider without a region", (Declared(BUCKET, "one", {}, provider=PROVIDER),), FINDS),
    Sample(Case.DISALLOWED, "no provider seen", (Declared("aws:sqs/queue:Queue", "one", {}),), FINDS),
    Sample(Case.DISALLOWED, "empty", (Declared(BUCKET, "one", {"region": ""}, region="eu-west-1"),), FINDS),
    Sample(Case.UNKNOWN, "its own", (Declared(BUCKET, "one", {"region": UNKNOWN}),), ("region is not known",)),
    Sample(Case.UNKNOWN, "of its provider", (Declared(BUCKET, "one", {}, region=UNKNOWN),), ("region is not known",)),
    Sample(Case.NOT_APPLICABLE, "global service", (Declared("aws:iam/role:Role", "one", {}, provider=PROVIDER),)),
    Sample(Case.NOT_APPLICABLE, "provider", (Declared("pulumi:providers:aws", "aws", {}),)),
    Sample(Case.NOT_APPLICABLE, "Kubernetes", (Declared(DEPLOYMENT, "one", {}),)),
    Sample(
        Case.NOT_APPLICABLE,
        "type that the package does not know",
        (Declared("aws:nosuch/thing:Thing", "one", {}, provider=PROVIDER),),
    ),
)
