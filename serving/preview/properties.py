"""Differences between two property values, by path.

Owns how values are walked: objects by key, lists by index or by the `name` of their elements, JSON text by
what it says. It knows nothing of resources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from serving.blueprint.errors import KeyPath
from serving.preview.values import PlanValue, is_marker


class _Absent:
    """The value of a property that is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
_LIST_KEYS = ("name", "key", "id", "sid", "Sid")
"""What tells the elements of a list apart in AWS and Kubernetes, in the order of preference."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One leaf that differs; `ABSENT` stands for a side that does not have it."""

    path: KeyPath
    before: PlanValue
    after: PlanValue


def differences(before: PlanValue, after: PlanValue, path: KeyPath = ()) -> Iterator[PropertyChange]:
    """What differs, deepest paths first told, in the order of their keys."""
    if _same(before, after):
        return
    both = _as_mappings(before, after)
    if both is None:
        yield PropertyChange(path, before, after)
        return
    old, new = both
    for key in sorted(old.keys() | new.keys(), key=lambda key: (str(type(key)), key)):
        yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))


def _same(before: PlanValue, after: PlanValue) -> bool:
    """Equality that tells `true` from `1`, as JSON does and Python does not."""
    if type(before) is not type(after):
        return False
    if isinstance(before, Mapping):
        return before.keys() == after.keys() and all(_same(item, after[key]) for key, item in before.items())
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after)


def leaves(value: PlanValue, path: KeyPath = ()) -> Iterator[tuple[KeyPath, PlanValue]]:
    """All leaves of a value; markers are leaves."""
    if isinstance(value, Mapping) and value and not is_marker(value):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def _as_mappings(
    before: PlanValue, after: PlanValue
) -> tuple[Mapping[str | int, PlanValue], Mapping[str | int, PlanValue]] | None:
    """Both values as mappings, if they can be walked together."""
    before, after = _parsed(before, after)
    if is_marker(before) or is_marker(after):
        return None
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before, after
    if isinstance(before, list) and isinstance(after, list):
        for key in _LIST_KEYS:
            old, new = _by_key(before, key), _by_key(after, key)
            if old is not None and new is not None:
                return old, new
        return dict(enumerate(before)), dict(enumerate(after))
    return None


def _by_key(items: list[PlanValue], key: str) -> dict[str | int, PlanValue] | None:
    """Elements by the text that names them, or None if it does not tell them apart."""
    names = [item.get(key) if isinstance(item, Mapping) else None for item in items]
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        return None
    return {f"{key}={name}": item for name, item in zip(names, items, strict=True)}


def _parsed(before: PlanValue, after: PlanValue) -> tuple[PlanValue, PlanValue]:
    """Two texts as what they say, if both are JSON objects or lists: policies, dashboards, tags."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return before, after
    if before[:1] not in "{[" or after[:1] not in "{[" or not before or not after:
        return before, after
    try:
        return json.loads(before), json.loads(after)
    except json.JSONDecodeError:
        return before, after
