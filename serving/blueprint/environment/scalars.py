"""What is typed the same way all over an environment: regions, zones, roles, domains, networks."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import StringConstraints

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]

AwsRegion = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", max_length=20)]

ZoneName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$", max_length=21)]

RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]

KeyArn = Annotated[
    str,
    # a key itself: an alias can be pointed at another key, and IAM policies do not take it
    StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9a-zA-Z-]+$", max_length=256),
]

DomainName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=190,  # a service's host of 30 characters and an ACME or validation label must still fit in 253
    ),
]


def network_of(cidr: str) -> IPv4Network:
    """The network that a text names; ValueError with a reason that a person can use."""
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"'{cidr}' is not an IPv4 network: {error}") from None
