"""Samples of `enc-eks-secrets`."""

from __future__ import annotations

from policies.keys import KMS_KEY
from policies.tokens import EKS_CLUSTER
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample


def cluster(resources: object, key: object, **needs: tuple[str, ...]) -> Declared:
    config = {"provider": {"keyArn": key}, "resources": resources}
    return Declared(EKS_CLUSTER, "cluster", {"encryptionConfig": config}, needs)


SAMPLES = (
    Sample(Case.ALLOWED, "own key", (cluster(["secrets"], KEY_ARN),)),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (Declared(KMS_KEY, "key", {}), cluster(["secrets"], UNKNOWN, encryptionConfig=("key",))),
    ),
    Sample(Case.DISALLOWED, "nothing", (Declared(EKS_CLUSTER, "cluster", {}),), ("does not name secrets",)),
    Sample(Case.DISALLOWED, "other resources", (cluster([], KEY_ARN),), ("does not name secrets",)),
    Sample(Case.DISALLOWED, "no key", (cluster(["secrets"], None),), ("keyArn is missing",)),
    Sample(Case.UNKNOWN, "key", (cluster(["secrets"], UNKNOWN),), ("encryptionConfig.provider.keyArn is not",)),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:eks/addon:Addon", "dns", {}),)),
)
