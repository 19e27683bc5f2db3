"""Rule `tracing`: one request can be followed through all that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import API_GATEWAY_3
from policies.keys import key_problem
from policies.rule import (
    Doubt,
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
from policies.services import SAGEMAKER_ENDPOINT, SERVICES, cell, is_service
from policies.stack import Stack
from policies.tokens import API_STAGE, EKS_ADDON, FUNCTION, WORKLOADS
from policies.views import Malformed, Node, Resource, Undetermined
from policies.workloads import containers, pod_templates

RELEASES: Final = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart")
COLLECTORS: Final = tuple(
    f"kubernetes:opentelemetry.io/{version}:OpenTelemetryCollector" for version in ("v1beta1", "v1alpha1")
)
ENCRYPTION: Final = "aws:xray/encryptionConfig:EncryptionConfig"
STATE_MACHINE: Final = "aws:sfn/stateMachine:StateMachine"
# Add-ons of EKS that bring a collector of traces (Amazon EKS user guide, "AWS add-ons", read 2026-11)
_ADDONS: Final = ("adot", "amazon-cloudwatch-observability")


class Tracing(Parameters):
    """Parameters."""

    collectors: tuple[str, ...] = Field(
        default=("opentelemetry", "otel", "jaeger", "tempo", "alloy", "xray", "datadog", "newrelic", "dynatrace"),
        min_length=1,
        description="Parts of the names of charts and images that collect traces.",
    )


def check_stack(stack: Stack, parameters: Tracing) -> Outcomes:
    """Judge every cluster that serves models, and every managed service that can trace."""
    wanted = re.compile("|".join(map(re.escape, parameters.collectors)), re.IGNORECASE)
    yield from _judge_clusters(stack, wanted)
    for token, judge in _JUDGES.items():
        yield from judge_each(stack.of(token), judge)


def _judge_clusters(stack: Stack, wanted: re.Pattern[str]) -> Iterator[Outcome]:
    served: dict[str, Resource] = {}
    for resource in stack.of(*(token for token in SERVICES if token != SAGEMAKER_ENDPOINT)):
        try:
            if is_service(resource):
                served.setdefault(cell(resource), resource)
        except Undetermined as doubt:
            yield Doubt(doubt.path, doubt.urn)
        except Malformed:
            continue  # it serves nothing
    if served:
        yield from judge_each(served.items(), partial(_judge_cluster, stack, wanted))


def _judge_cluster(stack: Stack, wanted: re.Pattern[str], served: tuple[str, Resource]) -> Iterator[Outcome]:
    """An add-on belongs to some cluster of the stack: to which, Kubernetes objects do not tell."""
    cluster, first = served
    doubts: list[Undetermined] = []
    for resource in stack.of(EKS_ADDON, *RELEASES, *COLLECTORS, *WORKLOADS):
        try:
            if (resource.token == EKS_ADDON or cell(resource) == cluster) and _collects(resource, wanted):
                return
        except Undetermined as doubt:
            doubts.append(doubt)
        except Malformed:
            continue  # it collects nothing
    if doubts:
        raise doubts[0]
    yield Violation("nothing in its cluster collects traces", first.urn)


def _collects(resource: Resource, wanted: re.Pattern[str]) -> bool:
    if resource.token == EKS_ADDON:
        return resource["addonName"].text() in _ADDONS
    if resource.token in COLLECTORS:
        return True
    if resource.token in RELEASES:
        return wanted.search(resource["chart"].text() or "") is not None
    images = (box["image"] for template in pod_templates(resource) for box in containers(template))
    return any(wanted.search(image.text() or "") is not None for image in images)


def _judge_encryption(config: Resource) -> Iterator[Outcome]:
    if config["type"].text() != "KMS":
        yield Violation(f"type is {config['type'].shown}, not KMS", config.urn)
    problem = key_problem(config, config["keyId"])
    if problem is not None:
        yield Violation(problem, config.urn)


def _judge_switch(resource: Resource, *, find: Callable[[Resource], Node], on: str) -> Iterator[Outcome]:
    node = find(resource)
    truth = node.raw if isinstance(node.raw, bool) else None
    if (str(truth).lower() if truth is not None else node.text()) != on:
        yield Violation(f"{node.place} is not {on}", resource.urn)


_JUDGES: Final[dict[str, Callable[[Resource], Iterator[Outcome]]]] = {
    ENCRYPTION: _judge_encryption,
    API_STAGE: partial(_judge_switch, find=lambda stage: stage["xrayTracingEnabled"], on="true"),
    FUNCTION: partial(_judge_switch, find=lambda function: function.at("tracingConfig", "mode"), on="Active"),
    STATE_MACHINE: partial(
        _judge_switch, find=lambda machine: machine.at("tracingConfiguration", "enabled"), on="true"
    ),
}


RULE = Rule(
    id="tracing",
    title="Requests are traced through clusters, gateways and functions",
    description=(
        "Every cluster into which the stack puts an inference workload has a collector of traces: an EKS add-on "
        "(adot, amazon-cloudwatch-observability), an OpenTelemetryCollector, or a chart or image whose name says so. "
        "Stages of REST APIs have xrayTracingEnabled, functions trace actively, state machines trace. Where X-Ray's "
        "encryption is declared, it uses a KMS key of our own. Advisory: many trace by agents of other products."
    ),
    effect="a slow answer cannot be told from a slow queue, a slow feature lookup or a slow model",
    remedy="deploy an OpenTelemetry collector to the cluster; switch tracing on at gateways and functions",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.LOW,
    tokens=(*SERVICES, EKS_ADDON, *RELEASES, *COLLECTORS, ENCRYPTION, API_STAGE, FUNCTION, STATE_MACHINE),
    parameters=Tracing,
    check_stack=check_stack,
    frameworks=(API_GATEWAY_3,),
    level=Level.ADVISORY,
)
