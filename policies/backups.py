"""Backups: which plan covers which resource.

Owns what AWS Backup selects by (ARNs with wildcards, tags, conditions), and where it copies to. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from policies.regions import region_of
from policies.stack import Stack
from policies.tagging import tags
from policies.tokens import (
    AIR_GAPPED_VAULT,
    BACKUP_PLAN,
    BUCKET,
    DATABASE_CLUSTER,
    DYNAMODB_TABLE,
    FILE_SYSTEM,
    RDS_INSTANCE,
    VAULT,
    VOLUME,
)
from policies.views import Node, ReadError, Resource, Undetermined

SELECTION: Final = "aws:backup/selection:Selection"
STORES: Final = (DYNAMODB_TABLE, BUCKET, VOLUME, FILE_SYSTEM, DATABASE_CLUSTER, RDS_INSTANCE)
"""Types that hold data and that AWS Backup can back up."""

# Service, what stands before the name in the ARN, and the inputs that state the name
_ARNS: Final = {
    DYNAMODB_TABLE: ("dynamodb", "table/", ("name",)),
    BUCKET: ("s3", "", ("bucket",)),
    VOLUME: ("ec2", "volume/", ()),
    FILE_SYSTEM: ("elasticfilesystem", "file-system/", ()),
    DATABASE_CLUSTER: ("rds", "cluster:", ("clusterIdentifier",)),
    RDS_INSTANCE: ("rds", "db:", ("identifier",)),
}
_ARN_PARTS: Final = 6
_ANY: Final = "*"
_TAG_CONDITION: Final = "aws:ResourceTag/"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Who backs up a resource.

    Attributes:
        plans: Plans of this stack.
        elsewhere: Whether a plan of another stack does.
    """

    plans: tuple[Resource, ...]
    elsewhere: bool

    @property
    def covered(self) -> bool:
        """Whether anything backs it up."""
        return bool(self.plans) or self.elsewhere


@dataclass(slots=True)
class _Selections:
    """Selections of the stack by region, and those whose region is not known."""

    by_region: dict[str | None, list[Resource]] = field(default_factory=dict)
    lost: list[ReadError] = field(default_factory=list)


def coverage(store: Resource) -> Coverage:
    """The plans that cover a resource that holds data.

    Raises:
        Undetermined: None does for certain, but one that cannot be judged may.
    """
    stack = store.stack
    selections = stack.index("backup-selections", lambda: _index(stack))
    plans: list[Resource] = []
    doubts: list[ReadError] = list(selections.lost)
    elsewhere = False
    for selection in selections.by_region.get(region_of(store), ()):
        try:
            if not _selects(selection, store):
                continue
            found = [source for source in selection.sources(selection["planId"]) if source.token == BACKUP_PLAN]
            elsewhere = elsewhere or (not found and bool(selection["planId"].text()))
            plans += found
        except ReadError as doubt:
            doubts.append(doubt)
    if not plans and not elsewhere and doubts:
        raise doubts[0]
    return Coverage(tuple(plans), elsewhere)


def destination_vaults(plan: Resource) -> Iterator[tuple[Node, tuple[Resource, ...]]]:
    """Where the plan's rules copy to: the ARN, and the vaults of the stack that it may be of."""
    for rule in plan["rules"].items():
        nodes = [action["destinationVaultArn"] for action in rule["copyActions"].items()]
        nodes.append(rule["targetLogicallyAirGappedBackupVaultArn"])
        for node in nodes:
            if not node.missing:
                yield node, _vaults(plan, node)


def _vaults(plan: Resource, node: Node) -> tuple[Resource, ...]:
    if node.unknown:
        found = tuple(each for each in plan.sources(node) if each.token in (VAULT, AIR_GAPPED_VAULT))
        if not found:
            raise Undetermined(node.path, plan.urn)
        return found
    parts = (node.text() or "").split(":", _ARN_PARTS)
    if len(parts) <= _ARN_PARTS:
        raise node.malformed("the ARN of a backup vault")
    vaults = plan.stack.index("backup-vaults", lambda: _index_vaults(plan.stack))
    named = vaults.by_name.get((parts[3], parts[_ARN_PARTS]), ())
    if not named and vaults.lost:
        raise vaults.lost[0]
    return tuple(named)


