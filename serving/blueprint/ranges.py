"""The address ranges of the project's other stacks.

Owns the question whether two environments could ever be connected: their regions' ranges must not overlap.
The other stack files are read leniently and as far as they can be understood. What is wrong with them is told
when their own stack is checked; it must not stop this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import yaml

from serving.blueprint.environment import Environment, Region
from serving.blueprint.errors import Finding


@dataclass(frozen=True, slots=True)
class TakenRange:
    """A range that a region of another stack has.

    Attributes:
        file: Name of that stack's file.
        region: Name of the region.
        ip_range: Its range.
        vpc_id: The network, where it is one that was there already.
    """

    file: str
    region: str
    ip_range: IPv4Network
    vpc_id: str | None


def ranges_of_other_stacks(project: Path, stack: str, config_key: str) -> tuple[TakenRange, ...]:
    """What the other stack files of a project state, as far as it can be read.

    Args:
        project: Folder of the stack files.
        stack: The stack that asks.
        config_key: Last part of the configuration key of an environment.
    """
    own = f"Pulumi.{stack}.yaml"
    files = sorted(file for file in project.glob("Pulumi.*.yaml") if file.name != own)
    return tuple(taken for file in files for taken in _ranges_in(file, config_key))


def range_findings(environment: Environment, others: Sequence[TakenRange]) -> Iterator[Finding]:
    """Regions whose range another environment has; two environments may share one existing network."""
    for index, region in enumerate(environment.regions):
        for other in others:
            if region.ip_range.overlaps(other.ip_range) and not _same_network(region, other):
                yield Finding(
                    ("regions", index, "cidr"),
                    f"{region.cidr} ({region.name}) overlaps {other.ip_range} ({other.region}) in {other.file}",
                    effect="the two environments could never be connected, and addresses in logs would be ambiguous",
                    remedy="give every region of every environment a range of its own",
                )


def _same_network(region: Region, other: TakenRange) -> bool:
    return region.network is not None and region.network.vpc_id == other.vpc_id


def _ranges_in(file: Path, config_key: str) -> Iterator[TakenRange]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return
    for key, environment in _mapping(_mapping(document).get("config")).items():
        if str(key).rpartition(":")[2] == config_key:
            for region in _sequence(_mapping(environment).get("regions")):
                yield from _range_of(file.name, _mapping(region))


def _range_of(file: str, region: Mapping[str, Any]) -> Iterator[TakenRange]:
    try:
        ip_range = IPv4Network(str(region.get("cidr")))
    except ValueError:
        return
    vpc_id = _mapping(region.get("network")).get("vpc_id")
    yield TakenRange(file, str(region.get("name")), ip_range, vpc_id if isinstance(vpc_id, str) else None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
