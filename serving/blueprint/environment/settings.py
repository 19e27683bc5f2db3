"""What an environment states in one or two keys: zone, budget, tools, strictness of the policies."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from serving.blueprint.environment.audit import Provision
from serving.blueprint.schema.base import Email, Section, Sha256, Usd


class HostedZone(Section):
    """The DNS zone of the environment's domain."""

    id: str | None = Field(
        default=None,
        pattern=r"^Z[A-Z0-9]{5,31}$",
        description="Id of an existing public Route 53 zone; a new zone is created by default.",
    )


InstanceFamily = Annotated[str, StringConstraints(pattern=r"^[a-z]+\d[a-z0-9-]*$", max_length=20)]
"""The part of an instance type before the dot, as `g6e`."""


class GrowthStop(StrEnum):
    """What happens when the environment's budget is spent. Nothing that runs is ever stopped."""

    NONE = "none"
    """People are told."""
    MANUAL = "manual"
    """The number of nodes is frozen once somebody approves it."""
    AUTOMATIC = "automatic"
    """The number of nodes is frozen at once."""


class Budget(Section):
    """What the environment may cost."""

    monthly_usd: Usd = Field(description="Most that the environment may cost a month, US dollars.")
    notify: tuple[Email, ...] = Field(
        min_length=1,
        max_length=10,  # subscribers by email a notification (botocore 1.44.5, budgets, NotificationWithSubscribers)
        description="Who is told.",
    )
    growth_stop: GrowthStop = Field(
        default=GrowthStop.MANUAL, description="What happens when it is spent; nothing that runs is stopped."
    )
    allowed_instance_families: tuple[InstanceFamily, ...] = Field(
        default=(), description="Instance families that node groups may use; any by default."
    )
    cost_tags: Provision = Field(
        default=Provision.MANAGED,
        description="Who activates the cost allocation tags; a member account of an organisation can't.",
    )


class Tools(Section):
    """The platform's own image: it fetches and verifies models before a server sees them, and holds `kubectl`."""

    image: str = Field(
        default="serving/model-fetch",
        pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
        max_length=200,
        description="Repository in the organisation's own registry, without host, tag or digest.",
    )
    image_digest: Sha256 = Field(description="Digest of the image; a tag is not accepted.")


class PolicySettings(Section):
    """How strict the policy pack is here. The pack itself validates rule names and parameters."""

    levels: dict[str, str] = Field(
        default_factory=dict, description="Rule id -> advisory, mandatory, remediate or disabled."
    )
    undetermined: dict[str, str | dict[str, str]] = Field(
        default_factory=dict,
        description="Rule id -> level and reason of what a rule cannot judge before deployment.",
    )
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Rule id -> parameters.")
    waivers: tuple[dict[str, Any], ...] = Field(default=(), description="Waivers, each with owner and expiry.")
