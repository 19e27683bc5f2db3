"""Prometheus with its operator: what autoscaler and analyses ask, and what sends everything on to the workspace."""

from typing import Any, Final

from components.addons.definition import (
    CRITICAL,
    RESTRICTED,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    replicas,
    resources,
    spread,
)
from components.iam import Statement
from serving.blueprint.environment import Addon
from serving.blueprint.tags import TagKey
from serving.blueprint.versions import TESTED_VERSIONS
from serving.telemetry.degradation import route_state
from serving.telemetry.metrics import SCRAPE_SECONDS

_NAME: Final = "platform"
"""Head of the names of all that the chart makes."""

_SERVICE_ACCOUNT: Final = "prometheus-server"

# prometheus-operator v0.93.1, pkg/prometheus/server/statefulset.go, read 2026-11
PROMETHEUS_PODS: Final = {"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/managed-by": "prometheus-operator"}
"""Labels of the pods that scrape."""

PROMETHEUS_SERVICE: Final = f"{_NAME}-prometheus"
PROMETHEUS_PORT: Final = 9090
_NAMESPACE: Final = TESTED_VERSIONS.prometheus.namespace
PROMETHEUS_URL: Final = f"http://{PROMETHEUS_SERVICE}.{_NAMESPACE}.svc.cluster.local:{PROMETHEUS_PORT}"

_LOCAL_RETENTION_HOURS: Final = 12
"""Longer than any window that autoscaler and analyses ask for; history is kept in the managed workspace."""

_CONTROL_PLANE: Final = ("kubeApiServer", "kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")
"""What EKS runs where nobody can scrape it, or measures itself; and a daemon that listens to its own node only."""

_UNSEEN: Final = ("secrets", "configmaps", "certificatesigningrequests")
"""What kube-state-metrics need not read: nobody asks for it, and secrets are nobody's business."""


_ROUTE_STATE: Final = {
    "customResourceState": {"enabled": True, "config": route_state()},
    "rbac": {
        "extraRules": [
            {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes"], "verbs": ["list", "watch"]},
            {
                "apiGroups": ["apiextensions.k8s.io"],
                "resources": ["customresourcedefinitions"],
                "verbs": ["list", "watch"],
            },
        ]
    },
}
"""Values of kube-state-metrics by which it tells which rungs of degradation ladders are on."""


def _values(facts: AddonFacts) -> dict[str, Any]:
    return {
        "fullnameOverride": _NAME,
        # alerts are evaluated in the workspace and shown by dashboards there; the node exporter needs the node's own
        # namespaces, and the kubelet tells of nodes what is asked for here
        **{part: {"enabled": False} for part in ("alertmanager", "grafana", "nodeExporter", *_CONTROL_PLANE)},
        # their rules are for that Alertmanager
        "defaultRules": {"create": False},
        "prometheusOperator": _operator(),
        "prometheus": {
            "serviceAccount": {"name": _SERVICE_ACCOUNT},
            # one client always asks the same server: counters of two differ by a scrape
            "service": {"port": PROMETHEUS_PORT, "sessionAffinity": "ClientIP"},
            "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
            "prometheusSpec": _server(facts),
        },
        "kube-state-metrics": {
            "nodeSelector": SYSTEM_NODES,
            "priorityClassName": CRITICAL,
            "resources": resources(Addon.PROMETHEUS, "kube-state-metrics"),
            "collectorsExclude": list(_UNSEEN),
            **_ROUTE_STATE,
            # whose pods and namespaces they are, for costs and quotas
            "metricLabelsAllowlist": [f"namespaces=[{TagKey.TENANT.label}]", f"pods=[{TagKey.SERVICE.label}]"],
        },
    }


def _operator() -> dict[str, Any]:
    return {
        "nodeSelector": SYSTEM_NODES,
        "resources": resources(Addon.PROMETHEUS, "operator"),
        # no webhook may stand in the way of a release, and rules are proven before they are deployed
        "admissionWebhooks": {"enabled": False},
        "tls": {"enabled": False},
        # the endpoints of kubelets; their Endpoints object would be cut off at a thousand nodes, and is deprecated
        "kubeletEndpointsEnabled": False,
        "kubeletEndpointSliceEnabled": True,
        "prometheusConfigReloader": {"resources": resources(Addon.PROMETHEUS, "config-reloader")},
    }


def _server(facts: AddonFacts) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "replicas": replicas(Addon.PROMETHEUS, "server"),
        "scrapeInterval": f"{SCRAPE_SECONDS}s",
        "evaluationInterval": f"{SCRAPE_SECONDS}s",
        "externalLabels": {"cluster": facts.cluster_name, "region": facts.region},
        # the workspace keeps one of two samples that differ in this label alone, which it then drops (Amazon Managed
        # Service for Prometheus user guide, "Send high availability data operator", read 2026-11)
        "replicaExternalLabelName": "__replica__",
        "prometheusExternalLabelNameClear": True,
        "serviceDiscoveryRole": "EndpointSlice",
        "retention": f"{_LOCAL_RETENTION_HOURS}h",
        # what is lost with a pod is refilled within minutes; until then the other one, and fallbacks, hold
        "storageSpec": {"emptyDir": {"sizeLimit": "20Gi"}},
        "resources": resources(Addon.PROMETHEUS, "server"),
        "nodeSelector": SYSTEM_NODES,
        "priorityClassName": CRITICAL,
        "topologySpreadConstraints": spread(PROMETHEUS_PODS),
        "containers": [{"name": "prometheus", "securityContext": RESTRICTED}],
        # whoever may make monitors and rules is decided by RBAC, not by labels
        **dict.fromkeys(
            (
                *("podMonitorSelectorNilUsesHelmValues", "serviceMonitorSelectorNilUsesHelmValues"),
                *("probeSelectorNilUsesHelmValues", "ruleSelectorNilUsesHelmValues"),
                "scrapeConfigSelectorNilUsesHelmValues",
            ),
            False,
        ),
    }
    if facts.remote_write_url is not None:
        spec["remoteWrite"] = [{"url": facts.remote_write_url, "sigv4": {"region": facts.region}}]
    return spec


def _statements(facts: AddonFacts) -> list[Statement]:
    if facts.workspace_arn is None:
        return []
    return [Statement("WriteMetrics", ("aps:RemoteWrite",), (facts.workspace_arn,))]


DEFINITION: Final = AddonDefinition(
    addon=Addon.PROMETHEUS,
    chart=TESTED_VERSIONS.prometheus,
    values=_values,
    service_account=_SERVICE_ACCOUNT,
    statements=_statements,
    api_groups=frozenset({"monitoring.coreos.com"}),
)
