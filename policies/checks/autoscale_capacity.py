"""Rule `autoscale-capacity`: what autoscalers may ask for fits into quotas and nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from policies.accelerators import is_device
from policies.nodes import NODE_POOLS, instance_types, is_accelerated
from policies.pod_amounts import pod_amount
from policies.quantities import amount as quantity
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.scaling import SCALED_OBJECT, autoscaler_of, upper_bound
from policies.stack import Stack
from policies.tokens import LEADER_WORKER_SET, NODE_GROUP, RESOURCE_QUOTA, SERVERS, STATEFUL_SET
from policies.views import Node, Resource
from policies.workloads import borrows_pods, place, placed, pod_templates
from serving.blueprint.vocabulary import EnvironmentKind

_COUNTED: Final = (*SERVERS, STATEFUL_SET)
_KEDA_MAXIMUM: Final = 100  # maxReplicaCount where none is stated (KEDA, "ScaledObject specification", read 2026-11)
_PODS: Final = ("pods", "count/pods")
_PLAIN: Final = ("cpu", "memory", "ephemeral-storage")
"""Keys of a quota that mean requests without saying so (Kubernetes, "Resource Quotas", read 2026-11)."""


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge one quota by the workloads of its namespace, or one node pool by those of its cluster."""
    if resource.token == RESOURCE_QUOTA:
        spec = resource["spec"]
        if not spec["scopes"].items() and not spec["scopeSelector"].entries():  # else it is about some of the pods
            yield from judge_each(spec["hard"].entries().items(), lambda entry: _judge_hard(resource, *entry))
    elif not _has_accelerated_groups(resource.stack):
        pools = [pool for pool in resource.stack.of(*NODE_POOLS) if _cluster(pool) == _cluster(resource)]
        if pools[0].urn == resource.urn:  # once a cluster
            yield from _judge_pools(pools)


def _judge_hard(quota: Resource, key: str, hard: Node) -> Iterator[Outcome]:
    workloads = placed(quota.stack, *_COUNTED)
    inside = workloads.at.get(place(quota), [])
    asked = _asked(quota.stack, inside, key)
    bound = quantity(hard)
    if asked is None or bound is None:
        return
    if asked > bound:
        yield Violation(f"{hard.place} is {hard.shown}, and autoscalers may ask for {asked:g}")
    elif workloads.lost:
        raise workloads.lost[0]


def _asked(stack: Stack, workloads: list[Resource], key: str) -> float | None:
    """What all workloads ask for at most, in the unit of a quota's key; None if the key is about something else."""
    if key in _PODS:
        return sum(_most_pods(stack, workload, lambda template: 1.0) for workload in workloads)
    kind, _, name = key.partition(".") if key not in _PLAIN else ("requests", "", key)
    if kind not in ("requests", "limits") or not (name in _PLAIN or is_device(name)):
        return None
    return sum(_most_pods(stack, workload, partial(pod_amount, kind=kind, name=name)) for workload in workloads)


def _most_pods(stack: Stack, workload: Resource, amount: Callable[[Node], float]) -> float:
    """What the workload's pods have at most, each as `amount` says."""
    if borrows_pods(workload):
        return 0.0
    templates = pod_templates(workload)
    if workload.token != LEADER_WORKER_SET:
        each = amount(templates[0])
    else:
        size = workload.at("spec", "leaderWorkerTemplate", "size").number() or 1
        each = amount(templates[0]) + (size - 1) * amount(templates[-1])
    return _most_replicas(stack, workload) * each if each else 0.0


def _most_replicas(stack: Stack, workload: Resource) -> float:
    scaler = autoscaler_of(stack, workload)
    if scaler is None:
        replicas = workload.at("spec", "replicas").number()
        return 1 if replicas is None else replicas
    upper = upper_bound(scaler).number()
    if upper is not None:
        return upper
    return _KEDA_MAXIMUM if scaler.token == SCALED_OBJECT else 1


def _has_accelerated_groups(stack: Stack) -> bool:
    """Whether other nodes than those of pools bring accelerators: how many depends on their type."""

    def build() -> bool:
        groups = stack.of(NODE_GROUP)
        return any(is_accelerated(node.text() or "") for group in groups for node in instance_types(group))

    return stack.index("accelerated-groups", build)


def _cluster(resource: Resource) -> str:
    return resource.provider.urn if resource.provider else ""


def _judge_pools(pools: list[Resource]) -> Iterator[Outcome]:
    """A pool without a limit has no end."""
    stack, limits = pools[0].stack, [pool.at("spec", "limits").entries() for pool in pools]
    names = sorted({name for limit in limits for name in limit if is_device(name)})
    workloads = [workload for workload in stack.of(*_COUNTED) if _cluster(workload) == _cluster(pools[0])]
    for name in names:
        bounds = [quantity(limit[name]) for limit in limits if name in limit]
        if len(bounds) < sum(_may_bring(pool, name) for pool in pools):
            continue
        asked = sum(_most_pods(stack, each, partial(pod_amount, kind="requests", name=name)) for each in workloads)
        brought = sum(bound or 0 for bound in bounds)
        if asked > brought:
            yield Violation(f"spec.limits: pools bring {brought:g} {name}, and autoscalers may ask for {asked:g}")


def _may_bring(pool: Resource, name: str) -> bool:
    """Whether the pool has nodes with accelerators at all, as far as it says so."""
    if name in pool.at("spec", "limits").entries():
        return True
    return any(is_accelerated(node.text() or "") for node in instance_types(pool))


RULE = Rule(
    id="autoscale-capacity",
    title="What autoscalers may ask for fits into the namespace's quota and the cluster's nodes",
    description=(
        "For each ResourceQuota without scopes: the workloads of its namespace (deployments, rollouts, stateful sets, "
        "groups of pods), each at the upper bound of its autoscaler, or at its replicas, ask for no more than `hard` "
        "allows, in pods, CPU, memory, ephemeral storage and accelerators. For each cluster whose accelerators come "
        "from Karpenter alone: the limits of its node pools hold the accelerators that autoscalers may ask for. Pods "
        "that surge during a rollout, daemons and jobs are not counted."
    ),
    effect="under load the autoscaler asks for replicas that are refused or never placed, and nobody notices before",
    remedy="raise the quota or the pool's limits, or lower the autoscaler's upper bound",
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(RESOURCE_QUOTA, *NODE_POOLS),
    parameters=Parameters,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
