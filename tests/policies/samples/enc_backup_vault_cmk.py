"""Samples of `enc-backup-vault-cmk`."""

from __future__ import annotations

from policies.keys import KMS_KEY
from policies.tokens import AIR_GAPPED_VAULT, VAULT
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample

AIR_GAP = {"name": "copies", "minRetentionDays": 7, "maxRetentionDays": 365}

SAMPLES = (
    Sample(Case.ALLOWED, "own key", (Declared(VAULT, "backups", {"name": "backups", "kmsKeyArn": KEY_ARN}),)),
    Sample(Case.ALLOWED, "air gap", (Declared(AIR_GAPPED_VAULT, "copies", {**AIR_GAP, "encryptionKeyArn": KEY_ARN}),)),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            Declared(VAULT, "backups", {"kmsKeyArn": UNKNOWN}, {"kmsKeyArn": ("key",)}),
        ),
    ),
    Sample(
        Case.DISALLOWED, "key of AWS", (Declared(VAULT, "backups", {"name": "backups"}),), ("kmsKeyArn is missing",)
    ),
    Sample(
        Case.DISALLOWED,
        "alias of AWS",
        (Declared(VAULT, "backups", {"kmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:alias/aws/backup"}),),
        ("a key that AWS manages",),
    ),
    Sample(
        Case.DISALLOWED,
        "air gap with a key of AWS",
        (Declared(AIR_GAPPED_VAULT, "copies", AIR_GAP),),
        ("encryptionKeyArn is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "key of nobody knows where",
        (Declared(AIR_GAPPED_VAULT, "copies", {**AIR_GAP, "encryptionKeyArn": UNKNOWN}),),
        ("encryptionKeyArn is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:backup/plan:Plan", "daily", {"name": "daily"}),)),
)
