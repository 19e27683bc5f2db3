"""Rule `pod-nonroot`: no container runs as root, or can become it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates

_SECCOMP: Final = ("RuntimeDefault", "Localhost")


class NonRoot(Parameters):
    """Parameters."""

    lowest_uid: int = Field(
        default=10_001, ge=1, description="Lowest user id; lower ones may belong to somebody on the node."
    )


@dataclass(frozen=True, slots=True)
class _Context:
    """Security context of a container, and of its pod, which holds where the container says nothing."""

    container: Node
    pod: Node

    def setting(self, *keys: str) -> Node:
        own = self.container.at(*keys)
        return self.pod.at(*keys) if own.missing else own


def check(workload: Resource, parameters: NonRoot) -> Outcomes:
    """Judge every container of a workload."""
    if borrows_pods(workload):
        return
    yield from judge_each(pod_templates(workload), lambda template: _judge_pods(template, parameters))


def _judge_pods(template: Node, parameters: NonRoot) -> Outcomes:
    pod = template.at("spec", "securityContext")
    aspects: tuple[Callable[[_Context], Outcomes], ...] = (
        _judge_user,
        lambda context: _judge_uid(context, parameters),
        _judge_escalation,
        _judge_capabilities,
        _judge_seccomp,
    )
    for container in containers(template):
        context = _Context(container["securityContext"], pod)
        yield from judge_each(aspects, partial(_apply, context))


def _apply(context: _Context, aspect: Callable[[_Context], Outcomes]) -> Outcomes:
    return aspect(context)


def _judge_user(context: _Context) -> Iterator[Outcome]:
    if not context.setting("runAsNonRoot").truth():
        yield Violation(f"{context.container['runAsNonRoot'].place} is not true")


def _judge_uid(context: _Context, parameters: NonRoot) -> Iterator[Outcome]:
    uid = context.setting("runAsUser").number()
    if uid is None or uid < parameters.lowest_uid:
        yield Violation(f"{context.container['runAsUser'].place} is not {parameters.lowest_uid} or more")


def _judge_escalation(context: _Context) -> Iterator[Outcome]:
    node = context.container["allowPrivilegeEscalation"]
    if node.truth() is not False:
        yield Violation(f"{node.place} is not false")


def _judge_capabilities(context: _Context) -> Iterator[Outcome]:
    dropped = context.container.at("capabilities", "drop")
    if "ALL" not in {capability.text() for capability in dropped.items()}:
        yield Violation(f"{dropped.place} does not name ALL")


def _judge_seccomp(context: _Context) -> Iterator[Outcome]:
    if context.setting("seccompProfile", "type").text() not in _SECCOMP:
        yield Violation(f"{context.container.at('seccompProfile', 'type').place} is not RuntimeDefault")


RULE = Rule(
    id="pod-nonroot",
    title="Containers run as an unprivileged user and cannot become root",
    description=(
        "Every container (init and ephemeral ones too) runs as non-root with a high user id, cannot escalate "
        "privileges, drops all capabilities, and has the runtime's seccomp profile. What a container does not "
        "say, its pod says."
    ),
    effect="a hole in the server becomes a hole in the node",
    remedy=(
        "set runAsNonRoot, runAsUser above 10000 and seccompProfile RuntimeDefault on the pod; "
        "allowPrivilegeEscalation false and capabilities.drop [ALL] on each container"
    ),
    topic=Topic.POD_SECURITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=WORKLOADS,
    parameters=NonRoot,
    check=check,
)
