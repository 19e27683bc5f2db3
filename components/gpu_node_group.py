"""Node groups with accelerators.

Owns what differs from CPU node groups: the image with the NVIDIA driver, the label by which models find their
accelerator, the taint that keeps all else away. The device plugin is a cluster add-on: the image brings the
driver and the container toolkit, no plugin.
"""

from collections.abc import Sequence
from typing import Self

import pulumi
import pulumi_aws as aws
from pydantic import model_validator

from components.node_group import NodeGroup, NodeGroupArgs, NodeGroupSpec
from components.node_labels import (
    ACCELERATOR_LABEL,
    AUTOSCALER_GPU_LABEL,
    GPU_TAINT_EFFECT,
    GPU_TAINT_KEY,
    GPU_TAINT_VALUE,
)
from serving.blueprint.environment import NodePurpose

# Kubernetes writes effects in camel case, EKS in capitals
_EKS_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "NoExecute": "NO_EXECUTE", "PreferNoSchedule": "PREFER_NO_SCHEDULE"}


class GpuNodeGroupArgs(NodeGroupArgs):
    """Arguments of `GpuNodeGroup`."""


class GpuNodeGroupSpec(NodeGroupSpec):
    """The plain facts of `GpuNodeGroupArgs`."""

    @model_validator(mode="after")
    def _check_gpu(self) -> Self:
        group = self.node_group
        if group.purpose is not NodePurpose.GPU:
            raise ValueError(f"'{group.name}' has purpose '{group.purpose}': use NodeGroup")
        return self


class GpuNodeGroup(NodeGroup):
    """A managed node group of machines with NVIDIA accelerators."""

    _spec_type = GpuNodeGroupSpec

    def __init__(self, name: str, args: GpuNodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)

    @property
    def _ami_type(self) -> str:
        return "AL2023_x86_64_NVIDIA"

    @property
    def _labels(self) -> dict[str, str]:
        accelerator = self._spec.machine.accelerator.value
        return super()._labels | {ACCELERATOR_LABEL: accelerator, AUTOSCALER_GPU_LABEL: accelerator}

    @property
    def _taints(self) -> Sequence[aws.eks.NodeGroupTaintArgsDict]:
        return [{"key": GPU_TAINT_KEY, "value": GPU_TAINT_VALUE, "effect": _EKS_EFFECTS[GPU_TAINT_EFFECT]}]
