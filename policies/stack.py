"""All resources of a stack, indexed once, with the links between them.

Owns the indexes (by type, by URN, by what depends on what) and how a companion is found: a resource that
configures another one, as a bucket policy does. Links come from dependencies that the engine records, not
from guessed names; names count only where both ends state one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

from policies.views import Indexed, Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

if TYPE_CHECKING:
    from policies.waivers import WaiverUse

T = TypeVar("T")

_NAMES: Final = ("name", "bucket", "id", "arn")
"""Inputs by which a resource states how others may call it."""


@dataclass(frozen=True, slots=True)
class Companions:
    """What configures one resource.

    Attributes:
        bound: Companions that certainly belong to it.
        loose: Nodes of companions that name their owner by a value that is not known before deployment and
            depends on nothing in the stack: each may or may not belong to it.
    """

    bound: tuple[Resource, ...]
    loose: tuple[Node, ...]

    def one_or_doubt(self) -> Resource | None:
        """The companion, or None if there certainly is none.

        Raises:
            Undetermined: No companion is bound, but one that cannot be placed may be it.
        """
        if self.bound:
            return self.bound[0]
        if self.loose:
            raise Undetermined(self.loose[0].path, self.loose[0].urn)
        return None


@dataclass(slots=True)
class Stack(Indexed):
    """The stack as its rules see it. Shared by all rules of one analysis; treat it as frozen.

    Attributes:
        resources: All resources, by URN: an engine registers in another order each time, and no finding may show it.
        waivers: What became of each waiver so far.
        mistakes: What is wrong with the pack's configuration.
        levels: Level of each rule, by its id.
        silences: Where the configuration lets a mandatory rule pass over what it cannot judge.
        tags: Tags of the stack itself, as its backend keeps them.
        kind: How much depends on it.
        today: The day of the analysis.
    """

    resources: tuple[Resource, ...]
    waivers: tuple[WaiverUse, ...] = ()
    mistakes: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    silences: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    kind: EnvironmentKind = EnvironmentKind.PROD
    today: date = date.min
    _by_urn: dict[str, Resource] = field(default_factory=dict)
    _by_token: dict[str, list[Resource]] = field(default_factory=dict)
    _companions: dict[tuple[str, str, str], dict[str, list[Resource]]] = field(default_factory=dict)
    _loose: dict[tuple[str, str, str], list[Node]] = field(default_factory=dict)
    _built: dict[Hashable, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.resources = tuple(sorted(self.resources, key=lambda resource: resource.urn))
        for resource in self.resources:
            resource.join(self)
            self._by_urn[resource.urn] = resource
            self._by_token.setdefault(resource.token, []).append(resource)

    def get(self, urn: str) -> Resource | None:
        """The resource with that URN."""
        return self._by_urn.get(urn)

    @property
    def root_urn(self) -> str:
        """URN of the stack itself, for findings about no single resource; empty if not seen."""
        roots = self.of("pulumi:pulumi:Stack")
        return roots[0].urn if roots else ""

    def of(self, *tokens: str) -> tuple[Resource, ...]:
        """Resources of the canonical types, type by type."""
        return tuple(resource for token in tokens for resource in self._by_token.get(token, ()))

    def companions(self, owner: Resource, token: str, key: str) -> Companions:
        """Resources of type `token` whose input `key` refers to `owner`."""
        index = (owner.token, token, key)
        if index not in self._companions:
            self._index_companions(*index)
        return Companions(tuple(self._companions[index].get(owner.urn, ())), tuple(self._loose[index]))

    def _index_companions(self, owner_token: str, token: str, key: str) -> None:
        names = self._stated_names(owner_token, key)
        bound: dict[str, list[Resource]] = {}
        loose: list[Node] = []
        for resource in self.of(token):
            node = resource[key]
            owners = self._owners(resource, owner_token, key, frozenset()) or self._named(node, names)
            for urn in owners:
                bound.setdefault(urn, []).append(resource)
            if not owners and node.unknown:
                loose.append(node)
        self._companions[owner_token, token, key] = bound
        self._loose[owner_token, token, key] = loose

    def _owners(self, resource: Resource, owner_token: str, key: str, seen: frozenset[str]) -> tuple[str, ...]:
        """URNs of the owners that the input `key` leads to, also through their other companions."""
        if resource.urn in seen:
            return ()
        urns: Iterable[str] = resource.property_dependencies.get(key, ())
        sources = [found for urn in urns if (found := self.get(urn)) is not None]
        direct = tuple(source.urn for source in sources if source.token == owner_token)
        if direct:
            return direct
        seen |= {resource.urn}
        return tuple(urn for source in sources for urn in self._owners(source, owner_token, key, seen))

    def _stated_names(self, owner_token: str, key: str) -> dict[str, str]:
        names: dict[str, str] = {}
        for owner in self.of(owner_token):
            for node in (owner[key], *map(owner.__getitem__, _NAMES)):
                if isinstance(node.raw, str) and not node.unknown:
                    names[node.raw] = owner.urn
        return names

    @staticmethod
    def _named(node: Node, names: dict[str, str]) -> tuple[str, ...]:
        return (names[node.raw],) if isinstance(node.raw, str) and node.raw in names else ()
