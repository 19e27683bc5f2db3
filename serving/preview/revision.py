"""The plan of another state of the project: a saved file, or a git revision.

Owns `--against`. A revision is unpacked into a temporary folder and previewed there by a process of its own,
so that its program meets its own modules and not ours. Neither the working tree nor the index is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import NoReturn

from serving.blueprint.errors import InputError, Problem
from serving.preview.leaving import end, on_leaving
from serving.preview.plan import Plan, read_plan

_CODE_ROOT = Path(__file__).resolve().parents[2]


def base_plan(against: str, project: Path, stack: str) -> Plan:
    """The plan that `against` names.

    Args:
        against: Path of a saved plan, or a git revision of the repository that holds `project`.
        project: The project's folder.
        stack: The stack to preview at that revision.

    Raises:
        InputError: It is neither, or the revision cannot be previewed.
    """
    path = Path(against)
    if path.is_file():
        return read_plan(path)
    with (
        tempfile.TemporaryDirectory(prefix="serving-against-") as folder,
        on_leaving(lambda: shutil.rmtree(folder, ignore_errors=True)),
    ):
        return _preview_revision(against, project.resolve(), stack, Path(folder))


def _preview_revision(revision: str, project: Path, stack: str, folder: Path) -> Plan:
    prefix = _git(project, revision, "rev-parse", "--show-prefix").decode().strip()
    commit = _git(project, revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    root = Path(_git(project, revision, "rev-parse", "--show-toplevel").decode().strip())
    archive = _git(root, revision, "archive", "--format=tar", commit.decode().strip())
    tree = folder / "tree"
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(tree, filter="data")
    there = tree / prefix
    if not there.is_dir():
        _refuse(revision, f"there was no folder {prefix} at that revision")
    saved = folder / "plan.json"
    _run_preview(revision, there, stack, saved)
    return read_plan(saved)


def _run_preview(revision: str, project: Path, stack: str, saved: Path) -> None:
    """Run the revision's own `serving`, where it has one; ours otherwise."""
    command = ["-m", "serving", "preview", "--no-policies", "--stack", stack, "--out", str(saved)]
    path = os.pathsep.join(filter(None, [str(_CODE_ROOT), os.environ.get("PYTHONPATH", "")]))
    with (
        subprocess.Popen(  # noqa: S603
            [sys.executable, *command],
            cwd=project,
            env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as running,
        on_leaving(lambda: end(running)),
    ):
        _, errors = running.communicate()
    if running.returncode or not saved.is_file():
        said = errors.decode(errors="replace").strip()
        _refuse(revision, f"the stack cannot be previewed at that revision:\n{said}")


def _git(folder: Path, revision: str, *arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        _refuse(revision, "not a file, and without git there are no revisions", remedy="install git")
    done = subprocess.run([git, "-C", str(folder), *arguments], capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        _refuse(
            revision,
            f"neither a saved plan nor a git revision{': ' + said[0] if said else ''}",
            remedy="name a file that `--out` wrote, a branch, a tag or a commit",
        )
    return done.stdout


def _refuse(against: str, message: str, remedy: str = "") -> NoReturn:
    raise InputError([Problem("--against", 0, 0, "", message, value=against, remedy=remedy)])
