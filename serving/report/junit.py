"""Policy findings as JUnit XML, for the test reports of build servers.

Owns the translation of findings only. A finding that stops is a failure, or an error where the rule itself failed;
one that advises or is waived is a skipped test with its reason, so that it is seen and stops nothing. A rule that
judged and found nothing is a test that passed, a disabled one was skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from serving.preview.plan import Place, Plan, Violation
from serving.report.wording import level_word, resource_name

# XML 1.0, "Char": what else is in a text cannot be written, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(plan: Plan) -> str:
    """The findings of a plan, one suite."""
    places = {place.urn: place for place in plan.places}
    cases = [
        *(_finding(found, places.get(found.urn)) for found in plan.violations),
        *_without_finding(plan),
    ]
    outcomes = {name: sum(case.find(tag) is not None for case in cases) for name, tag in _COUNTED.items()}
    counts = {"tests": str(len(cases)), **{name: str(number) for name, number in outcomes.items()}}
    suites = ET.Element("testsuites", {"name": "policies", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": _clean(f"{plan.project}/{plan.stack}"), **counts})
    suite.extend(cases)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def _case(rule: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": _clean(rule), "name": _clean(name), "time": "0"})


def _finding(found: Violation, place: Place | None) -> ET.Element:
    case = _case(found.rule, f"{resource_name(found.urn)}: {found.message}")
    if place is not None:
        case.set("file", _clean(place.file))
        case.set("line", str(place.line))
    attributes = {"message": _clean(f"{level_word(found)}: {found.message}")}
    if not found.stops:
        ET.SubElement(case, "skipped", attributes)
        return case
    outcome = ET.SubElement(case, "error" if found.state == "error" else "failure", attributes)
    outcome.set("type", _clean(level_word(found)))
    said = [found.title, found.message, found.urn, found.remedy and f"Remedy: {found.remedy}", found.url]
    outcome.text = _clean("\n".join(filter(None, said)))
    return case


def _without_finding(plan: Plan) -> Iterator[ET.Element]:
    broken = {found.rule for found in plan.violations}
    for rule in plan.rules:
        if rule.name not in broken:
            yield _case(rule.name, rule.title or rule.name)
    for name in plan.disabled_policies:
        case = _case(name, name)
        ET.SubElement(case, "skipped", {"message": "disabled for this stack"})
        yield case


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
