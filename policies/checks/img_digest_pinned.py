"""Rule `img-digest-pinned`: every image is named by its content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates

FUNCTION: Final = "aws:lambda/function:Function"
_PINNED: Final = re.compile(r"^[^@\s]+@sha256:[0-9a-f]{64}$", re.ASCII)


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge every image that a workload or a function runs."""
    yield from judge_each(_images(resource), _judge)


def _images(resource: Resource) -> Iterator[Node]:
    if resource.token == FUNCTION:
        if resource["packageType"].text() == "Image":
            yield resource["imageUri"]
    elif not borrows_pods(resource):
        for template in pod_templates(resource):
            for container in containers(template):
                yield container["image"]


def _judge(image: Node) -> Iterator[Outcome]:
    if not _PINNED.match(image.text() or ""):
        yield Violation(f"{image.place} is {'missing' if image.missing else image.shown}, without a digest")


RULE = Rule(
    id="img-digest-pinned",
    title="Every image is pinned by digest",
    description=(
        "Images of containers, init containers and ephemeral containers of all workloads (Argo Rollouts too), and"
        " of functions that run an image, end in @sha256 and 64 hexadecimal digits."
    ),
    effect="what runs can change without a change in the code, and what was signed is not what runs",
    remedy="write the image as repository@sha256:<digest>",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*WORKLOADS, FUNCTION),
    parameters=Parameters,
    check=check,
)
