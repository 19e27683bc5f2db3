"""`--against` takes a saved plan or a revision, and leaves the working tree alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.blueprint.errors import InputError
from serving.preview.diff import compare
from serving.preview.plan import write_plan
from serving.preview.revision import Judging, base_plan
from serving.preview.session import Request, preview
from tests.preview.samples import PACKS, plan_of


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose project is in a folder of its own; its last change is not committed."""
    folder = tmp_path / "infra"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {size: 1}\n")
    (folder / "__main__.py").write_text(
        "import pulumi\n"
        "pulumi.CustomResource('demo:index:Thing', 'thing', {'size': pulumi.Config().require_int('size')})\n"
    )
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (folder / "Pulumi.dev.yaml").write_text("config: {size: 2}\n")
    return folder


def test_a_revision_is_previewed_as_it_was(project: Path) -> None:
    before = git(project, "status", "--porcelain", "--untracked-files=no")
    old = base_plan("main", project, "dev")
    (change,) = compare(old, preview(Request(project, "dev")), "main").resources[0].properties
    assert (change.path, change.before, change.after) == (("size",), 1, 2)
    assert git(project, "status", "--porcelain", "--untracked-files=no") == before
    assert len(git(project, "worktree", "list").splitlines()) == 1


def test_a_revision_has_what_is_exported_to_nobody(project: Path) -> None:
    (project / ".gitattributes").write_text("Pulumi.dev.yaml export-ignore\n")
    git(project, "add", ".gitattributes")
    git(project, "commit", "-q", "-m", "no stacks in archives")
    assert base_plan("main", project, "dev").resources


def test_a_revision_is_whole_in_a_sparse_checkout(project: Path) -> None:
    git(project.parent, "sparse-checkout", "set", "--no-cone", "/infra/Pulumi.yaml")
    assert not (project / "__main__.py").exists()
    assert base_plan("main", project, "dev").resources


def test_the_repository_writes_and_runs_nothing_for_a_revision(project: Path, tmp_path: Path) -> None:
    """Not even with a setting and a hook that have something run whenever an index is read or written."""
    hook = tmp_path / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(project, "config", "core.fsmonitor", str(hook))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    base_plan("main", project, "dev")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_revision_that_cannot_be_written_down_is_no_plan(project: Path) -> None:
    blob = git(project, "rev-parse", "main:infra/Pulumi.dev.yaml").strip()
    (project.parent / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(InputError, match=r"cannot be checked out:\n.*Pulumi\.dev\.yaml"):
        base_plan("main", project, "dev")


def test_a_revision_is_judged_by_the_pack_of_now_at_the_levels_of_now(project: Path) -> None:
    config = project / "config.json"
    config.write_text('{"counting": "mandatory"}')
    old = base_plan("main", project, "dev", Judging(PACKS / "demo", config))
    assert [(violation.rule, violation.level) for violation in old.violations] == [("counting", "mandatory")]
    assert base_plan("main", project, "dev").policy_pack is None


def test_a_saved_plan_is_read(project: Path) -> None:
    write_plan(plan_of(), project / "plan.json")
    assert base_plan(str(project / "plan.json"), project, "dev") == plan_of()


@pytest.mark.parametrize("against", ["no-such-branch", "--output=x", "main..HEAD"])
def test_what_is_neither_is_refused_with_both_ways_out(project: Path, against: str) -> None:
    with pytest.raises(InputError, match="neither a saved plan nor a git revision"):
        base_plan(against, project, "dev")


def test_a_revision_that_cannot_be_previewed_says_why(project: Path) -> None:
    with pytest.raises(InputError, match=r"Pulumi\.prod\.yaml"):
        base_plan("main", project, "prod")


def test_a_folder_that_was_not_there_yet_is_said(project: Path) -> None:
    later = project.parent / "later"
    later.mkdir()
    with pytest.raises(InputError, match="no folder later/"):
        base_plan("main", later, "dev")


def test_a_project_outside_of_a_repository_has_no_revisions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a saved plan nor a git revision"):
        base_plan("main", tmp_path, "dev")


def test_a_reason_in_any_script_is_told_whatever_the_encoding(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "__main__.py").write_text("raise RuntimeError('größer als erlaubt')\n", encoding="utf-8")
    git(project, "commit", "-q", "-a", "-m", "broken")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with pytest.raises(InputError, match="größer als erlaubt"):
        base_plan("main", project, "dev")


def test_ending_the_command_ends_the_preview_of_the_revision_and_leaves_no_folder(
    project: Path, tmp_path: Path
) -> None:
    (project / "__main__.py").write_text(
        "import os, time\nopen(os.environ['SAID'], 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    git(project, "commit", "-q", "-a", "-m", "slow")
    (project / "__main__.py").write_text("")
    said, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    command = ["preview", "--stack", "dev", "--project", str(project), "--against", "main"]
    running = subprocess.Popen(
        [sys.executable, "-m", "serving", *command],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"SAID": str(said), "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (said.exists() and said.read_text()):
        assert running.poll() is None
        time.sleep(0.05)
    running.terminate()
    assert running.wait(30) == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)
