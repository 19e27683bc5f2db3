"""A saved plan comes back as it was, and nothing else is taken for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serving.blueprint.errors import InputError
from serving.preview.plan import Plan, Violation, from_document, read_plan, to_document, to_json, write_plan
from tests.preview.samples import plan_of, preview_of, resource


def test_a_plan_that_was_saved_is_read_back_equal(tmp_path: Path) -> None:
    plan = preview_of("platform", "demo")
    assert plan.violations
    write_plan(plan, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan


def test_duplicates_and_messages_survive_saving(tmp_path: Path) -> None:
    for program in ("duplicates", "talkative"):
        plan = preview_of(program)
        write_plan(plan, tmp_path / "plan.json")
        assert read_plan(tmp_path / "plan.json") == plan


def test_the_file_has_one_line_for_each_resource(platform: Plan) -> None:
    lines = to_json(platform).splitlines()
    assert sum('"urn":' in line for line in lines) == len(platform.resources)


def test_counts_leave_components_out() -> None:
    thing = resource("demo:index:Thing", "a")
    assert plan_of(thing, resource("demo:index:Thing", "b")).counts == {"demo:index:Thing": 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tool": "terraform"}, "not a plan"),
        ({"schema": 99}, "schema 99"),
        ({"resources": [{"urn": "x"}]}, "damaged"),
        ({"violations": [{}]}, "damaged"),
        ({"resources": None}, "damaged"),
        ({"messages": [{"severity": "loud", "text": "", "urn": ""}]}, "damaged"),
    ],
)
def test_a_foreign_old_or_damaged_file_is_refused_with_its_reason(change: dict[str, Any], said: str) -> None:
    document = to_document(plan_of()) | change
    with pytest.raises(InputError, match=said):
        from_document(document, Path("a.json"))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json"):
        read_plan(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "missing.json")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_plan(plan_of(), tmp_path / "missing" / "a.json")


def test_only_mandatory_violations_stop() -> None:
    advisory = Violation("r", "advisory", "urn", "violation", "m", "t", "", "", "")
    mandatory = Violation("r", "mandatory", "urn", "undetermined", "m", "t", "", "", "")
    assert plan_of(violations=(advisory, mandatory)).mandatory == (mandatory,)


def test_a_file_that_counts_no_policies_is_read() -> None:
    document = to_document(plan_of())
    del document["policies"], document["disabled_policies"]
    assert from_document(document, Path("a.json")) == plan_of()


def test_the_file_is_plain_json() -> None:
    assert json.loads(to_json(plan_of()))["schema"] == 1
