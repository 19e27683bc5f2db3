"""Schedules as AWS writes them: the longest time between two runs.

Owns `rate(...)` and `cron(...)` of EventBridge and AWS Backup. It judges nothing.
"""

from __future__ import annotations

import re
from typing import Final

from policies.views import Node

DAY_MINUTES: Final = 24 * 60
_RATE: Final = re.compile(r"rate\((\d{1,6}) (minute|hour|day)s?\)", re.ASCII)
_CRON: Final = re.compile(r"cron\(([^()]{9,120})\)", re.ASCII)
_UNITS: Final = {"minute": 1, "hour": 60, "day": DAY_MINUTES}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: Final = 6  # minute, hour, day of month, month, day of week, year (EventBridge user guide, read 2026-11)
_LAST: Final = re.compile(r"L|LW|\d{1,2}W|[A-Z0-9]{1,3}(L|#\d)", re.ASCII)
_LONGEST_MONTH_DAYS: Final = 31
_LONGEST_YEAR_DAYS: Final = 366


def longest_gap_minutes(node: Node) -> float | None:
    """Minutes between two runs of the schedule at `node`, at most; None if nothing is written there."""
    text = node.text()
    if text is None:
        return None
    rate = _RATE.fullmatch(text)
    if rate:
        return float(rate[1]) * _UNITS[rate[2]]
    cron = _CRON.fullmatch(text)
    fields = cron[1].upper().split() if cron else []
    if len(fields) != _FIELDS:
        raise node.malformed("a schedule such as rate(1 day) or cron(0 5 * * ? *)")
    return _longest_gap(node, fields)


def _longest_gap(node: Node, fields: list[str]) -> float:
    minute, hour, day, month, weekday, _ = fields
    minutes = _values(node, minute, range(60))
    hours = _values(node, hour, range(24))
    times = sorted(at_hour * 60 + at_minute for at_hour in hours for at_minute in minutes)
    days = _days_apart(node, day, month, weekday)
    within = _widest(times, DAY_MINUTES)
    return float(within if days == 1 else days * DAY_MINUTES)


def _days_apart(node: Node, day: str, month: str, weekday: str) -> int:
    """Days between two days on which it runs, at most."""
    months = _widest(sorted(_values(node, month, range(1, 13), _MONTHS)), 12)
    if months > 1:
        return min(months * _LONGEST_MONTH_DAYS, _LONGEST_YEAR_DAYS)
    if weekday == "L":  # every Saturday; behind a day it is the last such day of the month
        return 7
    if _LAST.fullmatch(day) or _LAST.fullmatch(weekday):
        return _LONGEST_MONTH_DAYS
    of_month = _widest(sorted(_values(node, day, range(1, 32))), _LONGEST_MONTH_DAYS)
    of_week = _widest(sorted(_values(node, weekday, range(1, 8), _WEEKDAYS)), 7)
    return max(of_month, of_week)


def _values(node: Node, field: str, span: range, names: tuple[str, ...] = ()) -> set[int]:
    """The numbers that one field of a cron expression stands for."""
    found: set[int] = set()
    for part in field.split(","):
        bounds, _, step = part.partition("/")
        first, _, last = bounds.partition("-")
        if first in ("*", "?"):
            low, high = span[0], span[-1]
        else:
            low = _number(node, first, span, names)
            high = _number(node, last, span, names) if last else (span[-1] if step else low)
        stride = _number(node, step, range(1, span[-1] + 1)) if step else 1
        found.update(range(low, high + 1, stride))
    if not found:
        raise node.malformed("a schedule such as cron(0 5 * * ? *)")
    return found


def _number(node: Node, text: str, span: range, names: tuple[str, ...] = ()) -> int:
    if text in names:
        return span[0] + names.index(text)
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) in span):
        raise node.malformed("a schedule such as cron(0 5 * * ? *)")
    return int(text)


def _widest(points: list[int], around: int) -> int:
    """The widest gap between points on a circle."""
    following = [*points[1:], points[0] + around]
    return max(after - before for before, after in zip(points, following, strict=True))
