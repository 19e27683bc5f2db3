"""The resource tree in a size that people can read.

Owns how much of it is shown: components stay, what they hold is counted by type, and many alike become one
line, unless everything is asked for. Every rendering shows the same branches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from serving.preview.plan import Plan, PlanResource
from serving.preview.recording import Kind
from serving.report.wording import counted, short_type

_SMALL = 40  # resources; a stack of this size is shown in full
_MOST_ALIKE = 6  # components of one type under one parent; more become one line
_NAMES = 3  # of those many, so many are named


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree.

    Attributes:
        name: What it is called.
        type: Short type.
        region: Where it stands, if that is not where the branch above stands.
        detail: What it holds, where that is folded.
        children: The branches below.
        protected: Whether it is protected.
    """

    name: str
    type: str
    region: str
    detail: str
    children: tuple[Branch, ...]
    protected: bool = False


def branches(plan: Plan, *, full: bool = False) -> tuple[Branch, ...]:
    """What stands directly under the stack, with what is below."""
    children: dict[str, list[PlanResource]] = defaultdict(list)
    for resource in plan.resources:
        children[resource.parent].append(resource)
    real = sum(resource.kind is not Kind.COMPONENT for resource in plan.resources)
    grower = _Grower(children, full or real <= _SMALL)
    roots = {resource.urn for resource in children[""]}
    below = [resource for resource in plan.resources if resource.parent in roots]
    return grower.level(below, "")


class _Grower:
    def __init__(self, children: dict[str, list[PlanResource]], full: bool) -> None:
        self._children = children
        self._full = full

    def level(self, resources: list[PlanResource], region: str) -> tuple[Branch, ...]:
        """The branches of siblings: components first, then what is left of the leaves."""
        holders = [resource for resource in resources if self._is_holder(resource)]
        leaves = [resource for resource in resources if not self._is_holder(resource)]
        grown = [branch for group in _alike(holders) for branch in self._group(group, region)]
        if self._full:
            grown += [self._branch(leaf, region) for leaf in sorted(leaves, key=_order)]
        return tuple(grown)

    def _group(self, group: list[PlanResource], region: str) -> Iterable[Branch]:
        if self._full or len(group) <= _MOST_ALIKE:
            return [self._branch(resource, region) for resource in group]
        names = ", ".join(resource.name for resource in group[:_NAMES])
        held = [leaf for resource in group for leaf in self._below(resource)]
        return [
            Branch(
                name=f"{len(group):,} alike: {names}, …",
                type=short_type(group[0].type),
                region="",
                detail=_tally(held),
                children=(),
            )
        ]

    def _branch(self, resource: PlanResource, region: str) -> Branch:
        own = resource.region or region
        below = self._children.get(resource.urn, [])
        leaves = [] if self._full else [child for child in below if not self._is_holder(child)]
        return Branch(
            name=resource.name,
            type=short_type(resource.type),
            region=own if own != region else "",
            detail=_tally(leaves),
            children=self.level(below, own),
            protected=resource.protected,
        )

    def _is_holder(self, resource: PlanResource) -> bool:
        return resource.kind is Kind.COMPONENT or resource.urn in self._children

    def _below(self, resource: PlanResource) -> Iterable[PlanResource]:
        for child in self._children.get(resource.urn, []):
            if child.kind is not Kind.COMPONENT:
                yield child
            yield from self._below(child)


def _alike(resources: list[PlanResource]) -> list[list[PlanResource]]:
    groups: dict[str, list[PlanResource]] = defaultdict(list)
    for resource in sorted(resources, key=_order):
        groups[resource.type].append(resource)
    return list(groups.values())


def _order(resource: PlanResource) -> tuple[str, str, str]:
    return (resource.region or "", resource.type, resource.name)


def _tally(resources: Iterable[PlanResource]) -> str:
    """`3 resources: 2 aws.kms.Key, 1 aws.kms.Alias`."""
    types = Counter(short_type(resource.type) for resource in resources)
    if not types:
        return ""
    parts = [f"{number} {name}" for name, number in sorted(types.items(), key=lambda e: (-e[1], e[0]))]
    shown = ", ".join(parts[:4]) + (f" and {len(parts) - 4} more types" if len(parts) > 4 else "")
    return f"{counted(types.total(), 'resource')}: {shown}"
