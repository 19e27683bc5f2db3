"""Violations in the order in which they are read: by rule, the ones that stop first.

Owns grouping only; the words are in `wording`.
"""

from __future__ import annotations

from collections.abc import Iterable

from serving.preview.plan import Violation


def by_rule(violations: Iterable[Violation]) -> list[tuple[str, list[Violation]]]:
    """Rule to its violations. One rule has a group for each level and state, since these are read apart."""
    groups: dict[tuple[bool, str, str, str], list[Violation]] = {}
    for violation in violations:
        key = (not violation.stops, violation.rule, violation.level, violation.state)
        groups.setdefault(key, []).append(violation)
    return [(key[1], group) for key, group in sorted(groups.items(), key=lambda entry: entry[0])]
