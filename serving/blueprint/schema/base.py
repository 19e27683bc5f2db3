"""What all sections of a blueprint share: the base model and the constrained scalar types.

A unit stands in the name of a field; a limit has a comment that says why.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Section(BaseModel):
    """Base of everything that people write: immutable, and an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)


Name = Annotated[
    str,
    # 30 characters leave room for prefixes and suffixes inside the tightest limit that a service's name
    # must meet: 32 for load balancers and target groups, 63 for DNS labels and Kubernetes label values.
    StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", max_length=30),
]
"""A DNS-label-like name of at most 30 characters."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=500)]
SemanticVersion = Annotated[
    str,
    # https://semver.org (2.0.0): numbers without leading zeros, an optional pre-release; no build metadata,
    # because "+" is not allowed in a Kubernetes label value
    # and short enough for one; it must end in a letter or a digit there
    StringConstraints(
        pattern=r"^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z]([0-9A-Za-z.-]{0,18}[0-9A-Za-z])?)?$"
    ),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
GitCommit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Identifier = Annotated[
    str,
    # the alphabet of a Kubernetes label value, so that an identifier is a label without translation
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
]

Seconds = Annotated[int, Field(ge=0, le=86_400)]
PositiveSeconds = Annotated[int, Field(gt=0, le=86_400)]
Milliseconds = Annotated[int, Field(gt=0, le=3_600_000)]
Minutes = Annotated[int, Field(gt=0, le=525_600)]
Days = Annotated[int, Field(gt=0, le=3_650)]
Percent = Annotated[float, Field(gt=0, le=100)]
Replicas = Annotated[int, Field(ge=0, le=10_000)]
Usd = Annotated[float, Field(gt=0, le=100_000_000)]
