"""Rule `requests-limits-gpu`: containers say what they need, and take no more of what cannot be shared."""

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
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, pod_templates
from serving.blueprint.vocabulary import EnvironmentKind

_LISTS: Final = ("containers", "initContainers")  # ephemeral containers may not state resources


class Claims(Parameters):
    """Parameters."""

    requests: tuple[str, ...] = Field(
        default=("cpu", "memory"), description="Resources that every container requests, or limits."
    )
    limits: tuple[str, ...] = Field(
        default=("memory", "ephemeral-storage"),
        description="Resources that every container limits; a limited CPU would be throttled while it could run.",
    )


def check(workload: Resource, parameters: Claims) -> Outcomes:
    """Judge every container of a workload."""
    if borrows_pods(workload):
        return
    yield from judge_each(pod_templates(workload), lambda template: _judge_pod(template["spec"], parameters))


def _judge_pod(spec: Node, parameters: Claims) -> Outcomes:
    def judge_list(name: str) -> Outcomes:
        yield from judge_each(spec[name].items(), lambda container: _judge(container, spec["resources"], parameters))

    yield from judge_each(_LISTS, judge_list)


def _judge(container: Node, shared: Node, parameters: Claims) -> Outcomes:
    """Judge one container. What the pod states as a whole (`shared`) counts for each of its containers."""
    own = container["resources"]
    aspects: list[Callable[[], Outcomes]] = [
        lambda: _judge_requests(own, shared, parameters),
        lambda: _judge_limits(own, shared, parameters),
        lambda: _judge_devices(own),
    ]
    yield from judge_each(aspects, lambda aspect: aspect())


def _judge_requests(own: Node, shared: Node, parameters: Claims) -> Outcomes:
    def judge(name: str) -> Iterator[Outcome]:
        # a limit without a request is the request, too (Kubernetes, "Resource Management for Pods and Containers")
        if not any(_stated(where[kind], name) for where in (own, shared) for kind in ("requests", "limits")):
            yield Violation(f"{own.place}.requests has no {name}")

    yield from judge_each(parameters.requests, judge)


def _judge_limits(own: Node, shared: Node, parameters: Claims) -> Outcomes:
    def judge(name: str) -> Iterator[Outcome]:
        if not any(_stated(where["limits"], name) for where in (own, shared)):
            yield Violation(f"{own.place}.limits has no {name}")

    yield from judge_each(parameters.limits, judge)


def _stated(amounts: Node, name: str) -> bool:
    return bool(amounts.entries().get(name, Node(None)).text())


def _judge_devices(own: Node) -> Outcomes:
    """Devices have names with a domain; they are given whole, so that their request is their limit."""
    requests, limits = own["requests"].entries(), own["limits"].entries()
    devices = sorted(name for name in {*requests, *limits} if "/" in name)

    def judge(name: str) -> Iterator[Outcome]:
        limit = limits[name].text() if name in limits else None
        if limit is None:
            yield Violation(f"{own.place}.limits has no {name}, which is requested")
        elif name in requests and requests[name].text() != limit:
            yield Violation(f"{own.place}: the request of {name} is not its limit")

    yield from judge_each(devices, judge)


RULE = Rule(
    id="requests-limits-gpu",
    title="Every container requests what it needs, and limits what it could take from others",
    description=(
        "Every container and init container of a workload requests CPU and memory and limits memory and ephemeral "
        "storage, itself or by its pod's resources; a device such as a GPU has a limit that is its request. A limit "
        "counts as a request, as it does for Kubernetes."
    ),
    effect="a pod is placed where it does not fit, or takes memory, disk or devices from its neighbours",
    remedy="state resources.requests (cpu, memory) and resources.limits (memory, ephemeral-storage, devices)",
    topic=Topic.SCALING,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=WORKLOADS,
    parameters=Claims,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
