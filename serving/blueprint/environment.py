"""The environment: what one stack has (regions, networks, capacity, tenants, budgets) and how strict it is.

Typed configuration of a Pulumi stack, one value (`model-serving:environment`) in `Pulumi.<stack>.yaml`. Owns
the shape and the rules inside the environment. Whether the services fit into it is judged in
`serving.workspace`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Email, HttpsUrl, Identifier, Name, Section, Sha256, Usd
from serving.blueprint.schema.governance import Jurisdiction
from serving.blueprint.schema.model import Accelerator
from serving.blueprint.schema.recovery import Topology
from serving.blueprint.versions import TESTED_VERSIONS

AwsRegion = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", max_length=20)]
ZoneName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$", max_length=21)]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]
DomainName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=190,  # a service's host of 30 characters and an ACME or validation label must still fit in 253
    ),
]


def _network(cidr: str) -> IPv4Network:
    """The network that a text names; ValueError with a reason that a person can use."""
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"'{cidr}' is not an IPv4 network: {error}") from None


class EnvironmentKind(StrEnum):
    """How much depends on an environment; policies choose their levels by it."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


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
        network = _network(value)
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
        names = [group.name for group in self.node_groups]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield Finding(
                    ("node_groups", index, "name"),
                    f"node group '{name}' stands twice",
                    effect="two node groups would claim one name",
                    remedy="give each node group a name of its own",
                )
        if self.serves and not any(group.purpose is NodePurpose.SYSTEM for group in self.node_groups):
            yield Finding(
                ("node_groups",),
                "no node group with purpose 'system'",
                effect="the cluster's own controllers would have nowhere to run",
                remedy="add a node group with purpose: system",
            )


class Quota(Section):
    """What a tenant may use in each cluster."""

    cpu: int = Field(gt=0, le=100_000, description="CPU cores.")
    memory_gib: int = Field(gt=0, le=1_000_000, description="Memory, GiB.")
    accelerators: int = Field(default=0, ge=0, le=10_000, description="Accelerators.")


class Tenant(Section):
    """A business unit that runs services on the platform."""

    name: Name = Field(description="Name; also its namespace.")
    owner: Name = Field(description="Team that answers for the tenant.")
    cost_center: Identifier = Field(description="Who pays.")
    quota: Quota = Field(description="What it may use in each cluster.")


class HostedZone(Section):
    """The DNS zone of the environment's domain."""

    id: str | None = Field(
        default=None,
        pattern=r"^Z[A-Z0-9]{5,31}$",
        description="Id of an existing public Route 53 zone; a new zone is created by default.",
    )


class Budget(Section):
    """What the environment may cost."""

    monthly_usd: Usd = Field(description="Most that the environment may cost a month, US dollars.")
    notify: tuple[Email, ...] = Field(
        min_length=1,
        max_length=10,  # subscribers by email a notification (botocore 1.44.5, budgets, NotificationWithSubscribers)
        description="Who is told.",
    )


class ServiceOverride(Section):
    """What this environment says of one service."""

    host: DomainName | None = Field(default=None, description="Host; `<contract.host or name>.<domain>` by default.")
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="Key path -> value, only for paths that the blueprint lists as overridable.",
    )


class PolicySettings(Section):
    """How strict the policy pack is here. The pack itself validates rule names and parameters."""

    levels: dict[str, str] = Field(default_factory=dict, description="Rule id -> advisory, mandatory or disabled.")
    undetermined: dict[str, str] = Field(
        default_factory=dict, description="Rule id -> level of what a rule cannot judge before deployment."
    )
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Rule id -> parameters.")
    waivers: tuple[dict[str, Any], ...] = Field(default=(), description="Waivers, each with owner and expiry.")


class Addon(StrEnum):
    """What a cluster must have."""

    KEDA = "keda"
    ARGO_ROLLOUTS = "argo-rollouts"
    ENVOY_GATEWAY = "envoy-gateway"
    PROMETHEUS = "prometheus"
    LOAD_BALANCER_CONTROLLER = "aws-load-balancer-controller"
    CERT_MANAGER = "cert-manager"
    CLUSTER_AUTOSCALER = "cluster-autoscaler"
    NVIDIA_DEVICE_PLUGIN = "nvidia-device-plugin"


