"""A plan that is wrong on purpose: what a scan must find before its silence about the real plans means anything.

Owns the bad resources, in Pulumi's words like any plan, and the checks that must fail on them. Each stands for a way
in which the translation could hide a failure: a plain value, a block, a list of blocks, a JSON text, a reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from serving.preview.plan import Plan
from serving.preview.values import UNKNOWN
from tests.preview.samples import plan_of, resource, urn_of

STACK = "canary"

_BUCKET = "aws:s3/bucket:Bucket"
_FOR_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
_RESOURCES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "key": ("aws:kms/key:Key", {"enableKeyRotation": False}),
    "cluster": ("aws:eks/cluster:Cluster", {"vpcConfig": {"endpointPublicAccess": True}}),
    "group": (
        "aws:ec2/securityGroup:SecurityGroup",
        {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]},
    ),
    "template": ("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions": {"httpTokens": "optional"}}),
    "policy": ("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b", "policy": _FOR_ALL}),
    "repository": ("aws:ecr/repository:Repository", {"imageTagMutability": "MUTABLE"}),
}
MUST_FAIL = frozenset(
    {
        ("CKV_AWS_7", "aws_kms_key.key"),  # a plain value: rotation is off
        ("CKV_AWS_39", "aws_eks_cluster.cluster"),  # a value in a block: the endpoint is public
        ("CKV_AWS_58", "aws_eks_cluster.cluster"),  # a block that is not there: secrets in the clear
        ("CKV_AWS_24", "aws_security_group.group"),  # a list in a list of blocks: SSH from anywhere
        ("CKV_AWS_79", "aws_launch_template.template"),  # a renamed block: IMDSv1
        ("CKV_AWS_70", "aws_s3_bucket_policy.policy"),  # a JSON text: anyone may do anything
        ("CKV_AWS_51", "aws_ecr_repository.repository"),  # an enumeration: tags can be moved
        ("CKV2_AWS_6", "aws_s3_bucket.open"),  # a reference: no public access block points at this bucket
    }
)
MUST_PASS = frozenset({("CKV2_AWS_6", "aws_s3_bucket.closed")})

OBJECTS: tuple[Mapping[str, Any], ...] = (
    {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "open", "namespace": "a"},
        "spec": {
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "a", "image": "a:latest", "securityContext": {"privileged": True}}]},
            }
        },
    },
)
OBJECTS_MUST_FAIL = frozenset({("CKV_K8S_16", "Deployment.a.open")})  # pods of a custom resource: privileged


def canary() -> Plan:
    """The bad plan; one good bucket shows that references are followed."""
    block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    closed = {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    return plan_of(
        *(resource(token, name, inputs) for name, (token, inputs) in _RESOURCES.items()),
        resource(_BUCKET, "open"),
        resource(_BUCKET, "closed"),
        resource(block, "block", {"bucket": UNKNOWN, **closed}, uses={"bucket": (urn_of(_BUCKET, "closed"),)}),
    )
