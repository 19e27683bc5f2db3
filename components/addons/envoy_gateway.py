"""Envoy Gateway: the controller that makes proxies of a Gateway. The Gateway itself is `components.gateway`."""

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

_PODS: Final = {"control-plane": "envoy-gateway"}

# envoyproxy/gateway v1.9.0, internal/infrastructure/kubernetes/proxy/resource.go, read 2026-11
PROXY_PODS: Final = {"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}
"""Labels of the proxies that the controller makes."""


def _values(_: AddonFacts) -> dict[str, Any]:
    return {
        "deployment": {
            "replicas": replicas(Addon.ENVOY_GATEWAY, "controller"),
            "priorityClassName": CRITICAL,
            "envoyGateway": {"resources": resources(Addon.ENVOY_GATEWAY, "controller")},
            "pod": {"nodeSelector": SYSTEM_NODES, "topologySpreadConstraints": spread(_PODS)},
        },
        "podDisruptionBudget": {"minAvailable": 1},
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.ENVOY_GATEWAY,
    chart=TESTED_VERSIONS.envoy_gateway,
    values=_values,
    api_groups=frozenset({"gateway.networking.k8s.io", "gateway.envoyproxy.io"}),
    # a new proxy replaces an old one when the load balancer asks it, not when it would answer: its health checks take
    # longer than the proxy's start, and until then all targets could be new or gone (AWS Load Balancer Controller,
    # docs/deploy/pod_readiness_gate.md, read 2026-11)
    namespace_labels={"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"},
    scrapes=(
        Scrape("envoy-gateway", _PODS, "metrics"),
        # what the proxies measure of every service is what autoscaler, analyses and objectives ask for
        Scrape("envoy-proxies", PROXY_PODS, "metrics", path="/stats/prometheus"),
    ),
)
