"""Which failures of the outside scanner are accepted, by whom and why: the reader of `checkov-waivers.yaml`.

Owns the shape of a waiver and the comparison of what failed with what is waived, in both directions. It runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

FILE = Path(__file__).with_name("checkov-waivers.yaml")


class Waiver(BaseModel):
    """One accepted failure."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    check: Annotated[str, StringConstraints(pattern=r"^CKV2?_[A-Z0-9]+_\d+$")] = Field(description="Id of one check.")
    resource: Annotated[str, StringConstraints(pattern=r"^(aws_[a-z0-9_]+|[A-Z]\w+)\.\S+$")] = Field(
        description="Address in the translated plan, or kind, namespace and name of a Kubernetes object; `*` stands "
        "for any characters, but never for the type."
    )
    stacks: frozenset[str] = Field(default=frozenset(), description="Stacks it holds in; all, if none is named.")
    reason: Annotated[str, StringConstraints(min_length=40)] = Field(description="Why the failure is accepted.")
    owner: Annotated[str, StringConstraints(min_length=2)] = Field(description="Who answers for it.")

    def covers(self, failure: Failure) -> bool:
        """Whether it accepts this failure."""
        return (
            self.check == failure.check
            and fnmatchcase(failure.resource, self.resource)
            and (not self.stacks or failure.stack in self.stacks)
        )


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """One failed check of one resource of one stack."""

    stack: str
    check: str
    resource: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is left when waivers meet failures.

    Attributes:
        waived: Failures that a waiver accepts.
        open: Failures that none accepts.
        unused: Waivers that accept nothing: what they were for has been mended.
    """

    waived: Sequence[Failure]
    open: Sequence[Failure]
    unused: Sequence[Waiver]

    @property
    def is_clean(self) -> bool:
        """Whether each failure has a waiver and each waiver a failure."""
        return not self.open and not self.unused


def compare(failures: Iterable[Failure], waivers: Sequence[Waiver]) -> Comparison:
    """Hold failures against waivers."""
    found = sorted(failures)
    covered = {failure: [waiver for waiver in waivers if waiver.covers(failure)] for failure in found}
    used = {waiver for accepting in covered.values() for waiver in accepting}
    return Comparison(
        waived=[failure for failure in found if covered[failure]],
        open=[failure for failure in found if not covered[failure]],
        unused=[waiver for waiver in waivers if waiver not in used],
    )


def read_waivers(path: Path = FILE) -> list[Waiver]:
    """The waivers of a file.

    Raises:
        pydantic.ValidationError: An entry is not one.
    """
    return TypeAdapter(list[Waiver]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