class Cluster(Section):
    """The clusters of the environment; one a serving region."""

    version: str = Field(
        default=TESTED_VERSIONS.kubernetes, pattern=r"^1\.\d{2}$", description="Kubernetes version (EKS)."
    )
    public_access_cidrs: tuple[str, ...] = Field(
        default=(), description="Who may reach the API endpoint from outside; nobody by default."
    )
    admin_role_arns: tuple[RoleArn, ...] = Field(default=(), description="Roles that may administer the clusters.")

    provided_addons: tuple[Addon, ...] = Field(
        default=(), description="Add-ons that the clusters have already, by whatever other means; not installed."
    )

    @field_validator("version")
    @classmethod
    def _tested(cls, value: str) -> str:
        if value not in TESTED_VERSIONS.kubernetes_allowed:
            allowed = ", ".join(TESTED_VERSIONS.kubernetes_allowed)
            raise ValueError(f"Kubernetes {value} is not in the tested set; allowed: {allowed}")
        return value

    @field_validator("public_access_cidrs")
    @classmethod
    def _no_world(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for cidr in value:
            if _network(cidr).prefixlen < 8:
                raise ValueError(f"'{cidr}' opens the API endpoint to a large part of the internet")
        return value


class Tools(Section):
    """The platform's own image, which fetches and verifies models before a server sees them."""

    image: str = Field(
        default="serving/model-fetch",
        pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
        max_length=200,
        description="Repository in the organisation's own registry, without host, tag or digest.",
    )
    image_digest: Sha256 = Field(description="Digest of the image; a tag is not accepted.")


class Environment(Section):
    """What one stack has, and how strict it is."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,9}$")] = Field(
        # ten characters: environment, service and suffix share the 32 of a load balancer's name
        description="Short name; part of physical names."
    )
    kind: EnvironmentKind = Field(description="How much depends on it.")
    account_id: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] = Field(description="AWS account, quoted.")
    domain: DomainName = Field(description="Domain below which the services' hosts are.")
    hosted_zone: HostedZone = Field(default=HostedZone(), description="Its DNS zone.")
    owner: Name = Field(description="Platform team.")
    cost_center: Identifier = Field(description="Who pays for what all services share.")
    blueprints: str = Field(default="blueprints", description="Folder of the blueprints, relative to the project.")
    regions: tuple[Region, ...] = Field(min_length=1, description="Regions, home region first.")
    cluster: Cluster = Field(default=Cluster(), description="The clusters.")
    tenants: tuple[Tenant, ...] = Field(min_length=1, description="Tenants.")
    services: dict[Name, ServiceOverride] = Field(
        min_length=1, description="Which services run here, and what is different for them."
    )
    budget: Budget = Field(description="What the environment may cost.")
    topology: Topology = Field(default=Topology.ACTIVE_ACTIVE, description="How traffic is spread over regions.")
    tools: Tools = Field(description="The image that fetches and verifies models.")
    publisher_role_arns: tuple[RoleArn, ...] = Field(
        default=(), description="Roles that may publish images and models."
    )
    log_retention_days: int = Field(default=365, ge=30, le=3_653, description="Audit and platform logs, days.")
    model_lock_days: int = Field(
        default=365, ge=1, le=3_650, description="Time in which a released model can't be deleted, days."
    )
    runbook_base_url: HttpsUrl | None = Field(
        default=None, description="Where the repository's files can be read; alerts link runbooks below it."
    )
    policies: PolicySettings = Field(default=PolicySettings(), description="How strict the policy pack is.")

    @model_validator(mode="after")
    def _check(self) -> Environment:
        raise_findings(environment_rules({name: getattr(self, name) for name in type(self).model_fields}))
        return self

    @property
    def home_region(self) -> Region:
        """The first region: global parts with a regional home (state, multi-region primary keys) live there."""
        return self.regions[0]

    @property
    def active_regions(self) -> tuple[Region, ...]:
        """Regions that serve users now."""
        return tuple(region for region in self.regions if region.role is RegionRole.ACTIVE)

    @property
    def serving_regions(self) -> tuple[Region, ...]:
        """Regions with a cluster: active and passive ones."""
        return tuple(region for region in self.regions if region.serves)

    def tenant(self, name: str) -> Tenant:
        """The tenant of that name; KeyError if there is none."""
        return next(tenant for tenant in self.tenants if tenant.name == name)


def environment_rules(sections: Mapping[str, Any]) -> Iterator[Finding]:
    """The rules between the parts of an environment, as far as the parts are there (are valid)."""
    regions: tuple[Region, ...] | None = sections.get("regions")
    tenants: tuple[Tenant, ...] | None = sections.get("tenants")
    topology: Topology | None = sections.get("topology")
    if regions is not None:
        yield from _duplicates("regions", [region.name for region in regions])
        yield from _overlapping_networks(regions)
        yield from _something_serves(regions)
    if tenants is not None:
        yield from _duplicates("tenants", [tenant.name for tenant in tenants])
    if regions is not None and topology is not None:
        yield from _topology_fits(regions, topology)


def _duplicates(key: str, names: Sequence[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Finding(
                (key, index, "name"),
                f"'{name}' stands twice in {key}",
                effect="two parts of the stack would claim one name",
                remedy="keep one of the two",
            )


def _overlapping_networks(regions: Sequence[Region]) -> Iterator[Finding]:
    for (_, one), (index, other) in combinations(enumerate(regions), 2):
        if one.network.overlaps(other.network):
            yield Finding(
                ("regions", index, "cidr"),
                f"{other.cidr} ({other.name}) overlaps {one.cidr} ({one.name})",
                effect="the two networks could never be connected, and addresses would be ambiguous",
                remedy="give every region a range of its own",
            )


def _something_serves(regions: Sequence[Region]) -> Iterator[Finding]:
    if not any(region.role is RegionRole.ACTIVE for region in regions):
        yield Finding(
            ("regions",),
            "no region has the role 'active'",
            effect="nothing would serve",
            remedy="give at least one region role: active",
            allowed=tuple(RegionRole),
        )


def _topology_fits(regions: Sequence[Region], topology: Topology) -> Iterator[Finding]:
    serving = sum(region.serves for region in regions)
    if topology is Topology.SINGLE_REGION and serving > 1:
        yield Finding(
            ("topology",),
            f"'single-region' with {serving} serving regions",
            effect="traffic would reach only one of them",
            remedy="choose active-active or active-passive",
            allowed=tuple(Topology),
        )
    if topology is Topology.ACTIVE_ACTIVE and sum(region.role is RegionRole.ACTIVE for region in regions) < 2:
        yield Finding(
            ("topology",),
            "'active-active' with fewer than two active regions",
            effect="the loss of the one region would stop everything",
            remedy="give a second region role: active, or choose another topology",
            allowed=tuple(Topology),
        )
    if topology is Topology.ACTIVE_PASSIVE and not any(region.role is RegionRole.PASSIVE for region in regions):
        yield Finding(
            ("topology",),
            "'active-passive' without a passive region",
            effect="there would be nowhere to fail over to",
            remedy="give one region role: passive",
            allowed=tuple(Topology),
        )


__all__ = ["Accelerator", "Environment", "EnvironmentKind", "NodePurpose", "Region", "RegionRole"]