@dataclass(slots=True)
class _Vaults:
    """Vaults of the stack by region and name. `lost` says why another one's are not known."""

    by_name: dict[tuple[str | None, str | None], list[Resource]] = field(default_factory=dict)
    lost: list[ReadError] = field(default_factory=list)


def _index_vaults(stack: Stack) -> _Vaults:
    result = _Vaults()
    for vault in stack.of(VAULT, AIR_GAPPED_VAULT):
        try:
            result.by_name.setdefault((region_of(vault), vault["name"].text()), []).append(vault)
        except ReadError as doubt:
            result.lost.append(doubt)
    return result


def _index(stack: Stack) -> _Selections:
    result = _Selections()
    for selection in stack.of(SELECTION):
        try:
            result.by_region.setdefault(region_of(selection), []).append(selection)
        except ReadError as doubt:
            result.lost.append(doubt)
    return result


def _selects(selection: Resource, store: Resource) -> bool:
    """Whether all that a selection states holds of the resource (AWS Backup, BackupSelection, read 2026-11)."""
    wanted, labelled, conditions = (selection[key] for key in ("resources", "selectionTags", "conditions"))
    if not (wanted.items() or labelled.items() or conditions.items()):
        return False
    if wanted.items() and not _names(selection, wanted, store):
        return False
    if _names(selection, selection["notResources"], store):
        return False
    carried = tags(store)
    if labelled.items() and not any(_carries(carried, tag["key"], tag["value"]) for tag in labelled.items()):
        return False
    return all(_holds(condition, carried) for condition in conditions.items())


def _names(selection: Resource, patterns: Node, store: Resource) -> bool:
    doubt: Undetermined | None = None
    for pattern in patterns.items():
        if pattern.unknown:
            sources = selection.sources(pattern)
            if any(source.urn == store.urn for source in sources):
                return True
            if not sources:
                doubt = Undetermined(pattern.path, selection.urn)
        elif _matches(pattern, store):
            return True
    if doubt is not None:
        raise doubt
    return False


def _matches(pattern: Node, store: Resource) -> bool:
    text = pattern.text() or ""
    if text == _ANY:
        return True
    parts = text.split(":", _ARN_PARTS - 1)
    service, prefix, inputs = _ARNS[store.token]
    if len(parts) != _ARN_PARTS or not fnmatchcase(service, parts[2]):
        return False
    rest = parts[_ARN_PARTS - 1]
    if not inputs or store[inputs[0]].missing:  # AWS or the provider makes the name up
        return rest in (_ANY, f"{prefix}{_ANY}")
    return fnmatchcase(f"{prefix}{store[inputs[0]].text()}", rest)


def _carries(carried: Mapping[str, Node], key: Node, value: Node) -> bool:
    name = (key.text() or "").removeprefix(_TAG_CONDITION)
    return name in carried and carried[name].text() == value.text()


def _holds(condition: Node, carried: Mapping[str, Node]) -> bool:
    return (
        all(_carries(carried, each["key"], each["value"]) for each in condition["stringEquals"].items())
        and not any(_carries(carried, each["key"], each["value"]) for each in condition["stringNotEquals"].items())
        and all(_is_like(carried, each) for each in condition["stringLikes"].items())
        and not any(_is_like(carried, each) for each in condition["stringNotLikes"].items())
    )


def _is_like(carried: Mapping[str, Node], each: Node) -> bool:
    name = (each["key"].text() or "").removeprefix(_TAG_CONDITION)
    return name in carried and fnmatchcase(carried[name].text() or "", each["value"].text() or "")
