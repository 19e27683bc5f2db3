"""What goes wrong with what people write, and how it is told.

Owns the exception tree of the whole project and the two records behind it; it reads no file and prints
nothing.

    ServingError
    ├── InputError       somebody's document is wrong; carries every problem found, never only the first
    └── InternalError    the project is wrong; a traceback is in order

A `Finding` is what a rule says of a document (a path into it and a message); a `Problem` is a finding with
the place in the file where a person can mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]


def format_path(path: KeyPath) -> str:
    """Render a key path as people write it: `scaling.triggers[0].target`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at one key of a document.

    Attributes:
        path: Keys and list indexes from the root of the document to the value at fault.
        message: What is wrong, in one sentence, with the value.
        effect: What it breaks when deployed.
        remedy: What to write instead.
        allowed: The allowed set, where there is one.
    """

    path: KeyPath
    message: str
    effect: str = ""
    remedy: str = ""
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A finding with its place. `line` and `column` count from one; zero means that no place is known."""

    file: str
    line: int
    column: int
    key: str
    message: str
    value: str | None = None
    effect: str = ""
    remedy: str = ""
    allowed: tuple[str, ...] = field(default=())
    suggestion: str | None = None

    @property
    def place(self) -> str:
        """`file:line:column`, shortened to what is known."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        head = f"{self.place}: {self.key}: {self.message}" if self.key else f"{self.place}: {self.message}"
        details = [
            f"value: {self.value}" if self.value is not None else "",
            f"breaks: {self.effect}" if self.effect else "",
            f"allowed: {', '.join(self.allowed)}" if self.allowed else "",
            f"did you mean: {self.suggestion}" if self.suggestion else "",
            f"remedy: {self.remedy}" if self.remedy else "",
        ]
        return "\n    ".join([head, *filter(None, details)])


class ServingError(Exception):
    """Base of every error that this project raises on purpose."""


class InputError(ServingError):
    """A document that a person wrote is wrong. Carries all problems, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=_problem_order))
        if not self.problems:
            raise InternalError("an InputError needs at least one problem")
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InternalError(ServingError):
    """The project itself is at fault."""


def _problem_order(problem: Problem) -> tuple[str, int, int, str, str]:
    return (problem.file, problem.line, problem.column, problem.key, problem.message)
