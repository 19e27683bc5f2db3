"""Waivers: who accepted which violation, why, and until when.

Owns the shape of a waiver and when it holds. A waiver stands in the stack's configuration, so it is granted
in code review. What is wrong with one is found by the rule `exception-ttl`; here it just does not hold.
It never reads the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAXIMUM_DAYS: Final = 90
"""A waiver that outlives a quarter is a decision, and belongs into the rule's parameters."""

MINIMUM_LITERAL_CHARACTERS: Final = 3
"""Fewer characters of a name in a row, between wildcards, match whatever comes along."""

_WILDCARD: Final = re.compile(r"\[!?\]?[^]]*\]|[*?]")  # as fnmatch reads them: what a class lists is not literal


class Waiver(BaseModel):
    """One accepted violation."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    rule: str = Field(description="Id of the one rule that is waived.")
    resource: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="URN of the resource; `*` stands for any characters."
    )
    reason: Annotated[str, StringConstraints(min_length=10)] = Field(description="Why the violation is accepted.")
    owner: Annotated[str, StringConstraints(min_length=2)] = Field(description="Who answers for it.")
    ticket: Annotated[str, StringConstraints(min_length=2)] = Field(description="Where its end is planned.")
    granted: date = Field(description="First day.")
    expires: date = Field(description="Last day.")

    @property
    def too_broad(self) -> bool:
        """The pattern names no resource: its last part, the name, has nowhere enough literal characters in a row."""
        pieces = _WILDCARD.sub("*", self.resource).rsplit("::", 1)[-1].split("*")
        return len(pieces) > 1 and max(map(len, pieces)) < MINIMUM_LITERAL_CHARACTERS

    @property
    def days(self) -> int:
        """How long it holds, in days."""
        return (self.expires - self.granted).days

    def holds(self, today: date) -> bool:
        """Whether it silences anything on that day."""
        return self.granted <= today <= self.expires and self.days <= MAXIMUM_DAYS and not self.too_broad

    def covers(self, rule: str, urn: str) -> bool:
        """Whether it is about that finding."""
        return self.rule == rule and fnmatchcase(urn, self.resource)


@dataclass(slots=True)
class WaiverUse:
    """A waiver and the resources whose findings it covered, whether or not it held."""

    waiver: Waiver
    urns: set[str] = field(default_factory=set)
