"""Rendered files: written where they belong, and found when they fall behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.generate import GENERATED, ROOT, main, stale, write


def test_an_empty_folder_gets_every_file_and_is_then_current(tmp_path: Path) -> None:
    assert stale(tmp_path) == list(GENERATED)
    assert write(tmp_path) == list(GENERATED)
    assert stale(tmp_path) == []


@pytest.mark.parametrize("path", GENERATED)
def test_only_the_file_that_was_edited_is_written_again(tmp_path: Path, path: str) -> None:
    write(tmp_path)
    rendered = (tmp_path / path).read_text(encoding="utf-8")
    (tmp_path / path).write_text(f"{rendered}edited by hand\n", encoding="utf-8")
    assert stale(tmp_path) == [path]
    assert write(tmp_path) == [path]
    assert (tmp_path / path).read_text(encoding="utf-8") == rendered


def test_rendered_files_end_in_exactly_one_newline(tmp_path: Path) -> None:
    write(tmp_path)
    ends = {path: (tmp_path / path).read_text(encoding="utf-8")[-2:] for path in GENERATED}
    assert all(end[1] == "\n" and end[0] != "\n" for end in ends.values()), ends


def test_the_repository_holds_what_the_code_renders() -> None:
    assert stale(ROOT) == []


def test_an_unknown_option_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--force"]) == 2
    assert "usage" in capsys.readouterr().err
