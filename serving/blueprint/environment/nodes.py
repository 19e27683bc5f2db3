"""Node groups: which machines a cluster is made of, and how they are bought."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from serving.blueprint.environment.scalars import ZoneName
from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.sharing import MigProfile, SharingKind, profile_findings, share_word


class CapacityType(StrEnum):
    """How nodes are bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    RESERVED = "reserved"
    """On demand, inside an on-demand capacity reservation that the stack makes and that is paid for always."""
    CAPACITY_BLOCK = "capacity-block"
    """Inside a Capacity Block for ML that was bought beforehand: it starts and ends on a day."""


PREPAID = frozenset({CapacityType.RESERVED, CapacityType.CAPACITY_BLOCK})
"""Capacity that costs the same whether nodes use it or not."""


class NodePurpose(StrEnum):
    """What runs on a node group; decides its taint."""

    SYSTEM = "system"
    CPU = "cpu"
    GPU = "gpu"


class NodeImage(StrEnum):
    """Which of AWS's images nodes start from."""

    AL2023 = "al2023"
    BOTTLEROCKET = "bottlerocket"
    """Read-only system on a volume of its own; its image for NVIDIA accelerators brings the device plugin."""


MIN_GPU_DISK_GIB = 200
"""An engine's image unpacks to some 20 GiB, and weights are cached beside it: smaller disks evict pods."""


def _in_order(value: Any) -> Any:  # noqa: ANN401  (whatever a person wrote)
    """One word or a list of words as capacities; what a validator returns is no longer read as JSON."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        return value
    raise_findings(
        Finding(
            (index,) if words is value else (),
            f"'{word}' is no way of buying nodes",
            effect="the node group could not be created",
            remedy="choose one of the allowed ones, or several in order",
            allowed=tuple(CapacityType),
        )
        for index, word in enumerate(words)
        if word not in tuple(CapacityType)
    )
    return tuple(map(CapacityType, words))


Capacities = Annotated[
    tuple[CapacityType, ...],
    BeforeValidator(_in_order, json_schema_input_type=CapacityType | tuple[CapacityType, ...]),
]
"""One way of buying nodes, or several in order."""


class CapacityBlock(Section):
    """A Capacity Block for ML, bought outside of the stack: blocks are paid for at once and can't be given back."""

    id: str = Field(pattern=r"^cr-[0-9a-f]{8,17}$", description="Id of its capacity reservation.")
    zone: ZoneName = Field(description="Its availability zone.")


class GpuSharing(Section):
    """How the accelerators of a node group are shared: all of them, and in one way."""

    kind: SharingKind = Field(description="How each accelerator is shared.")
    replicas: int = Field(default=1, ge=1, le=48, description="Replicas that take turns; for time-slicing.")
    profile: MigProfile | None = Field(default=None, description="The parts, e.g. 1g.10gb; for, and only for, mig.")

    @model_validator(mode="after")
    def _check(self) -> GpuSharing:
        raise_findings([*profile_findings(self.kind, self.profile), *self._findings()])
        return self

    @property
    def word(self) -> str:
        """What a share is called in labels and messages."""
        return share_word(self.kind, self.profile)

    def _findings(self) -> Iterator[Finding]:
        slicing = self.kind is SharingKind.TIME_SLICING
        if slicing != (self.replicas > 1):
            yield Finding(
                ("replicas",),
                f"{self.replicas} replicas with {self.kind}",
                effect="nothing would be shared" if slicing else "parts are cut by their profile, not by a count",
                remedy="state replicas of 2 or more" if slicing else "leave replicas out",
            )


