"""What the pack's process does differently from any other.

Owns settings of the interpreter, which are made before the rules are imported. It imports nothing of the project.
"""

from __future__ import annotations

import gc
from typing import Final

_OBJECTS_BETWEEN_COLLECTIONS: Final = 1_000_000


def collect_rarely() -> None:
    """Look for unreachable cycles after a million new objects; Python does after a few hundred or thousand.

    The pack keeps what it reads until its process ends and makes hardly any cycles, so that Python's own setting has it
    walk over all rules and resources again and again, for nothing.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
