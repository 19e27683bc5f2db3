"""Faults of keys and of what they encrypt."""

from __future__ import annotations

from policies.checks.enc_vectors_cmk import VECTOR_BUCKET
from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.tokens import DYNAMODB_TABLE, EKS_CLUSTER
from tests.policies.mutation.fault import Fault, add, drop, made_by, named, put, remove, without

AWS_KEY = "alias/aws/s3"
_BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_DEFAULT = "rules.*.applyServerSideEncryptionByDefault"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_QUEUE = "aws:sqs/queue:Queue"
_TOPIC = "aws:sns/topic:Topic"
_REPOSITORIES = ("aws:ecr/repository:Repository", "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate")
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"

FAULTS = (
    Fault("no encryption configuration", _BUCKET_ENCRYPTION, remove, ("enc-s3-kms-cmk",)),
    Fault("rule of encryption dropped", _BUCKET_ENCRYPTION, put("rules", []), ("enc-s3-kms-cmk",)),
    Fault(
        "SSE-S3 instead of KMS",
        _BUCKET_ENCRYPTION,
        put(f"{_DEFAULT}.sseAlgorithm", "AES256"),
        ("enc-s3-kms-cmk",),
        where=without(made_by("AccessLogBucket")),
    ),
    Fault("key of the bucket dropped", _BUCKET_ENCRYPTION, drop(f"{_DEFAULT}.kmsMasterKeyId"), ("enc-s3-kms-cmk",)),
    Fault(
        "bucket key off",
        _BUCKET_ENCRYPTION,
        put("rules.*.bucketKeyEnabled", False),
        ("enc-s3-kms-cmk",),
        where=without(made_by("AccessLogBucket")),
    ),
    Fault(
        "images without KMS",
        _REPOSITORIES,
        put("encryptionConfigurations.*.encryptionType", "AES256"),
        ("enc-ecr-kms",),
    ),
    Fault("images without encryption", _REPOSITORIES, drop("encryptionConfigurations"), ("enc-ecr-kms",)),
    Fault("key of the images dropped", _REPOSITORIES, drop("encryptionConfigurations.*.kmsKey"), ("enc-ecr-kms",)),
    Fault("secrets of the cluster in the clear", EKS_CLUSTER, drop("encryptionConfig"), ("enc-eks-secrets",)),
    Fault("secrets not named", EKS_CLUSTER, put("encryptionConfig.resources", []), ("enc-eks-secrets",)),
    Fault("key of the secrets dropped", EKS_CLUSTER, drop("encryptionConfig.provider.keyArn"), ("enc-eks-secrets",)),
    Fault(
        "table not encrypted",
        DYNAMODB_TABLE,
        put("serverSideEncryption.enabled", False),
        ("enc-dynamodb-cmk-all-replicas",),
    ),
    Fault(
        "key of the table dropped",
        DYNAMODB_TABLE,
        drop("serverSideEncryption.kmsKeyArn"),
        ("enc-dynamodb-cmk-all-replicas",),
    ),
    Fault("key of a replica dropped", DYNAMODB_TABLE, drop("replicas.*.kmsKeyArn"), ("enc-dynamodb-cmk-all-replicas",)),
    Fault(
        "replica under a key of AWS",
        DYNAMODB_TABLE,
        put("replicas.*.kmsKeyArn", "alias/aws/dynamodb"),
        ("enc-dynamodb-cmk-all-replicas",),
    ),
    Fault("key of the logs dropped", _LOGS, drop("kmsKeyId"), ("enc-logs-cmk",)),
    Fault("logs under a key of AWS", _LOGS, put("kmsKeyId", "alias/aws/logs"), ("enc-logs-cmk",)),
    Fault("key of the metrics dropped", "aws:amp/workspace:Workspace", drop("kmsKeyArn"), ("enc-amp-cmk",)),
    Fault("disk not encrypted", _TEMPLATE, put("blockDeviceMappings.*.ebs.encrypted", "false"), ("enc-volumes",)),
    Fault("key of the disk dropped", _TEMPLATE, drop("blockDeviceMappings.*.ebs.kmsKeyId"), ("enc-volumes",)),
    Fault(
        "encryption of volumes off",
        "aws:ebs/encryptionByDefault:EncryptionByDefault",
        put("enabled", False),
        ("enc-volumes",),
    ),
    Fault(
        "default encryption of volumes gone",
        "aws:ebs/encryptionByDefault:EncryptionByDefault",
        remove,
        ("enc-volumes",),
        where=without(named("eu-north-1")),
    ),
    Fault("key of the queue dropped", _QUEUE, drop("kmsMasterKeyId"), ("enc-queue-topic-secret-cmk",)),
    Fault("queue under a key of AWS", _QUEUE, put("kmsMasterKeyId", "alias/aws/sqs"), ("enc-queue-topic-secret-cmk",)),
    Fault("key of the topic dropped", _TOPIC, drop("kmsMasterKeyId"), ("enc-queue-topic-secret-cmk",)),
    Fault("topic under a key of AWS", _TOPIC, put("kmsMasterKeyId", "alias/aws/sns"), ("enc-queue-topic-secret-cmk",)),
    Fault("key of the vault dropped", "aws:backup/vault:Vault", drop("kmsKeyArn"), ("enc-backup-vault-cmk",)),
    Fault("rotation off", KMS_KEY, put("enableKeyRotation", False), ("kms-rotation-window",), each=4),
    Fault("rotation not stated", KMS_KEY, drop("enableKeyRotation"), ("kms-rotation-window",), each=4),
    Fault("rotation too rare", KMS_KEY, put("rotationPeriodInDays", 2560), ("kms-rotation-window",), each=4),
    Fault(
        "deletion window short", (KMS_KEY, KMS_REPLICA_KEY), put("deletionWindowInDays", 7), ("kms-rotation-window",)
    ),
    Fault(
        "lockout check off",
        (KMS_KEY, KMS_REPLICA_KEY),
        put("bypassPolicyLockoutSafetyCheck", True),
        ("kms-rotation-window",),
    ),
    Fault(
        "replica of a key gone",
        KMS_REPLICA_KEY,
        remove,
        ("kms-multi-region-replica",),
        where=named("-confidential-eu-central-1"),
        each=6,
    ),
    Fault(
        "vectors under a key of S3",
        "aws:dynamodb/table:Table",
        add(
            VECTOR_BUCKET,
            {"vectorBucketName": "v", "region": "eu-west-1", "encryptionConfigurations": [{"sseType": "AES256"}]},
        ),
        ("enc-vectors-cmk",),
    ),
    Fault(
        "cache in the clear",
        "aws:dynamodb/table:Table",
        add(
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"description": "cache", "region": "eu-west-1", "atRestEncryptionEnabled": False},
        ),
        ("enc-databases-cmk",),
    ),
)
