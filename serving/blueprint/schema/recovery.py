"""Section `recovery`: how much may be lost, how long it may take, and from what it is restored."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Days, Minutes, Section


class Topology(StrEnum):
    """How a service stands in several regions."""

    SINGLE_REGION = "single-region"
    ACTIVE_PASSIVE = "active-passive"
    """One region serves, another stands ready with reserved capacity."""
    ACTIVE_ACTIVE = "active-active"
    """All active regions serve all of the time."""


class FailoverMode(StrEnum):
    """Who moves the traffic."""

    AUTOMATIC = "automatic"
    """Health checks move it; no person and no control plane is needed."""
    MANUAL = "manual"
    """A person decides; the runbook moves it."""


class StatefulPart(StrEnum):
    """What holds data."""

    MODEL_STORE = "model-store"
    FEATURE_STORE = "feature-store"
    CLUSTER = "cluster"


MIN_BACKUP_MINUTES = 60
"""Shortest interval of AWS Backup's schedules (see docs/facts.md); below it only point-in-time recovery helps."""


class BackupRule(Section):
    """How one stateful part is backed up."""

    part: StatefulPart = Field(description="What is backed up.")
    every_minutes: Minutes = Field(
        # half of the default RPO: a backup also needs time to start and to complete
        default=720,
        description="Time between two backups, minutes.",
    )
    retention_days: Days = Field(default=35, description="How long a backup is kept, days.")
    continuous: bool = Field(
        default=False, description="Whether the store keeps point-in-time recovery besides the backups."
    )


class Recovery(Section):
    """Promises about losses, and what keeps them."""

    rto_minutes: Minutes = Field(default=60, description="Longest time without service after a region is lost.")
    rpo_minutes: Minutes = Field(default=1_440, description="Longest stretch of data that may be lost.")
    topology: Topology = Field(default=Topology.ACTIVE_ACTIVE, description="How the service stands in regions.")
    min_active_regions: int = Field(default=1, ge=1, le=8, description="Fewest regions that serve.")
    failover: FailoverMode = Field(default=FailoverMode.AUTOMATIC, description="Who moves the traffic.")
    backups: tuple[BackupRule, ...] = Field(
        default=(BackupRule(part=StatefulPart.MODEL_STORE),),
        min_length=1,
        description="One rule for each stateful part.",
    )
    restore_test_every_days: Days = Field(default=30, description="Time between two restore tests, days.")

    @model_validator(mode="after")
    def _check(self) -> Recovery:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        seen: set[StatefulPart] = set()
        for index, rule in enumerate(self.backups):
            if rule.part in seen:
                yield Finding(
                    ("backups", index, "part"),
                    f"'{rule.part}' has two rules",
                    effect="nobody could tell which of the two holds",
                    remedy="state one rule for each stateful part",
                )
            seen.add(rule.part)
            if rule.every_minutes < MIN_BACKUP_MINUTES and not rule.continuous:
                yield Finding(
                    ("backups", index, "every_minutes"),
                    f"{rule.every_minutes} is less than {MIN_BACKUP_MINUTES}",
                    effect="AWS Backup makes no backup more often than every hour",
                    remedy=f"state at least {MIN_BACKUP_MINUTES}, or keep continuous: true for a shorter RPO",
                )
            if rule.every_minutes > self.rpo_minutes and not rule.continuous:
                yield Finding(
                    ("backups", index, "every_minutes"),
                    f"a backup every {rule.every_minutes} minutes cannot keep an RPO of {self.rpo_minutes} minutes",
                    effect="a loss between two backups would break the promise of recovery.rpo_minutes",
                    remedy=f"back up at least every {self.rpo_minutes} minutes, or keep continuous: true",
                )
        if self.topology is Topology.SINGLE_REGION and self.min_active_regions > 1:
            yield Finding(
                ("min_active_regions",),
                f"{self.min_active_regions} active regions in topology 'single-region'",
                effect="the two contradict each other",
                remedy="choose topology: active-active, or min_active_regions: 1",
                allowed=tuple(Topology),
            )
