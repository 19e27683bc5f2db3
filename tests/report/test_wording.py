"""Words say what matters of long texts and of findings."""

from __future__ import annotations

from serving.preview.properties import PropertyChange
from serving.report.wording import level_word, shown_change, shown_pair, verdict
from tests.preview.samples import plan_of
from tests.report.samples import violation


def test_long_texts_are_shown_from_where_they_differ() -> None:
    common = "same " * 100
    text = shown_change(PropertyChange(("policy",), common + "Allow", common + "Deny"))
    assert text == 'policy: …same same same same Allow" → …same same same same Deny"'


def test_texts_that_differ_early_or_are_short_are_shown_from_their_beginning() -> None:
    assert shown_pair("a" * 30 + "b", "a" * 30 + "c") == (f'"{"a" * 30}b"', f'"{"a" * 30}c"')
    before, after = shown_pair("b" * 300, "c" * 300, 50)
    assert (before[:2], after[:2], len(before), len(after)) == ('"b', '"c', 50, 50)


def test_a_waived_finding_is_not_called_advice() -> None:
    found = [violation("r", "a", "advisory", "waived"), violation("r", "b", "advisory", "undetermined")]
    assert [level_word(one) for one in found] == ["waived", "advisory, undetermined"]
    plan = plan_of(violations=(found[0], *found), policy_pack="pack 1.0")
    assert verdict(plan) == "fine: no mandatory violation, 2 waived, 1 advisory"
