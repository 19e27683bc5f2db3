"""Rule `pod-rofs`: containers cannot change their own files, and cannot fill the node's disk."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each, judge_on
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates


class ReadOnly(Parameters):
    """Parameters."""

    sizes_required: bool = Field(default=True, description="Whether every emptyDir must have a sizeLimit.")


def check(workload: Resource, parameters: ReadOnly) -> Outcomes:
    """Judge the containers and the scratch volumes of a workload."""
    if not borrows_pods(workload):
        yield from judge_each(pod_templates(workload), lambda template: _judge_pods(template, parameters))


def _judge_pods(template: Node, parameters: ReadOnly) -> Iterator[Outcome]:
    yield from judge_each((template,), _judge_containers)
    if parameters.sizes_required:
        yield from judge_each(template.at("spec", "volumes").items(), _judge_volume)


def _judge_containers(template: Node) -> Outcomes:
    return judge_each(containers(template), _judge_container)


def _judge_container(container: Node) -> Iterator[Outcome]:
    yield from judge_on(container.at("securityContext", "readOnlyRootFilesystem"))


def _judge_volume(volume: Node) -> Iterator[Outcome]:
    scratch = volume["emptyDir"]
    if scratch.missing:
        return
    if not scratch["sizeLimit"].text():
        memory = scratch["medium"].text() == "Memory"
        yield Violation(
            f"{scratch['sizeLimit'].place} is missing",
            remedy=f"state sizeLimit: the volume may fill the {'memory of the pod' if memory else 'disk of the node'}",
        )


RULE = Rule(
    id="pod-rofs",
    title="Containers have a read-only root filesystem, and scratch space of a stated size",
    description=(
        "Every container (init and ephemeral ones too) has readOnlyRootFilesystem true; every emptyDir of the pod, "
        "in memory or on disk, has a sizeLimit."
    ),
    effect="an intruder can leave a changed server behind, or one pod can fill the disk of its node",
    remedy=(
        "set securityContext.readOnlyRootFilesystem true, and mount an emptyDir with a sizeLimit where the server "
        "has to write"
    ),
    topic=Topic.POD_SECURITY,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=WORKLOADS,
    parameters=ReadOnly,
    check=check,
)
