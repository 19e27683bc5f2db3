"""Section `cost`: the ceiling and what happens on the way to it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from serving.blueprint.schema.base import Section, Usd


class CostAction(StrEnum):
    """What happens when a share of the ceiling is spent."""

    NOTIFY = "notify"
    """The owner is told."""
    TICKET = "ticket"
    """The owner must answer."""
    STOP_SCALE_UP = "stop-scale-up"
    """The maximum is frozen at the present count; nothing that runs is stopped."""


class CostActions(Section):
    """What happens at 50, 80 and 100 % of the ceiling."""

    at_50_percent: CostAction = Field(default=CostAction.NOTIFY, description="At 50 % of the ceiling.")
    at_80_percent: CostAction = Field(default=CostAction.TICKET, description="At 80 % of the ceiling.")
    at_100_percent: CostAction = Field(default=CostAction.TICKET, description="At the ceiling.")

    def by_percent(self) -> dict[int, CostAction]:
        """Percent of the ceiling -> action, ascending."""
        return {50: self.at_50_percent, 80: self.at_80_percent, 100: self.at_100_percent}


class Cost(Section):
    """The ceiling and what happens on the way to it."""

    monthly_ceiling_usd: Usd = Field(description="Most that the service may cost a month, all regions, US dollars.")
    actions: CostActions = Field(default=CostActions(), description="What happens at 50, 80 and 100 %.")
