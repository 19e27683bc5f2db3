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
    "kubernetes:extensions/v1beta1:DaemonSet": "kubernetes:apps/v1:DaemonSet",
    "kubernetes:extensions/v1beta1:Deployment": "kubernetes:apps/v1:Deployment",
    "kubernetes:extensions/v1beta1:Ingress": "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:extensions/v1beta1:NetworkPolicy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:policy/v1beta1:PodDisruptionBudget": "kubernetes:policy/v1:PodDisruptionBudget",
}

BUCKET: Final = "aws:s3/bucket:Bucket"
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
