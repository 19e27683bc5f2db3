"""cert-manager: certificates inside the cluster, renewed by themselves."""

from typing import Any, Final

from components.addons.definition import (
    CRITICAL,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    replicas,
    requests,
    resources,
)
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_BUDGET: Final = {"enabled": True, "maxUnavailable": 1}


def _values(_: AddonFacts) -> dict[str, Any]:
    return {
        "crds": {"enabled": True, "keep": True},
        **_pod("controller"),
        "global": {
            "nodeSelector": SYSTEM_NODES,
            "priorityClassName": CRITICAL,
            "leaderElection": {"namespace": TESTED_VERSIONS.cert_manager.namespace},
        },
        "webhook": _pod("webhook"),
        "cainjector": _pod("cainjector"),
        "startupapicheck": {"resources": requests("10m", "64Mi")},
    }


def _pod(pod: str) -> dict[str, Any]:
    return {
        "replicaCount": replicas(Addon.CERT_MANAGER, pod),
        "resources": resources(Addon.CERT_MANAGER, pod),
        "podDisruptionBudget": _BUDGET,
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.CERT_MANAGER,
    chart=TESTED_VERSIONS.cert_manager,
    values=_values,
    api_groups=frozenset({"cert-manager.io", "acme.cert-manager.io"}),
)
