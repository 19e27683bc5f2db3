"""The policies of a pack: the list, one explained, and the controls that they implement.

Owns words and tables, and their JSON. All of it is what the pack says of itself, so it works for any pack.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serving.preview.plan import Plan
from serving.report.console import Console
from serving.report.document import as_json
from serving.report.grouping import ControlFindings, by_framework
from serving.report.wording import counted

if TYPE_CHECKING:
    from serving.preview.policy_driver import PolicyInfo

_LEVEL_STYLES = {"mandatory": "bold red", "disabled": "dim"}
_JUDGES = {"resource": "each resource by itself", "stack": "the stack, when all of its resources are known"}
_ONLY_NAMED = "Controls are those that the pack names; the project's own names none that was not checked at its source."


def print_policies(policies: Sequence[PolicyInfo]) -> None:
    """Print one paragraph a policy, in the pack's order."""
    console = Console(highlight=False)
    for policy in policies:
        _print_head(console, policy)
        if policy.remedy:
            console.print(Text(f"    remedy: {policy.remedy}", style="green"))


def print_policy(policy: PolicyInfo) -> None:
    """Print all that the pack says of one policy."""
    console = Console(highlight=False)
    _print_head(console, policy)
    for name, text in _facts(policy):
        console.print(Text(f"    {name}: {text}", style="green" if name == "remedy" else ""))
    for parameter in policy.parameters:
        console.print(Text(f"    parameter {parameter.name}: {_shown(parameter.value)}", style="bold"))
        console.print(Text(f"        {parameter.description}"))


def print_coverage(policies: Sequence[PolicyInfo]) -> None:
    """Print which rules implement which control, framework by framework."""
    console = Console(highlight=False)
    for framework, controls in _coverage(policies):
        rules = {rule for control in controls for rule in control.rules}
        said = f"{counted(len(controls), 'control')} by {counted(len(rules), 'rule')}"
        console.print(Text(f"{framework}: {said}", style="bold"))
        for control in controls:
            console.print(Text(f"    {control.control}: {', '.join(control.rules)}"))
    console.print(Text(_without_control(policies)))
    console.print(Text(_ONLY_NAMED, style="dim"))


def as_policy_json(policies: Sequence[PolicyInfo]) -> str:
    """The list as JSON."""
    return as_json([dataclasses.asdict(policy) for policy in policies])


def as_coverage_json(policies: Sequence[PolicyInfo]) -> str:
    """The controls as JSON."""
    return as_json(
        [
            {
                "framework": framework,
                "controls": [{"control": control.control, "rules": control.rules} for control in controls],
            }
            for framework, controls in _coverage(policies)
        ]
    )


def as_policy_markdown(policies: Sequence[PolicyInfo]) -> str:
    """Rules and controls as two tables."""
    return "\n".join([*_rule_table(policies), "", *_control_table(policies)]) + "\n"


def _print_head(console: Console, policy: PolicyInfo) -> None:
    line = Text(policy.name, style="bold")
    line.append(f"  {policy.level}", style=_LEVEL_STYLES.get(policy.level, "yellow"))
    if policy.severity:
        line.append(f"  {policy.severity}", style="dim")
    console.print(line)
    for text in dict.fromkeys(filter(None, [policy.title, policy.description])):
        console.print(Text(f"    {text}"))


def _facts(policy: PolicyInfo) -> Iterator[tuple[str, str]]:
    controls = "; ".join(f"{control.framework} {control.id}" for control in policy.controls)
    facts = {"remedy": policy.remedy, "judges": _JUDGES.get(policy.kind, "")}
    facts |= {"implements": controls, "see": policy.url}
    yield from ((name, text) for name, text in facts.items() if text)


def _coverage(policies: Sequence[PolicyInfo]) -> list[tuple[str, list[ControlFindings]]]:
    return by_framework(Plan(project="", stack="", resources=(), outputs={}, rules=tuple(policies)))


def _without_control(policies: Sequence[PolicyInfo]) -> str:
    number = sum(not policy.controls for policy in policies)
    return f"{counted(number, 'rule')} of {len(policies):,} {'implements' if number == 1 else 'implement'} no control"


def _rule_table(policies: Sequence[PolicyInfo]) -> Iterator[str]:
    yield "| rule | what must hold | kind | severity | level | controls |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for policy in policies:
        controls = ", ".join(control.id for control in policy.controls)
        cells = [f"`{policy.name}`", policy.title, policy.kind, policy.severity, policy.level, controls]
        yield f"| {' | '.join(map(_cell, cells))} |"


def _control_table(policies: Sequence[PolicyInfo]) -> Iterator[str]:
    yield "| framework | control | rules |"
    yield "| --- | --- | --- |"
    for framework, controls in _coverage(policies):
        for control in controls:
            rules = ", ".join(f"`{rule}`" for rule in control.rules)
            yield f"| {_cell(framework)} | {_cell(control.control)} | {rules} |"
    yield ""
    yield _ONLY_NAMED


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _shown(value: Any) -> str:  # noqa: ANN401  (whatever a pack's schema has for a default)
    whole = isinstance(value, float) and value.is_integer()  # the protocol knows no whole numbers
    return json.dumps(int(value) if whole else value, ensure_ascii=False)
