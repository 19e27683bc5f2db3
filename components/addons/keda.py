"""KEDA: replicas follow the signals of a service."""

from typing import Any, Final

from components.addons.definition import (
    CRITICAL,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    Scrape,
    replicas,
    resources,
    spread,
)
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_PODS: Final = {
    "operator": {"app": "keda-operator"},
    "metrics-server": {"app": "keda-operator-metrics-apiserver"},
    "webhooks": {"app": "keda-admission-webhooks"},
}

_KEYS: Final = ("operator", "metricServer", "webhooks")
"""The same three in the words of the chart's settings."""


def _values(_: AddonFacts) -> dict[str, Any]:
    return {
        "image": {"pullPolicy": "IfNotPresent"},
        "operator": {"replicaCount": replicas(Addon.KEDA, "operator")},
        "metricsServer": {"replicaCount": replicas(Addon.KEDA, "metrics-server")},
        "webhooks": {"replicaCount": replicas(Addon.KEDA, "webhooks")},
        "resources": {
            "operator": resources(Addon.KEDA, "operator"),
            "metricServer": resources(Addon.KEDA, "metrics-server"),
            "webhooks": resources(Addon.KEDA, "webhooks"),
        },
        "nodeSelector": SYSTEM_NODES,
        "priorityClassName": CRITICAL,
        "topologySpreadConstraints": {
            "operator": spread(_PODS["operator"]),
            "metricsServer": spread(_PODS["metrics-server"]),
            "webhooks": spread(_PODS["webhooks"]),
        },
        # scales Rollouts and groups of pods only, and reads no secrets of tenants
        "rbac": {
            "scaledRefKinds": [
                {"apiGroup": "argoproj.io", "kind": "rollouts"},
                {"apiGroup": "leaderworkerset.x-k8s.io", "kind": "leaderworkersets"},
            ]
        },
        "permissions": {
            "operator": {"restrict": {"secret": True}},
            "metricServer": {"restrict": {"secret": True}},
        },
        "podDisruptionBudget": {pod: {"maxUnavailable": 1} for pod in _KEYS},
        "prometheus": {pod: {"enabled": True} for pod in _KEYS},
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.KEDA,
    chart=TESTED_VERSIONS.keda,
    values=_values,
    api_groups=frozenset({"keda.sh"}),
    scrapes=(
        Scrape("keda-operator", _PODS["operator"], "metrics"),
        Scrape("keda-metrics-server", _PODS["metrics-server"], "metrics"),
    ),
)
