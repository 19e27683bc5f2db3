"""Samples of `ddb-global`."""

from __future__ import annotations

from policies.tokens import DYNAMODB_TABLE, EKS_CLUSTER, TABLE_REPLICA
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

WEST = Declared(EKS_CLUSTER, "west", {"region": "eu-west-1"})
CENTRAL = Declared(EKS_CLUSTER, "central", {"region": "eu-central-1"})


def table(*replicas: Json, recovery: object = True, region: str = "eu-west-1", **more: object) -> Declared:
    settings = {
        "name": "features",
        "region": region,
        "pointInTimeRecovery": {"enabled": recovery},
        "replicas": list(replicas),
        **more,
    }
    return Declared(DYNAMODB_TABLE, f"features-{region}", settings)


def copy(region: str = "eu-central-1", recovery: object = True, protection: object = True, **more: object) -> Json:
    return {
        "regionName": region,
        "pointInTimeRecovery": recovery,
        "deletionProtectionEnabled": protection,
        **more,
    }


def apart(*needs: str, **settings: object) -> Declared:
    properties = {"globalTableArn": UNKNOWN, "region": "eu-central-1", "pointInTimeRecovery": True, **settings}
    return Declared(TABLE_REPLICA, "replica", properties, {"globalTableArn": needs} if needs else {})


STRONG = {"consistencyMode": "STRONG"}

SAMPLES = (
    Sample(Case.ALLOWED, "one region", (WEST, table())),
    Sample(Case.ALLOWED, "global", (WEST, CENTRAL, table(copy()))),
    Sample(Case.ALLOWED, "a table a region", (WEST, CENTRAL, table(), table(region="eu-central-1"))),
    Sample(
        Case.RESOLVED,
        "replica of its own",
        (WEST, CENTRAL, table(), apart("features-eu-west-1", deletionProtectionEnabled=True)),
    ),
    Sample(
        Case.ALLOWED,
        "of its region alone",
        (WEST, CENTRAL, table()),
        parameters={"regional_tables": ["*::features-*"]},
    ),
    Sample(Case.ALLOWED, "strong", (table(copy(**STRONG), copy("eu-north-1", **STRONG)),)),
    Sample(
        Case.ALLOWED, "strong with a witness", (table(copy(**STRONG), globalTableWitness={"regionName": "eu-north-1"}),)
    ),
    Sample(Case.DISALLOWED, "no recovery", (table(recovery=False),), ("pointInTimeRecovery.enabled is not true",)),
    Sample(
        Case.DISALLOWED,
        "a replica without",
        (table(copy(recovery=None, protection=None)),),
        ("replicas[0].pointInTimeRecovery is not true", "replicas[0].deletionProtectionEnabled is not true"),
    ),
    Sample(
        Case.DISALLOWED,
        "a replica of its own without",
        (apart(pointInTimeRecovery=False),),
        ("pointInTimeRecovery is not true", "deletionProtectionEnabled is not true"),
    ),
    Sample(Case.DISALLOWED, "not where it is read", (WEST, CENTRAL, table()), ("it is in 1 of the 2 regions",)),
    Sample(
        Case.DISALLOWED,
        "copied elsewhere",
        (WEST, CENTRAL, table(copy("eu-north-1"))),
        ("it is in 1 of the 2 regions",),
    ),
    Sample(Case.DISALLOWED, "strong in two regions", (table(copy(**STRONG)),), ("without 3 regions",)),
    Sample(
        Case.UNKNOWN,
        "an unknown region does not hide the missing recovery",
        (WEST, CENTRAL, table(copy(region=UNKNOWN), recovery=False)),
        ("enabled is not true", "regionName is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "a replica of nobody knows which table",
        (WEST, CENTRAL, table(), apart(deletionProtectionEnabled=True)),
        ("globalTableArn is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no table", (WEST, CENTRAL)),
)
