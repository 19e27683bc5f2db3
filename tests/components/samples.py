"""Arguments with which component tests make components: small, valid, and the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.access_log_bucket import AccessLogBucketArgs
from components.account_defaults import AccountDefaultsArgs
from components.artifact_registry import ArtifactRegistryArgs
from components.audit import AuditArgs
from components.audit_trail import AuditTrailArgs
from components.bucket import SecureBucketArgs
from components.cluster import ClusterArgs
from components.configuration_recorder import ConfigurationRecorderArgs
from components.delivery_queue import DeliveryQueueArgs
from components.feature_store import FeatureStoreArgs
from components.image_cache import ImageCacheArgs
from components.karpenter_prerequisites import KarpenterPrerequisitesArgs
from components.keys import EncryptionKeysArgs
from components.model_store import ModelStoreArgs
from components.network import NetworkArgs
from components.network_peering import NetworkPeeringArgs
from components.node_group import NodeGroupArgs, NodeGroupConfigArgs
from components.node_pools import NodePoolsArgs
from components.personal_data_discovery import PersonalDataDiscoveryArgs
from components.security_posture import SecurityPostureArgs
from components.threat_detection import ThreatDetectionArgs

ACCOUNT = "123456789012"
HOME, SECOND, RECOVERY = REGIONS = ("eu-west-1", "eu-central-1", "eu-north-1")
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/platform/admin"
PUBLISHER = f"arn:aws:iam::{ACCOUNT}:role/release-pipeline"
TAGS = {"owner": "platform", "environment": "test"}
ZONES = [f"{HOME}{letter}" for letter in "abc"]


def key_arn(region: str) -> str:
    """An ARN of a key in a region."""
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-0123456789abcdef0123456789abcdef"


KEY_ARNS: dict[str, pulumi.Input[str]] = {region: key_arn(region) for region in REGIONS}
LOG_BUCKETS: dict[str, pulumi.Input[str]] = {region: f"test-logs-{region}" for region in REGIONS}


def keys_args(**changes: object) -> EncryptionKeysArgs:
    args: EncryptionKeysArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "home_region": HOME,
        "regions": list(REGIONS),
        "data_classes": ["internal", "restricted"],
        "metrics_regions": [HOME, SECOND],
        "admin_role_arns": [ADMIN],
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def network_args(**changes: object) -> NetworkArgs:
    args: NetworkArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "cidr": "10.0.0.0/16",
        "zones": ZONES,
        "nat": "per-zone",
        "interface_endpoints": ["ecr.api", "sts"],
        "flow_log_retention_days": 365,
        "logs_key_arn": key_arn(HOME),
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def peering_args(**changes: object) -> NetworkPeeringArgs:
    args: NetworkPeeringArgs = {
        "environment": "test",
        "region": HOME,
        "cidr": "10.0.0.0/16",
        "peer_region": SECOND,
        "peer_cidr": "10.16.0.0/16",
        "vpc_id": "vpc-11111111",
        "route_table_ids": {f"{HOME}{letter}": f"rtb-1111111{letter}" for letter in "abc"},
        "peer_vpc_id": "vpc-22222222",
        "peer_route_table_ids": {f"{SECOND}{letter}": f"rtb-2222222{letter}" for letter in "ab"},
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def node_group(**changes: object) -> NodeGroupConfigArgs:
    group: NodeGroupConfigArgs = {
        "name": "system",
        "purpose": "system",
        "instance_types": ["m7i.large"],
        "capacity": ["on-demand"],
        "min_nodes": 2,
        "max_nodes": 4,
        "disk_gib": 100,
    }
    return {**group, **changes}  # type: ignore[typeddict-item]


def cpu_group(**changes: object) -> NodeGroupConfigArgs:
    return node_group(**({"name": "plain", "purpose": "cpu", "instance_types": ["c7i.2xlarge"]} | changes))


def gpu_group(**changes: object) -> NodeGroupConfigArgs:
    defaults = {"name": "l4", "purpose": "gpu", "instance_types": ["g6.xlarge"], "disk_gib": 300}
    return node_group(**(defaults | changes))


def node_group_args(group: NodeGroupConfigArgs | None = None, **changes: object) -> NodeGroupArgs:
    args: NodeGroupArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "version": "1.35",
        "node_group": group or node_group(),
        "zones": ZONES,
        "cluster_name": "test-cluster",
        "node_role_arn": f"arn:aws:iam::{ACCOUNT}:role/node",
        "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
        "key_arn": key_arn(HOME),
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def cluster_args(**changes: object) -> ClusterArgs:
    args: ClusterArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "version": "1.35",
        "admin_role_arns": [ADMIN],
        "public_access_cidrs": [],
        "deletion_protection": True,
        "log_retention_days": 365,
        "node_groups": [node_group(), gpu_group()],
        "zones": ZONES,
        "private_subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
        "key_arn": key_arn(HOME),
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def karpenter_args(**changes: object) -> KarpenterPrerequisitesArgs:
    args: KarpenterPrerequisitesArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "cluster_name": f"test-{HOME}",
        "cluster": f"test-{HOME}",
        "key_arn": key_arn(HOME),
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def node_pools_args(**changes: object) -> NodePoolsArgs:
    args: NodePoolsArgs = {
        "environment": "test",
        "region": HOME,
        "node_starter": "karpenter",
        "node_groups": [node_group(), cpu_group(), gpu_group()],
        "zones": ZONES,
        "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
        "security_group_id": "sg-1",
        "key_arn": key_arn(HOME),
        "node_role": "test-nodes",
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def bucket_args(**changes: object) -> SecureBucketArgs:
    args: SecureBucketArgs = {
        "bucket": "test-data",
        "account_id": ACCOUNT,
        "region": HOME,
        "noncurrent_days": 30,
        "key_arn": key_arn(HOME),
        "log_bucket": "test-logs",
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def log_bucket_args(**changes: object) -> AccessLogBucketArgs:
    args: AccessLogBucketArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "retention_days": 90,
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def registry_args(**changes: object) -> ArtifactRegistryArgs:
    args: ArtifactRegistryArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "home_region": HOME,
        "replica_regions": [SECOND, RECOVERY],
        "repositories": ["engines/vllm", "fetch"],
        "publisher_role_arns": [PUBLISHER],
        "admin_role_arns": [ADMIN],
        "key_arns": KEY_ARNS,
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def image_cache_args(**changes: object) -> ImageCacheArgs:
    args: ImageCacheArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "regions": [HOME, SECOND],
        "upstreams": [{"upstream": "ecr-public"}, {"upstream": "k8s"}],
        "admin_role_arns": [ADMIN],
        "key_arns": KEY_ARNS,
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def model_store_args(**changes: object) -> ModelStoreArgs:
    args: ModelStoreArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "home_region": HOME,
        "replica_regions": [SECOND, RECOVERY],
        "object_lock_mode": "COMPLIANCE",
        "object_lock_days": 365,
        "noncurrent_days": 30,
        "key_arns": KEY_ARNS,
        "log_buckets": LOG_BUCKETS,
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def feature_store_args(**changes: object) -> FeatureStoreArgs:
    args: FeatureStoreArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "service": "fraud-score",
        "home_region": HOME,
        "replica_regions": [SECOND, RECOVERY],
        "deletion_protection": True,
        "offline_retention_days": 90,
        "key_arns": KEY_ARNS,
        "log_buckets": LOG_BUCKETS,
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def delivery_queue_args(**changes: object) -> DeliveryQueueArgs:
    args: DeliveryQueueArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "service": "embedding",
        "max_attempts": 3,
        "visibility_timeout_seconds": 120,
        "retention_seconds": 86_400,
        "oldest_seconds": 600,
        "deletion_protection": True,
        "key_arn": key_arn(HOME),
        "log_bucket": LOG_BUCKETS[HOME],
        "topic_arn": topic_arn(HOME),
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def account_args(**changes: object) -> AccountDefaultsArgs:
    args: AccountDefaultsArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "regions": list(REGIONS),
        "key_arns": KEY_ARNS,
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def topic_arn(region: str) -> str:
    """An ARN of a topic in a region."""
    return f"arn:aws:sns:{region}:{ACCOUNT}:test-escalation"


def trail_args(**changes: object) -> AuditTrailArgs:
    args: AuditTrailArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "data_buckets": ["test-models"],
        "lock_mode": "COMPLIANCE",
        "retention_days": 400,
        "key_arn": key_arn(HOME),
        "log_bucket": "test-logs",
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def recorder_args(**changes: object) -> ConfigurationRecorderArgs:
    args: ConfigurationRecorderArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "retention_days": 400,
        "bucket": "test-config",
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def threats_args(**changes: object) -> ThreatDetectionArgs:
    args: ThreatDetectionArgs = {"environment": "test", "region": HOME, "topic_arn": topic_arn(HOME), "tags": TAGS}
    return {**args, **changes}  # type: ignore[typeddict-item]


def posture_args(**changes: object) -> SecurityPostureArgs:
    args: SecurityPostureArgs = {
        "environment": "test",
        "region": HOME,
        "collect_from": [SECOND, RECOVERY],
        "watched_regions": [HOME, SECOND],
        "topic_arn": topic_arn(HOME),
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def personal_data_args(**changes: object) -> PersonalDataDiscoveryArgs:
    args: PersonalDataDiscoveryArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": HOME,
        "buckets": ["test-features"],
        "key_arns": {"restricted": key_arn(HOME)},
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


def audit_args(**changes: object) -> AuditArgs:
    args: AuditArgs = {
        "environment": "test",
        "account_id": ACCOUNT,
        "home_region": HOME,
        "regions": list(REGIONS),
        "trail": "managed",
        "guardduty": "managed",
        "config": "managed",
        "security_hub": "managed",
        "macie": "managed",
        "data_buckets": ["test-models"],
        "personal_data_buckets": {region: [f"test-features-{region}"] for region in REGIONS},
        "personal_data_keys": {region: {"restricted": key_arn(region)} for region in REGIONS},
        "lock_mode": "COMPLIANCE",
        "retention_days": 400,
        "key_arn": key_arn(HOME),
        "log_bucket": "test-logs",
        "topic_arns": {region: topic_arn(region) for region in (HOME, SECOND)},
        "tags": TAGS,
    }
    return {**args, **changes}  # type: ignore[typeddict-item]


FOUNDATION: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "AccessLogBucket": log_bucket_args,
    "AccountDefaults": account_args,
    "ArtifactRegistry": registry_args,
    "Audit": audit_args,
    "AuditTrail": trail_args,
    "Cluster": cluster_args,
    "ConfigurationRecorder": recorder_args,
    "EncryptionKeys": keys_args,
    "FeatureStore": feature_store_args,
    "GpuNodeGroup": lambda: node_group_args(gpu_group()),
    "KarpenterPrerequisites": karpenter_args,
    "ModelStore": model_store_args,
    "Network": network_args,
    "NetworkPeering": peering_args,
    "NodeGroup": node_group_args,
    "NodePools": node_pools_args,
    "PersonalDataDiscovery": personal_data_args,
    "SecureBucket": bucket_args,
    "SecurityPosture": posture_args,
    "ThreatDetection": threats_args,
}
"""Component -> arguments, for what holds of every component of the AWS foundation."""
