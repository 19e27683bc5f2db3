"""Samples of `feature-ttl`."""

from __future__ import annotations

from policies.checks.feature_ttl import FEATURE_GROUP
from policies.keys import KMS_KEY
from policies.tokens import DYNAMODB_TABLE
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

TTL = {"enabled": True, "attributeName": "expires_at"}
ONLINE: Json = {
    "enableOnlineStore": True,
    "securityConfig": {"kmsKeyId": KEY_ARN},
    "ttlDuration": {"unit": "Days", "value": 30},
}
OFFLINE: Json = {"s3StorageConfig": {"s3Uri": "s3://acme-features/", "kmsKeyId": KEY_ARN}, "tableFormat": "Iceberg"}


def table(name: str, ttl: object, **tags: str) -> Declared:
    named = {key.replace("_", "-"): value for key, value in tags.items()}
    return Declared(DYNAMODB_TABLE, "online", {"name": name, "ttl": ttl, "tags": named})


def group(online: object = None, offline: object = None, **needs: tuple[str, ...]) -> Declared:
    return Declared(FEATURE_GROUP, "cards", {"onlineStoreConfig": online, "offlineStoreConfig": offline}, needs)


def lasting(value: int, unit: str) -> Declared:
    return group({**ONLINE, "ttlDuration": {"unit": unit, "value": value}})


SAMPLES = (
    Sample(Case.ALLOWED, "table", (table("card-features", TTL),)),
    Sample(Case.ALLOWED, "group", (group(ONLINE, OFFLINE),)),
    Sample(
        Case.ALLOWED,
        "offline only, in the format of Glue by default",
        (group(offline={"s3StorageConfig": OFFLINE["s3StorageConfig"]}),),
    ),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            group({**ONLINE, "securityConfig": {"kmsKeyId": UNKNOWN}}, onlineStoreConfig=("key",)),
        ),
    ),
    Sample(Case.INSIDE, "longest life", (lasting(400, "Days"),)),
    Sample(Case.OUTSIDE, "a day longer", (lasting(401, "Days"),), ("more than 400 days",)),
    Sample(Case.OUTSIDE, "in another unit", (lasting(58, "Weeks"),), ("more than 400 days",)),
    Sample(Case.DISALLOWED, "table", (table("card-features", None),), ("ttl.enabled is not true",)),
    Sample(
        Case.DISALLOWED,
        "table by its tag",
        (table("cards", {"enabled": False}, feature_view="c@v1"),),
        ("ttl.enabled",),
    ),
    Sample(Case.DISALLOWED, "no attribute", (table("features", {"enabled": True}),), ("attributeName is missing",)),
    Sample(
        Case.DISALLOWED,
        "group for ever, under keys of AWS",
        (group({"enableOnlineStore": True}, {"s3StorageConfig": {"s3Uri": "s3://acme-features/"}}),),
        ("ttlDuration is missing", "securityConfig.kmsKeyId is missing", "s3StorageConfig.kmsKeyId is missing"),
    ),
    Sample(
        Case.DISALLOWED, "another format", (group(offline={**OFFLINE, "tableFormat": "Parquet"}),), ("tableFormat is",)
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown life does not hide a missing key",
        (group({**ONLINE, "ttlDuration": UNKNOWN, "securityConfig": None}),),
        ("kmsKeyId is missing", "ttlDuration is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "holds no features, or none online",
        (table("requests", None), group({"enableOnlineStore": False})),
    ),
)
