"""DCGM exporter: temperature, memory, load and errors of each accelerator, for whoever runs the nodes."""

from typing import Any, Final

from components.addons.definition import AddonDefinition, AddonFacts, Scrape, requests
from components.namespaces import PodSecurity
from components.node_labels import GPU_RESOURCE, PURPOSE_LABEL
from serving.blueprint.environment import Addon, NodePurpose
from serving.blueprint.versions import TESTED_VERSIONS

_PODS: Final = {"app.kubernetes.io/name": "dcgm-exporter"}


def _values(_: AddonFacts) -> dict[str, Any]:
    return {
        "nodeSelector": {PURPOSE_LABEL: NodePurpose.GPU.value},
        "tolerations": [{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}],
        "resources": requests("100m", "512Mi"),
        # ours comes once the kind exists
        "serviceMonitor": {"enabled": False},
        # no profiling counters, for which it would be administrator of the system; root, as the pods of the kubelet's
        # socket are root's
        "securityContext": {
            "runAsNonRoot": False,
            "runAsUser": 0,
            "capabilities": {"add": [], "drop": ["ALL"]},
            "allowPrivilegeEscalation": False,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.DCGM_EXPORTER,
    chart=TESTED_VERSIONS.dcgm_exporter,
    values=_values,
    # which pod an accelerator belongs to stands in a socket of the node
    level=PodSecurity.PRIVILEGED,
    scrapes=(Scrape("dcgm-exporter", _PODS, "metrics"),),
)
