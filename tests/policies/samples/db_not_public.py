"""Samples of `db-not-public`."""

from __future__ import annotations

from policies.checks.db_not_public import CLUSTER_INSTANCE, INSTANCE_PROFILE, REPLICATION_INSTANCE, SHARD_GROUP
from policies.tokens import DATABASE_CLUSTER, RDS_INSTANCE, REDSHIFT_CLUSTER
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

GROUP = "aws:rds/subnetGroup:SubnetGroup"
PUBLIC = {"publiclyAccessible": True}
PRIVATE = {"publiclyAccessible": False}
POSTGRES = {"engine": "postgres", "dbClusterInstanceClass": "db.m6gd.large"}
"""A cluster of several zones that is not Aurora."""
UNSTATED = ("publiclyAccessible is missing, which means true",)

SAMPLES = (
    Sample(
        Case.ALLOWED,
        "private",
        (
            Declared(RDS_INSTANCE, "labels", {"engine": "postgres", **PRIVATE}),
            Declared(CLUSTER_INSTANCE, "sessions-0", {"engine": "aurora-postgresql", **PRIVATE}),
            Declared(INSTANCE_PROFILE, "moves", PRIVATE),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "private where nothing is stated",
        (
            Declared(RDS_INSTANCE, "labels", {"engine": "postgres"}),
            Declared(CLUSTER_INSTANCE, "sessions-0", {"engine": "aurora-postgresql"}),
            Declared(REPLICATION_INSTANCE, "moves", {"replicationInstanceClass": "dms.t3.medium"}),
            Declared(REDSHIFT_CLUSTER, "facts", {}),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "Aurora, whose instances say it",
        (Declared(DATABASE_CLUSTER, "sessions", {"engine": "aurora-mysql"}),),
    ),
    Sample(
        Case.ALLOWED,
        "cluster in an own subnet group",
        (Declared(DATABASE_CLUSTER, "labels", {**POSTGRES, "dbSubnetGroupName": "private"}),),
    ),
    Sample(
        Case.RESOLVED,
        "cluster in a subnet group of the stack",
        (
            Declared(GROUP, "private", {"subnetIds": ["subnet-1"]}),
            Declared(
                DATABASE_CLUSTER,
                "labels",
                {**POSTGRES, "dbSubnetGroupName": UNKNOWN},
                {"dbSubnetGroupName": ("private",)},
            ),
        ),
    ),
    Sample(
        Case.DISALLOWED,
        "instance",
        (Declared(RDS_INSTANCE, "labels", {"engine": "postgres", **PUBLIC}),),
        ("publiclyAccessible is true",),
    ),
    Sample(
        Case.DISALLOWED,
        "instance of a cluster, as text",
        (Declared(CLUSTER_INSTANCE, "sessions-0", {"publiclyAccessible": "true"}),),
        ("publiclyAccessible is true",),
    ),
    Sample(
        Case.DISALLOWED,
        "what copies between databases",
        (Declared(REPLICATION_INSTANCE, "moves", PUBLIC),),
        ("publiclyAccessible is true",),
    ),
    Sample(
        Case.DISALLOWED, "warehouse", (Declared(REDSHIFT_CLUSTER, "facts", PUBLIC),), ("publiclyAccessible is true",)
    ),
    Sample(
        Case.DISALLOWED, "cluster without a subnet group", (Declared(DATABASE_CLUSTER, "labels", POSTGRES),), UNSTATED
    ),
    Sample(
        Case.DISALLOWED,
        "cluster in the default subnet group",
        (Declared(DATABASE_CLUSTER, "labels", {**POSTGRES, "dbSubnetGroupName": "default"}),),
        UNSTATED,
    ),
    Sample(
        Case.DISALLOWED,
        "profile that states nothing",
        (Declared(INSTANCE_PROFILE, "moves", {"networkType": "IPV4"}),),
        UNSTATED,
    ),
    Sample(
        Case.DISALLOWED,
        "shards that state nothing",
        (Declared(SHARD_GROUP, "shards", {"maxAcu": 1200}),),
        ("means true where its network has an internet gateway",),
    ),
    Sample(
        Case.UNKNOWN,
        "not known",
        (Declared(RDS_INSTANCE, "labels", {"publiclyAccessible": UNKNOWN}),),
        ("publiclyAccessible is not known before",),
    ),
    Sample(
        Case.UNKNOWN,
        "subnet group of nobody knows where",
        (Declared(DATABASE_CLUSTER, "labels", {**POSTGRES, "dbSubnetGroupName": UNKNOWN}),),
        ("dbSubnetGroupName is not known before",),
    ),
    Sample(Case.NOT_APPLICABLE, "holds nothing", (Declared(GROUP, "private", {"subnetIds": ["subnet-1"]}),)),
)
