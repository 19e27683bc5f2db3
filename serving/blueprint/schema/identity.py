"""Section `identity`: who the service is, whose it is, and what happens when it stops."""

from __future__ import annotations

from pydantic import Field, field_validator

from serving.blueprint.schema.base import Email, HttpsUrl, Name, Section, Text
from serving.blueprint.vocabulary import Tier


class Contacts(Section):
    """Where people reach the team."""

    email: Email = Field(description="Mailbox of the owning team.")
    on_call: Email | None = Field(
        default=None, description="Address that reaches the person on call; the team's mailbox by default."
    )
    chat: str | None = Field(default=None, max_length=80, description="Chat channel of the team.")


class Identity(Section):
    """Who the service is and whose it is."""

    name: Name = Field(description="Name of the service, unique on the platform; also its default host label.")
    data_name: Name | None = Field(
        default=None,
        description="Name under which the service's data was made (feature store, inference log); its first name, "
        "where it was renamed. Its name by default.",
    )
    tenant: Name = Field(description="Tenant (business unit) whose quota and namespace the service uses.")
    owner: Name = Field(description="Team that owns the service.")
    contacts: Contacts = Field(description="Where people reach the owning team.")
    tier: Tier = Field(description="0: users stop when it stops; 1: users notice; 2: nobody notices for a day.")
    description: Text = Field(description="What the service does, in one or two sentences.")
    documentation: HttpsUrl | None = Field(default=None, description="Link to the service's documentation.")

    @field_validator("tier", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        """`true` is no tier, although Python takes it for 1."""
        if isinstance(value, bool):
            raise ValueError(f"'{str(value).lower()}' is no tier; allowed: {', '.join(str(t.value) for t in Tier)}")
        return value
