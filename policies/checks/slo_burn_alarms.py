"""Rule `slo-burn-alarms`: alerts on objectives look at a short and a long window, fast and slow."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.alerts import RULE_FILES, Objective, entries, objectives, windows_seconds
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Resource
from serving.blueprint.vocabulary import EnvironmentKind

_MINUTE, _HOUR = 60, 3_600


class BurnWindows(Parameters):
    """Parameters.

    The defaults hold for the windows that Google recommends (The Site Reliability Workbook, chapter 5: 1 h with 5 min,
    6 h with 30 min, 3 d with 6 h; read 2026-11) and for those of Sloth and Pyrra.
    """

    fast_minutes: int = Field(default=10, ge=1, description="Longest short window of the alert that is fast.")
    slow_hours: int = Field(default=24, ge=1, description="Shortest long window of the alert that is slow.")


def check(resource: Resource, parameters: BurnWindows) -> Outcomes:
    """Judge the alerts of one rule file, objective by objective."""
    stated = (objective for objective in objectives(entries(resource)) if objective.alerts)
    yield from judge_each(stated, lambda objective: _judge(objective, parameters))


def _judge(objective: Objective, parameters: BurnWindows) -> Iterator[Outcome]:
    place = objective.recorded[0].node.place
    windows = [found for alert in objective.alerts if len(found := windows_seconds(alert.expression)) > 1]
    if not any(min(found) <= parameters.fast_minutes * _MINUTE for found in windows):
        yield Violation(
            f"{place}: no alert of the objective has a second window of {parameters.fast_minutes} min or less"
        )
    if not any(max(found) >= parameters.slow_hours * _HOUR for found in windows):
        yield Violation(f"{place}: no alert of the objective has two windows, one of {parameters.slow_hours} h or more")


RULE = Rule(
    id="slo-burn-alarms",
    title="Alerts on an objective watch how fast its error budget burns, over fast and slow windows",
    description=(
        "In rule files and PrometheusRules, each objective that has alerts has one whose expression looks back over "
        "at least two windows, the shorter of at most ten minutes, and one with at least two windows, the longer of "
        "at least a day. Windows are ranges such as [5m] and suffixes of recorded rates such as rate5m. Sloth and "
        "Pyrra make such alerts themselves. Objectives without any alert are judged by `slo-alerted`."
    ),
    effect="a short spike wakes people in vain, an outage is seen late, or a slow leak is never seen",
    remedy="alert on multi-window, multi-burn-rate conditions: 1 h with 5 min, 6 h with 30 min, 3 d with 6 h",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=RULE_FILES,
    parameters=BurnWindows,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
