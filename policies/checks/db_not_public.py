"""Rule `db-not-public`: databases have no address on the internet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.frameworks import DMS_1, RDS_2, REDSHIFT_1
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_off
from policies.tokens import DATABASE_CLUSTER, RDS_INSTANCE, REDSHIFT_CLUSTER
from policies.views import Resource

REPLICATION_INSTANCE: Final = "aws:dms/replicationInstance:ReplicationInstance"
CLUSTER_INSTANCE: Final = "aws:rds/clusterInstance:ClusterInstance"
INSTANCE_PROFILE: Final = "aws:dms/instanceProfile:InstanceProfile"
SHARD_GROUP: Final = "aws:rds/shardGroup:ShardGroup"
_KEY: Final = "publiclyAccessible"
_AURORA: Final = "aurora"
_DEFAULT_GROUP: Final = "default"
_JUDGED: Final = (
    REPLICATION_INSTANCE,
    INSTANCE_PROFILE,
    "aws:lightsail/database:Database",
    "aws:neptune/clusterInstance:ClusterInstance",
    DATABASE_CLUSTER,
    CLUSTER_INSTANCE,
    RDS_INSTANCE,
    SHARD_GROUP,
    REDSHIFT_CLUSTER,
    "aws:redshiftserverless/workgroup:Workgroup",
    "aws:timestreaminfluxdb/dbCluster:DbCluster",
    "aws:timestreaminfluxdb/dbInstance:DbInstance",
)


def check(database: Resource, parameters: Parameters) -> Outcomes:
    """Judge one database, data warehouse, or what copies between them."""
    switch = database[_KEY]
    if switch.missing:
        yield from _judge_unstated(database)
    else:
        yield from judge_off(switch)


def _judge_unstated(database: Resource) -> Iterator[Outcome]:
    """AWS is asked for a private one where nothing is stated, but for some types."""
    public = _PUBLIC_UNLESS_STATED.get(database.token)
    if public is not None and (means := public(database)):
        yield Violation(f"{database[_KEY].place} is missing, which means {means}")


def _where_a_cluster_is_public(cluster: Resource) -> str:
    """Nowhere for Aurora, whose instances say it, and with a DB subnet group of its own.

    A cluster that is restored follows the gateway of its network; that is not judged here.
    """
    if (cluster["engine"].text() or _AURORA).startswith(_AURORA):
        return ""
    group = cluster["dbSubnetGroupName"]
    if group.unknown and cluster.sources(group):
        return ""  # a group of this stack
    return "true" if group.text() in (None, _DEFAULT_GROUP) else ""


# Types that are public where nothing is stated, and when: pulumi-aws 7.51, `publicly_accessible` of rds.Cluster and
# dms.InstanceProfile; botocore 1.44, `CreateInstanceProfile` of dms and `CreateDBShardGroup` of rds. For RDS and DMS
# instances the provider sends false (hashicorp/terraform-provider-aws, rds/cluster_instance.go,
# dms/replication_instance.go); read 2026-11-26.
_PUBLIC_UNLESS_STATED: Final[Mapping[str, Callable[[Resource], str]]] = {
    DATABASE_CLUSTER: _where_a_cluster_is_public,
    INSTANCE_PROFILE: lambda profile: "true",
    SHARD_GROUP: lambda group: "true where its network has an internet gateway",
}

RULE = Rule(
    id="db-not-public",
    title="Databases are not accessible from the internet",
    description=(
        "publiclyAccessible is not true of RDS instances, clusters and shard groups, Neptune instances, Redshift "
        "clusters and workgroups, Timestream for InfluxDB, databases of Lightsail, and replication instances and "
        "instance profiles of DMS. Where it is not stated, an instance profile is public, and so can be a shard "
        "group, and a cluster of RDS that is not Aurora and names no DB subnet group, or the default one. Security "
        "groups have a rule of their own."
    ),
    effect="the database has a public address, and one open security group or leaked password is enough",
    remedy="set publiclyAccessible to false, and reach it from within its network",
    topic=Topic.NETWORK,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=_JUDGED,
    parameters=Parameters,
    check=check,
    frameworks=(DMS_1, RDS_2, REDSHIFT_1),
)
