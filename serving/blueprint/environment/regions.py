"""Regions: the cells of an environment, and the ranges that their networks take."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Network

from pydantic import Field, field_validator, model_validator

from serving.blueprint.environment.nodes import NodeGroup, NodePurpose
from serving.blueprint.environment.scalars import AwsRegion, ZoneName, network_of
from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.governance import Jurisdiction


class RegionRole(StrEnum):
    """What a region is for."""

    ACTIVE = "active"
    """Serves users."""
    PASSIVE = "passive"
    """Stands ready with reserved capacity and serves after a failover."""
    RECOVERY = "recovery"
    """Holds copies of data only: no cluster, no service."""


class NatMode(StrEnum):
    """How private subnets reach what has no endpoint."""

    SINGLE = "single"
    """One gateway: cheap, and gone with its zone."""
    PER_ZONE = "per-zone"
    NONE = "none"


class Region(Section):
    """One region: a cell that serves on its own."""

    name: AwsRegion = Field(description="AWS region.")
    role: RegionRole = Field(default=RegionRole.ACTIVE, description="What the region is for.")
    jurisdiction: Jurisdiction = Field(description="Whose law holds there.")
    cidr: str = Field(description="IPv4 range of the region's network, /16 to /20.")
    zones: tuple[ZoneName, ...] = Field(default=(), description="Availability zones that are used; at least two.")
    nat: NatMode = Field(default=NatMode.PER_ZONE, description="How private subnets reach the outside.")
    node_groups: tuple[NodeGroup, ...] = Field(default=(), description="Node groups of the region's cluster.")

    @field_validator("cidr")
    @classmethod
    def _valid_cidr(cls, value: str) -> str:
        network = network_of(value)
        # /16 is the largest VPC (Amazon VPC user guide, "VPC sizing", read 2026-11); below /20 the node
        # subnets of three zones could not hold the pods of a GPU node group
        if not 16 <= network.prefixlen <= 20:
            raise ValueError(f"'{value}' has a prefix of /{network.prefixlen}; allowed: /16 to /20")
        if not network.is_private:
            raise ValueError(f"'{value}' is not a private range (RFC 1918)")
        return value

    @property
    def network(self) -> IPv4Network:
        """The range as a network."""
        return IPv4Network(self.cidr)

    @property
    def serves(self) -> bool:
        """Whether the region has a cluster and services."""
        return self.role is not RegionRole.RECOVERY

    @model_validator(mode="after")
    def _check(self) -> Region:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        for index, zone in enumerate(self.zones):
            if zone[:-1] != self.name:
                yield Finding(
                    ("zones", index),
                    f"'{zone}' is not a zone of {self.name}",
                    effect="subnets could not be created",
                    remedy=f"name zones like {self.name}a",
                )
        if self.serves and len(set(self.zones)) < 2:
            yield Finding(
                ("zones",),
                f"{len(set(self.zones))} zone(s) in a region that serves",
                effect="a cluster needs subnets in at least two zones",
                remedy=f"name at least two, e.g. {self.name}a and {self.name}b",
            )
        yield from self._node_group_findings()
        if self.serves and not any(group.purpose is NodePurpose.SYSTEM for group in self.node_groups):
            yield Finding(
                ("node_groups",),
                "no node group with purpose 'system'",
                effect="the cluster's own controllers would have nowhere to run",
                remedy="add a node group with purpose: system",
            )

    def _node_group_findings(self) -> Iterator[Finding]:
        taken: set[str] = set()
        for index, group in enumerate(self.node_groups):
            names = {group.managed_name(capacity) for capacity in group.capacity}
            for name in sorted(names & taken):
                yield Finding(
                    ("node_groups", index, "name"),
                    f"node group '{name}' stands twice",
                    effect="two node groups would claim one name",
                    remedy="give each node group a name of its own; a further capacity is appended to the name",
                )
            taken |= names
            for z, zone in enumerate(group.zones):
                yield from self._unknown_zone(("node_groups", index, "zones", z), zone)
            if group.capacity_block is not None:
                yield from self._unknown_zone(
                    ("node_groups", index, "capacity_block", "zone"), group.capacity_block.zone
                )

    def _unknown_zone(self, path: KeyPath, zone: str) -> Iterator[Finding]:
        if zone not in self.zones:
            yield Finding(
                path,
                f"'{zone}' is not a zone of the region's network",
                effect="its nodes would have no subnet",
                remedy="choose one of the region's zones, or add it there",
                allowed=self.zones,
            )
