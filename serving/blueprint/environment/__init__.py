"""The environment: what one stack has (regions, networks, capacity, tenants, budgets) and how strict it is.

Typed configuration of a Pulumi stack, one value (`model-serving:environment`) in `Pulumi.<stack>.yaml`. Owns
the shape and the rules inside the environment; each part has a module. Whether the services fit into it is
judged in `serving.workspace`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from serving.blueprint.environment.account import ServiceLinkedRole
from serving.blueprint.environment.audit import Audit, Provision
from serving.blueprint.environment.backup import BackupSettings
from serving.blueprint.environment.callers import Callers
from serving.blueprint.environment.cluster import Addon, Cluster, Compute, EksAddon, ExistingCluster, NodeStarter
from serving.blueprint.environment.edge import CertificateArn, Edge, WebAclArn
from serving.blueprint.environment.feature_store import FeatureStoreSettings
from serving.blueprint.environment.keys import Keys
from serving.blueprint.environment.nodes import (
    MIN_GPU_DISK_GIB,
    CapacityBlock,
    CapacityType,
    GpuSharing,
    NodeGroup,
    NodeImage,
    NodePurpose,
)
from serving.blueprint.environment.regions import EncryptionControl, ExistingNetwork, NatMode, Region, RegionRole
from serving.blueprint.environment.registry import CachedRegistry, ExistingRegistry, Registry, Upstream
from serving.blueprint.environment.routing import (
    ALIAS_TTL_SECONDS,
    HealthCheck,
    RegionSwitch,
    Routing,
    RoutingKind,
    RoutingPolicy,
)
from serving.blueprint.environment.rules import environment_rules
from serving.blueprint.environment.scalars import (
    AccountId,
    AwsRegion,
    DomainName,
    KeyArn,
    RoleArn,
    ZoneName,
    network_of,
)
from serving.blueprint.environment.settings import Budget, GrowthStop, HostedZone, PolicySettings, Tools
from serving.blueprint.environment.tenants import Quota, ServiceOverride, Tenant
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import HttpsUrl, Identifier, Name, Section
from serving.blueprint.schema.recovery import Topology
from serving.blueprint.vocabulary import EnvironmentKind

__all__ = [
    "ALIAS_TTL_SECONDS",
    "MIN_GPU_DISK_GIB",
    "AccountId",
    "Addon",
    "Audit",
    "AwsRegion",
    "BackupSettings",
    "Budget",
    "CachedRegistry",
    "Callers",
    "CapacityBlock",
    "CapacityType",
    "CertificateArn",
    "Cluster",
    "Compute",
    "DomainName",
    "Edge",
    "EksAddon",
    "EncryptionControl",
    "Environment",
    "ExistingCluster",
    "ExistingNetwork",
    "ExistingRegistry",
    "FeatureStoreSettings",
    "GpuSharing",
    "GrowthStop",
    "HealthCheck",
    "HostedZone",
    "KeyArn",
    "Keys",
    "NatMode",
    "NodeGroup",
    "NodeImage",
    "NodePurpose",
    "NodeStarter",
    "PolicySettings",
    "Provision",
    "Quota",
    "Region",
    "RegionRole",
    "RegionSwitch",
    "Registry",
    "RoleArn",
    "Routing",
    "RoutingKind",
    "RoutingPolicy",
    "ServiceLinkedRole",
    "ServiceOverride",
    "Tenant",
    "Tools",
    "Upstream",
    "WebAclArn",
    "ZoneName",
    "environment_rules",
]


class Environment(Section):
    """What one stack has, and how strict it is."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,9}$")] = Field(
        # ten characters: environment, service and suffix share the 32 of a load balancer's name
        description="Short name; part of physical names."
    )
    kind: EnvironmentKind = Field(description="How much depends on it.")
    account_id: AccountId = Field(description="AWS account, quoted.")
    domain: DomainName = Field(description="Domain below which the services' hosts are.")
    hosted_zone: HostedZone = Field(default=HostedZone(), description="Its DNS zone.")
    owner: Name = Field(description="Platform team.")
    cost_center: Identifier = Field(description="Who pays for what all services share.")
    blueprints: str = Field(default="blueprints", description="Folder of the blueprints, relative to the project.")
    regions: tuple[Region, ...] = Field(min_length=1, description="Regions, home region first.")
    reserved_cidrs: tuple[str, ...] = Field(
        default=(), description="IPv4 ranges that others have (offices, other networks); no region may overlap them."
    )
    trusted_account_ids: tuple[AccountId, ...] = Field(
        default=(), description="Other accounts whose keys, buckets and queues nodes may reach without the internet."
    )
    cluster: Cluster = Field(default=Cluster(), description="The clusters.")
    tenants: tuple[Tenant, ...] = Field(min_length=1, description="Tenants.")
    services: dict[Name, ServiceOverride] = Field(
        min_length=1, description="Which services run here, and what is different for them."
    )
    budget: Budget = Field(description="What the environment may cost.")
    topology: Topology = Field(default=Topology.ACTIVE_ACTIVE, description="How traffic is spread over regions.")
    edge: Edge = Field(default=Edge(), description="Certificates and web ACLs that are there already.")
    callers: Callers | None = Field(
        default=None, description="Who may call: the identity provider; anybody who reaches the edge by default."
    )
    routing: Routing = Field(default=Routing(), description="How requests find a region.")
    registry: Registry = Field(default=Registry(), description="Where images come from.")
    backup: BackupSettings = Field(default=BackupSettings(), description="Backups.")
    tools: Tools = Field(description="The image that fetches and verifies models.")
    account_defaults: Provision = Field(
        default=Provision.MANAGED, description="Who sets the account's defaults; one stack an account."
    )
    service_linked_roles: tuple[ServiceLinkedRole, ...] = Field(
        default=(), description="Roles of AWS services that the account does not have yet; made here."
    )
    keys: Keys = Field(default=Keys(), description="Encryption keys that are there already.")
    audit: Audit = Field(default=Audit(), description="Who watches the account.")
    feature_store: FeatureStoreSettings = Field(default=FeatureStoreSettings(), description="The feature stores.")
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

    @field_validator("reserved_cidrs")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for cidr in value:
            network_of(cidr)
        return value

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
