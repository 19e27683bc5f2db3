"""Violations in the orders in which they are read: by rule, by resource, by framework; the ones that stop first.

Owns grouping only; the words are in `wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from serving.preview.plan import Plan, Violation


@dataclass(frozen=True, slots=True)
class ControlFindings:
    """A control of a framework, and what was found by the rules that implement it.

    Attributes:
        framework: Name of the framework.
        control: Id in it.
        rules: Names of the rules that judged, sorted.
        violations: What they found, the ones that stop first.
    """

    framework: str
    control: str
    rules: tuple[str, ...]
    violations: tuple[Violation, ...]


def by_rule(violations: Iterable[Violation]) -> list[tuple[str, list[Violation]]]:
    """Rule to its violations. One rule has a group for each level and state, since these are read apart."""
    groups: dict[tuple[bool, str, str, str], list[Violation]] = {}
    for violation in violations:
        key = (not violation.stops, violation.rule, violation.level, violation.state)
        groups.setdefault(key, []).append(violation)
    return [(key[1], group) for key, group in sorted(groups.items(), key=lambda entry: entry[0])]


def by_resource(violations: Iterable[Violation]) -> list[tuple[str, list[Violation]]]:
    """URN to what is found at it; resources with most that stops first, then with most findings."""
    groups: dict[str, list[Violation]] = {}
    for violation in violations:
        groups.setdefault(violation.urn, []).append(violation)
    found = [(urn, sorted(group, key=lambda violation: violation.order)) for urn, group in groups.items()]
    return sorted(found, key=lambda entry: (-sum(v.stops for v in entry[1]), -len(entry[1]), entry[0]))


def by_framework(plan: Plan) -> list[tuple[str, list[ControlFindings]]]:
    """Framework to its controls, those without a finding too. Rules that implement none are in no group."""
    rules: dict[str, dict[str, list[str]]] = {}
    for rule in plan.rules:
        for control in rule.controls:
            rules.setdefault(control.framework, {}).setdefault(control.id, []).append(rule.name)
    return [
        (framework, [_findings(plan, framework, control, found) for control, found in _natural(controls)])
        for framework, controls in sorted(rules.items())
    ]


def _findings(plan: Plan, framework: str, control: str, rules: list[str]) -> ControlFindings:
    found = sorted(
        (violation for violation in plan.violations if violation.rule in rules), key=lambda violation: violation.order
    )
    return ControlFindings(framework, control, tuple(sorted(rules)), tuple(found))


def _natural(controls: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    """`EC2.8` before `EC2.18`."""
    parts = {control: re.split(r"(\d+)", control) for control in controls}
    return sorted(
        controls.items(),
        key=lambda entry: [(int(part), "") if part.isdecimal() else (0, part) for part in parts[entry[0]]],
    )
