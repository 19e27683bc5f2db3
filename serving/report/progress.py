"""Progress on stderr: a spinner on a terminal, nothing that moves elsewhere.

Owns only how it is told that something is going on; results go to stdout by other modules.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.preview.leaving import on_leaving

_SHOW_CURSOR = b"\x1b[?25h\n"


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what takes one step's description after the other."""
    if not sys.stderr.isatty():
        yield _say
        return
    from rich.console import Console

    console = Console(stderr=True)
    with on_leaving(lambda: os.write(2, _SHOW_CURSOR)), console.status("starting") as status:
        yield lambda step: status.update(step)


def _say(step: str) -> None:
    sys.stderr.write(f"· {step}\n")
    sys.stderr.flush()
