"""Rule `gpu-isolation`: pods get accelerators from the scheduler, and share none unnoticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.accelerators import claims, devices, is_time_sliced
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates

_CLAIM_VERSIONS: Final = ("v1", "v1beta2", "v1beta1", "v1alpha3", "v1alpha2", "v1alpha1")
CLAIMS: Final = tuple(
    f"kubernetes:resource.k8s.io/{version}:{kind}"
    for version in _CLAIM_VERSIONS
    for kind in ("ResourceClaim", "ResourceClaimTemplate")
)
_DEVICE_FILE: Final = re.compile(r"^/dev(/(nvidia.*|dri.*|kfd|neuron.*|accel.*|hl.*|vfio.*)?)?$", re.ASCII)
# NVIDIA Container Toolkit, "Specialized Configurations with Docker", read 2026-11: these values expose no device
_NO_DEVICES: Final = ("", "none", "void")
_VISIBLE: Final = ("NVIDIA_VISIBLE_DEVICES", "AMD_VISIBLE_DEVICES")
_SHARED: Final = ("TimeSlicing", "MPS")


class Isolation(Parameters):
    """Parameters."""

    sharing_allowed: bool = Field(
        default=False, description="Whether pods may share a device without memory of their own (time slices, MPS)."
    )
    toleration_required: bool = Field(
        default=True, description="Whether pods with accelerators must tolerate the taint that keeps others away."
    )


def check(resource: Resource, parameters: Isolation) -> Outcomes:
    """Judge the pods of a workload, or a claim of devices."""
    if resource.token in CLAIMS:
        spec = resource["spec"]
        inner = spec["spec"] if resource.token.endswith("Template") else spec
        yield from judge_each((inner["devices"],), partial(_judge_claim, parameters))
    elif not borrows_pods(resource):
        yield from judge_each(pod_templates(resource), partial(_judge_pods, parameters))


def _judge_pods(parameters: Isolation, template: Node) -> Iterator[Outcome]:
    spec = template["spec"]
    yield from judge_each((spec,), lambda spec: judge_each(spec["volumes"].items(), _judge_volume))
    yield from judge_each((template,), partial(_judge_containers, parameters))
    if parameters.toleration_required:
        yield from judge_each((template,), _judge_tolerations)


def _judge_volume(volume: Node) -> Iterator[Outcome]:
    path = volume.at("hostPath", "path")
    if not path.missing and _DEVICE_FILE.match((path.text() or "").rstrip("/")):
        yield Violation(f"{path.place} is a device of the node", remedy="ask for the device by a limit or a claim")


def _judge_containers(parameters: Isolation, template: Node) -> Iterator[Outcome]:
    for container in containers(template):
        yield from judge_each((container,), lambda one: judge_each(one["env"].items(), _judge_variable))
        if not parameters.sharing_allowed:
            yield from judge_each((container,), _judge_sharing)


def _judge_variable(variable: Node) -> Iterator[Outcome]:
    if variable["name"].text() in _VISIBLE and (variable["value"].text() or "") not in _NO_DEVICES:
        yield Violation(
            f"{variable['value'].place} takes devices past the scheduler",
            remedy="remove the variable: the device plugin sets it for the devices that the pod was given",
        )


def _judge_sharing(container: Node) -> Iterator[Outcome]:
    for name, node in devices(container).items():
        if is_time_sliced(name):
            yield Violation(f"{node.place} is a share of a device without memory of its own")


def _judge_tolerations(template: Node) -> Iterator[Outcome]:
    asked = {name for container in containers(template) for name in devices(container)}
    if not asked and not any(claims(container) for container in containers(template)):
        return
    tolerations = template.at("spec", "tolerations")
    if not any(_tolerates(toleration, asked) for toleration in tolerations.items()):
        yield Violation(
            f"{tolerations.place} tolerates no taint of nodes with accelerators",
            remedy="taint the nodes with the resource's name, NoSchedule, and tolerate that taint",
        )


def _tolerates(toleration: Node, asked: set[str]) -> bool:
    """Whether it is about the taint named like the device, as is the custom; of claims any taint will do."""
    key = toleration["key"].text()
    if toleration["effect"].text() not in (None, "", "NoSchedule", "NoExecute"):
        return False
    return not key or not asked or _vendor(key) in {_vendor(name) for name in asked} or key.endswith("gpu")


def _vendor(name: str) -> str:
    return name.partition("/")[0]


def _judge_claim(parameters: Isolation, asked: Node) -> Iterator[Outcome]:
    for request in asked["requests"].items():
        alternatives = (request, request["exactly"], *request["firstAvailable"].items())
        yield from judge_each(alternatives, _judge_request)
    if not parameters.sharing_allowed:
        yield from judge_each(asked["config"].items(), _judge_configuration)


def _judge_request(request: Node) -> Iterator[Outcome]:
    if request["allocationMode"].text() == "All":
        yield Violation(f"{request['allocationMode'].place} is All: the pod takes every device of its node")
    if request["adminAccess"].truth():
        yield Violation(f"{request['adminAccess'].place} is true: the pod reaches devices that others use")


def _judge_configuration(configuration: Node) -> Iterator[Outcome]:
    strategy = configuration.at("opaque", "parameters", "sharing", "strategy")
    if strategy.text() in _SHARED:
        yield Violation(f"{strategy.place} is {strategy.shown}: pods share the device without memory of their own")


RULE = Rule(
    id="gpu-isolation",
    title="Accelerators are given to pods by the scheduler, one pod a device",
    description=(
        "Pods ask for accelerators by a resource limit or a claim: they mount no device file of the node and set no "
        "variable that makes devices visible. They take no share of a device by time slices or MPS (a MIG partition "
        "has memory of its own), and tolerate the taint that keeps other pods off such nodes. Claims ask for no "
        "admin access and not for all devices."
    ),
    effect="one model's pod can use or read the memory of another one's device",
    remedy=(
        "ask for the device in resources.limits (`nvidia.com/gpu`, a MIG profile) or by a ResourceClaim, and tolerate "
        "its taint; where sharing is meant, say so by the parameter sharing_allowed"
    ),
    topic=Topic.POD_SECURITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*WORKLOADS, *CLAIMS),
    parameters=Isolation,
    check=check,
)
