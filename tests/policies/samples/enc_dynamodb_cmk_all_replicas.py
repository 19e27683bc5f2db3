"""Samples of `enc-dynamodb-cmk-all-replicas`."""

from __future__ import annotations

from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.tokens import DYNAMODB_TABLE
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

REPLICA = "aws:dynamodb/tableReplica:TableReplica"


def table(encryption: Json, *replicas: Json, **needs: tuple[str, ...]) -> Declared:
    return Declared(DYNAMODB_TABLE, "features", {"serverSideEncryption": encryption, "replicas": list(replicas)}, needs)


OWN = {"enabled": True, "kmsKeyArn": KEY_ARN}

SAMPLES = (
    Sample(Case.ALLOWED, "all own", (table(OWN, {"regionName": "eu-north-1", "kmsKeyArn": KEY_ARN}),)),
    Sample(Case.ALLOWED, "no replica", (table(OWN),)),
    Sample(
        Case.RESOLVED,
        "keys of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            Declared(KMS_REPLICA_KEY, "copy", {}),
            table(
                {"enabled": True, "kmsKeyArn": UNKNOWN},
                {"regionName": "eu-north-1", "kmsKeyArn": UNKNOWN},
                serverSideEncryption=("key",),
                replicas=("copy",),
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "key of AWS", (table({"enabled": False}),), ("enabled is not true",)),
    Sample(
        Case.DISALLOWED,
        "one replica forgotten",
        (table(OWN, {"regionName": "a", "kmsKeyArn": KEY_ARN}, {"regionName": "b"}),),
        ("replicas[1].kmsKeyArn is missing",),
    ),
    Sample(Case.DISALLOWED, "replica of its own", (Declared(REPLICA, "copy", {}),), ("kmsKeyArn is missing",)),
    Sample(
        Case.UNKNOWN,
        "an unknown key does not hide the missing one",
        (table({"enabled": True, "kmsKeyArn": UNKNOWN}, {"regionName": "b"}),),
        ("replicas[0].kmsKeyArn is missing", "serverSideEncryption.kmsKeyArn is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:dynamodb/tag:Tag", "x", {}),)),
)
