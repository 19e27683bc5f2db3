"""Who watches the account: each service is this stack's, or the organisation's already."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from serving.blueprint.schema.base import Section


class Provision(StrEnum):
    """Who makes a part that an account can have only once."""

    MANAGED = "managed"
    """This stack."""
    PROVIDED = "provided"
    """Somebody else has made it already, as the organisation for all its accounts: nothing is made here."""


class Audit(Section):
    """Who watches the account. Every one of these is there once in an account and region."""

    trail: Provision = Field(default=Provision.MANAGED, description="CloudTrail: who did what.")
    trail_insights: bool = Field(
        default=False, description="Whether the trail also reports unusual rates of calls and errors (costs extra)."
    )
    guardduty: Provision = Field(default=Provision.MANAGED, description="GuardDuty: signs of an attack.")
    config: Provision = Field(default=Provision.MANAGED, description="AWS Config: what looked how, and when.")
    security_hub: Provision = Field(
        default=Provision.MANAGED, description="Security Hub: controls of the standards, and all findings in one place."
    )
    macie: Provision = Field(
        default=Provision.MANAGED, description="Macie: whether personal data is where it is declared to be."
    )
