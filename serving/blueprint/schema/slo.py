"""Section `slo`: what users are promised, and what happens when the promise is in danger."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Milliseconds, Percent, Section

Objective = Annotated[
    float,
    # 100 % leaves no error budget: every alert would be permanent and no change could ever be rolled out
    Field(gt=50, lt=100),
]


class Freeze(StrEnum):
    """What stops while the error budget is spent."""

    ROLLOUTS = "rollouts"
    SCALE_DOWN = "scale-down"
    EXPERIMENTS = "experiments"


class LatencyObjectives(Section):
    """Upper bounds by percentile: `p95: 120` means that 95 % of requests take at most 120 ms."""

    p50: Milliseconds | None = Field(default=None, description="Half of the requests, milliseconds.")
    p95: Milliseconds | None = Field(default=None, description="95 % of the requests, milliseconds.")
    p99: Milliseconds | None = Field(default=None, description="99 % of the requests, milliseconds.")

    @model_validator(mode="after")
    def _check(self) -> LatencyObjectives:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        stated = self.by_percentile()
        if not stated:
            yield Finding((), "no percentile is stated", "nothing could be measured", "state p50, p95 or p99")
        for (low, low_ms), (high, high_ms) in zip(list(stated.items()), list(stated.items())[1:], strict=False):
            if high_ms < low_ms:
                yield Finding(
                    (f"p{high}",),
                    f"{high_ms} ms is less than p{low} ({low_ms} ms)",
                    effect="a higher percentile can never be faster than a lower one",
                    remedy=f"state p{high} of at least {low_ms}",
                )

    def by_percentile(self) -> dict[int, int]:
        """Percentile -> milliseconds, ascending, only what is stated."""
        values = {50: self.p50, 95: self.p95, 99: self.p99}
        return {percentile: bound for percentile, bound in values.items() if bound is not None}


class ErrorBudgetPolicy(Section):
    """What happens when the error budget runs out."""

    freezes: tuple[Freeze, ...] = Field(
        default=(Freeze.ROLLOUTS,), min_length=1, description="What stops while the budget is spent."
    )
    freeze_at_percent: Percent = Field(default=100, description="Share of the budget spent at which it stops.")
    decided_by: str = Field(default="service-owner", description="Role that may lift the freeze.", min_length=2)


class Slo(Section):
    """Objectives over a rolling window."""

    window_days: int = Field(
        default=28,  # whole weeks, so that every window holds the same weekends
        ge=7,
        le=90,
        description="Length of the rolling window, days.",
    )
    availability_percent: Objective = Field(description="Share of requests that succeed, percent; below 100.")
    latency_ms: LatencyObjectives = Field(description="Latency objectives of whole requests.")
    time_to_first_token_ms: LatencyObjectives | None = Field(
        default=None, description="Objectives of the time to first token; LLMs only."
    )
    min_tokens_per_second: float | None = Field(
        default=None, gt=0, description="Output tokens a second that 95 % of requests get; LLMs only."
    )
    error_budget: ErrorBudgetPolicy = Field(
        default=ErrorBudgetPolicy(), description="What happens when the error budget runs out."
    )

    @property
    def error_budget_ratio(self) -> float:
        """Share of requests that may fail: 0.001 for 99.9 %."""
        return round(1 - self.availability_percent / 100, 10)
