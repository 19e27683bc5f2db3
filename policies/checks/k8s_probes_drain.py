"""Rule `k8s-probes-drain`: traffic reaches a pod only while it can answer, and a pod ends only when it has answered."""

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
from policies.tokens import DEPLOYMENT, LEADER_WORKER_SET, ROLLOUT, SERVERS, STATEFUL_SET
from policies.views import Node, Resource
from policies.workloads import borrows_pods, pod_templates
from serving.blueprint.vocabulary import EnvironmentKind

_DEFAULT_GRACE_SECONDS: Final = 30  # Kubernetes API reference 1.35, PodSpec
# Where a workload says how many pods may be missing during a rollout. A StatefulSet replaces them one after another.
_UNAVAILABLE: Final = {
    DEPLOYMENT: ("spec", "strategy", "rollingUpdate", "maxUnavailable"),
    ROLLOUT: ("spec", "strategy", "canary", "maxUnavailable"),
    LEADER_WORKER_SET: ("spec", "rolloutStrategy", "rollingUpdateConfiguration", "maxUnavailable"),
}
_NONE: Final = ("0", "0%")


class Draining(Parameters):
    """Parameters."""

    startup_required: bool = Field(
        default=True, description="Whether a startup probe is required; a model loads for minutes."
    )
    pre_stop_required: bool = Field(
        default=True, description="Whether a container must wait (preStop) until no traffic is sent to it any more."
    )
    minimum_grace_seconds: int = Field(
        default=30, ge=1, description="Fewest seconds that a pod has to answer what it has begun."
    )


def check(workload: Resource, parameters: Draining) -> Outcomes:
    """Judge one workload that answers requests."""
    aspects: list[Callable[[Resource, Draining], Outcomes]] = [_judge_rollout]
    if not borrows_pods(workload):
        aspects += [_judge_containers, _judge_grace]
    yield from judge_each(aspects, lambda aspect: aspect(workload, parameters))


def _judge_rollout(workload: Resource, parameters: Draining) -> Iterator[Outcome]:
    if workload.token not in _UNAVAILABLE:
        return
    strategy = workload.at("spec", "strategy")
    if workload.token == DEPLOYMENT and strategy["type"].text() == "Recreate":
        yield Violation(f"{strategy['type'].place} is Recreate, which ends every pod before a new one starts")
        return
    if workload.token == ROLLOUT and not strategy["blueGreen"].missing:
        return  # all new pods are ready before the first old one ends
    node = workload.at(*_UNAVAILABLE[workload.token])
    if node.text() not in _NONE:
        yield Violation(f"{node.place} is not 0", remedy="set maxUnavailable to 0 and let maxSurge add pods")


def _answering(workload: Resource) -> Node:
    """The pods that answer; of a group, its leader."""
    return pod_templates(workload)[0]


def _judge_containers(workload: Resource, parameters: Draining) -> Outcomes:
    containers = _answering(workload).at("spec", "containers").items()
    serving = [container for container in containers if container["ports"].unknown or container["ports"].items()]
    yield from judge_each(serving or containers[:1], lambda container: _judge_container(container, parameters))


def _judge_container(container: Node, parameters: Draining) -> Outcomes:
    wanted = [container["readinessProbe"], container["livenessProbe"]]
    if parameters.startup_required:
        wanted.append(container["startupProbe"])
    if parameters.pre_stop_required:
        wanted.append(container.at("lifecycle", "preStop"))
    yield from judge_each(wanted, _judge_present)


def _judge_present(node: Node) -> Iterator[Outcome]:
    if not node.entries():
        yield Violation(f"{node.place} is missing")


def _judge_grace(workload: Resource, parameters: Draining) -> Iterator[Outcome]:
    spec = _answering(workload)["spec"]
    node = spec["terminationGracePeriodSeconds"]
    stated = node.number()
    grace = _DEFAULT_GRACE_SECONDS if stated is None else stated
    if grace < parameters.minimum_grace_seconds:
        yield Violation(f"{node.place} is less than {parameters.minimum_grace_seconds}")
    waits = [container.at("lifecycle", "preStop", "sleep", "seconds") for container in spec["containers"].items()]
    yield from judge_each(waits, lambda wait: _judge_wait(wait, grace, node))


def _judge_wait(wait: Node, grace: float, node: Node) -> Iterator[Outcome]:
    seconds = wait.number()
    if seconds is not None and seconds >= grace:
        yield Violation(f"{wait.place} takes all of {node.place}, so that the container is killed while it answers")


RULE = Rule(
    id="k8s-probes-drain",
    title="Services say when they can answer, and finish their answers before they end",
    description=(
        "In each Deployment, Rollout, LeaderWorkerSet (its leader) and StatefulSet every container that opens a port "
        "(the first one where none does) has startup, readiness and liveness probes and a preStop hook; the grace "
        "period is long enough and longer than the hook's sleep; no rollout makes pods unavailable."
    ),
    effect="requests reach pods that still load or have gone, and users see errors at every rollout",
    remedy=(
        "add the probes, a preStop sleep and a terminationGracePeriodSeconds that covers the longest answer; "
        "set maxUnavailable to 0"
    ),
    topic=Topic.RESILIENCE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*SERVERS, STATEFUL_SET),
    parameters=Draining,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
