"""Policy findings as SARIF 2.1.0, which code hosts show beside the lines of a pull request.

Owns the translation of findings only (OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0",
read 2026-11). What stops a deployment is an error, what advises a warning, or a note where its severity is low; a
waived finding is a note that is suppressed. There is no `security-severity`: a host that finds one shows it instead
of the level, and the level says what happens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from serving import __version__
from serving.preview.diff import PlanDiff
from serving.preview.plan import TOOL, Control, Place, Plan, Rule, Violation
from serving.report.wording import is_link, level_word, resource_name

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"  # how the standard calls the folder that a repository is checked out to
_MOST_TAGS = 20  # of a rule: GitHub keeps no more ("SARIF support for code scanning", read 2026-11)
_WAIVED = "waived"


def as_sarif(plan: Plan, diff: PlanDiff | None, project: Path) -> dict[str, Any]:
    """The findings of a plan.

    Args:
        plan: Judged or not; without a pack there are no findings.
        diff: Says which findings are new, where both sides were judged.
        project: The project's folder; files are named from the root of the repository around it.
    """
    rules = _rules(plan)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(plan, rules)},
                "automationDetails": {"id": f"{TOOL}/{plan.project}/{plan.stack}/"},
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
                "columnKind": "unicodeCodePoints",
                "taxonomies": list(_taxonomies(rules)),
                "results": list(_results(plan, diff, rules, _prefix(project.resolve()))),
            }
        ],
    }


def _prefix(project: Path) -> str:
    """The project's path below the repository's root; empty at its top and outside of any."""
    top = next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), project)
    return f"{project.relative_to(top).as_posix()}/" if top != project else ""


def _rules(plan: Plan) -> list[Rule]:
    """The rules that judged, and those that only a finding knows of."""
    rules = {rule.name: rule for rule in plan.rules}
    for found in plan.violations:
        rules.setdefault(
            found.rule, Rule(found.rule, found.title, "", found.level, found.severity, found.remedy, found.url)
        )
    return [rules[name] for name in sorted(rules)]


def _driver(plan: Plan, rules: Sequence[Rule]) -> dict[str, Any]:
    driver: dict[str, Any] = {
        "name": TOOL,
        "version": __version__,
        "rules": [_descriptor(rule) for rule in rules],
        "supportedTaxonomies": [{"name": framework} for framework in _controls(rules)],
    }
    return driver | ({"fullName": f"{TOOL}, policies of {plan.policy_pack}"} if plan.policy_pack else {})


def _descriptor(rule: Rule) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "id": rule.name,
        "shortDescription": {"text": rule.title or rule.name},
        "fullDescription": {"text": rule.description or rule.title or rule.name},
        "defaultConfiguration": {"level": _level(rule.level, rule.severity)},
        "help": {"text": "\n".join(filter(None, [rule.remedy and f"Remedy: {rule.remedy}", rule.url])) or rule.name},
        "properties": {
            "tags": ["policy", *(f"{control.framework}: {control.id}" for control in rule.controls)][:_MOST_TAGS],
            "severity": rule.severity,
            "enforcement": rule.level,
        },
        "relationships": [
            {"target": {"id": control.id, "toolComponent": {"name": control.framework}}, "kinds": ["relevant"]}
            for control in rule.controls
        ],
    }
    return descriptor | ({"helpUri": rule.url} if is_link(rule.url) else {})


def _level(enforcement: str, severity: str) -> str:
    if enforcement != "advisory":
        return "error"
    return "note" if severity == "low" else "warning"


def _controls(rules: Sequence[Rule]) -> dict[str, list[Control]]:
    """Framework to its controls, each once."""
    found: dict[str, dict[str, Control]] = {}
    for control in (control for rule in rules for control in rule.controls):
        found.setdefault(control.framework, {})[control.id] = control
    return {framework: [controls[key] for key in sorted(controls)] for framework, controls in sorted(found.items())}


def _taxonomies(rules: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    for framework, controls in _controls(rules).items():
        yield {"name": framework, "taxa": [{"id": control.id} for control in controls]}


def _results(plan: Plan, diff: PlanDiff | None, rules: Sequence[Rule], prefix: str) -> Iterator[dict[str, Any]]:
    numbers = {rule.name: number for number, rule in enumerate(rules)}
    places = {place.urn: place for place in plan.places}
    trend = diff.trend if diff is not None else None
    new = set(trend.new) if trend is not None else frozenset()
    for found in plan.violations:
        result = {
            "ruleId": found.rule,
            "ruleIndex": numbers[found.rule],
            "level": "note" if found.state == _WAIVED else _level(found.level, found.severity),
            "message": {"text": _text(found)},
            "locations": [_location(found, places, prefix)],
            "partialFingerprints": _fingerprints(found),
            "properties": {"state": found.state, "enforcement": found.level, "severity": found.severity},
        }
        if found.state == _WAIVED:
            result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": found.message}]
        if trend is not None:
            result["baselineState"] = "new" if found in new else "unchanged"
        yield result


def _text(found: Violation) -> str:
    remedy = f"\nRemedy: {found.remedy}" if found.remedy else ""
    return f"{level_word(found)}: {resource_name(found.urn)}: {found.message}{remedy}"


def _location(found: Violation, places: Mapping[str, Place], prefix: str) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [
            {"name": found.urn.rpartition("::")[2], "fullyQualifiedName": found.urn, "kind": "resource"}
        ]
    }
    if place := places.get(found.urn):
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(f"{prefix}{place.file}"), "uriBaseId": _ROOT},
            "region": {"startLine": place.line},
        }
    return location


def _fingerprints(found: Violation) -> dict[str, str]:
    """What makes it the same finding in another run.

    A host's own fingerprint is of the line, and takes findings of one rule at one line for one.
    """
    text = "\0".join((found.rule, found.urn, found.message))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"finding/v1": digest, "primaryLocationLineHash": f"{digest[:16]}:1"}
