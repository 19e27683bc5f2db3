"""Section `degradation`: the ordered ladder of worse but working answers."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Name, PositiveSeconds, Section
from serving.blueprint.schema.model import Model
from serving.blueprint.schema.signals import Signal


class Action(StrEnum):
    """What a step of the ladder does."""

    SHED_LOW_PRIORITY = "shed-low-priority"
    SMALLER_MODEL = "smaller-model"
    CACHED_ANSWER = "cached-answer"
    STATIC_ANSWER = "static-answer"


class Condition(Section):
    """A signal beyond a threshold for a time."""

    signal: Signal = Field(description="What is measured.")
    above: float | None = Field(default=None, gt=0, description="Threshold from above, in the signal's unit.")
    below: float | None = Field(default=None, gt=0, description="Threshold from below, in the signal's unit.")
    for_seconds: PositiveSeconds = Field(default=60, description="How long it must hold.")

    @model_validator(mode="after")
    def _check(self) -> Condition:
        if (self.above is None) == (self.below is None):
            raise_findings(
                [
                    Finding(
                        (),
                        "exactly one of 'above' and 'below' is needed",
                        effect="the condition would always or never hold",
                        remedy="state one of the two",
                    )
                ]
            )
        return self


def _side(condition: Condition) -> str:
    above = condition.above is not None
    return f"above {condition.above:g}" if above else f"below {condition.below:g}"


class Step(Section):
    """One rung: what it does, what starts it, what ends it."""

    action: Action = Field(description="What the step does.")
    when: Condition = Field(description="What starts the step.")
    until: Condition = Field(description="What ends the step.")
    static_answer: dict[str, Any] | None = Field(
        default=None, description="The answer of `static-answer`; it must fit the contract's response."
    )
    cache_seconds: PositiveSeconds | None = Field(
        default=None, description="Oldest answer that `cached-answer` may give."
    )

    @model_validator(mode="after")
    def _check(self) -> Step:
        needed = {Action.STATIC_ANSWER: "static_answer", Action.CACHED_ANSWER: "cache_seconds"}.get(self.action)
        if needed is not None and getattr(self, needed) is None:
            raise_findings(
                [
                    Finding(
                        (needed,),
                        f"action '{self.action}' needs {needed}",
                        effect="the step would have nothing to answer with",
                        remedy=f"state {needed}",
                    )
                ]
            )
        raise_findings(self._overlap())
        return self

    def _overlap(self) -> Iterator[Finding]:
        """What starts and what ends a step must never hold at once, or it would be switched to and fro."""
        when, until = self.when, self.until
        if when.signal is not until.signal:
            return
        if when.above is not None:
            apart = until.below is not None and until.below <= when.above
        else:
            apart = until.above is not None and when.below is not None and until.above >= when.below
        if not apart:
            yield Finding(
                ("until",),
                f"holds while `when` holds ({_side(when)} starts the step, {_side(until)} ends it)",
                effect="the step would be switched on and off again without end",
                remedy="end it on the other side of the threshold, with room between the two",
            )


class FallbackModel(Section):
    """The smaller model: another service of the platform, or a model that runs beside this one."""

    service: Name | None = Field(default=None, description="Another service with the same contract.")
    model: Model | None = Field(default=None, description="A model that runs beside this one.")
    min_replicas: int = Field(default=1, ge=0, le=1_000, description="Fewest replicas of `model`, per region.")
    max_replicas: int = Field(default=2, ge=1, le=1_000, description="Most replicas of `model`, per region.")

    @model_validator(mode="after")
    def _check(self) -> FallbackModel:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if (self.service is None) == (self.model is None):
            yield Finding(
                (),
                "exactly one of 'service' and 'model' is needed",
                effect="the smaller model would be unknown or ambiguous",
                remedy="state one of the two",
            )
        if self.max_replicas < self.min_replicas:
            yield Finding(
                ("max_replicas",),
                f"{self.max_replicas} is less than min_replicas ({self.min_replicas})",
                effect="the autoscaler would refuse its own bounds",
                remedy=f"raise max_replicas to at least {self.min_replicas}",
            )


class Degradation(Section):
    """The ladder, mildest step first."""

    ladder: tuple[Step, ...] = Field(default=(), description="Steps in the order in which they are taken.")
    fallback: FallbackModel | None = Field(default=None, description="What `smaller-model` routes to.")

    @model_validator(mode="after")
    def _check(self) -> Degradation:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        seen: set[Action] = set()
        for index, step in enumerate(self.ladder):
            if step.action in seen:
                yield Finding(
                    ("ladder", index, "action"),
                    f"'{step.action}' stands in the ladder twice",
                    effect="the second one could never take effect",
                    remedy="take each step once",
                )
            seen.add(step.action)
        if Action.SMALLER_MODEL in seen and self.fallback is None:
            yield Finding(
                ("fallback",),
                "the ladder has a step 'smaller-model' but no fallback is stated",
                effect="the step would route to nothing",
                remedy="state degradation.fallback.service or degradation.fallback.model",
            )
        fallback = self.fallback
        if Action.SMALLER_MODEL in seen and fallback is not None and fallback.model and not fallback.min_replicas:
            yield Finding(
                ("fallback", "min_replicas"),
                "0 although the ladder has a step 'smaller-model'",
                effect="the step would route everybody to nothing for as long as a cold start takes",
                remedy="keep at least 1 replica warm",
            )
