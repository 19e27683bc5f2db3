"""Type tokens: which names stand for one and the same resource type.

Owns the canonical name of a type that was published under several, and families of types. It reads no
properties.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

# AWS: pulumi-aws 7 keeps these beside the unversioned names (pulumi_aws/s3/*_v2.py).
_AWS_VERSIONED: Final = frozenset(
    f"aws:s3/{name}V2:{name[0].upper()}{name[1:]}V2"
    for name in (
        "bucket",
        "bucketAccelerateConfiguration",
        "bucketAcl",
        "bucketCorsConfiguration",
        "bucketLifecycleConfiguration",
        "bucketLogging",
        "bucketObjectLockConfiguration",
        "bucketRequestPaymentConfiguration",
        "bucketServerSideEncryptionConfiguration",
        "bucketVersioning",
        "bucketWebsiteConfiguration",
    )
)
# AWS: load balancing was published under three module names (`lb` is the canonical one).
_AWS_RENAMED_MODULES: Final = {
    "aws:alb/": "aws:lb/",
    "aws:elasticloadbalancingv2/": "aws:lb/",
    "aws:applicationloadbalancing/": "aws:lb/",
}
# Kubernetes: groups and versions that one kind was served under before; pulumi-kubernetes still has them.
_KUBERNETES_RENAMED: Final = {
    "kubernetes:apps/v1beta1:": "kubernetes:apps/v1:",
    "kubernetes:apps/v1beta2:": "kubernetes:apps/v1:",
    "kubernetes:batch/v1beta1:": "kubernetes:batch/v1:",
    "kubernetes:batch/v2alpha1:": "kubernetes:batch/v1:",
    "kubernetes:extensions/v1beta1:DaemonSet": "kubernetes:apps/v1:DaemonSet",
    "kubernetes:extensions/v1beta1:Deployment": "kubernetes:apps/v1:Deployment",
    "kubernetes:extensions/v1beta1:Ingress": "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:extensions/v1beta1:NetworkPolicy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:networking.k8s.io/v1beta1:Ingress": "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:policy/v1beta1:PodDisruptionBudget": "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:storage.k8s.io/v1beta1:StorageClass": "kubernetes:storage.k8s.io/v1:StorageClass",
}

METRICS_WORKSPACE: Final = "aws:amp/workspace:Workspace"
API_STAGE: Final = "aws:apigateway/stage:Stage"
AIR_GAPPED_VAULT: Final = "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"
BACKUP_PLAN: Final = "aws:backup/plan:Plan"
VAULT: Final = "aws:backup/vault:Vault"
CLOUD_CONTROL: Final = "aws:cloudcontrol/resource:Resource"
DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
TRAIL: Final = "aws:cloudtrail/trail:Trail"
LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
TABLE_REPLICA: Final = "aws:dynamodb/tableReplica:TableReplica"
VOLUME: Final = "aws:ebs/volume:Volume"
EC2_INSTANCE: Final = "aws:ec2/instance:Instance"
LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
REGISTRY_REPLICATION: Final = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
REPOSITORY: Final = "aws:ecr/repository:Repository"
FILE_SYSTEM: Final = "aws:efs/fileSystem:FileSystem"
EKS_ADDON: Final = "aws:eks/addon:Addon"
NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
CLASSIC_LOAD_BALANCER: Final = "aws:elb/loadBalancer:LoadBalancer"
ENDPOINT_GROUP: Final = "aws:globalaccelerator/endpointGroup:EndpointGroup"
FUNCTION: Final = "aws:lambda/function:Function"
DATABASE_CLUSTER: Final = "aws:rds/cluster:Cluster"
RDS_INSTANCE: Final = "aws:rds/instance:Instance"
REDSHIFT_CLUSTER: Final = "aws:redshift/cluster:Cluster"
BUCKET_LOGGING: Final = "aws:s3/bucketLogging:BucketLogging"
BUCKET_REPLICATION: Final = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
BUCKET_VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105  (a type, no secret)
TOPIC: Final = "aws:sns/topic:Topic"
WEB_ACL: Final = "aws:wafv2/webAcl:WebAcl"
WEB_ACL_LOGGING: Final = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
RESOURCE_QUOTA: Final = "kubernetes:core/v1:ResourceQuota"
EC2_NODE_CLASS: Final = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
BUCKET: Final = "aws:s3/bucket:Bucket"
ACCESS_ENTRY: Final = "aws:eks/accessEntry:AccessEntry"
EKS_CLUSTER: Final = "aws:eks/cluster:Cluster"
DYNAMODB_TABLE: Final = "aws:dynamodb/table:Table"
VPC: Final = "aws:ec2/vpc:Vpc"
SUBNET: Final = "aws:ec2/subnet:Subnet"
LOAD_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"
ROLLOUT: Final = "kubernetes:argoproj.io/v1alpha1:Rollout"
STATEFUL_SET: Final = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET: Final = "kubernetes:apps/v1:DaemonSet"
JOB: Final = "kubernetes:batch/v1:Job"
CRON_JOB: Final = "kubernetes:batch/v1:CronJob"
SCALED_JOB: Final = "kubernetes:keda.sh/v1alpha1:ScaledJob"
POD: Final = "kubernetes:core/v1:Pod"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
SERVICE: Final = "kubernetes:core/v1:Service"
SERVICE_ACCOUNT: Final = "kubernetes:core/v1:ServiceAccount"

LEADER_WORKER_SET: Final = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"

SERVERS: Final = (DEPLOYMENT, ROLLOUT, LEADER_WORKER_SET)
"""Workloads that answer requests and are rolled out by replacing pods, or groups of pods."""
WORKLOADS: Final = (*SERVERS, STATEFUL_SET, DAEMON_SET, JOB, CRON_JOB, SCALED_JOB, POD)
"""Everything that runs pods."""


@lru_cache(maxsize=4096)
def canonical_token(token: str) -> str:
    """Return the one name of a type that has several."""
    if token in _AWS_VERSIONED:
        return token.replace("V2:", ":").removesuffix("V2")
    for old, new in (*_AWS_RENAMED_MODULES.items(), *_KUBERNETES_RENAMED.items()):
        if token.startswith(old):
            return new + token.removeprefix(old)
    return token
