"""The settings of container registries: Amazon ECR keeps one registry an account and region.

Owns how a repository finds the settings of the registry that it lies in, and how their filters match names.
It judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from policies.regions import region_of
from policies.stack import Stack
from policies.views import Node, Resource, Undetermined


@dataclass(slots=True)
class ByRegion:
    """Resources by region; None is the region of providers that state none. `lost` have one that is not known."""

    at: dict[str | None, list[Resource]] = field(default_factory=dict)
    lost: list[Undetermined] = field(default_factory=list)

    def near(self, resource: Resource) -> list[Resource]:
        """Those of the region that the resource is in.

        Raises:
            Undetermined: There are none for certain, but one whose region is not known may be there.
        """
        found = self.at.get(region_of(resource), [])
        if not found and self.lost:
            raise self.lost[0]
        return found


def by_region(stack: Stack, token: str, wanted: Callable[[Resource], bool] = lambda _: True) -> ByRegion:
    """Resources of a type by region; built once a stack and type."""
    return stack.index(("by region", token), lambda: _by_region(stack.of(token), wanted))


def _by_region(resources: Iterable[Resource], wanted: Callable[[Resource], bool]) -> ByRegion:
    result = ByRegion()
    for resource in resources:
        try:
            if wanted(resource):
                result.at.setdefault(region_of(resource), []).append(resource)
        except Undetermined as doubt:
            result.lost.append(doubt)
    return result


def repository_name(repository: Resource) -> str:
    """Name of the repository; its logical name where the provider will make one up from it."""
    return repository["name"].text() or repository.name


def matches(pattern: Node, name: str) -> bool:
    """Whether a filter of ECR matches a repository: `*` stands for any characters; without one, for the beginning."""
    text = pattern.text() or ""
    return fnmatchcase(name, text if "*" in text else f"{text}*")
