"""Rule `autoscale-bounded`: autoscalers have both bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import Field

from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.scaling import AUTOSCALERS, lower_bound, upper_bound
from policies.views import Resource
from policies.workloads import marks
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier


class ScalingBounds(Parameters):
    """Parameters."""

    maximum_replicas: int = Field(default=100, ge=1, description="Highest upper bound that a mistake may cost.")
    minimum_of_tier_0: int = Field(
        default=2, ge=1, description="Lowest lower bound of a service whose users stop when it stops."
    )


def check(scaler: Resource, parameters: ScalingBounds) -> Outcomes:
    """Judge one ScaledObject or HorizontalPodAutoscaler."""
    aspects: tuple[Callable[[Resource, ScalingBounds], Outcomes], ...] = (_judge_upper, _judge_lower)
    yield from judge_each(aspects, lambda aspect: aspect(scaler, parameters))


def _judge_upper(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    node = upper_bound(scaler)
    upper = node.number()
    if upper is None:
        yield Violation(f"{node.place} is missing")
    elif upper > parameters.maximum_replicas:
        yield Violation(f"{node.place} is more than {parameters.maximum_replicas}")


def _judge_lower(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    node = lower_bound(scaler)
    lower = node.number()
    if lower is None:
        yield Violation(f"{node.place} is missing")
        return
    tier = marks(scaler["metadata"]).get(TagKey.TIER.label)
    stops_users = tier is not None and tier.text() == str(Tier.USERS_STOP.value)
    if stops_users and lower < parameters.minimum_of_tier_0:
        yield Violation(f"{node.place} is less than {parameters.minimum_of_tier_0}, in tier {Tier.USERS_STOP.value}")


RULE = Rule(
    id="autoscale-bounded",
    title="Autoscalers have both bounds, and tier 0 never falls to one replica",
    description=(
        "Every ScaledObject and HorizontalPodAutoscaler states its lower and upper bound; the upper one is at "
        "most the cap; the lower one of a service whose tier label is 0 is at least two."
    ),
    effect="a runaway metric buys replicas without end, or the loss of one pod stops users",
    remedy="state both bounds; raise the cap by a parameter where the service is meant to be larger",
    topic=Topic.SCALING,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=AUTOSCALERS,
    parameters=ScalingBounds,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
