"""Samples of `kms-multi-region-replica`."""

from __future__ import annotations

from policies.checks.kms_multi_region_replica import EXTERNAL_KEY, EXTERNAL_REPLICA
from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.tokens import DYNAMODB_TABLE, EKS_CLUSTER, SECRET, TABLE_REPLICA
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample

KEY = Declared(KMS_KEY, "key", {"multiRegion": True, "region": "eu-west-1"})
NORTH_KEY_ARN = KEY_ARN.replace("eu-west-1", "eu-north-1")


def cluster(name: str, region: str) -> Declared:
    return Declared(EKS_CLUSTER, name, {"region": region})


def replica(region: str, token: str = KMS_REPLICA_KEY) -> Declared:
    return Declared(token, f"copy-{region}", {"primaryKeyArn": UNKNOWN, "region": region}, {"primaryKeyArn": ("key",)})


def table(key: str, **needs: tuple[str, ...]) -> Declared:
    return Declared(
        DYNAMODB_TABLE,
        "features",
        {"region": "eu-west-1", "replicas": [{"regionName": "eu-north-1", "kmsKeyArn": key}]},
        needs,
    )


BOTH = (cluster("west", "eu-west-1"), cluster("north", "eu-north-1"))

SAMPLES = (
    Sample(Case.ALLOWED, "in both regions", (*BOTH, KEY, replica("eu-north-1"))),
    Sample(Case.ALLOWED, "in more regions than serve", (BOTH[0], KEY, replica("eu-north-1"))),
    Sample(
        Case.ALLOWED,
        "imported key material",
        (
            *BOTH,
            Declared(EXTERNAL_KEY, "key", {"multiRegion": True, "region": "eu-west-1"}),
            replica("eu-north-1", EXTERNAL_REPLICA),
        ),
    ),
    Sample(Case.ALLOWED, "replica of a table with a key of its region", (table(NORTH_KEY_ARN),)),
    Sample(
        Case.RESOLVED,
        "replica of a table with a key of the stack",
        (KEY, replica("eu-north-1"), table(UNKNOWN, replicas=("key", "copy-eu-north-1"))),
    ),
    Sample(Case.ALLOWED, "no key of its own at all", (Declared(TABLE_REPLICA, "copy", {"region": "eu-north-1"}),)),
    Sample(Case.DISALLOWED, "in one of two regions", (*BOTH, KEY), ("no replica in eu-north-1",)),
    Sample(
        Case.DISALLOWED,
        "replica in another region",
        (*BOTH, KEY, replica("eu-central-1")),
        ("no replica in eu-north-1",),
    ),
    Sample(
        Case.DISALLOWED,
        "regions as configured",
        (KEY,),
        ("no replica in eu-central-1",),
        parameters={"regions": ["eu-west-1", "eu-central-1"]},
    ),
    Sample(Case.DISALLOWED, "replica of a table with a key of its home", (table(KEY_ARN),), ("names no key of",)),
    Sample(
        Case.DISALLOWED,
        "replica of a table with the primary key",
        (
            KEY,
            Declared(TABLE_REPLICA, "copy", {"region": "eu-north-1", "kmsKeyArn": UNKNOWN}, {"kmsKeyArn": ("key",)}),
        ),
        ("names no key of",),
    ),
    Sample(
        Case.DISALLOWED,
        "replica of a secret",
        (Declared(SECRET, "token", {"replicas": [{"region": "eu-north-1", "kmsKeyId": KEY_ARN}]}),),
        ("names no key of",),
    ),
    Sample(
        Case.UNKNOWN,
        "a cluster of nobody knows where",
        (cluster("west", UNKNOWN), cluster("north", "eu-north-1"), KEY),
        ("no replica in eu-north-1", "region is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "a replica of nobody knows which key",
        (*BOTH, KEY, Declared(KMS_REPLICA_KEY, "copy", {"primaryKeyArn": UNKNOWN, "region": "eu-north-1"})),
        ("primaryKeyArn is not known",),
    ),
    Sample(Case.UNKNOWN, "a key of nobody knows where", (table(UNKNOWN),), ("kmsKeyArn is not known",)),
    Sample(
        Case.NOT_APPLICABLE,
        "key of one region",
        (*BOTH, Declared(KMS_KEY, "metrics", {"region": "eu-west-1"})),
    ),
)
