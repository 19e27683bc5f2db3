"""Regions: where an AWS resource will be, and whose law holds there.

Owns how the region of a resource is found (its own `region`, else its provider's) and which jurisdiction a
region belongs to. It judges nothing.
"""

from __future__ import annotations

import re
from typing import Final

from policies.aws_types import arguments
from policies.views import Node, Resource

# Countries and groups of countries that AWS regions stand in, by prefix; the longest prefix counts. From the
# list of regions in the AWS General Reference ("Regions and Zones"), read 2026-11. The European Union is one
# jurisdiction (GDPR, chapter V, speaks of transfers out of it); London and Zurich are outside of it.
_JURISDICTIONS: Final = {
    "af-south-": "za",
    "ap-east-1": "hk",
    "ap-east-2": "tw",
    "ap-northeast-1": "jp",
    "ap-northeast-2": "kr",
    "ap-northeast-3": "jp",
    "ap-south-": "in",
    "ap-southeast-1": "sg",
    "ap-southeast-2": "au",
    "ap-southeast-3": "id",
    "ap-southeast-4": "au",
    "ap-southeast-5": "my",
    "ap-southeast-6": "nz",
    "ap-southeast-7": "th",
    "ca-": "ca",
    "cn-": "cn",
    "eu-": "eu",
    "eu-central-2": "ch",
    "eu-west-2": "uk",
    "eusc-": "eu",
    "il-": "il",
    "me-central-1": "ae",
    "me-south-1": "bh",
    "mx-": "mx",
    "sa-east-1": "br",
    "us-": "us",
}
_REGION: Final = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d$", re.ASCII)
_ARN_REGION: Final = 3
_ARN_PARTS: Final = 6


def region_node(resource: Resource) -> Node:
    """The property that says in which region the resource will be: its own, else its provider's; may be missing."""
    own = resource["region"]
    if own.missing and resource.provider is not None:
        return resource.provider.properties["region"]
    return own


def region_of(resource: Resource) -> str | None:
    """The region of a regional AWS resource; None where neither it nor its provider states one.

    Raises:
        Undetermined: The region is not known before deployment.
    """
    return region_node(resource).text()


def arn_region(node: Node) -> str | None:
    """The region in the ARN at `node`; None where it names none, as the ARN of a bucket.

    Raises:
        Undetermined: The ARN is not known before deployment.
    """
    parts = (node.text() or "").split(":", _ARN_PARTS - 1)
    return parts[_ARN_REGION] or None if len(parts) == _ARN_PARTS and parts[0] == "arn" else None


def jurisdiction(region: str) -> str | None:
    """The jurisdiction of a region, as a country code or `eu`; None for what is no region known here."""
    if not _REGION.match(region):
        return None
    prefixes = (prefix for prefix in _JURISDICTIONS if region.startswith(prefix))
    longest = max(prefixes, key=len, default=None)
    return None if longest is None else _JURISDICTIONS[longest]


def is_regional(token: str) -> bool | None:
    """Whether resources of that AWS type live in a region; None if the installed package does not know the type."""
    known = arguments(token)
    return None if known is None else "region" in known
