"""Rule `enc-databases-cmk`: databases and caches are encrypted with a key of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policies.frameworks import DOCUMENTDB_1, ELASTICACHE_4, NEPTUNE_1, RDS_3, RDS_27, REDSHIFT_10
from policies.keys import key_problem
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import DATABASE_CLUSTER, RDS_INSTANCE, REDSHIFT_CLUSTER
from policies.views import Resource


@dataclass(frozen=True, slots=True)
class _Encryption:
    """How one type says that it is encrypted and with which key; some are encrypted always."""

    key: str
    switch: str = ""
    on_by_default: bool = False


_ENCRYPTION: Final = {
    "aws:docdb/cluster:Cluster": _Encryption("kmsKeyId", "storageEncrypted"),
    "aws:docdb/elasticCluster:ElasticCluster": _Encryption("kmsKeyId"),
    "aws:elasticache/replicationGroup:ReplicationGroup": _Encryption("kmsKeyId", "atRestEncryptionEnabled"),
    "aws:elasticache/serverlessCache:ServerlessCache": _Encryption("kmsKeyId"),
    "aws:memorydb/cluster:Cluster": _Encryption("kmsKeyArn"),
    "aws:neptune/cluster:Cluster": _Encryption("kmsKeyArn", "storageEncrypted"),
    DATABASE_CLUSTER: _Encryption("kmsKeyId", "storageEncrypted"),
    RDS_INSTANCE: _Encryption("kmsKeyId", "storageEncrypted"),
    # new clusters are encrypted unless they say otherwise (Amazon Redshift Management Guide, read 2026-11)
    REDSHIFT_CLUSTER: _Encryption("kmsKeyId", "encrypted", on_by_default=True),
    "aws:redshiftserverless/namespace:Namespace": _Encryption("kmsKeyId"),
    "aws:timestreamwrite/database:Database": _Encryption("kmsKeyId"),
}


def check(database: Resource, parameters: Parameters) -> Outcomes:
    """Judge one database, cache or cluster of either."""
    encryption = _ENCRYPTION[database.token]
    if database.token == RDS_INSTANCE and not database["replicateSourceDb"].missing and database["kmsKeyId"].missing:
        return  # a replica in the same region is encrypted like its source
    if encryption.switch:
        switch = database[encryption.switch]
        if not (encryption.on_by_default if switch.missing else switch.truth()):
            yield Violation(f"{switch.place} is not true")
            return
    problem = key_problem(database, database[encryption.key])
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-databases-cmk",
    title="Databases and caches are encrypted with a customer managed KMS key",
    description=(
        "RDS, Aurora, DocumentDB, Neptune, Redshift and Timestream databases, and ElastiCache and MemoryDB clusters "
        "are encrypted at rest with a customer managed key. A read replica of RDS that names no key is encrypted "
        "like its source. Tables of DynamoDB have a rule of their own."
    ),
    effect="features, sessions and embeddings rest in plain text, or under a key that nobody here controls",
    remedy="switch encryption at rest on and name a KMS key (this replaces most databases: restore from a snapshot)",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=tuple(_ENCRYPTION),
    parameters=Parameters,
    check=check,
    frameworks=(DOCUMENTDB_1, ELASTICACHE_4, NEPTUNE_1, RDS_3, RDS_27, REDSHIFT_10),
)
