"""NVIDIA device plugin: accelerators as a resource that pods can ask for."""

from typing import Any, Final

from components.addons.definition import AddonDefinition, AddonFacts, requests
from components.namespaces import PodSecurity
from components.node_labels import AUTO_MODE_LABEL, AUTO_MODE_VALUE, GPU_RESOURCE, IMAGE_LABEL, PURPOSE_LABEL
from serving.blueprint.environment import Addon, NodeImage, NodePurpose
from serving.blueprint.versions import TESTED_VERSIONS


def _values(_: AddonFacts) -> dict[str, Any]:
    """On GPU nodes by our own label, but for those whose image or mode brings a plugin: two would fight for the GPUs.

    Bottlerocket's image for NVIDIA accelerators and EKS Auto Mode have one (Amazon EKS user guide, "Install Kubernetes
    device plugin for GPUs", read 2026-11). The chart's default waits for labels of a further add-on.
    """
    gpu_nodes = [
        {"key": PURPOSE_LABEL, "operator": "In", "values": [NodePurpose.GPU.value]},
        {"key": IMAGE_LABEL, "operator": "NotIn", "values": [NodeImage.BOTTLEROCKET.value]},
        {"key": AUTO_MODE_LABEL, "operator": "NotIn", "values": [AUTO_MODE_VALUE]},
    ]
    return {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": gpu_nodes}]
                }
            }
        },
        "tolerations": [{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}],
        "resources": requests("50m", "128Mi"),
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.NVIDIA_DEVICE_PLUGIN,
    chart=TESTED_VERSIONS.nvidia_device_plugin,
    values=_values,
    # it registers itself with the kubelet through a directory of the node
    level=PodSecurity.PRIVILEGED,
)
