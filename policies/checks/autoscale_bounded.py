"""Rule `autoscale-bounded`: autoscalers have both bounds, and own what they scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
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
from policies.scaling import AUTOSCALERS, TARGET, lower_bound, upper_bound
from policies.stack import Stack
from policies.tagging import tag_of
from policies.tokens import SERVERS, STATEFUL_SET
from policies.views import ReadError, Resource, path_steps
from policies.workloads import Place, marks, object_name, place
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier

_MOVERS: Final = ("aws:appautoscaling/policy:Policy", "aws:appautoscaling/scheduledAction:ScheduledAction")
"""What moves the capacity of a target: by a metric, or by the clock."""
_AMOUNTS: Final = (
    "CapacityUnits",
    "InferenceUnits",
    "ProvisionedConcurrency",
    "ResourceType:Property",
    "TargetCapacity",
    "UserSessions",
    "VolumeSize",
)
"""Ends of the scalable dimensions that count no replicas (botocore 1.44.5, application-autoscaling,
`ScalableDimension`)."""
_BESIDE: Final = (":ReadReplicaCount", "replication-group:Replicas", "replication-group:NodeGroups")
"""Ends of those that count what is there beside a first one, or shards: one of them is no single point of failure."""
_SCALABLE: Final = (*SERVERS, STATEFUL_SET)
_TIER_0: Final = str(Tier.USERS_STOP.value)
_REPLICAS: Final = ("spec", "replicas")


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
    node = upper_bound(scaler)
    upper = node.number()
    if upper is None:
        yield Violation(f"{node.place} is missing")
    elif upper > parameters.maximum_replicas and _counts_replicas(scaler):
        yield Violation(f"{node.place} is more than {parameters.maximum_replicas}")


def _judge_lower(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    node = lower_bound(scaler)
    lower = node.number()
    if lower is None:
        yield Violation(f"{node.place} is missing")
    elif lower < parameters.minimum_of_tier_0 and _stops_users(scaler) and _counts_replicas(scaler, but=_BESIDE):
        yield Violation(f"{node.place} is less than {parameters.minimum_of_tier_0}, in tier {_TIER_0}")


def _counts_replicas(scaler: Resource, but: tuple[str, ...] = ()) -> bool:
    """Whether its bounds are numbers of replicas: pods, tasks, instances, nodes; `but` are further ends that do not."""
    return scaler.token != TARGET or not (scaler["scalableDimension"].text() or "").endswith((*_AMOUNTS, *but))


def _stops_users(scaler: Resource) -> bool:
    """Whether it says that it is of tier 0, by a tag or by a label."""
    if scaler.token == TARGET:
        return tag_of(scaler, TagKey.TIER) == _TIER_0
    tier = marks(scaler["metadata"]).get(TagKey.TIER.label)
    return tier is not None and tier.text() == _TIER_0


@dataclass(slots=True)
class _Movers:
    """What moves capacities: by the target that it takes its resource from, by the resource that it states, or lost."""

    of_target: dict[str, list[Resource]] = field(default_factory=dict)
    stated: dict[str, list[Resource]] = field(default_factory=dict)
    computed: dict[frozenset[str], list[Resource]] = field(default_factory=dict)


def _judge_movers(target: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    """Something moves the capacity; one resource has several targets, so that its name alone tells too little."""
    doubt: ReadError | None = None
    for mover in _candidates(target):
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


def _candidates(target: Resource) -> Iterator[Resource]:
    """What may move the target, the likeliest first; what takes its resource from another target cannot."""
    movers, resource = target.stack.index("movers", lambda: _index_movers(target.stack)), target["resourceId"]
    yield from movers.of_target.get(target.urn, ())
    yield from movers.computed.get(_dependencies(target), ())
    if resource.plain is not None:
        yield from movers.stated.get(resource.plain, ())
    else:
        yield from chain.from_iterable(movers.stated.values())
    yield from chain.from_iterable(movers.computed.values())


def _index_movers(stack: Stack) -> _Movers:
    movers, targets = _Movers(), {target.urn for target in stack.of(TARGET)}
    for mover in stack.of(*_MOVERS):
        dependencies, resource = _dependencies(mover), mover["resourceId"]
        if owners := dependencies & targets:
            for owner in owners:
                movers.of_target.setdefault(owner, []).append(mover)
        elif resource.plain is not None:
            movers.stated.setdefault(resource.plain, []).append(mover)
        else:
            movers.computed.setdefault(dependencies, []).append(mover)
    return movers


def _dependencies(resource: Resource, key: str = "resourceId") -> frozenset[str]:
    """Resources that the property comes from."""
    return frozenset(resource.property_dependencies.get(key, ()))


def _moves(mover: Resource, target: Resource) -> bool:
    same = all(_has_same(mover, target, key) for key in ("scalableDimension", "resourceId"))
    return same and region_of(mover) == region_of(target)


def _has_same(mover: Resource, target: Resource, key: str) -> bool:
    """Whether the property comes from the target, from where the target's own comes from, or states the same."""
    sources = _dependencies(mover, key)
    if target.urn in sources:
        return True
    if sources and mover[key].unknown and target[key].unknown:
        return sources == _dependencies(target, key)
    return mover[key].text() == target[key].text()


