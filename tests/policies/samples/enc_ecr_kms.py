"""Samples of `enc-ecr-kms`."""

from __future__ import annotations

from policies.keys import KMS_KEY
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample


def repository(*configurations: dict[str, str], **needs: tuple[str, ...]) -> Declared:
    return Declared(
        "aws:ecr/repository:Repository", "images", {"encryptionConfigurations": list(configurations)}, needs
    )


SAMPLES = (
    Sample(Case.ALLOWED, "own key", (repository({"encryptionType": "KMS", "kmsKey": KEY_ARN}),)),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            repository({"encryptionType": "KMS", "kmsKey": UNKNOWN}, encryptionConfigurations=("key",)),
        ),
    ),
    Sample(Case.DISALLOWED, "nothing stated", (repository(),), ("encryptionConfigurations is missing",)),
    Sample(Case.DISALLOWED, "AES256", (repository({"encryptionType": "AES256"}),), ("encryptionType is not KMS",)),
    Sample(Case.DISALLOWED, "key of AWS", (repository({"encryptionType": "KMS"}),), ("kmsKey is missing",)),
    Sample(
        Case.DISALLOWED,
        "template",
        (Declared("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", "any", {"prefix": "x"}),),
        ("encryptionConfigurations is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "key of nobody knows where",
        (repository({"encryptionType": "KMS", "kmsKey": UNKNOWN}),),
        ("encryptionConfigurations[0].kmsKey is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:ecr/lifecyclePolicy:LifecyclePolicy", "x", {}),)),
)
