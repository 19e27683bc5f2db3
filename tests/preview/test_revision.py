"""`--against` takes a saved plan or a revision, and leaves the working tree alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
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


def commit(project: Path, files: dict[str, str], message: str = "more") -> None:
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
        git(project, "add", name)
    git(project, "commit", "-q", "-m", message)


def test_a_revision_has_what_is_exported_to_nobody(project: Path) -> None:
    commit(project, {".gitattributes": "Pulumi.dev.yaml export-ignore\n"})
    assert base_plan("main", project, "dev").resources


def test_a_revision_is_written_by_its_own_attributes(project: Path) -> None:
    read = (
        "size = open('size', 'rb').read()\nimport pulumi\npulumi.CustomResource('d:i:T', 't', {'size': repr(size)})\n"
    )
    commit(project, {".gitattributes": "size text eol=crlf\n", "size": "1\n", "__main__.py": read})
    commit(project, {".gitattributes": "size text eol=lf\n"})
    sizes = [base_plan(revision, project, "dev").resources[0].inputs["size"] for revision in ("main~1", "main")]
    assert sizes == [repr(b"1\r\n"), repr(b"1\n")]


def test_a_revision_is_whole_in_a_sparse_checkout(project: Path) -> None:
    git(project.parent, "sparse-checkout", "set", "--no-cone", "/infra/Pulumi.yaml")
    assert not (project / "__main__.py").exists()
    assert base_plan("main", project, "dev").resources


def test_a_revision_changes_nothing_in_the_repository_and_runs_nothing_of_it(project: Path, tmp_path: Path) -> None:
    """Whatever it has set up for its own index, hooks and submodules."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    commit(other, {"file": "text"})
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(project, "commit", "-q", "-m", "submodule")
    hook = tmp_path / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    for name, value in (
        ("core.fsmonitor", str(hook)),
        ("core.splitIndex", "true"),
        ("submodule.recurse", "true"),
    ):
        git(project, "config", name, value)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    base_plan("main", project, "dev")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_inside_of_a_hook_the_project_is_looked_at_and_not_the_hooks_repository(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    assert base_plan("main", project, "dev").resources


def test_a_relative_temporary_folder_is_as_good(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", ".")
    monkeypatch.chdir(tmp_path)
    assert base_plan("main", project, "dev").resources


def test_a_revision_that_cannot_be_checked_out_is_no_plan(project: Path) -> None:
    blob = git(project, "rev-parse", "main:infra/Pulumi.dev.yaml").strip()
    (project.parent / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(InputError, match=r"cannot be checked out: .*Pulumi\.dev\.yaml"):
        base_plan("main", project, "dev")


def test_what_git_says_is_quoted_without_credentials(project: Path) -> None:
    commit(project, {".gitattributes": "size filter=far\n", "size": "1"})
    git(project, "config", "filter.far.smudge", "echo at https://me:secret@example.org/size >&2; exit 1")
    git(project, "config", "filter.far.required", "true")
    with pytest.raises(InputError, match=r"cannot be checked out: at https://\*\*\*@example\.org/size") as refused:
        base_plan("main", project, "dev")
    assert "secret" not in str(refused.value)


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
    commit(project, {"__main__.py": "raise RuntimeError('größer als erlaubt')\n"})
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with pytest.raises(InputError, match="größer als erlaubt"):
        base_plan("main", project, "dev")


@pytest.mark.parametrize("when", ["checked out", "previewed"])
def test_ending_the_command_ends_what_runs_for_the_revision_and_leaves_no_folder(
    project: Path, tmp_path: Path, when: str
) -> None:
    said, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    slow = f"import os, time\nopen({str(said)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    if when == "previewed":
        commit(project, {"__main__.py": slow})
    else:
        commit(project, {".gitattributes": "size filter=slow\n", "size": "1"})
        git(project, "config", "filter.slow.smudge", f"echo $PPID > {said}; exec sleep 5")
    (project / "__main__.py").write_text("")
    command = ["preview", "--stack", "dev", "--project", str(project), "--against", "main"]
    running = subprocess.Popen(
        [sys.executable, "-m", "serving", *command],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"TMPDIR": str(temporary)},
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