@dataclass(slots=True)
class _Counted:
    """Workloads that state replicas, and whose updates write them. `lost` have names or places that are not known."""

    by_urn: dict[str, Resource] = field(default_factory=dict)
    by_name: dict[tuple[str, Place, str], Resource] = field(default_factory=dict)
    lost: dict[str, ReadError] = field(default_factory=dict)


def _judge_replicas(scaler: Resource, parameters: ScalingBounds) -> Iterator[Outcome]:
    workload = _scaled(scaler)
    if workload is None:
        return
    node = workload.at(*_REPLICAS)
    if node.number() is not None:
        yield Violation(
            f"{node.place} is stated, and an autoscaler scales the workload",
            workload.urn,
            remedy=f"leave {node.place} out, or pass over its changes by ignoreChanges: the autoscaler owns it",
        )


def _scaled(scaler: Resource) -> Resource | None:
    """The workload with replicas that the autoscaler names; a ScaledObject without a kind means a Deployment (KEDA)."""
    counted = scaler.stack.index("workloads with replicas", lambda: _index_counted(scaler.stack))
    if not counted.by_urn:
        return None
    target = scaler.at("spec", "scaleTargetRef")
    kind, name = target["kind"].text() or "Deployment", target["name"]
    sources = [source.urn for source in scaler.sources(name) if source.token in _SCALABLE]
    if name.unknown and sources:
        return next((counted.by_urn[urn] for urn in sources if urn in counted.by_urn), None)
    found = counted.by_name.get((kind, place(scaler), name.text() or ""))
    if found is None and kind in counted.lost:
        raise counted.lost[kind]
    return found


def _index_counted(stack: Stack) -> _Counted:
    counted = _Counted()
    for workload in stack.of(*_SCALABLE):
        if workload.at(*_REPLICAS).missing or any(map(_covers_replicas, workload.ignore_changes)):
            continue
        kind = workload.token.rpartition(":")[2]
        counted.by_urn[workload.urn] = workload
        try:
            counted.by_name[kind, place(workload), object_name(workload)] = workload
        except ReadError as unknown:
            counted.lost.setdefault(kind, unknown)
    return counted


def _covers_replicas(path: str) -> bool:
    """Whether changes of the replicas are among those that are passed over: at the path, or below it."""
    steps = path_steps(path)
    fits = all(step in ("*", "**", wanted) for step, wanted in zip(steps, _REPLICAS, strict=False))
    return fits and len(steps) <= len(_REPLICAS)


RULE = Rule(
    id="autoscale-bounded",
    title="Autoscalers have both bounds, and tier 0 never falls to one replica",
    description=(
        "Every ScaledObject, HorizontalPodAutoscaler and target of Application Auto Scaling states its lower and upper "
        "bound; the upper one is at most the cap; the lower one of a service whose tier label (a target's tag) is 0 is "
        "at least two, but for read replicas and shards. Targets that count no replicas (units of throughput, storage, "
        "concurrency, weighted capacity) only state both. A target has a scaling policy or a scheduled action of the "
        "stack with its resourceId and scalableDimension. A workload of the stack that an autoscaler names states no "
        "replicas, unless ignoreChanges covers them; a workload that is not in the stack may be deployed by others and "
        "is not judged."
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
