"""Samples of `s3-replication`."""

from __future__ import annotations

from policies.tokens import BUCKET, BUCKET_REPLICATION, BUCKET_VERSIONING
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample


def bucket(name: str = "models", region: str = "eu-west-1", **more: object) -> Declared:
    return Declared(BUCKET, name, {"bucket": name, "region": region, **more})


def versions(of: object = "models", status: object = "Enabled", *needs: str) -> Declared:
    settings = {"bucket": of, "versioningConfiguration": {"status": status}}
    return Declared(BUCKET_VERSIONING, f"versions-{of}", settings, {"bucket": needs} if needs else {})


def rule(
    to: object = "arn:aws:s3:::copies", key: object = KEY_ARN, time: object = "Enabled", **changes: object
) -> Json:
    return {
        "id": "all",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "deleteMarkerReplication": {"status": "Disabled"},
        "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
        "destination": {
            "bucket": to,
            "encryptionConfiguration": {"replicaKmsKeyId": key},
            "replicationTime": {"status": time, "time": {"minutes": 15}},
        },
        **changes,
    }


def replication(*rules: Json, of: object = "models", **needs: tuple[str, ...]) -> Declared:
    return Declared(BUCKET_REPLICATION, "replication", {"bucket": of, "rules": list(rules) or [rule()]}, needs)


MODELS = bucket()
FAR = bucket("copies", "eu-central-1", versioning={"enabled": True})
NEAR = bucket("copies", versioning={"enabled": True})

SAMPLES = (
    Sample(Case.ALLOWED, "versions of derived data", (bucket("reports"), versions("reports"))),
    Sample(Case.ALLOWED, "inline versions", (FAR,)),
    Sample(Case.ALLOWED, "replicated", (MODELS, versions(), FAR, replication())),
    Sample(Case.ALLOWED, "to a bucket of another stack", (MODELS, versions(), replication())),
    Sample(
        Case.RESOLVED,
        "buckets of the stack",
        (
            MODELS,
            versions(UNKNOWN, "Enabled", "models"),
            FAR,
            replication(rule(UNKNOWN, UNKNOWN), of=UNKNOWN, bucket=("models",), rules=("copies",)),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "a copy needs no copy",
        (
            MODELS,
            versions(),
            bucket("models-copy", "eu-central-1"),
            versions("models-copy"),
            replication(rule("arn:aws:s3:::models-copy")),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "inline",
        (
            bucket(
                versioning={"enabled": True},
                replicationConfiguration={
                    "role": "role",
                    "rules": [
                        {
                            "status": "Enabled",
                            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"enabled": True}},
                            "destination": {
                                "bucket": "arn:aws:s3:::elsewhere",
                                "replicaKmsKeyId": KEY_ARN,
                                "replicationTime": {"status": "Enabled", "minutes": 15},
                            },
                        }
                    ],
                },
            ),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "of its region alone",
        (MODELS, versions()),
        parameters={"exempt_buckets": ["*::models"]},
    ),
    Sample(
        Case.ALLOWED,
        "no promised time",
        (MODELS, versions(), replication(rule(time=None))),
        parameters={"time_control_required": False},
    ),
    Sample(Case.DISALLOWED, "no versions", (bucket("reports"),), ("no versioning",)),
    Sample(
        Case.DISALLOWED, "suspended", (bucket("reports"), versions("reports", "Suspended")), ("status is not Enabled",)
    ),
    Sample(Case.DISALLOWED, "not replicated", (MODELS, versions()), ("replicated nowhere",)),
    Sample(
        Case.DISALLOWED,
        "by its logical name",
        (Declared(BUCKET, "FeatureStore", {"versioning": {"enabled": True}}),),
        ("replicated nowhere",),
    ),
    Sample(
        Case.DISALLOWED,
        "switched off",
        (MODELS, versions(), replication(rule(status="Disabled"))),
        ("rules has no rule that is enabled",),
    ),
    Sample(
        Case.DISALLOWED,
        "encrypted objects stay",
        (MODELS, versions(), replication(rule(sourceSelectionCriteria=None))),
        ("what is encrypted with KMS is not replicated",),
    ),
    Sample(
        Case.DISALLOWED,
        "no key, no time, no decision",
        (MODELS, versions(), replication(rule(key=None, time="Disabled", deleteMarkerReplication=None))),
        ("replicaKmsKeyId is missing", "deleteMarkerReplication.status is missing", "replicationTime.status is not"),
    ),
    Sample(
        Case.DISALLOWED,
        "in its own region",
        (MODELS, versions(), NEAR, replication(rule(UNKNOWN), rules=("copies",))),
        ("all its copies are in its own region",),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown versions do not hide that it is not replicated",
        (MODELS, versions("models", UNKNOWN)),
        ("status is not known", "replicated nowhere"),
    ),
    Sample(
        Case.UNKNOWN,
        "a replication of nobody knows which bucket",
        (MODELS, versions(), replication(of=UNKNOWN)),
        ("bucket is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "a copy nobody knows where",
        (MODELS, versions(), replication(rule(UNKNOWN))),
        ("destination.bucket is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no bucket", (versions(),)),
)
