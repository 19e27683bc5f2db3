"""A stack that was not built from our components gets the findings that a reviewer expects, and no error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from serving.preview.plan import Plan
from serving.preview.session import Request, preview

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = Path(__file__).with_name("foreign_stack.yaml")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return preview(Request(root=ROOT / "examples/foreign-stack", stack="prod", pack=ROOT / "policies"))


def found(plan: Plan) -> dict[str, list[str]]:
    """Rule -> resources, each as type and name; with how often, where it is more than once."""
    counted = Counter((one.rule, _short(one.urn)) for one in plan.violations)
    result: dict[str, list[str]] = {}
    for (rule, resource), count in sorted(counted.items()):
        result.setdefault(rule, []).append(resource if count == 1 else f"{resource} x{count}")
    return result


def _short(urn: str) -> str:
    *_, qualified, name = urn.split("::")
    return f"{qualified.rpartition('$')[2].rpartition(':')[2]} {name}"


def expected() -> Mapping[str, list[str]]:
    document: Mapping[str, list[str]] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    return document


def test_every_rule_finds_what_a_reviewer_expects(plan: Plan) -> None:
    assert found(plan) == expected()


def test_no_rule_fails_on_what_it_does_not_know(plan: Plan) -> None:
    assert [one for one in plan.violations if one.state == "error"] == []


def test_nothing_is_undetermined_but_what_only_the_cloud_knows(plan: Plan) -> None:
    doubtful = {(one.rule, _short(one.urn)) for one in plan.violations if one.state == "undetermined"}
    assert doubtful <= set()


def test_a_secret_of_the_program_is_in_no_finding(plan: Plan) -> None:
    for text in ("change-me-later", "hunter2-hunter2", "tok-4f9a8b7c6d5e4f3a2b1c"):
        assert all(text not in one.message for one in plan.violations)


def test_what_was_made_well_is_left_alone(plan: Plan) -> None:
    about_the_key = {rule for rule, resources in found(plan).items() if "Key data" in resources}
    assert about_the_key == set()