class NodeGroup(Section):
    """Nodes of one kind in one region's cluster."""

    name: Name = Field(description="Name, unique in its region.")
    purpose: NodePurpose = Field(description="What runs on it.")
    instance_types: tuple[str, ...] = Field(
        min_length=1, description="Instance types in order of preference; all of one shape."
    )
    capacity: Capacities = Field(
        default=(CapacityType.ON_DEMAND,),
        min_length=1,
        description="How nodes are bought; of several, each is tried when those before it have none.",
    )
    capacity_block: CapacityBlock | None = Field(
        default=None, description="The block; required for, and only for, capacity-block."
    )
    min_nodes: int = Field(ge=0, le=1_000, description="Fewest nodes; kept by the first capacity that never ends.")
    max_nodes: int = Field(gt=0, le=1_000, description="Most nodes.")
    warm_nodes: int = Field(
        default=0, ge=0, le=1_000, description="Stopped nodes beyond those, which start without a first boot."
    )
    disk_gib: int = Field(default=100, ge=20, le=16_384, description="Volume for images, weights and scratch, GiB.")
    image: NodeImage = Field(default=NodeImage.AL2023, description="Image of the nodes.")
    zones: tuple[ZoneName, ...] = Field(
        default=(), description="Zones that have the machines; by default all of the region."
    )
    efa: bool = Field(
        default=False,
        description="Whether nodes stand together in one zone, joined by Elastic Fabric Adapters, for models that "
        "span nodes.",
    )
    gpu_sharing: GpuSharing | None = Field(
        default=None, description="How accelerators are shared; each replica has whole ones by default."
    )

    @model_validator(mode="after")
    def _check(self) -> NodeGroup:
        raise_findings(
            [*self._findings(), *self._capacity_findings(), *self._placement_findings(), *self._sharing_findings()]
        )
        return self

    @property
    def lasting(self) -> CapacityType | None:
        """The capacity that keeps the fewest nodes: the first that does not end on a day."""
        return next((capacity for capacity in self.capacity if capacity is not CapacityType.CAPACITY_BLOCK), None)

    @property
    def fixed(self) -> bool:
        """Whether there are always as many nodes as there may be."""
        return self.min_nodes == self.max_nodes

    def managed_name(self, capacity: CapacityType) -> str:
        """Name of the managed node group of a capacity: the first has the group's own."""
        return self.name if capacity is self.capacity[0] else f"{self.name}-{capacity.value}"

    def _findings(self) -> Iterator[Finding]:
        if self.max_nodes < self.min_nodes:
            yield Finding(
                ("max_nodes",),
                f"{self.max_nodes} is less than min_nodes ({self.min_nodes})",
                effect="the node group could not be created",
                remedy=f"raise max_nodes to at least {self.min_nodes}",
            )
        if self.purpose is NodePurpose.GPU and self.disk_gib < MIN_GPU_DISK_GIB:
            yield Finding(
                ("disk_gib",),
                f"{self.disk_gib} GiB is less than the {MIN_GPU_DISK_GIB} GiB that a GPU node needs",
                effect="images and weights would fill the disk and evict the pods",
                remedy=f"state disk_gib: {MIN_GPU_DISK_GIB} or more",
            )
        # PutWarmPool refuses Auto Scaling groups with a mixed instances policy and templates that ask for spot
        # instances (Amazon EC2 Auto Scaling API reference, read 2026-11)
        plain = self.capacity[0] is CapacityType.ON_DEMAND and len(self.instance_types) == 1
        if self.warm_nodes and not plain:
            yield Finding(
                ("warm_nodes",),
                "a warm pool needs on-demand as first capacity and one instance type",
                effect="EC2 Auto Scaling would refuse the pool",
                remedy="set warm_nodes: 0, or put on-demand first and name one instance type",
            )
        elif self.warm_nodes > self.max_nodes - self.min_nodes:
            yield Finding(
                ("warm_nodes",),
                f"{self.warm_nodes} stopped nodes beside {self.min_nodes} running ones are more than max_nodes"
                f" ({self.max_nodes})",
                effect="nodes would be kept that may never start",
                remedy=f"set warm_nodes to at most {max(0, self.max_nodes - self.min_nodes)}",
            )

    def _capacity_findings(self) -> Iterator[Finding]:
        for index, capacity in enumerate(self.capacity):
            if capacity in self.capacity[:index]:
                yield Finding(
                    ("capacity", index),
                    f"'{capacity}' stands twice",
                    effect="two node groups would claim one name",
                    remedy="name each capacity once",
                )
            elif capacity in PREPAID and not PREPAID.issuperset(self.capacity[:index]):
                yield Finding(
                    ("capacity", index),
                    f"'{capacity}' comes after '{self.capacity[index - 1]}'",
                    effect="what is paid for would lie idle while more is bought",
                    remedy=f"put '{capacity}' first",
                )
        blocks = CapacityType.CAPACITY_BLOCK in self.capacity
        if blocks != (self.capacity_block is not None):
            yield Finding(
                ("capacity_block",),
                "capacity-block without a block" if blocks else "a block without capacity-block",
                effect="nodes would have no reservation to start in" if blocks else "the block would lie idle",
                remedy="state capacity_block: {id, zone} for capacity-block, and only for it",
            )
        if self.lasting is None and self.min_nodes:
            yield Finding(
                ("min_nodes",),
                f"{self.min_nodes} nodes that are always there, in a block that starts and ends on a day",
                effect="the node group could not be created before the block starts, and would fail when it ends",
                remedy="set min_nodes: 0, or name a capacity after capacity-block",
            )
        if CapacityType.RESERVED in self.capacity and not self.min_nodes:
            yield Finding(
                ("min_nodes",),
                "0 nodes of capacity 'reserved'",
                effect="nothing would be reserved",
                remedy="set min_nodes to what must be there in any case, or choose on-demand",
            )

    def _placement_findings(self) -> Iterator[Finding]:
        if self.efa and self.purpose is not NodePurpose.GPU:
            yield Finding(
                ("efa",),
                f"fabric adapters for nodes of purpose '{self.purpose}'",
                effect="nodes would be tied to one zone for nothing",
                remedy="set efa: false",
            )
        if self.efa and len(self.zones) != 1:
            yield Finding(
                ("zones",),
                f"{len(self.zones)} zones for nodes that stand together",
                effect="a fabric ends at the zone: nodes in different ones could not reach each other over it",
                remedy="name the one zone that has the machines",
            )
        block = self.capacity_block
        if block is not None and self.zones and block.zone not in self.zones:
            yield Finding(
                ("capacity_block", "zone"),
                f"'{block.zone}' is not among the zones of the node group",
                effect="its nodes would have no subnet",
                remedy="name the block's zone in zones",
                allowed=self.zones,
            )

    def _sharing_findings(self) -> Iterator[Finding]:
        sharing = self.gpu_sharing
        if sharing is None:
            return
        if self.purpose is not NodePurpose.GPU:
            yield Finding(
                ("gpu_sharing",),
                f"shares of accelerators on nodes of purpose '{self.purpose}'",
                effect="there would be nothing to share",
                remedy="leave gpu_sharing out",
            )
        elif self.image is not NodeImage.BOTTLEROCKET:
            yield Finding(
                ("image",),
                f"'{self.image}' with gpu_sharing",
                effect="nothing would set the sharing up before the node takes its first pod",
                remedy="choose image: bottlerocket, which does it when it boots",
                allowed=(NodeImage.BOTTLEROCKET.value,),
            )
        if sharing.kind is SharingKind.TIME_SLICING and not self.min_nodes:
            yield Finding(
                ("min_nodes",),
                "0 nodes whose accelerators are shared in time",
                effect="the autoscaler knows from a running node only that it offers such shares: none would start",
                remedy="set min_nodes to at least 1",
            )
        if self.efa:
            yield Finding(
                ("efa",),
                "fabric adapters for nodes whose accelerators are shared",
                effect="a replica that spans nodes takes whole accelerators, and finds none",
                remedy="set efa: false, or leave gpu_sharing out",
            )
