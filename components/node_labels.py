"""Labels and taints by which pods find their nodes.

Owns the words that node groups and workloads must share. Who puts them on nodes: the cluster's node groups.
Who asks for them: the pods of a service.
"""

from typing import Final

from serving.blueprint.schema.model import Accelerator, Resources
from serving.blueprint.tags import LABEL_PREFIX

ACCELERATOR_LABEL: Final = f"{LABEL_PREFIX}accelerator"
"""Node label; the value is what `accelerator_value` says."""

AUTOSCALER_GPU_LABEL: Final = "k8s.amazonaws.com/accelerator"
"""Node label by which the Cluster Autoscaler knows a GPU node whose device plugin is not ready yet."""

PURPOSE_LABEL: Final = f"{LABEL_PREFIX}purpose"
"""Node label; the value is a `NodePurpose`."""

IMAGE_LABEL: Final = f"{LABEL_PREFIX}image"
"""Node label; the value is a `NodeImage`. Nodes without it run AL2023."""

AUTO_MODE_LABEL: Final = "eks.amazonaws.com/compute-type"
AUTO_MODE_VALUE: Final = "auto"
"""Label that EKS Auto Mode puts on its own nodes (Amazon EKS user guide, "Control if a workload is deployed on EKS
Auto Mode nodes", read 2026-11)."""

GPU_RESOURCE: Final = "nvidia.com/gpu"
"""Extended resource that the NVIDIA device plugin offers."""

SHARED_GPU_RESOURCE: Final = f"{GPU_RESOURCE}.shared"
"""Extended resource that the plugin offers where replicas take turns, so that nobody takes a turn for an accelerator.

Parts of an accelerator are offered as accelerators (migStrategy `single`); the node label tells them from whole ones
(bottlerocket-core-kit, packages/nvidia-k8s-device-plugin/nvidia-k8s-device-plugin-conf.in, read 2026-11).
"""

GPU_TAINT_KEY: Final = GPU_RESOURCE
GPU_TAINT_VALUE: Final = "true"
GPU_TAINT_EFFECT: Final = "NoSchedule"
"""Accelerators are dear: what does not ask for one must not run beside them."""

ZONE_LABEL: Final = "topology.kubernetes.io/zone"
HOST_LABEL: Final = "kubernetes.io/hostname"


def accelerator_value(accelerator: Accelerator, share: str | None) -> str:
    """Value of `ACCELERATOR_LABEL`: nodes that share theirs are of another kind than those that don't."""
    return accelerator.value if share is None else f"{accelerator.value}-{share}"


def wanted_accelerator(resources: Resources) -> str:
    """The value that a replica asks for."""
    share = resources.accelerator_share
    return accelerator_value(resources.accelerator, share.word if share else None)
