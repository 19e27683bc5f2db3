"""How requests find a region: by names or by an accelerator, and when a region is left.

Owns what an environment may choose; what a failover of names takes at best follows from it and from nothing
else, so `serving.planning` computes it from here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from serving.blueprint.environment.scalars import AwsRegion, RoleArn
from serving.blueprint.schema.base import Section

ALIAS_TTL_SECONDS = 60
"""How long a resolver keeps the address that an alias record to a load balancer gave it. It can't be chosen: an
alias has the time of its target, and that of a load balancer is 60 seconds (Amazon Route 53 developer guide,
"Choosing between alias and non-alias records"; Elastic Load Balancing user guide, "How Elastic Load Balancing
works", read 2026-11)."""

HEALTH_CHECK_INTERVALS_SECONDS = (10, 30)
"""The two that Route 53 has (botocore 1.44.5, route53, RequestInterval; developer guide, read 2026-11)."""

MOST_HEALTH_CHECK_FAILURES = 10
"""botocore 1.44.5, route53, FailureThreshold: 1 to 10."""

MOST_WEIGHT = 255
"""botocore 1.44.5, route53, ResourceRecordSetWeight: 0 to 255."""


EVEN_WEIGHT = 100
"""Share of a region of which nothing is said."""

GATEWAY_CHECK_INTERVAL_SECONDS, GATEWAY_CHECK_FAILURES = 10, 2
"""How a load balancer asks its gateways, and when it takes one for lost."""

ACCELERATOR_REACTION_SECONDS = 30
"""Time until an accelerator leaves a region whose load balancer has no healthy target any more (AWS's workshop
"Introduction to AWS Global Accelerator", "Failover POC", read 2026-11: up to 30 seconds for new connections)."""


class RoutingKind(StrEnum):
    """What brings a request to a region."""

    DNS = "dns"
    """Names: a client asks the region whose address it was given, and keeps that for a minute."""
    ACCELERATOR = "accelerator"
    """Two addresses that never change; the network behind them chooses the region for each connection."""


class RoutingPolicy(StrEnum):
    """Which of several healthy regions answers."""

    LATENCY = "latency"
    """The nearest."""
    WEIGHTED = "weighted"
    """Each its share of the requests, e.g. a first few in a new region."""


class HealthCheck(Section):
    """When a region counts as lost."""

    interval_seconds: int = Field(default=10, description="Time between two checks: 10 or 30 seconds.")
    failures: int = Field(
        default=3, ge=1, le=MOST_HEALTH_CHECK_FAILURES, description="Failed checks in a row before a region is left."
    )

    @field_validator("interval_seconds")
    @classmethod
    def _offered(cls, value: int) -> int:
        if value not in HEALTH_CHECK_INTERVALS_SECONDS:
            raise ValueError(f"{value}: a health check runs every 10 or every 30 seconds")
        return value

    @property
    def detection_seconds(self) -> int:
        """Time from the loss of a region to the decision to leave it."""
        return self.interval_seconds * self.failures


class RegionSwitch(Section):
    """A plan (ARC Region switch) by which a region is left although its services' health checks call it healthy."""

    enabled: bool = Field(default=False, description="Whether the plan exists.")
    automatic: bool = Field(
        default=False,
        description="Whether the plan starts by itself when a region has no gateway and the other one has.",
    )
    approver_role_arn: RoleArn | None = Field(
        default=None, description="Role that must approve the return to a region; leaving one waits for nobody."
    )


class Routing(Section):
    """How requests find a region, and when a region is left."""

    kind: RoutingKind = Field(default=RoutingKind.DNS, description="What brings a request to a region.")
    policy: RoutingPolicy = Field(
        default=RoutingPolicy.LATENCY, description="Which of several healthy regions answers."
    )
    weights: dict[AwsRegion, Annotated[int, Field(ge=0, le=MOST_WEIGHT)]] = Field(
        default_factory=dict, description="Region -> its share of the requests, with policy: weighted; 100 by default."
    )
    health_check: HealthCheck = Field(default=HealthCheck(), description="When a region counts as lost.")
    region_switch: RegionSwitch = Field(default=RegionSwitch(), description="Plan for leaving a region by decision.")

    @property
    def failover_seconds(self) -> int:
        """Time from the loss of a region until no client asks it any more, where nothing has to start first."""
        if self.kind is RoutingKind.ACCELERATOR:
            # its load balancers are asked by their own checks, and its addresses never change
            return GATEWAY_CHECK_INTERVAL_SECONDS * GATEWAY_CHECK_FAILURES + ACCELERATOR_REACTION_SECONDS
        return self.health_check.detection_seconds + ALIAS_TTL_SECONDS
