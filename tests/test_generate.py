"""Rendered files: written where they belong, and found when they fall behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.generate import OWNED_FOLDERS, ROOT, generated, main, stale, write


def test_an_empty_folder_gets_every_file_and_is_then_current(tmp_path: Path) -> None:
    assert stale(tmp_path) == list(generated())
    assert write(tmp_path) == list(generated())
    assert stale(tmp_path) == []


@pytest.mark.parametrize("path", ["docs/schema/blueprint.json", "docs/components.md", "docs/components/cluster.md"])
def test_only_the_file_that_was_edited_is_written_again(tmp_path: Path, path: str) -> None:
    write(tmp_path)
    rendered = (tmp_path / path).read_text(encoding="utf-8")
    (tmp_path / path).write_text(f"{rendered}edited by hand\n", encoding="utf-8")
    assert stale(tmp_path) == [path]
    assert write(tmp_path) == [path]
    assert (tmp_path / path).read_text(encoding="utf-8") == rendered


def test_rendered_files_end_in_exactly_one_newline(tmp_path: Path) -> None:
    write(tmp_path)
    ends = {path: (tmp_path / path).read_text(encoding="utf-8")[-2:] for path in generated()}
    assert all(end[1] == "\n" and end[0] != "\n" for end in ends.values()), ends


@pytest.mark.parametrize("folder", OWNED_FOLDERS)
def test_a_page_that_nothing_renders_any_more_is_stale_and_goes(tmp_path: Path, folder: str) -> None:
    write(tmp_path)
    left_over = tmp_path / folder / "removed-component.md"
    left_over.write_text("# Removed\n", encoding="utf-8")
    assert stale(tmp_path) == [f"{folder}/removed-component.md"]
    write(tmp_path)
    assert not left_over.exists()
    assert stale(tmp_path) == []


def test_the_repository_holds_what_the_code_renders() -> None:
    assert stale(ROOT) == []


def test_an_unknown_option_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--force"]) == 2
    assert "usage" in capsys.readouterr().err
