"""Rule `no-ignore-changes`: what is governed here is not changed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.rule import (
    ANY_TYPE,
    Kind,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.views import Node, Resource, path_steps

_AWS_PROVIDER: Final = "pulumi:providers:aws"
_INSECURE: Final = ("insecure", "skipCredentialsValidation", "skipRequestingAccountId")
"""Settings of the AWS provider that switch a check off. (`skipRegionValidation` is the provider's own default.)"""
_WHOLE: Final = ("*", "**", "")


class Governed(Parameters):
    """Parameters."""

    governed: tuple[str, ...] = Field(
        default=(
            "*cidr*",
            "*encrypt*",
            "*ingress*",
            "*egress*",
            "*immutab*",
            "*kms*",
            "*logging*",
            "*policy*",
            "*policies*",
            "*protection*",
            "*public*",
            "*retention*",
            "*rotation*",
            "*securitycontext*",
            "*securitygroup*",
            "serverside*",
            "sse*",
            "*tls*",
            "ttl*",
            "*versioning*",
            "accessconfig",
            "forcedestroy",
            "image",
            "imageuri",
            "labels",
            "metadata",
            "metadataoptions",
            "spec",
            "tags",
            "tagsall",
            "version",
        ),
        min_length=1,
        description="Patterns of property names whose changes may not be passed over, in lower case.",
    )
    allowed: tuple[str, ...] = Field(
        default=(),
        description="Property paths that may be passed over all the same, as `aws:eks/nodeGroup:NodeGroup/version`.",
    )


def check(resource: Resource, parameters: Governed) -> Outcomes:
    """Judge the options of a resource, or the settings of the AWS provider."""
    for path in resource.ignore_changes:
        if f"{resource.token}/{path}" not in parameters.allowed and _is_governed(path, parameters):
            yield Violation(f"ignoreChanges covers {path}")
    if resource.token == _AWS_PROVIDER:
        yield from judge_each((resource[name] for name in _INSECURE), _judge_setting)


def _is_governed(path: str, parameters: Governed) -> bool:
    steps = path_steps(path.lower()) or ("",)
    if steps[0] in _WHOLE:
        return True
    # Below `spec` of a Kubernetes object stand replicas, which an autoscaler owns, beside images and what is secured:
    # a step that is named exactly counts only where the path ends, a pattern counts wherever it stands.
    return any(
        fnmatchcase(step, pattern)
        for index, step in enumerate(steps)
        for pattern in parameters.governed
        if "*" in pattern or index == len(steps) - 1 or _holds_only_governed(step)
    )


def _holds_only_governed(step: str) -> bool:
    return step in {"tags", "tagsall", "labels"}


def _judge_setting(node: Node) -> Iterator[Outcome]:
    if node.truth():
        yield Violation(
            f"{node.place} of the provider is true",
            remedy="leave the setting out: nothing but an emulator of AWS needs it",
        )


RULE = Rule(
    id="no-ignore-changes",
    title="Changes of what is governed are never passed over",
    description=(
        "The option ignoreChanges of any resource covers no property that rules govern (encryption, policies, tags, "
        "exposure, retention, protection, images, whole specs), and never everything; what an autoscaler or a "
        "pipeline owns (replicas, desired sizes, columns) may be passed over. The AWS provider skips no check."
    ),
    effect="somebody can switch a safeguard off by hand, and no preview will ever show it",
    remedy="narrow ignoreChanges to the one property that something else owns, or list it in `allowed`",
    topic=Topic.CHANGE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=Governed,
    check=check,
)
