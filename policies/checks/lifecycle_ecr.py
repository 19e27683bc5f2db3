"""Rule `lifecycle-ecr`: repositories forget what nobody runs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import Field

from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import REPOSITORY
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

TEMPLATE: Final = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
POLICY: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_CACHE: Final = "PULL_THROUGH_CACHE"
_COUNT: Final = "imageCountMoreThan"
_EXPIRE: Final = "expire"


class ImageLifecycle(Parameters):
    """Parameters."""

    deployed_tags: tuple[str, ...] = Field(
        default=("release-*", "v*", "prod-*"), description="Tag patterns of images that may be deployed."
    )
    minimum_images: int = Field(
        default=30, ge=1, description="Fewest images of each such pattern that are kept; no age expires them."
    )


@dataclass(frozen=True, slots=True)
class _Selection:
    """What one rule of a lifecycle policy selects: prefixes of tags, an empty one for every tag."""

    prefixes: tuple[str, ...]
    priority: float
    holder: Resource
    place: str
    kept: float
    """How many it keeps; none where it expires by age."""
    expires: bool


def check(repository: Resource, parameters: ImageLifecycle) -> Outcomes:
    """Judge one repository by its lifecycle policy, or a template by the one it gives to its repositories."""
    if repository.token == TEMPLATE:
        applied = [entry.text() for entry in repository["appliedFors"].items()]
        holder, document = repository, repository["lifecyclePolicy"]
        refetched = applied == [_CACHE]
    else:
        companion = repository.stack.companions(repository, POLICY, "repository").one_or_doubt()
        if companion is None:
            yield Violation("the repository has no lifecycle policy")
            return
        holder, document, refetched = companion, companion["policy"], False
    if document.missing:
        yield Violation(f"{document.place} is missing")
    elif not document.document()["rules"].items():
        yield Violation(f"{document.place} has no rules", holder.urn)
    elif not refetched:  # what a cache forgets it fetches again
        yield from _judge_policy(holder, document.document()["rules"], parameters)


def _judge_policy(holder: Resource, rules: Node, parameters: ImageLifecycle) -> Outcomes:
    selections: list[_Selection] = []

    def read(rule: Node) -> Iterator[Outcome]:
        found = _selection(holder, rule)
        if found is not None:
            selections.append(found)
        yield from ()

    yield from judge_each(rules.items(), read)
    selections.sort(key=lambda selection: selection.priority)
    yield from judge_each(parameters.deployed_tags, partial(_judge_tag, selections, parameters))


def _judge_tag(selections: list[_Selection], parameters: ImageLifecycle, tag: str) -> Iterator[Outcome]:
    """The first rule that selects all images of a pattern decides about them: no later one may expire them."""
    literal = tag.partition("*")[0]
    for selection in selections:
        if not any(literal.startswith(prefix) or prefix.startswith(literal) for prefix in selection.prefixes):
            continue
        if selection.expires and selection.kept < parameters.minimum_images:
            what = f"all but {selection.kept:g} images" if selection.kept else "images by their age"
            yield Violation(f"{selection.place} expires {what} with tags such as {tag}", selection.holder.urn)
        if any(literal.startswith(prefix) for prefix in selection.prefixes):
            return


def _selection(holder: Resource, rule: Node) -> _Selection | None:
    """What a rule selects by tags; None for images without tags, of which none was released."""
    selection = rule["selection"]
    status = selection["tagStatus"].text()
    if status == "untagged":
        return None
    prefixes = [entry.text() or "" for entry in selection["tagPrefixList"].items()]
    prefixes += [(entry.text() or "").partition("*")[0] for entry in selection["tagPatternList"].items()]
    counted = selection["countType"].text() == _COUNT
    return _Selection(
        prefixes=tuple(prefixes) if status == "tagged" else ("",),
        priority=rule["rulePriority"].number() or 0.0,
        holder=holder,
        place=rule.place or "rules",
        kept=(selection["countNumber"].number() or 0.0) if counted else 0.0,
        expires=rule.at("action", "type").text() in (_EXPIRE, None),
    )


RULE = Rule(
    id="lifecycle-ecr",
    title="Every repository has a lifecycle policy that keeps what may be deployed",
    description=(
        "Each ECR repository has a lifecycle policy, and each repository creation template gives one. By its rules in "
        "their order, images with tags of releases are not expired by age and at least the configured number of "
        "them is kept. Templates that apply to pull-through caches alone may expire anything: it is fetched again."
    ),
    effect="images pile up for ever, or an image that runs is gone when a new node wants to pull it",
    remedy=(
        "add a LifecyclePolicy whose first rule keeps releases by a large imageCountMoreThan and whose later rules "
        "expire candidates and untagged images"
    ),
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(REPOSITORY, TEMPLATE),
    parameters=ImageLifecycle,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
