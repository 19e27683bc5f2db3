"""Samples of `enc-vectors-cmk`."""

from __future__ import annotations

import json

from policies.checks.enc_vectors_cmk import COLLECTION, DOMAINS, SECURITY_POLICY, VECTOR_BUCKET, VECTOR_INDEX
from policies.keys import KMS_KEY
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

KMS = {"sseType": "aws:kms", "kmsKeyArn": KEY_ARN}
RULES = [{"ResourceType": "collection", "Resource": ["collection/documents"]}]


def bucket(*configurations: Json, **needs: tuple[str, ...]) -> Declared:
    return Declared(
        VECTOR_BUCKET, "v", {"vectorBucketName": "acme-vectors", "encryptionConfigurations": [*configurations]}, needs
    )


def policy(kind: str = "encryption", **document: object) -> Declared:
    text = json.dumps({"Rules": RULES, **document})
    return Declared(SECURITY_POLICY, "documents", {"name": "documents", "type": kind, "policy": text})


SAMPLES = (
    Sample(Case.ALLOWED, "vector bucket", (bucket(KMS),)),
    Sample(
        Case.ALLOWED,
        "an index like its bucket",
        (bucket(KMS), Declared(VECTOR_INDEX, "i", {"vectorBucketName": "acme-vectors", "indexName": "documents"})),
    ),
    Sample(Case.ALLOWED, "collection by policy", (policy(KmsARN=KEY_ARN), Declared(COLLECTION, "c", {"name": "c"}))),
    Sample(
        Case.ALLOWED,
        "collection with a key",
        (Declared(COLLECTION, "c", {"encryptionConfigs": [{"awsOwnedKey": False, "kmsKeyArn": KEY_ARN}]}),),
    ),
    Sample(
        Case.ALLOWED,
        "domain",
        (Declared(DOMAINS[0], "d", {"encryptAtRest": {"enabled": True, "kmsKeyId": KEY_ARN}}),),
    ),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (Declared(KMS_KEY, "key", {}), bucket({**KMS, "kmsKeyArn": UNKNOWN}, encryptionConfigurations=("key",))),
    ),
    Sample(Case.DISALLOWED, "nothing said", (Declared(VECTOR_BUCKET, "v", {}),), ("encrypted with AES256",)),
    Sample(Case.DISALLOWED, "AES256", (bucket({"sseType": "AES256"}),), ("sseType is not aws:kms",)),
    Sample(
        Case.DISALLOWED,
        "index of its own",
        (Declared(VECTOR_INDEX, "i", {"encryptionConfigurations": [{"sseType": "AES256"}]}),),
        ("sseType is not aws:kms",),
    ),
    Sample(Case.DISALLOWED, "key that AWS owns", (policy(AWSOwnedKey=True),), ("AWSOwnedKey of the policy is true",)),
    Sample(Case.DISALLOWED, "policy without a key", (policy(),), ("policy.KmsARN is missing",)),
    Sample(
        Case.DISALLOWED,
        "collection with a key that AWS owns",
        (Declared(COLLECTION, "c", {"encryptionConfigs": [{"awsOwnedKey": True}]}),),
        ("awsOwnedKey is true",),
    ),
    Sample(Case.DISALLOWED, "plain domain", (Declared(DOMAINS[1], "d", {}),), ("encryptAtRest.enabled is not true",)),
    Sample(
        Case.DISALLOWED,
        "domain with a key of AWS",
        (Declared(DOMAINS[0], "d", {"encryptAtRest": {"enabled": True}}),),
        ("encryptAtRest.kmsKeyId is missing",),
    ),
    Sample(Case.UNKNOWN, "key of nobody knows where", (bucket({**KMS, "kmsKeyArn": UNKNOWN}),), ("kmsKeyArn is not",)),
    Sample(Case.NOT_APPLICABLE, "policy of the network", (policy("network", AllowFromPublic=False),)),
)
