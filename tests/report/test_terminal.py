"""The terminal shows what a reviewer needs, at any width and without colors where they are not wanted."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from serving.report import terminal
from serving.report.terminal import print_plan
from tests.preview.samples import plan_of
from tests.report.samples import large_plan, refused_plan, rich_diff, rich_plan


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_every_section_is_there_and_the_verdict_last(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(rich_plan(), rich_diff())
    out = shown(capsys)
    sections = ["Resources", "Outputs", "Changes against main", "The program says", "Policies (pack 1.0)"]
    places = [out.index(section) for section in [*sections, "Policies would change", "Not checked here"]]
    assert places == sorted(places)
    assert out.splitlines()[-1].endswith("refused: 1 mandatory violation of 1 policy, 1 waived")


def test_a_violation_comes_with_rule_resource_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(rich_plan(), None)
    out = shown(capsys)
    assert "mandatory: enc-s3  Buckets are encrypted" in out
    assert "models (aws.s3.Bucket): models is not encrypted <script>" in out
    assert "remedy: set a key" in out
    assert "  waived: naming" in out


def test_the_number_of_policies_is_told_and_which_are_disabled(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(rich_plan(), None)
    assert "  2 policies, disabled here: enc-s3-kms-cmk" in shown(capsys).splitlines()
    print_plan(plan_of(policy_pack="pack 1.0", policies=1), None)
    assert "  1 policy" in shown(capsys).splitlines()


def test_a_replaced_protected_resource_is_told_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(rich_plan(), rich_diff())
    out = shown(capsys)
    assert "± models" in out
    assert "PROTECTED: the engine refuses to delete it" in out
    assert 'bucket: "zero" → "one"' in out


def test_unknowns_and_secrets_are_called_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(rich_plan(), None)
    out = shown(capsys)
    assert "later: (known after deployment)" in out
    assert "token: [secret]" in out


def test_output_that_is_no_terminal_has_neither_colors_nor_folded_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan_of(outputs={"long": "word " * 40}), None, full=True)
    out = shown(capsys)
    assert "\x1b" not in out
    assert f"  long: {json.dumps('word ' * 40)}" in out.splitlines()


def test_lists_are_cut_and_say_so_unless_everything_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(large_plan(), None)
    assert "… and 92 more; --full shows them" in shown(capsys)
    print_plan(large_plan(), None, full=True)
    assert "b-0099-00 (aws.s3.Bucket)" in shown(capsys)


@pytest.mark.parametrize("width", [20, 40, 200])
def test_a_terminal_of_any_width_gets_lines_that_fit(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=width, force_terminal=True, color_system="standard", record=True, file=io.StringIO())
    monkeypatch.setattr(terminal, "Console", lambda **_: console)
    print_plan(rich_plan(), rich_diff())
    assert max(map(len, console.export_text().splitlines())) <= width


def test_one_urn_taken_twice_is_shown_with_its_places(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(refused_plan(), None)
    out = shown(capsys)
    assert "a.py:2 (parent q)" in out
    assert "invalid: 1 URN is taken more than once" in out


def test_markup_in_the_plan_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    plan = rich_plan("[red]x[/red]")
    print_plan(plan, None)
    assert "not encrypted <script>" in shown(capsys)
