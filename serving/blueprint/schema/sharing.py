"""Shares of an accelerator: what a model that does not need a whole one asks for, and what nodes offer.

Owns the words of both sides, so that a replica and the nodes that can take it have one name. How many shares an
accelerator has by its make is the business of `serving.planning.instances`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section

MigProfile = Annotated[str, StringConstraints(pattern=r"^[1-7]g\.[0-9]{1,3}gb$")]
"""Compute slices and memory of a part, as NVIDIA writes it: 1g.10gb."""


class SharingKind(StrEnum):
    """How one accelerator is shared."""

    TIME_SLICING = "time-slicing"
    """Replicas take turns and see the same memory: for what is small and waits well; one can starve the others."""
    MIG = "mig"
    """The accelerator is cut into parts with cores and memory of their own; NVIDIA's Multi-Instance GPU."""


class AcceleratorShare(Section):
    """The share of one accelerator that a replica asks for."""

    kind: SharingKind = Field(description="How the accelerator is shared.")
    profile: MigProfile | None = Field(default=None, description="The part, e.g. 1g.10gb; for, and only for, mig.")

    @model_validator(mode="after")
    def _check(self) -> AcceleratorShare:
        raise_findings(profile_findings(self.kind, self.profile))
        return self

    @property
    def word(self) -> str:
        """What the share is called in labels and messages."""
        return share_word(self.kind, self.profile)

    @property
    def memory_gib(self) -> float | None:
        """Accelerator memory of the part, GiB; none is set aside where replicas take turns."""
        return None if self.profile is None else float(re.sub(r"^.*\.|gb$", "", self.profile))


def profile_findings(kind: SharingKind, profile: str | None) -> Iterator[Finding]:
    """A part is named for MIG, and only there."""
    if (kind is SharingKind.MIG) != (profile is not None):
        yield Finding(
            ("profile",),
            "mig without a profile" if profile is None else f"a profile for {kind}",
            effect="replicas and nodes could not be matched",
            remedy="state profile for mig, and only for it",
        )


def share_word(kind: SharingKind, profile: str | None) -> str:
    """`time-slicing`, or `mig-1g.10gb`."""
    return kind.value if profile is None else f"{kind.value}-{profile}"
