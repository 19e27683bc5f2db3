"""Rule `postmortem-actions`: what a post-mortem asked for is there when it is due, and stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from policies.rule import ANY_TYPE, Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import canonical_token
from policies.views import Node, Resource

_FORM: Final = re.compile(r"^(\S+) (\d{4}-\d{2}-\d{2}) (\S+:\S+) (\S+) (\S+) (=|!=|>=|<=) (\S.*)$")
_EXAMPLE: Final = "INC-42 2026-12-15 aws:dynamodb/table:Table *sessions* deletionProtectionEnabled = true"
_STEP: Final = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class _Action:
    """One action: by its due date, every such resource has such a value at that property."""

    ticket: str
    due: date
    token: str
    name: str
    path: tuple[str | int, ...]
    operator: str
    value: str


def _parse(text: str) -> _Action:
    found = _FORM.match(text)
    if found is None:
        raise ValueError(
            f"not of the form: ticket, due date, type, name pattern, property, operator, value ({_EXAMPLE})"
        )
    ticket, due, token, name, path, operator, value = found.groups()
    steps = tuple(int(step) if step.isdecimal() else step for step in _STEP.findall(path))
    if operator in _ORDERED:
        float(value)
    return _Action(ticket, date.fromisoformat(due), canonical_token(token), name, steps, operator, value.strip())


def _checked(text: str) -> str:
    _parse(text)
    return text


class PostmortemActions(Parameters):
    """Parameters."""

    actions: tuple[Annotated[str, AfterValidator(_checked)], ...] = Field(
        default=(),
        description=(
            "Open and landed actions, each as one text: ticket, due date, type token, pattern of the resource's "
            f"name, property, one of = != >= <=, value; as `{_EXAMPLE}`."
        ),
    )


def check_stack(stack: Stack, parameters: PostmortemActions) -> Outcomes:
    """Judge every action that is due."""
    actions = [action for action in map(_parse, parameters.actions) if action.due <= stack.today]
    yield from judge_each(actions, lambda action: _judge(stack, action))


def _judge(stack: Stack, action: _Action) -> Iterator[Outcome]:
    concerned = [found for found in stack.of(action.token) if fnmatchcase(found.name, action.name)]
    if not concerned:
        yield Violation(f"{_late(action)}: the stack has no {action.token} {action.name}", stack.root_urn)
    yield from judge_each(concerned, partial(_judge_resource, action=action))


def _judge_resource(resource: Resource, *, action: _Action) -> Iterator[Outcome]:
    node = resource.at(*action.path)
    if not _holds(node, action):
        stated = "missing" if node.missing else node.shown
        yield Violation(
            f"{_late(action)}: {node.place} is {stated}, not {action.operator} {action.value}", resource.urn
        )


def _late(action: _Action) -> str:
    return f"{action.ticket}, due {action.due}, has not landed"


def _holds(node: Node, action: _Action) -> bool:
    if action.operator in _ORDERED:
        number = node.number()
        return number is not None and _ORDERED[action.operator](number, float(action.value))
    return _same(node, action.value) is (action.operator == "=")


def _same(node: Node, value: str) -> bool:
    """Texts, numbers and truths alike, as configuration writes them."""
    if isinstance(node.raw, bool):
        return value.lower() == str(node.raw).lower()
    return node.text() == value


_ORDERED: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": lambda found, wanted: found >= wanted,
    "<=": lambda found, wanted: found <= wanted,
}


RULE = Rule(
    id="postmortem-actions",
    title="What post-mortems asked of this stack is there when it is due, and stays there",
    description=(
        "The parameter actions lists what post-mortems asked for: a ticket, a due date, the resources concerned (type "
        "and pattern of the logical name), a property and its value. From its due date on, every such resource must "
        "have the value, and there must be one. An action that has landed may stay on the list: it keeps others from "
        "undoing it. Without actions nothing is judged."
    ),
    effect="the same incident happens again, and everybody knew what would have prevented it",
    remedy="make the change, or have the ticket's owner agree on another date and write it into the list",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=PostmortemActions,
    check_stack=check_stack,
)
