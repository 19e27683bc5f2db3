"""Node groups: which machines a cluster is made of, and how they are bought."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Name, Section


class CapacityType(StrEnum):
    """How nodes are bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    RESERVED = "reserved"
    """On demand, inside an on-demand capacity reservation."""


class NodePurpose(StrEnum):
    """What runs on a node group; decides its taint."""

    SYSTEM = "system"
    CPU = "cpu"
    GPU = "gpu"


MIN_GPU_DISK_GIB = 200
"""An engine's image unpacks to some 20 GiB, and weights are cached beside it: smaller disks evict pods."""


class NodeGroup(Section):
    """A managed node group of one region's cluster."""

    name: Name = Field(description="Name, unique in its region.")
    purpose: NodePurpose = Field(description="What runs on it.")
    instance_types: tuple[str, ...] = Field(
        min_length=1, description="Instance types in order of preference; all of one shape."
    )
    capacity: CapacityType = Field(default=CapacityType.ON_DEMAND, description="How nodes are bought.")
    min_nodes: int = Field(ge=0, le=1_000, description="Fewest nodes.")
    max_nodes: int = Field(gt=0, le=1_000, description="Most nodes.")
    disk_gib: int = Field(default=100, ge=20, le=16_384, description="Root volume, GiB.")

    @model_validator(mode="after")
    def _check(self) -> NodeGroup:
        raise_findings(self._findings())
        return self

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
