"""Section `rollout`: how a new model or engine takes over, and what sends it back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import PositiveSeconds, Section
from serving.blueprint.schema.signals import Signal


class Strategy(StrEnum):
    """How the new version takes over."""

    CANARY = "canary"
    """A growing share of the traffic, judged at each step."""
    BLUE_GREEN = "blue-green"
    """All at once; judged by live traffic after the switch, and sent back if it fails."""
    ROLLING = "rolling"
    """Replica by replica, each ready before the next; judged by probes, and by people. For models that span nodes."""


class Precheck(StrEnum):
    """What must hold before a rollout begins."""

    CONTRACT = "contract"
    """The new version answers the contract's generated requests."""
    SIGNATURE = "signature"
    """The model's manifest verifies."""
    ERROR_BUDGET = "error-budget"
    """Enough error budget is left."""
    CAPACITY = "capacity"
    """Stable and canary fit beside each other."""


class CanaryStep(Section):
    """One step: this share of the traffic, for this long."""

    weight_percent: int = Field(ge=1, le=100, description="Share of the traffic, percent.")
    bake_seconds: PositiveSeconds = Field(description="How long it is watched before the next step.")


DEFAULT_INTERVAL_SECONDS = 60


class AnalysisMetric(Section):
    """One condition that the new version must meet at every step."""

    signal: Signal = Field(description="What is measured, of the canary alone.")
    max_value: float = Field(gt=0, description="Largest good value, in the signal's unit.")
    failure_limit: int = Field(default=2, ge=0, le=20, description="Bad measurements that are forgiven.")
    interval_seconds: PositiveSeconds = Field(
        default=DEFAULT_INTERVAL_SECONDS, description="Time between measurements."
    )


DEFAULT_STEPS = (
    CanaryStep(weight_percent=5, bake_seconds=300),
    CanaryStep(weight_percent=25, bake_seconds=600),
    CanaryStep(weight_percent=50, bake_seconds=600),
)


