"""The actions that policies can name: the operations of botocore's service models, and what IAM names differently.

Owns two tables: which service model an action's prefix belongs to, and actions that are no operation. They are from
the Service Authorization Reference of AWS, read 2026-11, for the services that this project's policies name; a prefix
that is not here has to be that of some service, and its actions are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import botocore.session

# Prefix of actions -> service model
_MODELS: Mapping[str, str] = {
    "aps": "amp",
    "backup": "backup",
    "bedrock": "bedrock",
    "cloudtrail": "cloudtrail",
    "cloudwatch": "cloudwatch",
    "config": "config",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "ecr": "ecr",
    "eks": "eks",
    "elasticloadbalancing": "elbv2",
    "events": "events",
    "firehose": "firehose",
    "glue": "glue",
    "guardduty": "guardduty",
    "iam": "iam",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "macie2": "macie2",
    "organizations": "organizations",
    "pricing": "pricing",
    "route53": "route53",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "signer": "signer",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
    "tag": "resourcegroupstaggingapi",
    "xray": "xray",
}
# Actions that no operation is named for.
_ONLY_ACTIONS: Mapping[str, frozenset[str]] = {
    "aps": frozenset({"RemoteWrite", "QueryMetrics", "GetSeries", "GetLabels", "GetMetricMetadata"}),
    "backup": frozenset({"CopyIntoBackupVault", "CopyFromBackupVault"}),
    "dynamodb": frozenset(
        {
            "ConditionCheckItem",
            "PartiQLSelect",
            "PartiQLInsert",
            "PartiQLUpdate",
            "PartiQLDelete",
            "StartAwsBackupJob",
            "RestoreTableFromAwsBackup",
        }
    ),
    "ecr": frozenset({"ReplicateImage", "BatchImportUpstreamImage", "GetImageCopyStatus", "PutImageCopy"}),
    "eks": frozenset({"AccessKubernetesApi", "MutateViaKubernetesApi"}),
    "eks-auth": frozenset({"AssumeRoleForPodIdentity"}),
    "iam": frozenset({"PassRole"}),
    "kms": frozenset({"ReEncryptFrom", "ReEncryptTo", "SynchronizeMultiRegionKey"}),
    "logs": frozenset({"CreateLogDelivery", "UpdateLogDelivery", "Unmask"}),
    "s3": frozenset(
        {
            "AbortMultipartUpload",
            "BypassGovernanceRetention",
            "DeleteObjectVersion",
            "DeleteObjectVersionTagging",
            "GetAccelerateConfiguration",
            "GetBucketPublicAccessBlock",
            "GetEncryptionConfiguration",
            "GetInventoryConfiguration",
            "GetLifecycleConfiguration",
            "GetMetricsConfiguration",
            "GetObjectVersion",
            "GetObjectVersionAcl",
            "GetObjectVersionForReplication",
            "GetObjectVersionTagging",
            "GetReplicationConfiguration",
            "InitiateReplication",
            "ListAllMyBuckets",
            "ListBucket",
            "ListBucketMultipartUploads",
            "ListBucketVersions",
            "ListMultipartUploadParts",
            "ObjectOwnerOverrideToBucketOwner",
            "PutEncryptionConfiguration",
            "PutInventoryConfiguration",
            "PutLifecycleConfiguration",
            "PutMetricsConfiguration",
            "PutObjectVersionAcl",
            "PutObjectVersionTagging",
            "PutReplicationConfiguration",
            "ReplicateDelete",
            "ReplicateObject",
            "ReplicateTags",
            "RestoreObject",
        }
    ),
    "sts": frozenset({"SetSourceIdentity", "TagSession", "SetContext"}),
}
# S3's operations whose action has another name, so that the operation's own name allows nothing.
_NO_ACTIONS: Mapping[str, frozenset[str]] = {
    "s3": frozenset({"CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "HeadBucket", "HeadObject"})
    | frozenset({"ListBuckets", "ListObjects", "ListObjectsV2", "ListObjectVersions", "ListParts", "UploadPart"}),
    "kms": frozenset({"ReEncrypt"}),
}


def is_known_service(prefix: str) -> bool:
    """Whether some service's actions have this prefix."""
    return prefix in _MODELS or prefix in _ONLY_ACTIONS or prefix in _session().get_available_services()


@cache
def actions_of(prefix: str) -> frozenset[str]:
    """The actions of a service; none where they are not known."""
    only = _ONLY_ACTIONS.get(prefix, frozenset())
    if prefix not in _MODELS:
        return only
    model = _session().get_component("data_loader").load_service_model(_MODELS[prefix], "service-2")
    return frozenset(model["operations"]) - _NO_ACTIONS.get(prefix, frozenset()) | only


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()
