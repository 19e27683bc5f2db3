"""Rule `tag-values-valid`: tags say something that others can read, and nothing about people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field, StringConstraints, field_validator

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
from policies.tagging import is_aws, taggable, tags
from policies.views import Node, Resource
from policies.workloads import is_kubernetes_object, marks
from serving.blueprint.tags import LABEL_PREFIX, TagKey
from serving.blueprint.vocabulary import DataClass, RiskClass, Tier

COST_TAG: Final = "aws:costexplorer/costAllocationTag:CostAllocationTag"
_MAIL: Final = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@(?P<domain>[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,4})\b", re.ASCII
)
_PHONE: Final = re.compile(r"^\+\d[\d ()/-]{6,18}\d$", re.ASCII)

_Pattern = Annotated[str, StringConstraints(pattern=r"^[^=]+=.+$", max_length=500)]


def _any_of(values: type[DataClass] | type[RiskClass] | type[Tier]) -> str:
    return "|".join(str(one.value) for one in values)


class TagValues(Parameters):
    """Parameters."""

    patterns: tuple[_Pattern, ...] = Field(
        default=(
            f"{TagKey.DATA_CLASS}={_any_of(DataClass)}",
            f"{TagKey.RISK_CLASS}={_any_of(RiskClass)}",
            f"{TagKey.TIER}={_any_of(Tier)}",
            f"{TagKey.PERSONAL_DATA}=true|false",
            f"{TagKey.ENVIRONMENT}=[A-Za-z][A-Za-z0-9_-]*",
            f"{TagKey.COST_CENTER}=[A-Za-z0-9][A-Za-z0-9._:/-]*",
            f"{TagKey.MODEL_DIGEST}=sha256:[0-9a-f]{{64}}",
        ),
        description="Tag key = regular expression that the whole value matches.",
    )
    label_prefix: str = Field(default=LABEL_PREFIX, description="What stands before a key in a Kubernetes label.")
    shared_mailboxes: tuple[str, ...] = Field(
        default=(), description="Domains of e-mail addresses that belong to teams, not to people."
    )

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern.partition("=")[2])
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from None
        return patterns


def check(resource: Resource, parameters: TagValues) -> Outcomes:
    """Judge the tags of an AWS resource, the labels of a Kubernetes object, or what is done with a tag for costs."""
    if resource.token == COST_TAG:
        yield from judge_each((resource["status"],), _judge_active)
    elif is_aws(resource):
        if taggable(resource.token) is not False:
            found = tags(resource)
            yield from _judge_patterns(found, "", parameters)
            suspects = [node for node in found.values() if (text := node.plain) is None or not _is_harmless(text)]
            yield from judge_each(suspects, lambda node: _judge_person(resource, node, parameters))
    elif is_kubernetes_object(resource):
        yield from _judge_patterns(marks(resource["metadata"]), parameters.label_prefix, parameters)


def _judge_patterns(found: Mapping[str, Node], prefix: str, parameters: TagValues) -> Iterator[Outcome]:
    suspects = [
        (node, pattern)
        for key, pattern in _compiled(parameters)
        if (node := found.get(prefix + key)) is not None
        if (text := node.plain) is None or not pattern.fullmatch(text)
    ]
    yield from judge_each(suspects, lambda pair: _judge_pattern(*pair))


@lru_cache(maxsize=8)
def _compiled(parameters: TagValues) -> tuple[tuple[str, re.Pattern[str]], ...]:
    entries = (entry.partition("=") for entry in parameters.patterns)
    return tuple((key, re.compile(pattern, re.ASCII)) for key, _, pattern in entries)


def _judge_pattern(node: Node, pattern: re.Pattern[str]) -> Iterator[Outcome]:
    text = node.text()
    if text is not None and not pattern.fullmatch(text):
        yield Violation(f"{node.place} is {node.shown}, which is not {pattern.pattern}")


@lru_cache(maxsize=4096)
def _is_harmless(text: str) -> bool:
    """Whether the value, which most tags share with others, can be nobody's address."""
    return not _MAIL.search(text) and not _PHONE.match(text)


def _judge_person(resource: Resource, node: Node, parameters: TagValues) -> Iterator[Outcome]:
    if node.unknown and resource.sources(node):
        return  # an id or a name of another resource
    text = node.text() or ""
    mail = _MAIL.search(text)
    if mail is not None and mail["domain"].lower() not in parameters.shared_mailboxes:
        yield Violation(f"{node.place} holds an e-mail address")
    if _PHONE.match(text):
        yield Violation(f"{node.place} holds a telephone number")


def _judge_active(status: Node) -> Iterator[Outcome]:
    if status.text() != "Active":
        yield Violation(
            f"{status.place} is {'missing' if status.missing else status.shown}",
            remedy="set the status to Active, or no report is grouped by the tag",
        )


RULE = Rule(
    id="tag-values-valid",
    title="Tags have values that can be grouped by, and name no person",
    description=(
        "Tags of AWS resources (the provider's default tags included) and labels or annotations of Kubernetes objects "
        "match the pattern of their key, where one is stated; AWS tags hold no e-mail address and no telephone number "
        "(they are shown in bills and are not made for personal data); tags for costs are active."
    ),
    effect="costs, access and backups that go by a tag miss the resource, or personal data lies in every bill",
    remedy="write one of the allowed values, and a team's name instead of a person's address",
    topic=Topic.LINEAGE,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(ANY_TYPE,),
    parameters=TagValues,
    check=check,
)
