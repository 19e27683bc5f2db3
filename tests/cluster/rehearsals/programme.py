"""What happened when, for people: one short table after the rehearsals.

Owns the lines. A rehearsal is never judged by them: how long something took depends on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.cluster.rehearsals.timescale import FACTOR

_LINES: Final[list[tuple[str, str]]] = []


def note(rehearsal: str, happened: str) -> None:
    """Add a line."""
    _LINES.append((rehearsal, happened))


def told(seconds: float) -> str:
    """Measured seconds, and what they stand for in the blueprint's time."""
    return f"{seconds:.1f} s (of {seconds * FACTOR / 60:.0f} min at the blueprint's pace)"


def lines() -> Iterator[str]:
    """The table's lines."""
    width = max((len(rehearsal) for rehearsal, _ in _LINES), default=0)
    for rehearsal, happened in _LINES:
        yield f"{rehearsal:<{width}}  {happened}"
