"""How the findings of two plans differ.

Owns what makes two findings the same: rule, level, state, message and resource, the resource under the name that it
has now. A finding whose level or state changed (a waiver ran out) is another one: it has to be read anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from serving.preview.plan import Plan, Violation


@dataclass(frozen=True, slots=True)
class Trend:
    """What became of the findings.

    Attributes:
        new: Findings of the new plan that the old one did not have.
        resolved: Findings of the old plan that the new one does not have any more.
        standing: How many both have.
    """

    new: tuple[Violation, ...]
    resolved: tuple[Violation, ...]
    standing: int


def trend(old: Plan, new: Plan, former_urns: Mapping[str, str]) -> Trend | None:
    """Compare the findings of two plans; None unless both were judged.

    Args:
        old: The base.
        new: The plan as it is now.
        former_urns: URN in the new plan -> URN in the old one, of resources that both have.
    """
    if old.policy_pack is None or new.policy_pack is None:
        return None
    now = {before: after for after, before in former_urns.items()}
    before = [replace(violation, urn=now.get(violation.urn, violation.urn)) for violation in old.violations]
    fresh = _without(new.violations, before)
    return Trend(
        new=fresh,
        resolved=_without(before, new.violations),
        standing=len(new.violations) - len(fresh),
    )


def _without(violations: Iterable[Violation], others: Iterable[Violation]) -> tuple[Violation, ...]:
    """The violations that have no equal among the others, each of which counts once."""
    rest = Counter(map(_identity, others))
    found: list[Violation] = []
    for violation in violations:
        key = _identity(violation)
        if rest[key]:
            rest[key] -= 1
        else:
            found.append(violation)
    return tuple(found)


def _identity(violation: Violation) -> tuple[str, ...]:
    return (violation.rule, violation.level, violation.state, violation.urn, violation.message)
