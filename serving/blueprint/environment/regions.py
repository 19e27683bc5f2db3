"""Regions: the cells of an environment, and the networks that they make or are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from serving.blueprint.environment.cluster import ExistingCluster
from serving.blueprint.environment.nodes import NodeGroup, NodePurpose
from serving.blueprint.environment.scalars import AwsRegion, ZoneName, network_of
from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.governance import Jurisdiction

EKS_SERVICE_RANGES = (IPv4Network("10.100.0.0/16"), IPv4Network("172.20.0.0/16"))
"""Ranges from which EKS chooses the addresses of Kubernetes services (botocore 1.44.5, eks,
`KubernetesNetworkConfigRequest`)."""


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


class EncryptionControl(StrEnum):
    """What is asked of traffic inside the network of a region (VPC encryption controls)."""

    OFF = "off"
    MONITOR = "monitor"
    """The flow log says of each flow whether it is encrypted; nothing is refused."""
    ENFORCE = "enforce"
    """What can't encrypt its traffic can't be started in the network."""


# Ids of EC2 are eight or, since 2016, seventeen hexadecimal digits after the prefix (Amazon EC2 user guide,
# "Resource IDs", read 2026-11)
_ID_DIGITS = "(?:[0-9a-f]{8}|[0-9a-f]{17})"
VpcId = Annotated[str, StringConstraints(pattern=f"^vpc-{_ID_DIGITS}$")]
SubnetId = Annotated[str, StringConstraints(pattern=f"^subnet-{_ID_DIGITS}$")]
RouteTableId = Annotated[str, StringConstraints(pattern=f"^rtb-{_ID_DIGITS}$")]
EndpointId = Annotated[str, StringConstraints(pattern=f"^vpce-{_ID_DIGITS}$")]


class ExistingNetwork(Section):
    """A network that is there already. Nothing of it is made, changed or looked up."""

    vpc_id: VpcId = Field(description="The VPC.")
    public_subnet_ids: dict[ZoneName, SubnetId] = Field(description="Zone -> subnet for the load balancer.")
    private_subnet_ids: dict[ZoneName, SubnetId] = Field(description="Zone -> subnet for nodes.")
    data_subnet_ids: dict[ZoneName, SubnetId] = Field(
        default_factory=dict, description="Zone -> subnet without a way out."
    )
    private_route_table_ids: dict[ZoneName, RouteTableId] = Field(
        default_factory=dict, description="Zone -> route table of its nodes; needed only for `peers`."
    )
    s3_endpoint_id: EndpointId | None = Field(
        default=None, description="Gateway endpoint of S3; buckets can be closed to all else only if it is known."
    )


class Region(Section):
    """One region: a cell that serves on its own."""

    name: AwsRegion = Field(description="AWS region.")
    role: RegionRole = Field(default=RegionRole.ACTIVE, description="What the region is for.")
    jurisdiction: Jurisdiction = Field(description="Whose law holds there.")
    cidr: str = Field(description="IPv4 range of the region's network, /16 to /20; of an existing one as it is.")
    zones: tuple[ZoneName, ...] = Field(default=(), description="Availability zones that are used; at least two.")
    nat: NatMode = Field(default=NatMode.PER_ZONE, description="How private subnets reach the outside.")
    network: ExistingNetwork | None = Field(
        default=None, description="A network that is there already; a new one is made by default."
    )
    peers: tuple[AwsRegion, ...] = Field(
        default=(), description="Regions whose nodes can be reached from this one's; each pair is named once."
    )
    encryption_control: EncryptionControl | None = Field(
        default=None,
        description="What is asked of traffic inside the network; `monitor` in production, otherwise `off`.",
    )
    node_groups: tuple[NodeGroup, ...] = Field(default=(), description="Node groups of the region's cluster.")
    cluster: ExistingCluster | None = Field(
        default=None, description="A cluster that is there already; a new one is made by default."
    )

    @field_validator("cidr")
    @classmethod
    def _valid_cidr(cls, value: str) -> str:
        if not network_of(value).is_private:
            raise ValueError(f"'{value}' is not a private range (RFC 1918)")
        return value

    @property
    def ip_range(self) -> IPv4Network:
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
        yield from self._zone_findings()
        yield from self._system_findings()
        yield from self._node_group_findings()
        yield from self._network_findings()
        if self.cluster is not None and (self.network is None or not self.serves):
            yield Finding(
                ("cluster",),
                f"cluster '{self.cluster.name}' is there already, its network is not",
                effect="nodes would be started in a network in which the cluster is not",
                remedy="name the cluster's network under network, in a region that serves",
            )

    def _zone_findings(self) -> Iterator[Finding]:
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

    def _system_findings(self) -> Iterator[Finding]:
        if self.serves and not any(group.purpose is NodePurpose.SYSTEM for group in self.node_groups):
            yield Finding(
                ("node_groups",),
                "no node group with purpose 'system'",
                effect="the cluster's own controllers would have nowhere to run",
                remedy="add a node group with purpose: system",
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

    def _network_findings(self) -> Iterator[Finding]:
        # /16 to /28 are the sizes of a VPC (Amazon VPC user guide, "VPC sizing", read 2026-11); below /20 the node
        # subnets of three zones could not hold the pods of a GPU node group
        longest = 20 if self.network is None else 28
        if not 16 <= self.ip_range.prefixlen <= longest:
            yield Finding(
                ("cidr",),
                f"'{self.cidr}' has a prefix of /{self.ip_range.prefixlen}; allowed: /16 to /{longest}",
                effect="the network could not be made, or its subnets would be too small for the pods",
                remedy=f"state a range of /16 to /{longest}",
            )
        if not self.serves:
            yield from self._no_network_findings()
        elif self.network is None:
            yield from self._new_network_findings()
        else:
            yield from self._existing_network_findings(self.network)

    def _no_network_findings(self) -> Iterator[Finding]:
        for key in ("network", "peers", "encryption_control"):
            if getattr(self, key):
                yield Finding(
                    (key,),
                    f"'{key}' in a region with the role 'recovery'",
                    effect="it would do nothing: a region for copies has no network",
                    remedy=f"take '{key}' out, or give the region another role",
                )

    def _new_network_findings(self) -> Iterator[Finding]:
        for taken in EKS_SERVICE_RANGES:
            if self.ip_range.overlaps(taken):
                yield Finding(
                    ("cidr",),
                    f"{self.cidr} overlaps {taken}, from which EKS gives addresses to Kubernetes services",
                    effect="other regions' pods would take addresses there for services of their own cluster",
                    remedy="choose a range outside " + " and ".join(str(each) for each in EKS_SERVICE_RANGES),
                )

    def _existing_network_findings(self, network: ExistingNetwork) -> Iterator[Finding]:
        changes = {"nat": self.nat is not NatMode.PER_ZONE, "encryption_control": self.encryption_control is not None}
        for key in (key for key, asked in changes.items() if asked):
            yield Finding(
                (key,),
                f"'{key}' beside a network that is there already",
                effect="it would do nothing: nothing of an existing network is changed",
                remedy=f"take '{key}' out",
            )
        needed = {
            "public_subnet_ids": True,
            "private_subnet_ids": True,
            "data_subnet_ids": False,
            "private_route_table_ids": bool(self.peers),
        }
        for key, required in needed.items():
            stated: dict[str, str] = getattr(network, key)
            if (stated or required) and set(stated) != set(self.zones):
                yield Finding(
                    ("network", key),
                    f"states {_listed(stated)}, but the region uses {_listed(self.zones)}",
                    effect="the cluster or its load balancer would miss a zone, or stand in one that is not used",
                    remedy="state one id for each zone in `zones`",
                )
        yield from _shared_subnets(network)


def _shared_subnets(network: ExistingNetwork) -> Iterator[Finding]:
    """A subnet lies in one zone and is of one kind; what stands twice is a slip."""
    seen: dict[str, str] = {}
    for key in ("public_subnet_ids", "private_subnet_ids", "data_subnet_ids"):
        stated: dict[str, str] = getattr(network, key)
        for zone, subnet in stated.items():
            place = f"{key}.{zone}"
            if subnet in seen:
                yield Finding(
                    ("network", key, zone),
                    f"'{subnet}' is {seen[subnet]} too",
                    effect="a subnet lies in one zone and is public, private or for data, never two of them",
                    remedy="state the subnet of that zone and kind",
                )
            seen.setdefault(subnet, place)


def _listed(zones: Iterable[str]) -> str:
    return ", ".join(sorted(zones)) or "no zone"
