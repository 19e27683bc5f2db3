"""Copies of a bucket in other regions.

Owns the replication rules and the role behind them; both stores use it. The buckets themselves are
`components.bucket`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bucket import SecureBucket
from components.iam import PLATFORM, Statement, create_role, role_arn, role_name, service_trust
from components.options import child_options

REPLICATION_MINUTES = 15
"""Replication time control promises this for 99.9 % of objects (Amazon S3 user guide, "Meeting compliance
requirements with S3 Replication Time Control", read 2026-11); S3 offers no other value (botocore 1.44.5, s3,
ReplicationTimeValue)."""

_READ_ACTIONS = (
    "s3:GetObjectLegalHold",
    "s3:GetObjectRetention",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionTagging",
)
_WRITE_ACTIONS = ("s3:ReplicateObject", "s3:ReplicateTags")


@dataclass(frozen=True, slots=True)
class Replication:
    """What is copied where.

    Attributes:
        environment: Environment; part of the role's name.
        purpose: What the data is; part of the role's name.
        source: The bucket that is written to.
        replicas: The buckets with the copies, in order of priority.
        key_arns: Key by region.
        tags: Tags of the role.
    """

    environment: str
    purpose: str
    source: SecureBucket
    replicas: tuple[SecureBucket, ...]
    key_arns: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


def create_replication(parent: pulumi.Resource, name: str, replication: Replication) -> None:
    """Make the rules and the role; both ends must be versioned first."""
    role, permissions = _create_role(parent, name, replication)
    versioned = [bucket.versioning for bucket in (replication.source, *replication.replicas)]
    aws.s3.BucketReplicationConfig(
        f"{name}-replication",
        bucket=replication.source.name,
        role=role.arn,
        rules=[_rule(priority, bucket, replication) for priority, bucket in enumerate(replication.replicas)],
        region=replication.source.region,
        opts=child_options(parent, depends_on=[*permissions, *versioned]),
    )


def replication_role_arn(environment: str, account_id: str, within: str, purpose: str) -> str:
    """ARN of the role that copies a purpose's data, for policies of the buckets on both ends."""
    return role_arn(environment, account_id, within, *_role_parts(purpose))


def _role_parts(purpose: str) -> tuple[str, str]:
    return f"{PLATFORM}{purpose}", "replication"


def _rule(priority: int, bucket: SecureBucket, replication: Replication) -> aws.s3.BucketReplicationConfigRuleArgsDict:
    return {
        "id": bucket.region,
        "priority": priority,
        "status": "Enabled",
        "filter": {"prefix": ""},
        # a deletion in one region, by accident or by an attacker, must not empty the others
        "delete_marker_replication": {"status": "Disabled"},
        "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
        "destination": {
            "bucket": bucket.arn,
            "storage_class": "STANDARD",
            "encryption_configuration": {"replica_kms_key_id": replication.key_arns[bucket.region]},
            "replication_time": {"status": "Enabled", "time": {"minutes": REPLICATION_MINUTES}},
            "metrics": {"status": "Enabled", "event_threshold": {"minutes": REPLICATION_MINUTES}},
        },
    }


def _create_role(
    parent: pulumi.Resource, name: str, replication: Replication
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    # without conditions: a source key that S3 does not set when it assumes the role would stop replication
    return create_role(
        parent,
        f"{name}-replication-role",
        role_name(replication.environment, *_role_parts(replication.purpose)),
        description=f"Copies {replication.purpose} to the other regions",
        trust=service_trust("s3.amazonaws.com"),
        tags=replication.tags,
        statements=_statements(replication),
    )


def _statements(replication: Replication) -> list[Statement]:
    source, keys = replication.source, replication.key_arns
    return [
        Statement("ReadConfiguration", ("s3:GetReplicationConfiguration", "s3:ListBucket"), (source.bucket_arn,)),
        Statement("ReadSource", _READ_ACTIONS, (f"{source.bucket_arn}/*",)),
        Statement("WriteReplicas", _WRITE_ACTIONS, tuple(f"{bucket.bucket_arn}/*" for bucket in replication.replicas)),
        Statement("DecryptSource", ("kms:Decrypt",), (keys[source.region],)),
        Statement(
            "EncryptReplicas",
            ("kms:Encrypt", "kms:GenerateDataKey"),
            tuple(keys[bucket.region] for bucket in replication.replicas),
        ),
    ]
