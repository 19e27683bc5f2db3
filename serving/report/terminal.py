"""A preview on the terminal.

Owns layout for eyes: colors where they are welcome (`NO_COLOR` is respected), plain lines where the output is
no terminal, any width. Writes to stdout.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from serving.planning.recovery import Verdict
from serving.preview.diff import Change, PlanDiff, ResourceDiff
from serving.preview.plan import Plan, Violation
from serving.preview.recording import Kind, Severity
from serving.report import recovery
from serving.report.console import Console
from serving.report.findings import coverage, rule_names, tally, trend_words
from serving.report.grouping import by_framework, by_resource, by_rule
from serving.report.tree import Branch, branches
from serving.report.wording import (
    NO_REGION,
    SYMBOLS,
    counted,
    headline,
    is_record,
    judged,
    level_word,
    resource_name,
    short_type,
    shown,
    shown_change,
    shown_outputs,
    verdict,
    warnings,
)

_STYLES = {
    Change.ADDED: "green",
    Change.REMOVED: "red",
    Change.REPLACED: "bold magenta",
    Change.CHANGED: "yellow",
}
_VERDICT_STYLES = {Verdict.KEPT: "", Verdict.BROKEN: "bold red", Verdict.NOT_PROMISED: "yellow"}
_PLAIN_WIDTH = 10_000  # columns where nobody folds lines: logs are searched, not read in columns
_TOP_TYPES = 12
_FEW = 8  # resources of a violation, properties of a change, before the rest is counted
_MANY = 30  # resources of one kind of change, likewise


def print_plan(plan: Plan, diff: PlanDiff | None, *, full: bool = False) -> None:
    """Print everything that a reviewer wants to see, the verdict last."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False, soft_wrap=False)
    _print_tree(console, plan, full=full)
    _print_counts(console, plan, full=full)
    _print_outputs(console, plan, full=full)
    _print_recovery(console, plan)
    if diff is not None:
        _print_diff(console, diff, full=full)
    _print_messages(console, plan)
    _print_violations(console, plan, full=full)
    _print_groups(console, plan, full=full)
    _print_trend(console, diff, full=full)
    _print_remediations(console, plan)
    _print_duplicates(console, plan)
    _print_unchecked(console, plan)
    style = "bold red" if plan.refused else "bold green"
    console.print(Text(f"{headline(plan)} · {verdict(plan)}", style=style))


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _line(console: Console, text: Text | str, indent: int = 2) -> None:
    console.print(Padding(Text(text) if isinstance(text, str) else text, (0, 0, 0, indent), expand=False))


def _print_tree(console: Console, plan: Plan, *, full: bool) -> None:
    tree = Tree(Text(f"{plan.project} / {plan.stack}", style="bold"), guide_style="dim")
    for branch in branches(plan, full=full):
        _grow(tree, branch)
    console.print(tree)


def _grow(tree: Tree, branch: Branch) -> None:
    label = Text(branch.name, style="bold" if branch.children or branch.detail else "")
    label.append(f"  {branch.type}", style="dim")
    if branch.region:
        label.append(f"  {branch.region}", style="cyan")
    if branch.protected:
        label.append("  protected", style="green")
    if branch.detail:
        label.append(f"  {branch.detail}", style="not bold")
    below = tree.add(label)
    for child in branch.children:
        _grow(below, child)


def _print_counts(console: Console, plan: Plan, *, full: bool) -> None:
    real = [resource for resource in plan.resources if resource.kind is not Kind.COMPONENT]
    _title(console, "Resources")
    regions = Counter(resource.region or NO_REGION for resource in real)
    _line(console, "by region: " + ", ".join(f"{name} {number}" for name, number in sorted(regions.items())))
    types = sorted(plan.counts.items(), key=lambda entry: (-entry[1], entry[0]))
    shown_types = types if full else types[:_TOP_TYPES]
    for token, number in shown_types:
        _line(console, f"{number:>5} {short_type(token)}")
    if len(types) > len(shown_types):
        rest = sum(number for _, number in types[len(shown_types) :])
        _line(console, f"{rest:>5} of {len(types) - len(shown_types)} more types")
    protected = sum(resource.protected for resource in real)
    if protected:
        _line(console, f"{protected:>5} of them protected")


def _print_outputs(console: Console, plan: Plan, *, full: bool) -> None:
    outputs = shown_outputs(plan)
    if outputs:
        _title(console, "Outputs")
        for key, value in sorted(outputs.items()):
            if isinstance(value, list) and value and all(is_record(item) for item in value):
                _print_records(console, key, value)
            elif is_record(value):
                _line(console, f"{key}:")
                for name, item in sorted(value.items()):
                    _line(console, f"{name}: {shown(item, _PLAIN_WIDTH)}", indent=4)
            else:
                _line(console, f"{key}: {shown(value, _PLAIN_WIDTH) if full else shown(value)}")


def _print_records(console: Console, key: str, records: list[Any]) -> None:
    """Print a list of mappings as a table, a column for each key that any of them has."""
    _line(console, f"{key}:")
    columns = sorted({name for record in records for name in record})
    table = Table(*columns, box=None, pad_edge=False, header_style="dim")
    for record in records:
        table.add_row(*(shown(record[name]) if name in record else "" for name in columns))
    console.print(Padding(table, (0, 0, 0, 4), expand=False))


def _print_recovery(console: Console, plan: Plan) -> None:
    if not plan.recovery:
        return
    _title(console, recovery.TITLE)
    table = Table(*recovery.COLUMNS, box=None, pad_edge=False, header_style="dim")
    for made in plan.recovery:
        table.add_row(*recovery.cells(made), style=_VERDICT_STYLES[made.verdict])
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    for note in recovery.notes(plan.recovery):
        _line(console, Text(note, style="dim"))


