"""The console of every rendering for people.

Owns one difference from rich's own: a reader that went away is told by an exception, and the command line
decides on the exit code.
"""

from __future__ import annotations

from typing import NoReturn

from rich import console


class Console(console.Console):
    """A console that does not end the process by itself."""

    def on_broken_pipe(self) -> NoReturn:
        """Tell it; rich would exit with 1, which is the code of a violation."""
        raise BrokenPipeError
