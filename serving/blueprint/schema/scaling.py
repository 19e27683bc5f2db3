"""Section `scaling`: how many replicas, on what signal, how fast, and for which traffic.

All replica counts are per active region.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Name, Replicas, Seconds, Section
from serving.blueprint.schema.signals import PERCENT_SIGNALS, Signal

CronExpression = Annotated[str, StringConstraints(pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", max_length=100)]


class Trigger(Section):
    """Scale so that `signal` stays at `target`."""

    signal: Signal = Field(description="What is measured.")
    target: float = Field(gt=0, description="The value to keep, in the signal's unit.")

    @model_validator(mode="after")
    def _check(self) -> Trigger:
        if self.signal in PERCENT_SIGNALS and self.target > 100:
            raise_findings(
                [
                    Finding(
                        ("target",),
                        f"{self.target:g} is more than 100 {self.signal.unit}",
                        effect="the trigger could never fire",
                        remedy="state a percentage between 0 and 100",
                    )
                ]
            )
        return self


class ScaleDirection(Section):
    """How fast the count may move in one direction."""

    stabilization_seconds: Seconds = Field(description="The most cautious wish of this window wins.")
    max_percent_per_minute: int = Field(default=100, ge=1, le=1_000, description="Largest step a minute, percent.")


class Peak(Section):
    """A known peak: this many replicas stand ready between two times."""

    name: Name = Field(description="What the peak is.")
    start: CronExpression = Field(description="Cron expression of its start (five fields).")
    end: CronExpression = Field(description="Cron expression of its end (five fields).")
    timezone: str = Field(default="Etc/UTC", pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", description="IANA zone.")
    replicas: int = Field(gt=0, le=10_000, description="Replicas that stand ready, per region.")


class Traffic(Section):
    """The traffic that the service is built for, over all regions."""

    baseline_rps: float = Field(ge=0, le=10_000_000, description="Requests a second in a quiet hour.")
    peak_rps: float = Field(gt=0, le=10_000_000, description="Requests a second in the busiest minute.")
    daily_shape: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        default=(),
        description="24 hourly shares of the peak (0 to 1, UTC); flat between baseline and peak by default.",
    )
    monthly_growth_percent: float = Field(default=0, ge=-50, le=200, description="Expected growth a month, percent.")

    @model_validator(mode="after")
    def _check(self) -> Traffic:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if self.peak_rps < self.baseline_rps:
            yield Finding(
                ("peak_rps",),
                f"{self.peak_rps:g} is less than baseline_rps ({self.baseline_rps:g})",
                effect="capacity would be planned for less than the everyday load",
                remedy="state the busiest minute as peak_rps",
            )
        if len(self.daily_shape) not in (0, 24):
            yield Finding(
                ("daily_shape",),
                f"{len(self.daily_shape)} values",
                effect="the hours of the day could not be told apart",
                remedy="state 24 values, one an hour from 00:00 UTC, or none",
            )


class ShiftReaction(StrEnum):
    """What happens when traffic arrives that scaling cannot follow in time."""

    QUEUE = "queue"
    """Hold requests up to their timeout."""
    SHED = "shed"
    """Refuse low-priority requests at once."""
    DEGRADE = "degrade"
    """Climb the degradation ladder."""


class Fallback(Section):
    """What the autoscaler does when metrics are missing."""

    failed_queries: int = Field(default=3, ge=1, le=20, description="Failed queries before the fallback holds.")
    replicas: int = Field(gt=0, le=10_000, description="Replicas to hold, per region.")


ZERO_SIGNALS = frozenset({Signal.THROUGHPUT, Signal.CONCURRENCY})
"""Signals that the gateway counts, and so has a value for while there is no replica."""


class Scaling(Section):
    """How many replicas, on what signal, how fast."""

    min_replicas: Replicas = Field(description="Fewest replicas per region; 0 only with scale_to_zero.")
    max_replicas: int = Field(gt=0, le=10_000, description="Most replicas per region.")
    replica_rps: float = Field(
        gt=0, description="Requests a second that one replica was measured to carry inside the SLO."
    )
    traffic: Traffic = Field(description="The traffic that the service is built for.")
    triggers: tuple[Trigger, ...] = Field(
        default=(),
        description="Signals and targets; the highest wish wins. 70 % of replica_rps by default.",
    )
    scale_to_zero: bool = Field(
        default=False, description="Whether no replica at all may run when idle; requests fail until one has started."
    )
    prewarmed_replicas: Replicas = Field(
        default=0, description="Loaded replicas held above what the load asks for, per region."
    )
    cooldown_seconds: Seconds = Field(default=300, description="Wait before scaling to zero or back to the floor.")
    scale_up: ScaleDirection = Field(
        default=ScaleDirection(stabilization_seconds=0), description="How fast replicas are added."
    )
    scale_down: ScaleDirection = Field(
        default=ScaleDirection(stabilization_seconds=300, max_percent_per_minute=20),
        description="How fast replicas are removed.",
    )
    fallback: Fallback | None = Field(
        default=None, description="What holds when metrics are missing; half of max_replicas by default."
    )
    reserved_replicas: Replicas = Field(
        default=0, description="Replicas per region whose nodes are reserved, whatever the load."
    )
    schedule: tuple[Peak, ...] = Field(default=(), description="Known peaks.")
    on_traffic_shift: ShiftReaction = Field(
        default=ShiftReaction.QUEUE, description="What happens while scaling catches up."
    )
    prewarm_before_model_update: bool = Field(
        default=True, description="Whether new replicas are loaded and warm before they take traffic."
    )

    @model_validator(mode="after")
    def _check(self) -> Scaling:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if self.max_replicas < self.min_replicas:
            yield Finding(
                ("max_replicas",),
                f"{self.max_replicas} is less than min_replicas ({self.min_replicas})",
                effect="the autoscaler would refuse its own bounds",
                remedy=f"raise max_replicas to at least {self.min_replicas}, or lower min_replicas",
            )
        if self.min_replicas == 0 and not self.scale_to_zero:
            yield Finding(
                ("min_replicas",),
                "0 without scale_to_zero",
                effect="the first request of a quiet hour would wait for a whole cold start",
                remedy="state min_replicas of at least 1, or scale_to_zero: true",
            )
        yield from self._zero_is_reachable()
        yield from self._counts_above_maximum()

    def _zero_is_reachable(self) -> Iterator[Finding]:
        """At zero replicas only what the gateway counts is measured; and a pre-warmed replica is one."""
        if not self.scale_to_zero:
            return
        if self.prewarmed_replicas:
            yield Finding(
                ("prewarmed_replicas",),
                f"{self.prewarmed_replicas} together with scale_to_zero",
                effect="the service would never reach zero",
                remedy="state one of the two",
            )
        for index, trigger in enumerate(self.triggers):
            if trigger.signal not in ZERO_SIGNALS:
                yield Finding(
                    ("triggers", index, "signal"),
                    f"'{trigger.signal}' has no value while there is no replica",
                    effect="the autoscaler would hold its fallback instead of zero",
                    remedy="scale by what the gateway counts",
                    allowed=tuple(sorted(ZERO_SIGNALS)),
                )

    def _counts_above_maximum(self) -> Iterator[Finding]:
        counts: list[tuple[tuple[str | int, ...], int]] = [
            (("prewarmed_replicas",), self.prewarmed_replicas),
            (("reserved_replicas",), self.reserved_replicas),
            *((("schedule", i, "replicas"), peak.replicas) for i, peak in enumerate(self.schedule)),
        ]
        if self.fallback is not None:
            counts.append((("fallback", "replicas"), self.fallback.replicas))
        for path, count in counts:
            if count > self.max_replicas:
                yield Finding(
                    path,
                    f"{count} is more than max_replicas ({self.max_replicas})",
                    effect="the autoscaler would never allow that many",
                    remedy=f"state at most {self.max_replicas}, or raise max_replicas",
                )

    @property
    def effective_triggers(self) -> tuple[Trigger, ...]:
        """The stated triggers, or throughput at 70 % of what a replica was measured to carry."""
        # 70 %: at this load an M/M/1 queue is 3.3 service times long; above, waiting grows without bound
        return self.triggers or (Trigger(signal=Signal.THROUGHPUT, target=round(0.7 * self.replica_rps, 6)),)

    @property
    def effective_fallback(self) -> Fallback:
        """The stated fallback, or half of the maximum."""
        return self.fallback or Fallback(replicas=max(self.min_replicas, -(-self.max_replicas // 2), 1))
