"""Rule `ecr-immutable-strict`: an image tag never changes what it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.frameworks import ECR_2
from policies.rule import (
    Kind,
    Outcome,
    Outcomes,
    Parameters,
    Patch,
    Rule,
    Severity,
    Topic,
    Violation,
    fix_off,
    judge_each,
)
from policies.views import Node, Resource

_IMMUTABLE: Final = "IMMUTABLE"
_WITH_EXCLUSION: Final = "IMMUTABLE_WITH_EXCLUSION"


class TagMutability(Parameters):
    """Parameters."""

    excluded_tags: tuple[str, ...] = Field(
        default=(), description="Filters of tags that may move, where IMMUTABLE_WITH_EXCLUSION is used."
    )


def check(repository: Resource, parameters: TagMutability) -> Outcomes:
    """Judge a repository, or a template from which repositories are created."""
    yield from judge_each(
        (repository["imageTagMutability"],), lambda node: _judge_mutability(repository, node, parameters)
    )
    if repository["forceDelete"].truth():
        yield Violation(
            "forceDelete is true", remedy="set forceDelete to false, so that a repository with images stays"
        )


def _judge_mutability(repository: Resource, mutability: Node, parameters: TagMutability) -> Iterator[Outcome]:
    if mutability.text() == _IMMUTABLE:
        return
    if mutability.text() != _WITH_EXCLUSION:
        yield Violation(f"{mutability.place} is {mutability.shown if not mutability.missing else 'missing'}")
        return
    filters = repository["imageTagMutabilityExclusionFilters"].items()
    yield from judge_each(filters, lambda node: _judge_filter(node["filter"], parameters))


def _judge_filter(node: Node, parameters: TagMutability) -> Iterator[Outcome]:
    if node.text() not in parameters.excluded_tags:
        yield Violation(f"{node.place} is {node.shown}, which is not among the tags that may move")


def fix(repository: Resource, parameters: TagMutability) -> Patch:
    """Keep a repository that has images. Whether its tags may move is left to people: pushes depend on it."""
    return fix_off(repository["forceDelete"])


RULE = Rule(
    id="ecr-immutable-strict",
    title="Image tags are immutable",
    description=(
        "imageTagMutability is IMMUTABLE, or IMMUTABLE_WITH_EXCLUSION with filters of the allow-list only; "
        "forceDelete is not true. Reads repositories and repository creation templates."
    ),
    effect="what was tested and signed under a tag can be replaced without a trace",
    remedy="set imageTagMutability to IMMUTABLE",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(
        "aws:ecr/repository:Repository",
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
    ),
    parameters=TagMutability,
    check=check,
    fix=fix,
    frameworks=(ECR_2,),
)
