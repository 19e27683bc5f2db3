"""Rule `autoscale-bounded`: autoscalers have both bounds, and own what they scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.regions import region_of
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
from policies.stack import Stack
from policies.tagging import tag_of
from policies.tokens import DEPLOYMENT, LEADER_WORKER_SET, ROLLOUT, STATEFUL_SET
from policies.views import ReadError, Resource
from policies.workloads import marks, object_name, place
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier

TARGET: Final = "aws:appautoscaling/target:Target"
_MOVERS: Final = ("aws:appautoscaling/policy:Policy", "aws:appautoscaling/scheduledAction:ScheduledAction")
"""What moves the capacity of a target: by a metric, or by the clock."""
_AMOUNTS: Final = (
    "CapacityUnits",
    "InferenceUnits",
    "ProvisionedConcurrency",
    "ResourceType:Property",
    "UserSessions",
    "VolumeSize",
)
"""Ends of the scalable dimensions that count no replicas (botocore 1.44.5, application-autoscaling,
`ScalableDimension`)."""
_SCALABLE: Final = (DEPLOYMENT, ROLLOUT, LEADER_WORKER_SET, STATEFUL_SET)
_TIER_0: Final = str(Tier.USERS_STOP.value)
_REPLICAS: Final = "spec.replicas"


class ScalingBounds(Parameters):
    """Parameters."""

    maximum_replicas: int = Field(default=100, ge=1, description="Highest upper bound that a mistake may cost.")
    minimum_of_tier_0: int = Field(
        default=2, ge=1, description="Lowest lower bound of a service whose users stop when it stops."
    )


def check(scaler: Resource, parameters: ScalingBounds) -> Outcomes:
    """Judge one ScaledObject, HorizontalPodAutoscaler, or target of Application Auto Scaling."""
    aspects: tuple[Callable[[Resource, ScalingBounds], Outcomes], ...] = (
        _judge_upper,
        _judge_lower,
        _judge_movers if scaler.token == TARGET else _judge_replicas,
    )
    yield from judge_each(aspects, lambda aspect: aspect(scaler, parameters))


def _judge_upper(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    node = scaler["maxCapacity"] if scaler.token == TARGET else upper_bound(scaler)
    upper = node.number()
    if upper is None:
        yield Violation(f"{node.place} is missing")
    elif upper > parameters.maximum_replicas and _counts_replicas(scaler):
        yield Violation(f"{node.place} is more than {parameters.maximum_replicas}")


def _judge_lower(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    node = scaler["minCapacity"] if scaler.token == TARGET else lower_bound(scaler)
    lower = node.number()
    if lower is None:
        yield Violation(f"{node.place} is missing")
    elif lower < parameters.minimum_of_tier_0 and _stops_users(scaler) and _counts_replicas(scaler):
        yield Violation(f"{node.place} is less than {parameters.minimum_of_tier_0}, in tier {_TIER_0}")


def _counts_replicas(scaler: Resource) -> bool:
    """Whether its bounds are numbers of replicas: pods, tasks, instances, nodes."""
    return scaler.token != TARGET or not (scaler["scalableDimension"].text() or "").endswith(_AMOUNTS)


def _stops_users(scaler: Resource) -> bool:
    """Whether it says that it is of tier 0, by a tag or by a label."""
    if scaler.token == TARGET:
        return tag_of(scaler, TagKey.TIER) == _TIER_0
    tier = marks(scaler["metadata"]).get(TagKey.TIER.label)
    return tier is not None and tier.text() == _TIER_0


def _judge_movers(target: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    """Something moves the capacity; one resource has several targets, so that its name alone tells too little."""
    doubt: ReadError | None = None
    for mover in target.stack.of(*_MOVERS):
        try:
            if _moves(mover, target):
                return
        except ReadError as unknown:
            doubt = doubt or unknown
    if doubt is not None:
        raise doubt
    yield Violation(
        "no scaling policy and no scheduled action moves its capacity",
        remedy="add an aws.appautoscaling.Policy that takes resourceId and scalableDimension from the target",
    )


def _moves(mover: Resource, target: Resource) -> bool:
    same = all(_has_same(mover, target, key) for key in ("resourceId", "scalableDimension"))
    return same and region_of(mover) == region_of(target)


def _has_same(mover: Resource, target: Resource, key: str) -> bool:
    """Whether the property comes from the target, or states the same."""
    return target.urn in mover.property_dependencies.get(key, ()) or mover[key].text() == target[key].text()


def _judge_replicas(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    yield from judge_each(_with_replicas(scaler.stack), partial(_judge_clash, scaler))


def _with_replicas(stack: Stack) -> tuple[Resource, ...]:
    """Workloads that state replicas, and whose updates write them."""

    def build() -> tuple[Resource, ...]:
        return tuple(
            workload
            for workload in stack.of(*_SCALABLE)
            if not workload.at("spec", "replicas").missing and _REPLICAS not in workload.ignore_changes
        )

    return stack.index("workloads-with-replicas", build)


def _judge_clash(scaler: Resource, workload: Resource) -> Iterator[Outcome]:
    if not _scales(scaler, workload):
        return
    node = workload.at("spec", "replicas")
    if node.number() is not None:
        yield Violation(
            f"{node.place} is stated, and an autoscaler scales the workload",
            workload.urn,
            remedy=f"leave {_REPLICAS} out, or pass over its changes by ignoreChanges: the autoscaler owns it",
        )


def _scales(scaler: Resource, workload: Resource) -> bool:
    """Whether the workload is what the autoscaler names; a ScaledObject without a kind means a Deployment (KEDA)."""
    target = scaler.at("spec", "scaleTargetRef")
    if (target["kind"].text() or "Deployment") != workload.token.rpartition(":")[2]:
        return False
    name = target["name"]
    sources = [source.urn for source in scaler.sources(name) if source.token in _SCALABLE]
    if name.unknown and sources:
        return workload.urn in sources
    return name.text() == object_name(workload) and place(scaler) == place(workload)


RULE = Rule(
    id="autoscale-bounded",
    title="Autoscalers have both bounds, and tier 0 never falls to one replica",
    description=(
        "Every ScaledObject, HorizontalPodAutoscaler and target of Application Auto Scaling states its lower and upper "
        "bound; the upper one is at most the cap; the lower one of a service whose tier label (a target's tag) is 0 is "
        "at least two. Targets that count no replicas (units of throughput, storage, concurrency) only state both. A "
        "target has a scaling policy or a scheduled action of the stack with its resourceId and scalableDimension. A "
        "workload of the stack that an autoscaler names states no replicas, unless ignoreChanges names spec.replicas; "
        "a workload that is not in the stack may be deployed by others and is not judged."
    ),
    effect=(
        "a runaway metric buys replicas without end, the loss of one pod stops users, or the number of replicas "
        "follows the last update and not the load"
    ),
    remedy="state both bounds; raise the cap by a parameter where the service is meant to be larger",
    topic=Topic.SCALING,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(*AUTOSCALERS, TARGET),
    parameters=ScalingBounds,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
