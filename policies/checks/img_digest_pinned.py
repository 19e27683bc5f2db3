"""Rule `img-digest-pinned`: every image is named by its content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.images import IMAGE_USERS, images
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

_PINNED: Final = re.compile(r"^[^@\s]+@sha256:[0-9a-f]{64}$", re.ASCII)


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge every image that a workload, a function, a model or a task runs."""
    yield from judge_each(images(resource), _judge)


def _judge(image: Node) -> Iterator[Outcome]:
    if not _PINNED.match(image.text() or ""):
        yield Violation(f"{image.place} is {'missing' if image.missing else image.shown}, without a digest")


RULE = Rule(
    id="img-digest-pinned",
    title="Every image is pinned by digest",
    description=(
        "Images of containers, init containers and ephemeral containers of all workloads (Argo Rollouts, groups of "
        "pods and KEDA's jobs too), of functions that run an image, of SageMaker models and of ECS tasks end in "
        "@sha256 and 64 hexadecimal digits."
    ),
    effect="what runs can change without a change in the code, and what was signed is not what runs",
    remedy="write the image as repository@sha256:<digest>",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=IMAGE_USERS,
    parameters=Parameters,
    check=check,
)
