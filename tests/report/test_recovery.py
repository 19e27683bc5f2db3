"""The table of recovery says the same in every rendering."""

from __future__ import annotations

import pytest

from serving.report.html import as_html
from serving.report.markdown import as_markdown
from serving.report.recovery import COLUMNS, cells, duration, notes
from serving.report.terminal import print_plan
from serving.report.wording import shown_outputs, verdict
from tests.preview.samples import plan_of
from tests.report.samples import recovery, rich_plan, unkept_plan


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (45, "45 s"), (640, "10 min 40 s"), (900, "15 min"), (86_400, "24 h"), (48_600, "13 h 30 min")],
)
def test_a_time_is_said_in_the_units_that_it_has(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_a_row_has_a_cell_for_every_column_and_the_sum_apart_from_its_parts() -> None:
    lost, corrupted = map(cells, recovery())
    assert len(lost) == len(corrupted) == len(COLUMNS)
    assert lost[2:] == ("15 min", "1 min 30 s", "detection 30 s + DNS 60 s", "24 h", "15 min", *lost[7:])
    assert lost[7:] == ("model-store: replication 900 s", "kept")
    assert corrupted[2:] == ("-", "-", "-", "24 h", "all", "model-store: no copy to go back to", "kept")


def test_every_rendering_has_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    plan = rich_plan()
    print_plan(plan, None)
    terminal = capsys.readouterr().out
    for text in (terminal, as_markdown(plan, None), as_html(plan, None)):
        assert "detection 30 s + DNS 60 s" in text
        assert "RPO computed" in text


def test_a_plan_without_promises_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of()
    print_plan(plan, None)
    for text in (capsys.readouterr().out, as_markdown(plan, None), as_html(plan, None)):
        assert "RPO computed" not in text


def test_a_broken_promise_is_the_verdict_in_every_rendering(capsys: pytest.CaptureFixture[str]) -> None:
    plan = unkept_plan()
    assert verdict(plan) == "refused: 2 promises of recovery not kept"
    print_plan(plan, None)
    terminal, comment, page = capsys.readouterr().out, as_markdown(plan, None), as_html(plan, None)
    for text in (terminal, comment, page):
        assert verdict(plan) in text
        assert "999 s" in text
    assert comment.startswith("### ❌")
    assert '<p class="verdict refused">' in page


def test_a_note_that_several_share_is_told_once() -> None:
    assert notes(recovery()) == ["measured by tests"]


def test_the_promises_are_not_listed_again_among_the_outputs() -> None:
    assert shown_outputs(plan_of(outputs={"recovery": [], "url": "u"}, recovery=recovery())) == {"url": "u"}
    assert set(shown_outputs(plan_of(outputs={"recovery": [], "url": "u"}))) == {"recovery", "url"}
