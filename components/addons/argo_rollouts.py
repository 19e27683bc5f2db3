"""Argo Rollouts: a new version takes traffic step by step."""

from typing import Any, Final

from components.addons.definition import (
    CRITICAL,
    POD_SECURITY,
    RESTRICTED,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    Scrape,
    replicas,
    requests,
    resources,
    spread,
)
from components.rollout import GATEWAY_PLUGIN
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_PODS: Final = {"app.kubernetes.io/component": "rollouts-controller"}
_PLUGIN: Final = "rollouts-plugin-trafficrouter-gatewayapi"
_PLUGIN_FOLDER: Final = "/plugins"
_ROUTERS: Final = (
    *("istio", "smi", "ambassador", "awsLoadBalancerController", "awsAppMesh", "traefik", "apisix"),
    *("contour", "glooPlatform"),
)
"""Traffic routers that are not used, and get no permissions."""


def _values(_: AddonFacts) -> dict[str, Any]:
    """The controller with its Gateway API traffic router, copied from its image before the controller starts."""
    mount = {"name": "plugins", "mountPath": _PLUGIN_FOLDER}
    return {
        "controller": {
            "replicas": replicas(Addon.ARGO_ROLLOUTS, "controller"),
            "nodeSelector": SYSTEM_NODES,
            "priorityClassName": CRITICAL,
            "topologySpreadConstraints": spread(_PODS),
            "resources": resources(Addon.ARGO_ROLLOUTS, "controller"),
            "pdb": {"enabled": True, "maxUnavailable": 1},
            "metrics": {"enabled": True},
            "initContainers": [
                {
                    "name": "copy-plugin",
                    "image": TESTED_VERSIONS.rollouts_gateway_plugin,
                    "command": ["cp", f"/bin/{_PLUGIN}", f"{_PLUGIN_FOLDER}/"],
                    "resources": requests("50m", "64Mi"),
                    "securityContext": {**POD_SECURITY, **RESTRICTED},
                    "volumeMounts": [mount],
                }
            ],
            "trafficRouterPlugins": [{"name": GATEWAY_PLUGIN, "location": f"file://{_PLUGIN_FOLDER}/{_PLUGIN}"}],
            "volumes": [{"name": "plugins", "emptyDir": {"sizeLimit": "256Mi"}}],
            "volumeMounts": [mount],
        },
        "providerRBAC": {"providers": {**dict.fromkeys(_ROUTERS, False), "gatewayAPI": True}},
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.ARGO_ROLLOUTS,
    chart=TESTED_VERSIONS.argo_rollouts,
    values=_values,
    api_groups=frozenset({"argoproj.io"}),
    scrapes=(Scrape("argo-rollouts", _PODS, "metrics"),),
)
