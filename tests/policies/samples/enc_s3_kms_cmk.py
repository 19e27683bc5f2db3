"""Samples of `enc-s3-kms-cmk`."""

from __future__ import annotations

from policies.checks.enc_s3_kms_cmk import CONFIGURATION
from policies.keys import KMS_KEY
from policies.tokens import BUCKET
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

KEY = Declared(KMS_KEY, "key", {})
MODELS = Declared(BUCKET, "models", {"bucket": "acme-models"})


def configuration(default: Json, name: str = "acme-models", **needs: tuple[str, ...]) -> Declared:
    rules = [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]
    return Declared(CONFIGURATION, "models-encryption", {"bucket": name, "rules": rules}, needs)


KMS = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN}
SSE_S3 = {"sse_s3_buckets": ["*::models"]}

SAMPLES = (
    Sample(Case.ALLOWED, "own key", (MODELS, configuration(KMS))),
    Sample(Case.ALLOWED, "dsse", (MODELS, configuration(KMS | {"sseAlgorithm": "aws:kms:dsse"}))),
    Sample(
        Case.ALLOWED,
        "older names of the types",
        (
            Declared("aws:s3/bucketV2:BucketV2", "models", {"bucket": "acme-models"}),
            Declared(
                CONFIGURATION.replace(":Bucket", "V2:Bucket") + "V2",
                "models-encryption",
                configuration(KMS).properties,
            ),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "inline",
        (
            Declared(
                BUCKET,
                "models",
                {
                    "serverSideEncryptionConfiguration": {
                        "rule": {"applyServerSideEncryptionByDefault": KMS, "bucketKeyEnabled": True}
                    }
                },
            ),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "bucket and key of the same stack",
        (
            KEY,
            Declared(BUCKET, "models", {}),
            configuration(KMS | {"kmsMasterKeyId": UNKNOWN}, UNKNOWN, bucket=("models",), rules=("models", "key")),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "bucket named through another companion",
        (
            Declared(BUCKET, "models", {}),
            Declared(
                "aws:s3/bucketVersioning:BucketVersioning",
                "versioning",
                {"bucket": UNKNOWN},
                {"bucket": ("models",)},
            ),
            configuration(KMS, UNKNOWN, bucket=("versioning",)),
        ),
    ),
    Sample(Case.DISALLOWED, "no configuration", (MODELS,), ("no encryption configuration",)),
    Sample(Case.DISALLOWED, "AES256", (MODELS, configuration({"sseAlgorithm": "AES256"})), ("sseAlgorithm is",)),
    Sample(
        Case.DISALLOWED,
        "AWS managed key",
        (MODELS, configuration(KMS | {"kmsMasterKeyId": "alias/aws/s3"})),
        ("a key that AWS manages",),
    ),
    Sample(
        Case.DISALLOWED,
        "configuration of another bucket",
        (MODELS, configuration(KMS, "acme-logs")),
        ("no encryption configuration",),
    ),
    Sample(
        Case.UNKNOWN,
        "a configuration of nobody knows which bucket",
        (MODELS, configuration(KMS, UNKNOWN)),
        ("bucket is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "a key of nobody knows where",
        (MODELS, configuration(KMS | {"kmsMasterKeyId": UNKNOWN})),
        ("kmsMasterKeyId is not known",),
    ),
    Sample(
        Case.ALLOWED,
        "AES256 where KMS cannot be used",
        (MODELS, configuration({"sseAlgorithm": "AES256"})),
        parameters=SSE_S3,
    ),
    Sample(Case.ALLOWED, "KMS where AES256 would do", (MODELS, configuration(KMS)), parameters=SSE_S3),
    Sample(
        Case.DISALLOWED,
        "no configuration where KMS cannot be used",
        (MODELS,),
        ("no encryption configuration",),
        parameters=SSE_S3,
    ),
    Sample(
        Case.DISALLOWED,
        "no algorithm where KMS cannot be used",
        (MODELS, configuration({})),
        ("sseAlgorithm is",),
        parameters=SSE_S3,
    ),
    Sample(
        Case.DISALLOWED,
        "inline without an algorithm where KMS cannot be used",
        (Declared(BUCKET, "models", {"serverSideEncryptionConfiguration": {"rule": {"bucketKeyEnabled": True}}}),),
        ("sseAlgorithm is",),
        parameters=SSE_S3,
    ),
    Sample(Case.NOT_APPLICABLE, "no bucket of the stack", (configuration({"sseAlgorithm": "AES256"}),)),
)
