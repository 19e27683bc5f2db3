"""Samples of `enc-queue-topic-secret-cmk`."""

from __future__ import annotations

from policies.checks.enc_queue_topic_secret_cmk import KAFKA, PARAMETER, QUEUE, STREAM
from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.tokens import SECRET, TOPIC
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample

SAMPLES = (
    Sample(
        Case.ALLOWED,
        "own keys",
        (
            Declared(TOPIC, "alerts", {"kmsMasterKeyId": "alias/alerts"}),
            Declared(QUEUE, "requests", {"kmsMasterKeyId": KEY_ARN}),
            Declared(
                SECRET,
                "token",
                {"kmsKeyId": KEY_ARN, "replicas": [{"region": "eu-north-1", "kmsKeyId": KEY_ARN}]},
            ),
            Declared(PARAMETER, "password", {"type": "SecureString", "keyId": KEY_ARN}),
            Declared(STREAM, "events", {"encryptionType": "KMS", "kmsKeyId": KEY_ARN}),
            Declared(KAFKA, "bus", {"encryptionInfo": {"encryptionAtRestKmsKeyArn": KEY_ARN}}),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "keys of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            Declared(KMS_REPLICA_KEY, "copy", {}),
            Declared(
                SECRET,
                "token",
                {"kmsKeyId": UNKNOWN, "replicas": [{"region": "eu-north-1", "kmsKeyId": UNKNOWN}]},
                {"kmsKeyId": ("key",), "replicas": ("copy",)},
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "plain topic", (Declared(TOPIC, "alerts", {}),), ("kmsMasterKeyId is missing",)),
    Sample(
        Case.DISALLOWED,
        "key that SQS owns",
        (Declared(QUEUE, "requests", {"sqsManagedSseEnabled": True}),),
        ("kmsMasterKeyId is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "key that AWS manages",
        (Declared(TOPIC, "alerts", {"kmsMasterKeyId": "alias/aws/sns"}),),
        ("a key that AWS manages",),
    ),
    Sample(
        Case.DISALLOWED,
        "one replica of a secret",
        (Declared(SECRET, "token", {"kmsKeyId": KEY_ARN, "replicas": [{"region": "eu-north-1"}]}),),
        ("replicas[0].kmsKeyId is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "secret parameter",
        (Declared(PARAMETER, "password", {"type": "SecureString"}),),
        ("keyId is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "plain stream",
        (Declared(STREAM, "events", {"shardCount": 1}),),
        ("encryptionType is not KMS", "kmsKeyId is missing"),
    ),
    Sample(
        Case.DISALLOWED,
        "key that Kafka's service manages",
        (Declared(KAFKA, "bus", {"clusterName": "bus"}),),
        ("encryptionAtRestKmsKeyArn is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown key does not hide the missing one",
        (Declared(SECRET, "token", {"kmsKeyId": UNKNOWN, "replicas": [{"region": "eu-north-1"}]}),),
        ("replicas[0].kmsKeyId is missing", "kmsKeyId is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "plain parameter",
        (Declared(PARAMETER, "image", {"type": "String", "value": "al2023"}),),
    ),
)
