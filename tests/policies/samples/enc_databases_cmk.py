"""Samples of `enc-databases-cmk`."""

from __future__ import annotations

from policies.keys import KMS_KEY
from policies.tokens import RDS_INSTANCE
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample

AURORA = "aws:rds/cluster:Cluster"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
REDSHIFT = "aws:redshift/cluster:Cluster"
OWN = {"storageEncrypted": True, "kmsKeyId": KEY_ARN}

SAMPLES = (
    Sample(
        Case.ALLOWED,
        "own keys",
        (
            Declared(AURORA, "sessions", {"engine": "aurora-postgresql", **OWN}),
            Declared(RDS_INSTANCE, "labels", {"engine": "postgres", **OWN}),
            Declared(CACHE, "cache", {"atRestEncryptionEnabled": True, "kmsKeyId": KEY_ARN}),
            Declared("aws:memorydb/cluster:Cluster", "vectors", {"kmsKeyArn": KEY_ARN}),
        ),
    ),
    Sample(Case.ALLOWED, "on by default", (Declared(REDSHIFT, "facts", {"kmsKeyId": KEY_ARN}),)),
    Sample(Case.ALLOWED, "replica like its source", (Declared(RDS_INSTANCE, "copy", {"replicateSourceDb": "labels"}),)),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            Declared(AURORA, "sessions", {**OWN, "kmsKeyId": UNKNOWN}, {"kmsKeyId": ("key",)}),
        ),
    ),
    Sample(
        Case.DISALLOWED,
        "plain",
        (Declared(RDS_INSTANCE, "labels", {"engine": "postgres"}),),
        ("storageEncrypted is not true",),
    ),
    Sample(
        Case.DISALLOWED, "key of AWS", (Declared(AURORA, "s", {"storageEncrypted": True}),), ("kmsKeyId is missing",)
    ),
    Sample(
        Case.DISALLOWED, "plain cache", (Declared(CACHE, "cache", {"kmsKeyId": KEY_ARN}),), ("atRestEncryptionEnabled",)
    ),
    Sample(
        Case.DISALLOWED, "switched off", (Declared(REDSHIFT, "facts", {"encrypted": "false"}),), ("encrypted is not",)
    ),
    Sample(
        Case.DISALLOWED,
        "serverless cache with a key of AWS",
        (Declared("aws:elasticache/serverlessCache:ServerlessCache", "cache", {"engine": "valkey"}),),
        ("kmsKeyId is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "key of nobody knows where",
        (Declared(AURORA, "sessions", {**OWN, "kmsKeyId": UNKNOWN}),),
        ("kmsKeyId is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "holds nothing", (Declared("aws:rds/subnetGroup:SubnetGroup", "net", {}),)),
)
