"""Section `incidents`: who is called, in what order, and what they may decide."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section, Text

RunbookPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*\.md$", max_length=200)]


class FailureMode(StrEnum):
    """The ways in which a model service fails; each has a runbook."""

    MODEL_DEGRADATION = "model-degradation"
    """Answers get worse although the service is up."""
    DATA_CORRUPTION = "data-corruption"
    """Features or weights are not what they should be."""
    NETWORK_OUTAGE = "network-outage"
    MODEL_STALENESS = "model-staleness"
    """The model is older than its data allows."""
    INPUT_DRIFT = "input-drift"
    """Requests no longer look like the training data."""
    INFRASTRUCTURE_OUTAGE = "infrastructure-outage"


class Notify(StrEnum):
    """Who is told."""

    ON_CALL = "on-call"
    OWNER = "owner"
    PLATFORM = "platform"
    MANAGEMENT = "management"


class Severity(Section):
    """What a severity means and how fast it is answered."""

    level: int = Field(ge=1, le=4, description="1 is the worst.")
    meaning: Text = Field(description="When an incident has this severity.")
    respond_within_minutes: int = Field(gt=0, le=10_080, description="Time to the first human answer.")
    page: bool = Field(description="Whether somebody is woken; a ticket otherwise.")


class EscalationStep(Section):
    """Who is told when nobody has answered for so long."""

    after_minutes: int = Field(ge=0, le=10_080, description="Minutes since the alert.")
    notify: Notify = Field(description="Who is told.")


class DecisionRights(Section):
    """Which role may decide what without asking."""

    rollback: Notify = Field(default=Notify.ON_CALL, description="Send traffic back to the last good version.")
    failover: Notify = Field(default=Notify.ON_CALL, description="Move traffic out of a region.")
    degrade: Notify = Field(default=Notify.ON_CALL, description="Take a step of the degradation ladder.")
    lift_freeze: Notify = Field(default=Notify.OWNER, description="Roll out although the error budget is spent.")


DEFAULT_SEVERITIES = (
    Severity(level=1, meaning="users stop, or data is lost or leaked", respond_within_minutes=5, page=True),
    Severity(level=2, meaning="an objective is being missed fast", respond_within_minutes=15, page=True),
    Severity(level=3, meaning="an objective is being missed slowly", respond_within_minutes=480, page=False),
)

DEFAULT_ESCALATION = (
    EscalationStep(after_minutes=0, notify=Notify.ON_CALL),
    EscalationStep(after_minutes=15, notify=Notify.OWNER),
    EscalationStep(after_minutes=30, notify=Notify.PLATFORM),
    EscalationStep(after_minutes=60, notify=Notify.MANAGEMENT),
)


class Incidents(Section):
    """Who is called, in what order, and what they may decide."""

    severities: tuple[Severity, ...] = Field(
        default=DEFAULT_SEVERITIES, min_length=1, description="Severities, worst first."
    )
    escalation: tuple[EscalationStep, ...] = Field(
        default=DEFAULT_ESCALATION, min_length=1, description="Escalation path, in order of time."
    )
    decision_rights: DecisionRights = Field(default=DecisionRights(), description="Who may decide what.")
    runbooks: dict[FailureMode, RunbookPath] = Field(
        default_factory=lambda: {mode: f"docs/runbooks/{mode.value}.md" for mode in FailureMode},
        description="Runbook of each failure mode, a path in the repository.",
    )

    @model_validator(mode="after")
    def _check(self) -> Incidents:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        for index, (before, after) in enumerate(pairwise(self.escalation), start=1):
            if after.after_minutes <= before.after_minutes:
                yield Finding(
                    ("escalation", index, "after_minutes"),
                    f"{after.after_minutes} is not later than the step before ({before.after_minutes})",
                    effect="two steps would be told at once, or in the wrong order",
                    remedy="order the steps by rising time",
                )
        for mode in FailureMode:
            if mode not in self.runbooks:
                yield Finding(
                    ("runbooks",),
                    f"no runbook for '{mode}'",
                    effect="whoever is called for it has nothing to follow",
                    remedy=f"state runbooks.{mode}, or leave out runbooks to take the defaults",
                    allowed=tuple(FailureMode),
                )
