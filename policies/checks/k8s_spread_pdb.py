"""Rule `k8s-spread-pdb`: a service survives the loss of a zone and the drain of a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

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
from policies.scaling import SCALED_OBJECT, autoscaler_of, lower_bound
from policies.stack import Stack
from policies.tokens import LEADER_WORKER_SET, SERVERS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, labels, marks, place, placed, pod_templates, selects
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier

DISRUPTION_BUDGET: Final = "kubernetes:policy/v1:PodDisruptionBudget"
_ZONE: Final = "topology.kubernetes.io/zone"


class Spread(Parameters):
    """Parameters."""

    minimum_replicas: int = Field(default=2, ge=1, description="Fewest replicas of a service that users notice.")
    exempt_tiers: tuple[str, ...] = Field(
        default=(str(Tier.USERS_UNAWARE.value),),
        description="Values of the tier label that may run one replica.",
    )


def check(workload: Resource, parameters: Spread) -> Outcomes:
    """Judge one workload with its autoscaler and its disruption budget."""
    stack = workload.stack
    if borrows_pods(workload) or _is_exempt(workload, parameters):
        return
    aspects: tuple[Callable[[Stack, Resource, Spread], Outcomes], ...] = (
        _judge_replicas,
        _judge_spread,
        _judge_budget,
    )
    yield from judge_each(aspects, lambda aspect: aspect(stack, workload, parameters))


def _is_exempt(workload: Resource, parameters: Spread) -> bool:
    tier = marks(workload["metadata"]).get(TagKey.TIER.label)
    return tier is not None and tier.text() in parameters.exempt_tiers


def _judge_replicas(stack: Stack, workload: Resource, parameters: Spread) -> Iterator[Outcome]:
    count, place = _fewest_replicas(stack, workload)
    if count < parameters.minimum_replicas:
        yield Violation(f"{place.place} allows fewer than {parameters.minimum_replicas} replicas", place.urn)


def _fewest_replicas(stack: Stack, workload: Resource) -> tuple[float, Node]:
    """Fewest replicas, and the property that says so; an autoscaler's bound counts first."""
    scaler = autoscaler_of(stack, workload)
    node = workload.at("spec", "replicas") if scaler is None else lower_bound(scaler)
    # not stated: a ScaledObject goes down to zero (KEDA), all else has one replica (Kubernetes)
    default = 0.0 if scaler is not None and scaler.token == SCALED_OBJECT else 1.0
    stated = node.number()
    return default if stated is None else stated, node


def _judge_spread(stack: Stack, workload: Resource, parameters: Spread) -> Iterator[Outcome]:
    if workload.token == LEADER_WORKER_SET:
        return  # its nodes stand together in one zone, which another region stands in for
    [template] = pod_templates(workload)
    constraints = template.at("spec", "topologySpreadConstraints")
    if not any(_spreads_by_zone(constraint) for constraint in constraints.items()):
        yield Violation(f"{constraints.place} has no constraint by {_ZONE} with DoNotSchedule")


def _spreads_by_zone(constraint: Node) -> bool:
    return constraint["topologyKey"].text() == _ZONE and constraint["whenUnsatisfiable"].text() == "DoNotSchedule"


def _judge_budget(stack: Stack, workload: Resource, parameters: Spread) -> Outcomes:
    yield from judge_each(pod_templates(workload), lambda template: _judge_pods(stack, workload, template))


def _judge_pods(stack: Stack, workload: Resource, template: Node) -> Outcomes:
    pod_labels = labels(template["metadata"])
    known = placed(stack, DISRUPTION_BUDGET)
    there = known.at.get(place(workload), ())
    budgets = [budget for budget in there if selects(budget.at("spec", "selector"), pod_labels)]
    if not budgets:
        if known.lost:
            raise known.lost[0]
        yield Violation("no PodDisruptionBudget selects its pods")
        return
    fewest, _ = _fewest_replicas(stack, workload)
    yield from judge_each(budgets, lambda budget: _judge_disruptions(budget, fewest))


def _judge_disruptions(budget: Resource, replicas: float) -> Iterator[Outcome]:
    if not _allows_one(budget.at("spec", "maxUnavailable"), budget.at("spec", "minAvailable"), replicas):
        yield Violation(
            "the PodDisruptionBudget allows no disruption",
            budget.urn,
            remedy="let it allow one, or no node drains",
        )


def _allows_one(unavailable: Node, available: Node, replicas: float) -> bool:
    if not unavailable.missing:
        return _amount(unavailable, replicas) > 0
    return _amount(available, replicas) < replicas


def _amount(node: Node, whole: float) -> float:
    """A number of pods, stated as a number or as a percentage of `whole`; zero if missing."""
    if isinstance(node.raw, str) and node.raw.endswith("%"):
        try:
            return float(node.raw[:-1]) / 100 * whole
        except ValueError:
            raise node.malformed("a number or a percentage") from None
    return node.number() or 0.0


RULE = Rule(
    id="k8s-spread-pdb",
    title="Services run in several zones and let nodes be drained",
    description=(
        "Each Deployment, Rollout and LeaderWorkerSet runs at least two replicas (by its autoscaler's lower bound, "
        "where it has one), spreads them over zones with DoNotSchedule (but for a LeaderWorkerSet, whose nodes stand "
        "together in one zone), and has a PodDisruptionBudget that selects its pods and allows at least one "
        "disruption. Services of an exempt tier are not judged."
    ),
    effect="the loss of one zone or one node stops the service, or no node can ever be drained",
    remedy=(
        "run two replicas or more, add a topologySpreadConstraint by topology.kubernetes.io/zone, and a "
        "PodDisruptionBudget with maxUnavailable 1"
    ),
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=SERVERS,
    parameters=Spread,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
