"""Kyverno: images of tenants carry a signature. The policy itself is `components.image_signatures`."""

from typing import Any, Final

from components.addons.definition import (
    CRITICAL,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    Scrape,
    replicas,
    requests,
    resources,
    spread,
)
from components.iam import Statement
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_SERVICE_ACCOUNT: Final = "kyverno-admission-controller"
_PODS: Final = {"app.kubernetes.io/component": "admission-controller", "app.kubernetes.io/part-of": "kyverno"}


def _values(_: AddonFacts) -> dict[str, Any]:
    """The admission controller alone: no policy of ours changes, makes, removes or reports anything."""
    off = {"enabled": False}
    return {
        "admissionController": {
            "replicas": replicas(Addon.KYVERNO, "admission-controller"),
            "priorityClassName": CRITICAL,
            "nodeSelector": SYSTEM_NODES,
            "topologySpreadConstraints": spread(_PODS),
            "podDisruptionBudget": {"enabled": True, "minAvailable": 2},
            "rbac": {"serviceAccount": {"name": _SERVICE_ACCOUNT}},
            "initContainer": {"resources": requests("10m", "64Mi")},
            "container": {"resources": resources(Addon.KYVERNO, "admission-controller")},
        },
        "backgroundController": off,
        "cleanupController": off,
        "reportsController": off,
        "features": {"admissionReports": off, "policyExceptions": off},
        # its webhook must go before its pods do, or nobody could make a pod any more
        "webhooksCleanup": {"enabled": True, "resources": requests("10m", "64Mi"), "nodeSelector": SYSTEM_NODES},
    }


def _statements(facts: AddonFacts) -> list[Statement]:
    """Reading signatures beside the images; whoever asks the registry must say first who it is."""
    if not facts.signed_repositories:
        return []
    read = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")
    return [
        Statement("GetToken", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement("ReadSignatures", read, tuple(facts.signed_repositories)),
    ]


DEFINITION: Final = AddonDefinition(
    addon=Addon.KYVERNO,
    chart=TESTED_VERSIONS.kyverno,
    values=_values,
    service_account=_SERVICE_ACCOUNT,
    statements=_statements,
    api_groups=frozenset({"kyverno.io", "policies.kyverno.io"}),
    scrapes=(Scrape("kyverno", _PODS, "metrics-port"),),
)
