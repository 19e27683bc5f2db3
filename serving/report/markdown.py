"""A preview as a pull-request comment.

Owns the order in which a comment is cut when it grows too long: first the lists inside, longest first, never
the verdict. Text of the plan is escaped, so that it cannot mention people or open HTML.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from serving.preview.diff import Change, PlanDiff, ResourceDiff
from serving.preview.plan import Plan, Violation
from serving.preview.recording import Kind
from serving.report import recovery
from serving.report.findings import coverage, rule_names, tally, trend_words
from serving.report.grouping import by_framework, by_resource, by_rule
from serving.report.tree import Branch, branches
from serving.report.wording import (
    NO_REGION,
    SYMBOLS,
    counted,
    headline,
    is_link,
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

LONGEST = 65_536
"""Characters in a comment: GitHub's limit (its API refuses more; read 2026-07)."""

_LIMITS = (400, 100, 40, 15, 5)
"""Entries of a list, tried one after the other until the comment fits."""

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|#~&])")


def as_markdown(plan: Plan, diff: PlanDiff | None) -> str:
    """The comment, at most `LONGEST` characters long."""
    for limit in _LIMITS:
        text = _render(plan, diff, limit)
        if len(text) <= LONGEST:
            return text
    return text[: LONGEST - 80].rpartition("\n")[0] + "\n\n*cut: the whole plan is in the saved file*\n"


def _render(plan: Plan, diff: PlanDiff | None, limit: int) -> str:
    parts = [
        f"### {'❌' if plan.refused else '✅'} {_escape(headline(plan))}",
        f"**{_escape(verdict(plan))}**",
        *_duplicates(plan),
        *_recovery(plan),
        *_judged(plan),
        *_trend(diff, limit),
        *_violations(plan, limit),
        *_by_resource(plan, limit),
        *_by_framework(plan, limit),
        *(_diff(diff, limit) if diff is not None else []),
        *_messages(plan, limit),
        *_tree(plan, limit),
        *_outputs(plan, limit),
        *_unchecked(plan),
    ]
    return "\n\n".join(parts) + "\n"


def _escape(text: str) -> str:
    """Text that says itself: no markup, no HTML, no mention, one line."""
    escaped = _ACTIVE.sub(r"\\\1", " ".join(text.split()))
    return escaped.replace("@", "@\u200b")  # a zero-width space: nobody is called by a preview


def _code(text: str) -> str:
    """A code span; a backtick inside would end it."""
    return "`" + " ".join(text.split()).replace("`", "'") + "`"


def _details(summary: str, lines: Iterable[str], *, is_open: bool = False) -> str:
    body = "\n".join(lines)
    return f"<details{' open' if is_open else ''}><summary>{_escape(summary)}</summary>\n\n{body}\n\n</details>"


def _cut(lines: list[str], limit: int) -> list[str]:
    if len(lines) <= limit:
        return lines
    return [*lines[:limit], f"- … and {len(lines) - limit:,} more"]


def _duplicates(plan: Plan) -> list[str]:
    return [
        "\n".join([f"URN taken more than once: {_code(d.urn)}", *(f"- {_code(place)}" for place in d.places)])
        for d in plan.duplicates
    ]


def _recovery(plan: Plan) -> list[str]:
    if not plan.recovery:
        return []
    rows = [recovery.COLUMNS, ("---",) * len(recovery.COLUMNS), *map(recovery.cells, plan.recovery)]
    table = [f"| {' | '.join(map(_escape, row))} |" for row in rows]
    notes = [f"- {_escape(note)}" for note in recovery.notes(plan.recovery)]
    lines = [*table, "", *notes] if notes else table
    return [_details(recovery.TITLE, lines, is_open=bool(plan.broken_promises))]


def _judged(plan: Plan) -> list[str]:
    return [] if plan.policy_pack is None else [f"Policies ({_escape(plan.policy_pack)}): {_escape(judged(plan))}"]


def _violations(plan: Plan, limit: int) -> list[str]:
    return [_rule(rule, violations, limit) for rule, violations in by_rule(plan.violations)]


def _rule(rule: str, violations: list[Violation], limit: int) -> str:
    first = violations[0]
    lines = [f"- {_code(resource_name(v.urn))} {_escape(v.message)}" for v in violations]
    body = [_escape(first.title), "", *_cut(lines, limit)]
    if first.remedy:
        body += ["", f"Remedy: {_escape(first.remedy)}"]
    if first.url:
        body += ["", f"<{first.url}>" if is_link(first.url) else f"See {_code(first.url)}"]
    where = counted(len(violations), "finding")
    return _details(f"{level_word(first)}: {rule}, {where}", body, is_open=first.stops)