class Rollout(Section):
    """How a new version takes over."""

    strategy: Strategy = Field(default=Strategy.CANARY, description="Canary, or blue-green.")
    steps: tuple[CanaryStep, ...] = Field(
        default=DEFAULT_STEPS, description="Canary steps with rising weights; 100 % follows the last."
    )
    analysis: tuple[AnalysisMetric, ...] = Field(
        default=(),
        description="Conditions at every step; the SLO's error rate and tightest latency by default.",
    )
    automatic_rollback: bool = Field(default=True, description="Whether a broken condition sends traffic back.")
    prechecks: tuple[Precheck, ...] = Field(
        default=tuple(Precheck), description="What must hold before a rollout begins."
    )
    max_surge_percent: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Most replicas above the desired count while both versions run, percent. By default what the "
        "strategy needs: the largest rise of the weights, 100 for blue-green, one replica for rolling. 100 keeps the "
        "old version of a canary whole until the new one has taken over.",
    )
    held_replicas: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Replicas that keep the version before, with strategy rolling: the rest is looked at first.",
    )

    @model_validator(mode="after")
    def _check(self) -> Rollout:
        raise_findings([*self._findings(), *self._rolling_findings()])
        return self

    @property
    def needed_surge_percent(self) -> int:
        """Replicas above the desired count that the strategy asks for in any case, percent.

        The new version grows before the old one shrinks: at each step both have what the step needs of them.
        """
        if self.strategy is Strategy.BLUE_GREEN:
            return 100
        if self.strategy is Strategy.ROLLING:
            return 1  # of few replicas one, of many as many as are replaced at a time
        return max(after - before for before, after in pairwise(self._weights))

    @property
    def keeps_old_version(self) -> bool:
        """Whether the old version stays whole until the new one has taken over."""
        if self.strategy is Strategy.ROLLING:
            return False
        return self.strategy is Strategy.BLUE_GREEN or self.max_surge_percent == 100

    def replicas_of_both(self, desired: int) -> int:
        """Most replicas of both versions together while one takes over from the other, where `desired` are wanted."""
        if self.keeps_old_version:
            return 2 * desired
        if self.strategy is Strategy.ROLLING:
            return desired + _share(desired, self.max_surge_percent or self.needed_surge_percent)
        return max(_share(desired, after) + _share(desired, 100 - before) for before, after in pairwise(self._weights))

    @property
    def _weights(self) -> tuple[int, ...]:
        """Traffic weights that a new version has one after the other, percent."""
        return (0, *(step.weight_percent for step in self.steps), 100)

    def _findings(self) -> Iterator[Finding]:
        if self.strategy is Strategy.CANARY and not self.steps:
            yield Finding(
                ("steps",),
                "a canary without steps",
                effect="all traffic would move at once, unjudged",
                remedy="state at least one step, or strategy: blue-green",
            )
        for index, (before, after) in enumerate(pairwise(self.steps), start=1):
            if after.weight_percent <= before.weight_percent:
                yield Finding(
                    ("steps", index, "weight_percent"),
                    f"{after.weight_percent} does not rise above the step before ({before.weight_percent})",
                    effect="the canary would lose traffic while it is being promoted",
                    remedy="order the steps by rising weight",
                )
        yield from self._surge_findings()
        yield from self._unjudged_findings()

    def _surge_findings(self) -> Iterator[Finding]:
        needed, stated = self.needed_surge_percent, self.max_surge_percent
        if stated is None or stated >= needed:
            return
        canary = self.strategy is Strategy.CANARY
        yield Finding(
            ("max_surge_percent",),
            f"{stated} is less than the {needed} that "
            + ("the largest rise of the weights asks for" if canary else "a second version beside the first asks for"),
            effect="more replicas would run at once than quota and nodes were declared for",
            remedy=f"state at least {needed}" + (", or a step between" if canary else ""),
        )

    def _unjudged_findings(self) -> Iterator[Finding]:
        """A step that ends before its second measurement may have been watched by nobody."""
        if self.strategy is not Strategy.CANARY:
            return
        least = 2 * max((metric.interval_seconds for metric in self.analysis), default=DEFAULT_INTERVAL_SECONDS)
        for index, step in enumerate(self.steps):
            if step.bake_seconds < least:
                yield Finding(
                    ("steps", index, "bake_seconds"),
                    f"{step.bake_seconds} is less than two measurements take ({least})",
                    effect="the step could end before anything of it was measured",
                    remedy=f"bake for {least} seconds or more, or lower the analysis' interval_seconds",
                )

    def _rolling_findings(self) -> Iterator[Finding]:
        """What nothing does while replicas are replaced one by one: no controller stands between two versions."""
        if self.strategy is not Strategy.ROLLING:
            if self.held_replicas:
                yield Finding(
                    ("held_replicas",),
                    f"{self.held_replicas} held replicas with strategy '{self.strategy}'",
                    effect="nothing would hold them",
                    remedy="set held_replicas: 0; the steps say how far a canary goes",
                )
            return
        if self.steps not in ((), DEFAULT_STEPS):
            yield Finding(
                ("steps",),
                "steps of a rolling update",
                effect="no controller shifts traffic between two versions of replicas that span nodes",
                remedy="leave the steps out; held_replicas lets a few replicas be looked at first",
            )
        if self.analysis:
            yield Finding(
                ("analysis",),
                "conditions of a rolling update",
                effect="no controller would measure them: the next replica follows as soon as one is ready",
                remedy="leave the analysis out; alerts on the objectives are rendered in any case",
            )
        if self.automatic_rollback:
            yield Finding(
                ("automatic_rollback",),
                "automatic rollback of a rolling update",
                effect="nothing would send a bad version back; a replica that does not get ready only stops the update",
                remedy="state automatic_rollback: false; the version before is brought back by deploying it",
            )


def _share(replicas: int, percent: int) -> int:
    """Replicas that carry a share of the traffic: Argo Rollouts rounds up (1.9.0, `trafficWeightToReplicas`)."""
    return math.ceil(replicas * percent / 100)
