"""What the pack found, and how a finding is written on the wire.

Owns the states of a finding and the form of a diagnostic's message, both ways. The protocol has fields for
rule, resource, level and severity; the state and the remedy travel in the message, so what reads it
(`serving preview`) takes `parse_message`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policies.rule import Level, Severity

_REMEDY = "\nremedy: "


class State(StrEnum):
    """What kind of finding it is."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"
    """The rule needs a value that is not known before deployment."""
    WAIVED = "waived"
    """A violation (or what could not be judged) that a valid waiver covers."""
    ERROR = "error"
    """The rule itself failed: a mistake in the pack, not in the stack."""


_OPENINGS: Final = {
    State.VIOLATION: "",
    State.UNDETERMINED: "undetermined: ",
    State.WAIVED: "waived until ",
    State.ERROR: "policy-error: ",
}
"""How the message of a finding begins. `serving.preview.policy_driver` reads the same openings."""


@dataclass(frozen=True, slots=True)
class Report:
    """One finding, ready to be sent."""

    rule: str
    title: str
    severity: Severity
    level: Level
    state: State
    urn: str
    text: str
    remedy: str

    @property
    def message(self) -> str:
        """Message of a diagnostic: the state (unless it is a plain violation), the finding, the remedy."""
        return f"{_OPENINGS[self.state]}{self.text}{_REMEDY}{self.remedy}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message taken apart."""

    state: State
    text: str
    remedy: str


def parse_message(message: str) -> Parsed:
    """Take a diagnostic's message apart; any text of another pack is a plain violation without remedy."""
    body, _, remedy = message.partition(_REMEDY)
    state = next((state for state, opening in _OPENINGS.items() if opening and body.startswith(opening)), None)
    if state is None:
        return Parsed(State.VIOLATION, body, remedy)
    return Parsed(state, body.removeprefix(_OPENINGS[state]), remedy)
