"""Rule `pod-no-host`: no pod reaches into its node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each, judge_off
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, namespace, pod_templates

PERSISTENT_VOLUME: Final = "kubernetes:core/v1:PersistentVolume"
_SHARED: Final = ("hostPID", "hostIPC", "hostNetwork")
_RUNTIME_SOCKET: Final = re.compile(r"(docker|containerd|crio|cri-dockerd)[^/]*\.sock$")


class Host(Parameters):
    """Parameters."""

    exempt_namespaces: tuple[str, ...] = Field(
        default=("kube-system",), description="Namespaces of what belongs to the nodes, such as device plugins."
    )


def check(resource: Resource, parameters: Host) -> Outcomes:
    """Judge the pods of a workload, or a volume that pods may claim."""
    if resource.token == PERSISTENT_VOLUME:
        yield from _judge_volume(resource["spec"])
        return
    if borrows_pods(resource):
        return
    found = tuple(judge_each(pod_templates(resource), _judge_pods))
    if found and not _is_exempt(resource, parameters):
        yield from found


def _is_exempt(workload: Resource, parameters: Host) -> bool:
    stated = workload.at("metadata", "namespace")
    if stated.unknown and not workload.sources(stated):
        return False
    return namespace(workload) in parameters.exempt_namespaces


def _judge_pods(template: Node) -> Iterator[Outcome]:
    spec = template["spec"]
    yield from judge_each((spec[key] for key in _SHARED), judge_off)
    yield from judge_each((spec["securityContext"],), _judge_windows)
    yield from judge_each((spec,), lambda spec: judge_each(spec["volumes"].items(), _judge_volume))
    yield from judge_each((template,), _judge_containers)


def _judge_containers(template: Node) -> Iterator[Outcome]:
    aspects: tuple[Callable[[Node], Outcomes], ...] = (_judge_privileges, _judge_ports)
    for container in containers(template):
        yield from judge_each(aspects, partial(_apply, container))


def _apply(container: Node, aspect: Callable[[Node], Outcomes]) -> Outcomes:
    return aspect(container)


def _judge_privileges(container: Node) -> Iterator[Outcome]:
    context = container["securityContext"]
    yield from judge_each((context["privileged"],), judge_off)
    yield from judge_each((context,), _judge_windows)
    mount = context["procMount"]
    if mount.text() not in (None, "Default"):
        yield Violation(f"{mount.place} is not Default")


def _judge_windows(context: Node) -> Iterator[Outcome]:
    yield from judge_off(context.at("windowsOptions", "hostProcess"))


def _judge_ports(container: Node) -> Iterator[Outcome]:
    yield from judge_each((port["hostPort"] for port in container["ports"].items()), _judge_port)


def _judge_port(port: Node) -> Iterator[Outcome]:
    if port.number():
        yield Violation(f"{port.place} opens a port of the node")


def _judge_volume(volume: Node) -> Iterator[Outcome]:
    source = volume["hostPath"]
    if source.missing or "path" not in source.entries():
        return
    path = source["path"]
    if not path.unknown and _RUNTIME_SOCKET.search(path.text() or ""):
        yield Violation(f"{path.place} is the socket of the container runtime, which starts anything on the node")
    else:
        yield Violation(f"{source.place} is a path of the node")


RULE = Rule(
    id="pod-no-host",
    title="No pod reaches into its node",
    description=(
        "No pod shares the node's process, IPC or network namespace, mounts a path of the node (also as a "
        "PersistentVolume) or opens a port of it; no container is privileged, runs as a Windows host process or "
        "unmasks /proc. Workloads of an exempt namespace are not judged."
    ),
    effect="a hole in one container is a hole in the node, and in every pod on it",
    remedy=(
        "take the setting out; mount an emptyDir or a claim, expose a Service; what has to run on nodes as a "
        "part of them belongs into an exempt namespace"
    ),
    topic=Topic.POD_SECURITY,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=(*WORKLOADS, PERSISTENT_VOLUME),
    parameters=Host,
    check=check,
)
