"""How often AWS Backup can be asked, and what it then keeps."""

from __future__ import annotations

from typing import Any

import pytest

from serving.blueprint.schema.recovery import BackupRule, StatefulPart
from serving.planning.backups import (
    RESTORE_SCHEDULES,
    SCHEDULES,
    backup_class,
    backup_minutes,
    minutes_of,
    restore_schedule,
    schedule,
    strictest,
)


def rule(**changes: Any) -> BackupRule:
    return BackupRule(**({"part": StatefulPart.MODEL_STORE} | changes))


def test_a_schedule_says_its_own_interval() -> None:
    assert {minutes_of(expression) for expression in SCHEDULES.values()} == set(SCHEDULES)
    assert minutes_of("cron(0 0 1 1 ? *)") is None


@pytest.mark.parametrize("minutes", [60, 61, 90, 720, 1_439, 1_440, 10_080, 525_600])
def test_a_backup_is_never_less_often_than_promised(minutes: int) -> None:
    kept = backup_minutes(rule(every_minutes=minutes))
    assert kept <= minutes
    assert schedule(minutes) == SCHEDULES[kept]


@pytest.mark.parametrize("days", [1, 6, 7, 16, 17, 30, 31, 90, 92, 365, 366, 3_650])
def test_a_restore_test_is_never_less_often_than_promised(days: int) -> None:
    longest_gap = {expression: gap for gap, expression in RESTORE_SCHEDULES.items()}
    assert longest_gap[restore_schedule(days)] <= days


def test_the_strictest_rule_keeps_all_of_them() -> None:
    rules = [
        rule(every_minutes=60, retention_days=7),
        rule(every_minutes=1_440, retention_days=90, continuous=True),
    ]
    kept = strictest(rules)
    assert (kept.every_minutes, kept.retention_days, kept.continuous) == (60, 90, True)


def test_different_promises_have_different_classes() -> None:
    variants = [
        rule(),
        rule(every_minutes=60),
        rule(retention_days=7),
        rule(continuous=True),
    ]
    assert len({backup_class(one) for one in variants}) == len(variants)