def _print_diff(console: Console, diff: PlanDiff, *, full: bool) -> None:
    _title(console, f"Changes against {diff.base}")
    if diff.is_empty:
        _line(console, "none")
    for change in Change:
        found = diff.of(change)
        if found:
            _line(console, Text(f"{counted(len(found), 'resource')} {change}", style=_STYLES[change]))
    for change in Change:
        found = diff.of(change)
        for resource in found if full else found[:_MANY]:
            _print_change(console, resource, full=full)
        if len(found) > _MANY and not full:
            _line(console, f"… and {len(found) - _MANY:,} more {change}; --full shows them")
    for name, changes in {"output": diff.outputs, "SDK version": diff.sdk_versions}.items():
        for property_change in changes:
            _line(console, Text(f"~ {name} {shown_change(property_change)}", style="yellow"))
    if diff.secrets:
        _line(console, f"{counted(diff.secrets, 'secret')} on both sides, not compared")


def _print_change(console: Console, diff: ResourceDiff, *, full: bool) -> None:
    line = Text(f"{SYMBOLS[diff.change]} {diff.name}", style=_STYLES[diff.change])
    line.append(f"  {short_type(diff.type)}", style="dim")
    if diff.region:
        line.append(f"  {diff.region}", style="cyan")
    _line(console, line)
    for warning in warnings(diff):
        _line(console, Text(warning, style="bold red"), 6)
    if diff.former_urn and not diff.reasons:
        _line(console, f"was {resource_name(diff.former_urn)}, by an alias", 6)
    for reason in diff.reasons:
        _line(console, Text(f"replaced: {reason}", style="magenta"), 6)
    for text in _cut([shown_change(change) for change in diff.properties], full=full):
        _line(console, text, 6)


def _cut(lines: list[str], *, full: bool) -> Iterable[str]:
    if full or len(lines) <= _FEW:
        return lines
    return [*lines[:_FEW], f"… and {len(lines) - _FEW} more; --full shows them"]


def _print_messages(console: Console, plan: Plan) -> None:
    if plan.messages:
        _title(console, "The program says")
    for message in plan.messages:
        style = {Severity.WARNING: "yellow", Severity.ERROR: "red"}.get(message.severity, "")
        about = f" {resource_name(message.urn)}:" if message.urn else ""
        _line(console, Text(f"{message.severity}:{about} {message.text}", style=style))


def _print_violations(console: Console, plan: Plan, *, full: bool) -> None:
    if plan.policy_pack is not None:
        _title(console, f"Policies ({plan.policy_pack})")
        _line(console, judged(plan))
    for rule, violations in by_rule(plan.violations):
        first = violations[0]
        style = "bold red" if first.stops else "yellow"
        line = Text(f"{level_word(first)}: {rule}", style=style)
        line.append(f"  {first.title}", style="not bold default")
        _line(console, line)
        _print_violating(console, violations, full=full)
        if first.remedy:
            _line(console, Text(f"remedy: {first.remedy}", style="green"), 6)
        if first.url:
            _line(console, Text(f"see {first.url}", style="dim"), 6)


def _print_violating(console: Console, violations: list[Violation], *, full: bool) -> None:
    lines = [f"{resource_name(violation.urn)}: {violation.message}" for violation in violations]
    for text in _cut(lines, full=full):
        _line(console, text, 6)


def _print_groups(console: Console, plan: Plan, *, full: bool) -> None:
    """Print the same findings by resource and by framework, where that says more than by rule."""
    resources = by_resource(plan.violations)
    if len(resources) > 1:
        _title(console, "Findings by resource")
        lines = [f"{resource_name(urn)}: {tally(found)}: {rule_names(found)}" for urn, found in resources]
        for text in _cut(lines, full=full):
            _line(console, text)
    frameworks = by_framework(plan)
    if frameworks:
        _title(console, "Findings by framework")
    for framework, controls in frameworks:
        _line(console, f"{framework}: {coverage(controls)}")
        for control in controls:
            if control.violations:
                found = f"{tally(control.violations)}: {rule_names(control.violations)}"
                style = "red" if control.violations[0].stops else "yellow"
                _line(console, Text(f"{control.control}: {found}", style=style), 6)
            elif full:
                _line(console, f"{control.control}: no finding: {', '.join(control.rules)}", 6)


def _print_trend(console: Console, diff: PlanDiff | None, *, full: bool) -> None:
    if diff is None or diff.trend is None:
        return
    _title(console, f"Findings against {diff.base}")
    _line(console, trend_words(diff.trend))
    for mark, found, style in (("+", diff.trend.new, "red"), ("-", diff.trend.resolved, "green")):
        lines = [f"{mark} {level_word(v)}: {v.rule}: {resource_name(v.urn)}: {v.message}" for v in found]
        for text in _cut(lines, full=full):
            _line(console, Text(text, style=style))


def _print_remediations(console: Console, plan: Plan) -> None:
    if plan.remediations:
        _title(console, "Policies would change (not done here)")
    for remediation in plan.remediations:
        properties = ", ".join(remediation.properties)
        _line(console, f"{remediation.rule}: {resource_name(remediation.urn)}: {properties}")


def _print_duplicates(console: Console, plan: Plan) -> None:
    if plan.duplicates:
        _title(console, "URNs taken more than once")
    for duplicate in plan.duplicates:
        _line(console, Text(duplicate.urn, style="bold red"))
        for place in duplicate.places:
            _line(console, place, 6)


def _print_unchecked(console: Console, plan: Plan) -> None:
    _title(console, "Not checked here")
    for entry in plan.unchecked:
        _line(console, Text(f"{entry.subject}: {entry.reason}", style="dim"))
    console.print()
