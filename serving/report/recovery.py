"""The promises of recovery as a table: the same words in every rendering.

Owns how a time is said and what stands in a cell; the judgement comes from the plan.
"""

from __future__ import annotations

from collections.abc import Sequence

from serving.planning.recovery import Assessment, Scenario, Step, Verdict, shown_steps

TITLE = "Recovery: what is promised, and what is computed from this plan"

COLUMNS = (
    "service",
    "scenario",
    "RTO promised",
    "RTO computed",
    "of what",
    "RPO promised",
    "RPO computed",
    "by what",
    "verdict",
)


def duration(seconds: int) -> str:
    """`45 s`, `10 min 40 s`, `15 min`, `24 h`, `13 h 30 min`."""
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (left, "s")) if count]
    return " ".join(parts) or "0 s"


def cells(made: Assessment) -> tuple[str, ...]:
    """One row, in the order of `COLUMNS`."""
    # nothing is promised of how long a restore takes
    rto_promised = duration(made.rto_promised_seconds) if made.scenario is Scenario.REGION_LOST else "-"
    return (
        made.service,
        made.scenario.value,
        rto_promised,
        duration(made.rto_seconds) if made.rto_seconds is not None else "-",
        _made_of(made.rto_steps),
        duration(made.rpo_promised_seconds),
        duration(made.rpo_seconds) if made.rpo_seconds is not None else "all",
        _loss(made),
        made.verdict.value,
    )


def notes(recovery: Sequence[Assessment]) -> list[str]:
    """What to know besides, each note once, what is broken first."""
    broken = [f"{made.service}, {made.scenario}: {made.note}" for made in recovery if made.verdict is Verdict.BROKEN]
    rest = [
        f"{made.verdict}: {made.note}" if made.verdict is Verdict.NOT_PROMISED else made.note
        for made in recovery
        if made.verdict is not Verdict.BROKEN and made.note
    ]
    return [*broken, *dict.fromkeys(rest)]


def _loss(made: Assessment) -> str:
    if not made.rpo_store:
        return "-"
    return f"{made.rpo_store}: {_made_of(made.rpo_steps) if made.rpo_steps else 'no copy to go back to'}"


def _made_of(steps: Sequence[Step]) -> str:
    """The numbers without their sum, which has a column of its own."""
    return shown_steps(steps).partition(" = ")[0] or "-"
