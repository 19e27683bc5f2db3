"""Findings by resource, by framework and against the last plan, the same in every rendering."""

from __future__ import annotations

import dataclasses

import pytest

from serving.preview.diff import PlanDiff, compare
from serving.preview.plan import Control, Plan
from serving.report.document import as_document
from serving.report.findings import tally
from serving.report.grouping import by_framework, by_resource
from serving.report.html import as_html
from serving.report.markdown import LONGEST, as_markdown
from serving.report.terminal import print_plan
from tests.preview.samples import plan_of, urn_of
from tests.report.samples import BUCKET, large_plan, rich_plan, violation
from tests.report.test_sarif import judged_plan


def compared() -> PlanDiff:
    """The first finding is new, another one went."""
    gone = violation("gone", "models")
    return compare(
        dataclasses.replace(judged_plan(), violations=(*judged_plan().violations[1:], gone)), judged_plan(), "main"
    )


def test_the_resource_with_most_that_stops_comes_first() -> None:
    groups = by_resource(judged_plan().violations)
    assert [(urn, tally(found)) for urn, found in groups] == [
        (urn_of(BUCKET, "models"), "1 mandatory, 1 mandatory, undetermined, 1 advisory"),
        (urn_of(BUCKET, "copy"), "1 mandatory, 1 waived"),
    ]


def test_every_control_of_a_rule_that_judged_is_listed_in_the_order_of_its_numbers() -> None:
    (rule,) = judged_plan().rules
    controls = tuple(Control("F", name) for name in ("EC2.18", "EC2.8", "Backup.1", "7", "Article 12"))
    plan = dataclasses.replace(judged_plan(), rules=(dataclasses.replace(rule, controls=controls),))
    ((framework, found),) = by_framework(plan)
    assert framework == "F"
    assert sorted(control.control for control in found) == sorted(control.id for control in controls)
    assert [c.control for c in found].index("EC2.8") < [c.control for c in found].index("EC2.18")
    assert {len(control.violations) for control in found} == {2}


def test_the_terminal_tells_all_three(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(judged_plan(), compared())
    out = capsys.readouterr().out
    assert "copy (aws.s3.Bucket): 1 mandatory, 1 waived: enc-s3, naming" in out
    assert "Framework: 2 controls judged, findings at 2" in out
    assert "A.1: 2 mandatory: enc-s3" in out
    assert "Findings against main\n  1 new, 1 resolved, 4 as before" in out
    assert "- mandatory: gone: models (aws.s3.Bucket)" in out


def test_the_comment_tells_all_three_and_opens_what_is_new_and_stops() -> None:
    text = as_markdown(judged_plan(), compared())
    assert "Findings against `main`: 1 new, 1 resolved, 4 as before." in text
    assert "<details open><summary>New and resolved findings</summary>" in text
    assert "| A.1 | 2 mandatory | enc-s3 |" in text
    assert "<details><summary>Findings by resource</summary>" in text


def test_the_page_tells_all_three() -> None:
    page = as_html(judged_plan(), compared())
    assert all(f'id="{section}"' in page for section in ("by-resource", "by-framework", "trend"))
    assert "<code>infra/a file.py:12</code>" in page
    assert "<b>4</b> as before" in page


def test_the_document_tells_all_three() -> None:
    found = as_document(judged_plan(), compared())["findings"]
    assert [group["rule"] for group in found["by_rule"]] == ["enc-s3", "unknown", "naming", "naming"]
    assert found["by_resource"][0]["findings"][0] == {"rule": "enc-s3", "level": "mandatory", "state": "violation"}
    assert found["by_framework"][0]["controls"][0] == {
        "control": "A.1",
        "rules": ["enc-s3"],
        "stopping": 2,
        "findings": 2,
    }
    assert found["trend"] == {"against": "main", "new": 1, "resolved": 1, "standing": 4}
    assert as_document(judged_plan(), None)["findings"]["trend"] is None


@pytest.mark.parametrize("plan", [plan_of(), rich_plan()], ids=["empty", "without controls"])
def test_what_has_nothing_to_say_says_nothing(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan, compare(plan_of(), plan, "main"))
    assert "by framework" not in capsys.readouterr().out
    assert "against" not in as_markdown(plan, None)


def test_a_long_report_still_fits_a_comment() -> None:
    plan = large_plan(2_000, 1)
    assert len(as_markdown(plan, compare(plan_of(policy_pack="pack 1.0"), plan, "main"))) <= LONGEST
