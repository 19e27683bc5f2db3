"""The comment fits, escapes, and keeps the verdict whatever is cut."""

from __future__ import annotations

import dataclasses

import pytest

from serving.preview.diff import compare
from serving.report.markdown import LONGEST, as_markdown
from tests.preview.samples import plan_of
from tests.report.samples import large_plan, refused_plan, rich_diff, rich_plan


def test_the_verdict_stands_at_the_top() -> None:
    lines = as_markdown(rich_plan(), rich_diff()).splitlines()
    assert lines[0].startswith("### ❌ demo / dev: 2 resources")
    assert lines[2] == "**refused: 1 mandatory violation of 1 policy, 1 waived**"


def test_mandatory_violations_are_open_and_advice_is_folded() -> None:
    text = as_markdown(rich_plan(), None)
    assert "<details open><summary>mandatory: enc-s3, 1 finding</summary>" in text
    assert "<details><summary>waived: naming, 1 finding</summary>" in text
    assert "Policies (pack 1.0): 2 policies, disabled here: enc-s3-kms-cmk" in text
    assert "Remedy: set a key" in text


def test_text_of_the_plan_opens_no_html_and_calls_nobody() -> None:
    text = as_markdown(rich_plan(), None)
    assert "<script>" not in text
    assert "@everybody" not in text


def test_changes_are_a_diff_block_with_protected_resources_named_before() -> None:
    text = as_markdown(rich_plan(), rich_diff())
    assert text.index("Protected resources stand in the way") < text.index("````diff")
    assert "! replaced: models (aws.s3.Bucket) in eu-west-1" in text
    assert 'bucket: "zero" → "one"' in text


def test_no_change_is_said() -> None:
    assert "No change against `main`." in as_markdown(rich_plan(), compare(rich_plan(), rich_plan(), "main"))


@pytest.mark.parametrize("cells", [10, 1_000])
def test_a_comment_is_never_longer_than_its_host_takes(cells: int) -> None:
    plan = large_plan(cells, 4)
    text = as_markdown(plan, compare(plan_of(), plan, "main"))
    assert len(text) <= LONGEST
    assert "refused" in text
    if cells > 100:
        assert "more" in text


def test_even_text_that_cannot_be_cut_by_entries_is_cut() -> None:
    entry = rich_plan().unchecked[0]
    plan = dataclasses.replace(rich_plan(), unchecked=(dataclasses.replace(entry, reason="x\ny " * 40_000),) * 3)
    text = as_markdown(plan, None)
    assert len(text) <= LONGEST
    assert text.startswith("### ❌")


def test_duplicates_are_told() -> None:
    assert "URN taken more than once: `urn:x`" in as_markdown(refused_plan(), None)
