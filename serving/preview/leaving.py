"""What has to be put in order when a signal ends the process at any moment.

Owns the list of what would stay behind: processes, folders, a hidden cursor. A signal can arrive in the middle
of any step, of asyncio's or of a library's, where an exception may be swallowed or waited on for ever; so the
process ends at once, after these.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from subprocess import Popen
from types import FrameType
from typing import NoReturn

_KILLED_SECONDS = 1  # for the system to take back a killed process

_actions: list[Callable[[], object]] = []


@contextmanager
def on_leaving(action: Callable[[], object]) -> Iterator[None]:
    """Run `action` if a signal ends the process inside of the block."""
    _actions.append(action)
    try:
        yield
    finally:
        _actions.remove(action)


def end(process: Popen[bytes]) -> None:
    """Kill a process, and leave none of it behind."""
    process.kill()
    process.wait(_KILLED_SECONDS)


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """Handle a signal: the last that was begun is put in order first."""
    for action in reversed(_actions):
        with suppress(Exception):
            action()
    os._exit(128 + number)
