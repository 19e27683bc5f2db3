"""EFA device plugin: fabric adapters as a resource that pods can ask for. It finds machines that have some itself."""

from typing import Any, Final

from components.addons.definition import AddonDefinition, AddonFacts, requests
from components.namespaces import PodSecurity
from components.node_labels import GPU_RESOURCE, PURPOSE_LABEL
from serving.blueprint.environment import Addon, NodePurpose
from serving.blueprint.versions import TESTED_VERSIONS


def _values(_: AddonFacts) -> dict[str, Any]:
    return {
        "nodeSelector": {PURPOSE_LABEL: NodePurpose.GPU.value},
        "tolerations": [{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}],
        "resources": requests("10m", "64Mi"),
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.EFA_DEVICE_PLUGIN,
    chart=TESTED_VERSIONS.efa_device_plugin,
    values=_values,
    # it registers itself with the kubelet, and reads the devices of the node
    level=PodSecurity.PRIVILEGED,
)
