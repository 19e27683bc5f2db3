"""Findings in few words: by resource, by framework, and against the last plan.

Owns the words and the JSON that every rendering shares; the groups are in `grouping`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from serving.preview.diff import PlanDiff
from serving.preview.plan import Plan, Violation
from serving.preview.trend import Trend
from serving.report.grouping import ControlFindings, by_framework, by_resource, by_rule
from serving.report.wording import counted, level_word


def tally(violations: Iterable[Violation]) -> str:
    """`2 mandatory, 1 waived`, what stops first; `none` for no finding."""
    ordered = sorted(violations, key=lambda violation: not violation.stops)
    return ", ".join(f"{number:,} {word}" for word, number in Counter(map(level_word, ordered)).items()) or "none"


def rule_names(violations: Iterable[Violation]) -> str:
    """The rules that found something, each once, in the given order."""
    return ", ".join(dict.fromkeys(violation.rule for violation in violations))


def coverage(controls: list[ControlFindings]) -> str:
    """`45 controls judged, findings at 2`."""
    touched = sum(bool(control.violations) for control in controls)
    return f"{counted(len(controls), 'control')} judged, {f'findings at {touched}' if touched else 'no finding'}"


def trend_words(trend: Trend) -> str:
    """`2 new, 1 resolved, 12 as before`."""
    return f"{len(trend.new):,} new, {len(trend.resolved):,} resolved, {trend.standing:,} as before"


def findings_document(plan: Plan, diff: PlanDiff | None) -> dict[str, Any]:
    """The report as JSON values; the findings themselves are the plan's `violations`."""
    return {
        "by_rule": [
            {
                "rule": rule,
                "level": group[0].level,
                "state": group[0].state,
                "resources": [violation.urn for violation in group],
            }
            for rule, group in by_rule(plan.violations)
        ],
        "by_resource": [
            {"urn": urn, "findings": [{"rule": v.rule, "level": v.level, "state": v.state} for v in group]}
            for urn, group in by_resource(plan.violations)
        ],
        "by_framework": [
            {"framework": framework, "controls": [_control(control) for control in controls]}
            for framework, controls in by_framework(plan)
        ],
        "trend": None if diff is None or diff.trend is None else _trend(diff.base, diff.trend),
    }


def _control(found: ControlFindings) -> dict[str, Any]:
    return {
        "control": found.control,
        "rules": list(found.rules),
        "stopping": sum(violation.stops for violation in found.violations),
        "findings": len(found.violations),
    }


def _trend(base: str, trend: Trend) -> dict[str, Any]:
    numbers = {"new": len(trend.new), "resolved": len(trend.resolved), "standing": trend.standing}
    return {"against": base, **numbers}
