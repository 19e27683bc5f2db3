"""Node groups with accelerators.

Owns what differs from CPU node groups: the image with the NVIDIA driver, the label by which models find their
accelerator, the taint that keeps all else away, the fabric adapters of models that span nodes. The device plugin
is a cluster add-on for AL2023, whose image brings the driver and the container toolkit, but no plugin; Bottlerocket's
brings all three. What offers fabric adapters to pods is not made here.
"""

from base64 import b64encode
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
    accelerator_value,
)
from serving.blueprint.environment import CapacityType, GpuSharing, NodeImage, NodePurpose
from serving.blueprint.errors import InputError, Problem
from serving.blueprint.schema.model import Accelerator
from serving.planning.capacity import shares
from serving.planning.instances import CAPACITY_BLOCK_TYPES, EFA_INTERFACES, MIG_MODELS, instance_type

_AMI_TYPES = {NodeImage.AL2023: "AL2023_x86_64_NVIDIA", NodeImage.BOTTLEROCKET: "BOTTLEROCKET_x86_64_NVIDIA"}

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
        without = sorted(set(group.instance_types) - set(EFA_INTERFACES))
        if group.efa and without:
            raise ValueError(f"no Elastic Fabric Adapter in {', '.join(without)}")
        uncut = sorted({one for one in group.instance_types if not _can_share(group.gpu_sharing, one)})
        if uncut:
            raise ValueError(f"accelerators of {', '.join(uncut)} can't be shared so")
        blocks = CapacityType.CAPACITY_BLOCK in group.capacity
        unsold = sorted(set(group.instance_types) - CAPACITY_BLOCK_TYPES)
        if blocks and unsold:
            raise ValueError(f"not sold in Capacity Blocks: {', '.join(unsold)}")
        return self


def _can_share(sharing: GpuSharing | None, name: str) -> bool:
    return shares(sharing, instance_type(name).accelerator) > 0


class GpuNodeGroup(NodeGroup):
    """Nodes of one kind on machines with NVIDIA accelerators: a managed node group for each capacity."""

    _spec_type = GpuNodeGroupSpec

    def __init__(self, name: str, args: GpuNodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)

    @property
    def _ami_type(self) -> str:
        return _AMI_TYPES[self._spec.node_group.image]

    def _labels(self, capacity: CapacityType) -> dict[str, str]:
        accelerator, sharing = self._spec.machine.accelerator, self._spec.node_group.gpu_sharing
        return super()._labels(capacity) | {
            ACCELERATOR_LABEL: accelerator_value(accelerator, sharing.word if sharing else None),
            AUTOSCALER_GPU_LABEL: accelerator.value,
        }

    def _user_data(self) -> str | None:
        sharing = self._spec.node_group.gpu_sharing
        if sharing is None:
            return None
        return b64encode(_sharing_settings(sharing, self._spec.machine.accelerator).encode()).decode()

    def _network_interfaces(self) -> Sequence[aws.ec2.LaunchTemplateNetworkInterfaceArgsDict] | None:
        """The node's own interface, and one adapter on each network card.

        Adapters carry no addresses: the network add-on would share them with pods. They need a group that lets all
        traffic between its members through, both ways: EKS makes the cluster's so (EC2 user guide, "Maximize
        network bandwidth on Amazon EC2 instances with multiple network cards"; Amazon EKS user guide, "View Amazon
        EKS security group requirements for clusters"; read 2026-11).
        """
        group = self._spec.node_group
        if not group.efa:
            return None
        if "security_group_id" not in self._args:
            raise InputError([_no_security_group(self._name)])
        cards = min(EFA_INTERFACES[name] for name in group.instance_types)
        own: aws.ec2.LaunchTemplateNetworkInterfaceArgsDict = {
            "network_card_index": 0,
            "device_index": 0,
            "security_groups": [self._args["security_group_id"]],
            "delete_on_termination": "true",
        }
        adapters: list[aws.ec2.LaunchTemplateNetworkInterfaceArgsDict] = [
            {
                **own,
                "network_card_index": card,
                # the node's own interface has the first place on the first card
                "device_index": 1 if card == 0 else 0,
                "interface_type": "efa-only",
            }
            for card in range(cards)
        ]
        return [own, *adapters]

    @property
    def _taints(self) -> Sequence[aws.eks.NodeGroupTaintArgsDict]:
        return [{"key": GPU_TAINT_KEY, "value": GPU_TAINT_VALUE, "effect": _EKS_EFFECTS[GPU_TAINT_EFFECT]}]


def _sharing_settings(sharing: GpuSharing, accelerator: Accelerator) -> str:
    """Settings of Bottlerocket, TOML: applied when a node boots, before it takes pods.

    A replica that asks for two turns would get twice the same accelerator: such requests are refused
    (bottlerocket.dev, "kubelet device plugins", read 2026-11).
    """
    plugin = "settings.kubelet-device-plugins.nvidia"
    if sharing.profile is not None:
        return (
            f'[{plugin}]\ndevice-partitioning-strategy = "mig"\n\n'
            f'[{plugin}.mig.profile]\n"{MIG_MODELS[accelerator]}" = "{sharing.profile}"\n'
        )
    return (
        f'[{plugin}]\ndevice-sharing-strategy = "time-slicing"\n\n'
        f"[{plugin}.time-slicing]\nreplicas = {sharing.replicas}\nrename-by-default = true\n"
        "fail-requests-greater-than-one = true\n"
    )


def _no_security_group(name: str) -> Problem:
    return Problem(
        file=f"GpuNodeGroup '{name}'",
        line=0,
        column=0,
        key="security_group_id",
        message="fabric adapters without a security group",
        effect="nodes could reach neither each other nor the control plane",
        remedy="hand in the cluster's security group",
    )
