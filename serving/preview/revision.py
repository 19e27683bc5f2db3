"""The plan of another state of the project: a saved file, or a git revision.

Owns `--against`. A revision is checked out into a temporary folder, by an index of its own, and previewed there by a
process of its own, so that its program meets its own modules and not ours. Neither the working tree nor its index is
touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from serving.blueprint.errors import InputError, Problem
from serving.preview.leaving import end, on_leaving
from serving.preview.plan import Plan, read_plan

_JUDGED = (0, 1)  # exit codes of a preview that was made, whatever was found in it
_CODE_ROOT = Path(__file__).resolve().parents[2]
# No program of the repository's is run because of our index.
_ALONE = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")


@dataclass(frozen=True, slots=True)
class Judging:
    """The pack that judges a revision: the one of now, so that a difference comes from the stack and not from it.

    Attributes:
        pack: Its folder; None leaves the policies out.
        config: File with levels and parameters, as for the preview itself.
    """

    pack: Path | None = None
    config: Path | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The same in the words of the command line."""
        if self.pack is None:
            return ("--no-policies",)
        config = ("--policy-pack-config", str(self.config.resolve())) if self.config else ()
        return ("--policy-pack", str(self.pack.resolve()), *config)


def base_plan(against: str, project: Path, stack: str, judging: Judging = Judging()) -> Plan:
    """The plan that `against` names.

    Args:
        against: Path of a saved plan, or a git revision of the repository that holds `project`.
        project: The project's folder.
        stack: The stack to preview at that revision.
        judging: What judges a revision; a saved plan has its findings.

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
        return _preview_revision(against, project.resolve(), stack, Path(folder), judging)


def _preview_revision(revision: str, project: Path, stack: str, folder: Path, judging: Judging) -> Plan:
    prefix = _git(project, revision, "rev-parse", "--show-prefix").decode().strip()
    commit = _git(project, revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    root = Path(_git(project, revision, "rev-parse", "--show-toplevel").decode().strip())
    tree = _check_out(revision, commit.decode().strip(), root, folder)
    there = tree / prefix
    if not there.is_dir():
        _refuse(revision, f"there was no folder {prefix} at that revision")
    saved = folder / "plan.json"
    _run_preview(revision, there, ("--stack", stack, "--out", str(saved), *judging.arguments), saved)
    return read_plan(saved)


def _run_preview(revision: str, project: Path, arguments: Sequence[str], saved: Path) -> None:
    """Run the revision's own `serving`, where it has one; ours otherwise. A plan that is refused is a plan."""
    command = ["-m", "serving", "preview", *arguments]
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
    if running.returncode not in _JUDGED or not saved.is_file():
        said = errors.decode(errors="replace").strip()
        _refuse(revision, f"the stack cannot be previewed at that revision:\n{said}")


def _check_out(revision: str, commit: str, root: Path, folder: Path) -> Path:
    """The whole tree, as `git checkout` writes it: `git archive` leaves out what is marked `export-ignore`."""
    tree = folder / "tree"
    index = {"GIT_INDEX_FILE": str(folder / "index")}
    for command in (
        ("read-tree", commit),
        ("checkout-index", "--all", f"--prefix={tree}{os.sep}"),
    ):
        done = _run_git(root, revision, *_ALONE, *command, environment=index)
        if done.returncode:
            _refuse(revision, f"the revision cannot be checked out:\n{done.stderr.decode(errors='replace').strip()}")
    return tree


def _git(folder: Path, revision: str, *arguments: str) -> bytes:
    done = _run_git(folder, revision, *arguments)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        _refuse(
            revision,
            f"neither a saved plan nor a git revision{': ' + said[0] if said else ''}",
            remedy="name a file that `--out` wrote, a branch, a tag or a commit",
        )
    return done.stdout


def _run_git(
    folder: Path, revision: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    git = shutil.which("git")
    if git is None:
        _refuse(revision, "not a file, and without git there are no revisions", remedy="install git")
    command = [git, "-C", str(folder), *arguments]
    return subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, check=False)  # noqa: S603


def _refuse(against: str, message: str, remedy: str = "") -> NoReturn:
    raise InputError([Problem("--against", 0, 0, "", message, value=against, remedy=remedy)])
