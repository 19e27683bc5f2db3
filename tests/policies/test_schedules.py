"""Schedules: the longest time between two runs."""

from __future__ import annotations

import pytest

from policies.schedules import longest_gap_minutes
from policies.views import UNKNOWN, Malformed, Node, Undetermined

HOUR, DAY = 60, 24 * 60


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("rate(1 minute)", 1),
        ("rate(12 hours)", 12 * HOUR),
        ("cron(0 5 * * ? *)", DAY),
        ("cron(0 0/12 * * ? *)", 12 * HOUR),
        ("cron(15 * * * ? *)", HOUR),
        ("cron(0,30 * ? * * *)", 30),
        ("cron(0 8,12,18 * * ? *)", 14 * HOUR),
        ("cron(0 5 ? * 1 *)", 7 * DAY),
        ("cron(0 5 ? * MON-FRI *)", 3 * DAY),
        ("cron(0 5 ? * TUE,SAT *)", 4 * DAY),
        ("cron(0 5 1 * ? *)", 31 * DAY),
        ("cron(0 5 1,15 * ? *)", 17 * DAY),
        ("cron(0 5 L * ? *)", 31 * DAY),
        ("cron(0 5 ? * FRI#1 *)", 31 * DAY),
        ("cron(0 5 ? * 6L *)", 31 * DAY),
        ("cron(0 5 1 1/3 ? *)", 3 * 31 * DAY),
        ("cron(0 5 1 JAN ? *)", 366 * DAY),
    ],
)
def test_the_longest_gap_is_what_may_be_lost(schedule: str, minutes: int) -> None:
    assert longest_gap_minutes(Node(schedule)) == minutes


def test_no_schedule_has_no_gap() -> None:
    assert longest_gap_minutes(Node(None)) is None


@pytest.mark.parametrize("text", ["", "daily", "cron()", "cron(0 5 * *)", "cron(61 5 * * ? *)", "cron(0 9-5 * * ? *)"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        longest_gap_minutes(Node(text))


def test_an_unknown_schedule_is_not_judged() -> None:
    with pytest.raises(Undetermined):
        longest_gap_minutes(Node(UNKNOWN))
