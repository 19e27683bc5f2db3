"""Rule `pss-restricted`: namespaces enforce the restricted pod security standard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import NAMESPACE
from policies.views import Node, Resource
from policies.workloads import labels, object_name

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_VERSION: Final = "pod-security.kubernetes.io/enforce-version"
_PINNED: Final = re.compile(r"^v1\.\d+$", re.ASCII)


class PodSecurity(Parameters):
    """Parameters."""

    exempt_names: tuple[str, ...] = Field(
        default=("kube-system",),
        description="Namespaces of what has to be privileged, such as device plugins.",
    )


def check(namespace: Resource, parameters: PodSecurity) -> Outcomes:
    """Judge one namespace."""
    if not namespace.at("metadata", "name").unknown and object_name(namespace) in parameters.exempt_names:
        return
    found = labels(namespace["metadata"])
    yield from judge_each((_judge_level, _judge_version), lambda judge: judge(found))


def _judge_level(found: Mapping[str, Node]) -> Iterator[Outcome]:
    if _ENFORCE not in found or found[_ENFORCE].text() != "restricted":
        yield Violation(f"label {_ENFORCE} is not restricted")


def _judge_version(found: Mapping[str, Node]) -> Iterator[Outcome]:
    if _VERSION not in found or not _PINNED.match(found[_VERSION].text() or ""):
        yield Violation(f"label {_VERSION} pins no version")


RULE = Rule(
    id="pss-restricted",
    title="Namespaces enforce the restricted pod security standard",
    description=(
        "Each namespace is labelled to enforce the restricted standard, at a pinned version: `latest` would "
        "change what is allowed with the cluster's version."
    ),
    effect="a privileged pod can be started next to the services",
    remedy=f"label the namespace {_ENFORCE}=restricted and {_VERSION}=v1.<minor>",
    topic=Topic.POD_SECURITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(NAMESPACE,),
    parameters=PodSecurity,
    check=check,
)
