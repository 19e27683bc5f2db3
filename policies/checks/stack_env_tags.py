"""Rule `stack-env-tags`: a stack says whose it is and which change it is at."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.rule import ANY_TYPE, Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack
from serving.blueprint.vocabulary import EnvironmentKind


class StackTags(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(default=("environment", "owner"), description="Tags that every stack carries.")
    change_keys: tuple[str, ...] = Field(
        default=("change-id", "approved-by"),
        description="Tags that a stack of kind `prod` carries besides: the change, and who approved it.",
    )


def check_stack(stack: Stack, parameters: StackTags) -> Outcomes:
    """Judge the tags of the stack itself."""
    if not stack.resources:
        return  # it is taken down, or there is nothing yet
    for key in _wanted(stack, parameters):
        if not stack.tags.get(key, "").strip():
            yield Violation(f"the stack has no tag {key}")


def _wanted(stack: Stack, parameters: StackTags) -> Iterator[str]:
    yield from parameters.keys
    if stack.kind is EnvironmentKind.PROD:
        yield from parameters.change_keys


RULE = Rule(
    id="stack-env-tags",
    title="The stack carries its environment and owner, and in production its change and approver",
    description=(
        "Tags of the stack itself, not of its resources: those that its backend keeps (`pulumi stack tag set`), as "
        "far as the engine hands them to a pack, and those of `pulumi:tags` in its configuration. Where changes are "
        "approved on the pull request instead, empty `change_keys`."
    ),
    effect="a list of stacks does not say whose they are, nor an audit which approved change one is at",
    remedy="set them below `pulumi:tags` in Pulumi.<stack>.yaml; the release pipeline sets those of the change",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(ANY_TYPE,),
    parameters=StackTags,
    check_stack=check_stack,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
