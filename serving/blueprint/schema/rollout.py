"""Section `rollout`: how a new model or engine takes over, and what sends it back."""

from __future__ import annotations

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


class AnalysisMetric(Section):
    """One condition that the new version must meet at every step."""

    signal: Signal = Field(description="What is measured, of the canary alone.")
    max_value: float = Field(gt=0, description="Largest good value, in the signal's unit.")
    failure_limit: int = Field(default=2, ge=0, le=20, description="Bad measurements that are forgiven.")
    interval_seconds: PositiveSeconds = Field(default=60, description="Time between measurements.")


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
    max_surge_percent: int = Field(
        default=25,
        ge=1,
        le=100,
        description="Replicas above the desired count while both versions run, percent.",
    )

    @model_validator(mode="after")
    def _check(self) -> Rollout:
        raise_findings(self._findings())
        return self

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