def _trend(diff: PlanDiff | None, limit: int) -> list[str]:
    if diff is None or diff.trend is None:
        return []
    said = f"Findings against {_code(diff.base)}: {trend_words(diff.trend)}."
    marked = [("new", v) for v in diff.trend.new] + [("resolved", v) for v in diff.trend.resolved]
    if not marked:
        return [said]
    lines = [
        f"- **{mark}** {level_word(v)}: {_code(v.rule)} {_code(resource_name(v.urn))} {_escape(v.message)}"
        for mark, v in marked
    ]
    is_open = any(violation.stops for violation in diff.trend.new)
    return [said, _details("New and resolved findings", _cut(lines, limit), is_open=is_open)]


def _by_resource(plan: Plan, limit: int) -> list[str]:
    found = by_resource(plan.violations)
    if len(found) < 2:
        return []
    lines = [f"- {_code(resource_name(urn))} {tally(group)}: {_escape(rule_names(group))}" for urn, group in found]
    return [_details("Findings by resource", _cut(lines, limit))]


def _by_framework(plan: Plan, limit: int) -> list[str]:
    parts: list[str] = []
    for framework, controls in by_framework(plan):
        rows = [
            f"| {_escape(c.control)} | {tally(c.violations)} | {_escape(', '.join(c.rules))} |"
            for c in sorted(controls, key=lambda c: not c.violations)
        ]
        if len(rows) > limit:
            rows = [*rows[:limit], f"| … and {len(rows) - limit:,} more | | |"]
        table = ["| control | findings | rules |", "| --- | --- | --- |", *rows]
        parts.append(_details(f"{framework}: {coverage(controls)}", table))
    return parts


def _diff(diff: PlanDiff, limit: int) -> list[str]:
    if diff.is_empty:
        return [f"No change against {_code(diff.base)}."]
    counts = [f"{len(diff.of(change))} {change}" for change in Change if diff.of(change)]
    rest = {"output": diff.outputs, "SDK version": diff.sdk_versions}
    counts += [counted(len(changes), name) + " changed" for name, changes in rest.items() if changes]
    parts = [f"Changes against {_code(diff.base)}: {', '.join(counts)}."]
    blocked = [resource for resource in diff.resources if resource.blocked]
    if blocked:
        lines = [f"- {_code(resource.name)} would be {resource.change}" for resource in blocked]
        parts.append("\n".join(["**Protected resources stand in the way:**", *_cut(lines, limit)]))
    lines = [line for resource in diff.resources[:limit] for line in _change(resource, limit)]
    if len(diff.resources) > limit:
        lines.append(f"  … and {len(diff.resources) - limit:,} more resources")
    lines += [f"~ {name} {shown_change(change)}" for name, found in rest.items() for change in found[:limit]]
    fence = "````"
    parts.append(_details("Changes", [f"{fence}diff", *(line.replace(fence, "'") for line in lines), fence]))
    return parts


def _change(diff: ResourceDiff, limit: int) -> list[str]:
    """Lines of a `diff` block: the first character colors them."""
    mark = {Change.REPLACED: "!", Change.CHANGED: "!"}.get(diff.change, SYMBOLS[diff.change])
    where = f" in {diff.region}" if diff.region else ""
    lines = [f"{mark} {diff.change}: {diff.name} ({short_type(diff.type)}){where}"]
    lines += [f"!     {warning}" for warning in warnings(diff)]
    lines += [f"      replaced: {reason}" for reason in diff.reasons]
    lines += [f"      {shown_change(change)}" for change in diff.properties[:limit]]
    if len(diff.properties) > limit:
        lines.append(f"      … and {len(diff.properties) - limit:,} more")
    return lines


def _messages(plan: Plan, limit: int) -> list[str]:
    if not plan.messages:
        return []
    lines = [f"- {message.severity}: {_escape(message.text)}" for message in plan.messages]
    return [_details("The program says", _cut(lines, limit))]


def _tree(plan: Plan, limit: int) -> list[str]:
    real = [resource for resource in plan.resources if resource.kind is not Kind.COMPONENT]
    regions = Counter(resource.region or NO_REGION for resource in real)
    table = ["| region | resources |", "| --- | ---: |"]
    table += [f"| {_escape(name)} | {number:,} |" for name, number in sorted(regions.items())]
    lines = [line for branch in branches(plan) for line in _branch(branch, 0)]
    return [_details("Resources", [*table, "", *_cut(lines, limit)])]


def _branch(branch: Branch, depth: int) -> list[str]:
    where = f" · {_escape(branch.region)}" if branch.region else ""
    detail = f" · {_escape(branch.detail)}" if branch.detail else ""
    line = f"{'  ' * depth}- **{_escape(branch.name)}** {_escape(branch.type)}{where}{detail}"
    return [line, *(below for child in branch.children for below in _branch(child, depth + 1))]


def _outputs(plan: Plan, limit: int) -> list[str]:
    outputs = shown_outputs(plan)
    if not outputs:
        return []
    lines = [f"- {_code(key)}: {_code(shown(value))}" for key, value in sorted(outputs.items())]
    return [_details("Outputs", _cut(lines, limit))]


def _unchecked(plan: Plan) -> list[str]:
    lines = [f"- {_escape(entry.subject)}: {_escape(entry.reason)}" for entry in plan.unchecked]
    return [_details("Not checked here", lines)]
