"""How often AWS Backup can be asked, and what it then keeps.

Owns the arithmetic of backup rules: which of the possible schedules keeps a rule, what several services that
share a store need together, and the name of the class that a stateful resource is tagged with. The vaults and
plans themselves are `components.backup`; what a schedule means for a promise is `serving.planning.recovery`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.recovery import BackupRule, StatefulPart
from serving.blueprint.vocabulary import Tier

HOUR, DAY, WEEK = 60, 1_440, 10_080  # minutes

# AWS Backup takes no backup more often than hourly (its own refusal: "the interval between backup jobs shouldn't be
# less than 60 minutes", AWS re:Post, read 2026-11).
# Minutes between two backups -> cron expression (UTC); a promise in between is rounded down.
SCHEDULES: dict[int, str] = {
    HOUR: "cron(0 * * * ? *)",
    **{hours * HOUR: f"cron(0 0/{hours} * * ? *)" for hours in (2, 3, 4, 6, 8, 12)},
    DAY: "cron(0 3 * * ? *)",
    WEEK: "cron(0 3 ? * 1 *)",
}

START_WINDOW_MINUTES = 60
"""The shortest that AWS Backup allows (botocore 1.44.5, backup, BackupRuleInput); a later start would stretch the
RPO."""

COMPLETION_MINUTES = 60
"""What a backup is given from its start to its end: an assumption. AWS promises no time; all but the first backup of a
store are incremental. A job that fails or expires is told, a slow one is seen in AWS Backup's metrics."""

COPY_MINUTES = 60
"""What a copy to another region or account is given: an assumption, for the same reason."""

AIR_GAP_MIN_DAYS = 7
"""Shortest retention in a logically air-gapped vault (botocore 1.44.5, backup,
CreateLogicallyAirGappedBackupVaultInput)."""

# Longest time between two restore tests, days -> cron expression (UTC). Calendar months have up to 31 days.
RESTORE_SCHEDULES: dict[int, str] = {
    1: "cron(0 5 * * ? *)",
    7: "cron(0 5 ? * 1 *)",
    17: "cron(0 5 1,15 * ? *)",
    31: "cron(0 5 1 * ? *)",
    92: "cron(0 5 1 1,4,7,10 ? *)",
    366: "cron(0 5 1 1 ? *)",
}


def kept_minutes(every_minutes: int) -> int:
    """Minutes between two backups that AWS Backup can keep, at most those asked for; an hour if less is asked."""
    return max((minutes for minutes in SCHEDULES if minutes <= every_minutes), default=HOUR)


def backup_minutes(rule: BackupRule) -> int:
    """Minutes between two backups that AWS Backup can keep, at most those that the rule asks for."""
    return kept_minutes(rule.every_minutes)


def backup_class(rule: BackupRule) -> str:
    """Name of the class of backups that keeps the rule."""
    continuous = "-continuous" if rule.continuous else ""
    return f"every-{backup_minutes(rule) // HOUR}h-keep-{rule.retention_days}d{continuous}"


def strictest(rules: Sequence[BackupRule]) -> BackupRule:
    """One rule that keeps all the given ones: for what several services share."""
    return BackupRule(
        part=rules[0].part,
        every_minutes=min(rule.every_minutes for rule in rules),
        retention_days=max(rule.retention_days for rule in rules),
        continuous=any(rule.continuous for rule in rules),
    )


def rules_for(blueprints: Iterable[Blueprint], part: StatefulPart) -> list[BackupRule]:
    """The rules that services state for one stateful part."""
    return [rule for blueprint in blueprints for rule in blueprint.recovery.backups if rule.part is part]


def rules_by_class(blueprints: Sequence[Blueprint]) -> dict[str, BackupRule]:
    """Class of backups -> its rule, for all that the blueprints need, sorted.

    Feature stores are a service's own; the other stateful parts are shared, and kept as the strictest asks.
    """
    own = rules_for(blueprints, StatefulPart.FEATURE_STORE)
    shared = [
        strictest(same)
        for part in StatefulPart
        if part is not StatefulPart.FEATURE_STORE and (same := rules_for(blueprints, part))
    ]
    return dict(sorted((backup_class(rule), rule) for rule in (*own, *shared)))


def kept_rules(blueprint: Blueprint, blueprints: Sequence[Blueprint]) -> list[BackupRule]:
    """What keeps each of a service's rules, in their order: its own, or the strictest of those who share the part."""
    return [
        rule if rule.part is StatefulPart.FEATURE_STORE else strictest(rules_for(blueprints, rule.part))
        for rule in blueprint.recovery.backups
    ]


def air_gapped_classes(blueprints: Sequence[Blueprint]) -> set[str]:
    """Classes that hold data without which users stop."""
    stopping = [blueprint for blueprint in blueprints if blueprint.identity.tier is Tier.USERS_STOP]
    return {backup_class(rule) for blueprint in stopping for rule in kept_rules(blueprint, blueprints)}


def schedule(every_minutes: int) -> str:
    """Cron expression of backups at least that often, as far as AWS Backup can."""
    return SCHEDULES[kept_minutes(every_minutes)]


def minutes_of(cron: str) -> int | None:
    """Minutes between two backups of one of the schedules; None for a schedule that is not one of them."""
    return next((minutes for minutes, expression in SCHEDULES.items() if expression == cron), None)


def restore_schedule(every_days: int) -> str:
    """Cron expression of restore tests at least that often."""
    return RESTORE_SCHEDULES[max(days for days in RESTORE_SCHEDULES if days <= every_days)]
