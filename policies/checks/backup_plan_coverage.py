"""Rule `backup-plan-coverage`: whatever holds data is backed up, often enough, for long enough, and far enough away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.backups import STORES, coverage, destination_vaults
from policies.regions import arn_region, region_of
from policies.replication import is_copy
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.schedules import DAY_MINUTES, longest_gap_minutes
from policies.tagging import tags
from policies.tokens import BUCKET, DYNAMODB_TABLE
from policies.views import Node, Resource
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind

_RPO: Final = re.compile(r"(?:PT?)?(\d{1,7}) ?(M|MIN|MINUTES|H|D)?", re.ASCII)
_RPO_MINUTES: Final = {"M": 1, "MIN": 1, "MINUTES": 1, "H": 60, "D": DAY_MINUTES}
# AWS Backup makes a backup a day where a rule states no schedule (botocore 1.44.5, backup, BackupRuleInput)
_DEFAULT_GAP_MINUTES: Final = DAY_MINUTES


class BackupCoverage(Parameters):
    """Parameters."""

    maximum_interval_hours: int = Field(
        default=24, ge=1, description="Longest time between two backups of what states no RPO."
    )
    minimum_retention_days: int = Field(default=30, ge=1, description="Fewest days that some backups are kept.")
    cross_region_copy_required: bool = Field(
        default=True, description="Whether backups must be copied to another region."
    )
    rpo_tags: tuple[str, ...] = Field(
        default=("rpo", "rpo-minutes"),
        description="Tags that state a recovery point objective, as minutes or such as 15m, 4h, 1d.",
    )
    exempt_resources: tuple[str, ...] = Field(
        default=(), description="URN patterns of what may be lost, or is made again from what is kept."
    )


def check(store: Resource, parameters: BackupCoverage) -> Outcomes:
    """Judge one resource that holds data by the plans that cover it."""
    if any(fnmatchcase(store.urn, pattern) for pattern in parameters.exempt_resources):
        return
    carried = tags(store)
    objectives = [carried[name] for name in parameters.rpo_tags if name in carried]
    if store.token == BUCKET and not objectives and TagKey.BACKUP_PLAN.value not in carried:
        return  # most buckets hold what is derived; the ones that do not say so
    if store.token == BUCKET and is_copy(store):
        return
    found = coverage(store)
    if not found.covered:
        yield Violation("no backup plan selects it")
        return
    if not found.plans:
        return  # a plan of another stack does
    aspects: list[Callable[[], Outcomes]] = [
        lambda: _judge_interval(store, found.plans, objectives, parameters),
        lambda: judge_each(found.plans, lambda plan: _judge_retention(plan, parameters)),
    ]
    if parameters.cross_region_copy_required:
        aspects.append(lambda: judge_each(found.plans[:1], lambda plan: _judge_copies(store, found.plans)))
    yield from judge_each(aspects, lambda aspect: aspect())


def _judge_interval(
    store: Resource, plans: tuple[Resource, ...], objectives: list[Node], parameters: BackupCoverage
) -> Iterator[Outcome]:
    if _recovers_continuously(store):
        return
    gap = min(_gap_minutes(plan) for plan in plans)
    if objectives:
        if gap > _minutes(objectives[0]):
            yield Violation(f"{objectives[0].place} promises less loss than its backups allow, every {gap:g} minutes")
    elif gap > parameters.maximum_interval_hours * 60:
        yield Violation(f"it is backed up less often than every {parameters.maximum_interval_hours} hours")


def _recovers_continuously(store: Resource) -> bool:
    """Whether the store itself can be set back to any minute."""
    return store.token == DYNAMODB_TABLE and bool(store.at("pointInTimeRecovery", "enabled").truth())


def _gap_minutes(plan: Resource) -> float:
    """Longest time between two backups of a plan; the rule that runs most often counts."""
    gaps = [
        0.0 if rule["enableContinuousBackup"].truth() else longest_gap_minutes(rule["schedule"])
        for rule in plan["rules"].items()
    ]
    return min((_DEFAULT_GAP_MINUTES if gap is None else gap for gap in gaps), default=float("inf"))


def _minutes(objective: Node) -> float:
    matched = _RPO.fullmatch((objective.text() or "").upper())
    if not matched:
        raise objective.malformed("a number of minutes, or a time such as 15m, 4h, 1d")
    return float(matched[1]) * _RPO_MINUTES[matched[2] or "M"]


def _judge_retention(plan: Resource, parameters: BackupCoverage) -> Iterator[Outcome]:
    kept = [rule.at("lifecycle", "deleteAfter").number() for rule in plan["rules"].items()]
    if not any(days is None or days >= parameters.minimum_retention_days for days in kept):
        yield Violation(f"none of its rules keeps backups for {parameters.minimum_retention_days} days", plan.urn)


def _judge_copies(store: Resource, plans: tuple[Resource, ...]) -> Iterator[Outcome]:
    here = region_of(store)
    for plan in plans:
        for node, vaults in destination_vaults(plan):
            regions = [region_of(vault) for vault in vaults] or [arn_region(node)]
            if any(region is not None and region != here for region in regions):
                return
    yield Violation("its backups are copied to no other region")


RULE = Rule(
    id="backup-plan-coverage",
    title="Whatever holds data is backed up as often as it was promised, and copied to another region",
    description=(
        "Tables, file systems, volumes and databases, and the buckets that carry a backup or RPO tag, are selected by "
        "a backup plan of their region, by ARN, tag or condition. The longest time between two backups is at most "
        "what the RPO tag says, or the configured hours (a continuous backup or point-in-time recovery is enough); "
        "some backups are kept for the configured days, and copied to another region. Copies of buckets are not "
        "judged: their source is."
    ),
    effect="data that is deleted, encrypted by an attacker or lost with its region is gone, or older than promised",
    remedy="select it by a backup plan with a schedule below the RPO, a lifecycle, and a copy action to another region",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=STORES,
    parameters=BackupCoverage,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
