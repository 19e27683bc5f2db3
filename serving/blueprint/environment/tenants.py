"""Who runs services in an environment, and what the environment says of each service."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from serving.blueprint.environment.scalars import DomainName
from serving.blueprint.schema.base import Identifier, Name, Section

DEFAULT_PODS = 200
DEFAULT_STORAGE_GIB = 4_096
"""What a tenant may use of what every node has plenty of: far above one service, far below a cluster."""


class Quota(Section):
    """What a tenant may use in each cluster."""

    cpu: int = Field(gt=0, le=100_000, description="CPU cores.")
    memory_gib: int = Field(gt=0, le=1_000_000, description="Memory, GiB.")
    accelerators: int = Field(default=0, ge=0, le=10_000, description="Accelerators, or parts of them (mig).")
    accelerator_slices: int = Field(
        default=0, ge=0, le=10_000, description="Shares of accelerators that replicas take turns on (time-slicing)."
    )
    pods: int = Field(default=DEFAULT_PODS, gt=0, le=100_000, description="Pods, of replicas and of helpers.")
    ephemeral_storage_gib: int = Field(
        default=DEFAULT_STORAGE_GIB, gt=0, le=10_000_000, description="Disk of nodes, for models and scratch, GiB."
    )


class Tenant(Section):
    """A business unit that runs services on the platform."""

    name: Name = Field(description="Name; also its namespace.")
    owner: Name = Field(description="Team that answers for the tenant.")
    cost_center: Identifier = Field(description="Who pays.")
    quota: Quota = Field(description="What it may use in each cluster.")


class ServiceOverride(Section):
    """What this environment says of one service."""

    host: DomainName | None = Field(default=None, description="Host; `<contract.host or name>.<domain>` by default.")
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="Key path -> value, only for paths that the blueprint lists as overridable.",
    )
