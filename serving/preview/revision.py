"""The plan of another state of the project: a saved file, or a git revision.

Owns `--against`. A revision is checked out into a temporary folder, by an index of its own, and previewed there by a
process of its own, so that its program meets its own modules and not ours. Neither the working tree nor its index is
touched.
"""

from __future__ import annotations

import os
import re
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
# Where git looks instead of into a folder; a hook has them set.
_GIT_PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


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
        return _preview_revision(against, project.resolve(), stack, Path(folder).resolve(), judging)


def _preview_revision(revision: str, project: Path, stack: str, folder: Path, judging: Judging) -> Plan:
    prefix = _ask_git(project, revision, "rev-parse", "--show-prefix")
    commit = _ask_git(
        project, revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    root = Path(_ask_git(project, revision, "rev-parse", "--show-toplevel"))
    tree = _check_out(revision, commit, root, folder)
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
    done = _run([sys.executable, *command], project, os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"})
    if done.returncode not in _JUDGED or not saved.is_file():
        said = done.stderr.decode(errors="replace").strip()
        _refuse(revision, f"the stack cannot be previewed at that revision:\n{said}")


def _check_out(revision: str, commit: str, root: Path, folder: Path) -> Path:
    """Write the whole tree of a commit as a checkout of its own would be, by its own attributes.

    What the repository sets up for its own working tree has no part in it: hooks, monitor, sparse patterns and checked
    out submodules, whose settings would name the new tree afterwards. Nor is a part of the index shared with it.
    """
    tree = folder / "tree"
    tree.mkdir()
    done = _git(
        root,
        revision,
        f"--work-tree={tree}",
        *("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=", "-c", "core.splitIndex=false"),
        *("read-tree", "-m", "-u", "--no-sparse-checkout", "--no-recurse-submodules", commit),
        index=folder / "index",
    )
    if done.returncode:
        _refuse(revision, f"the revision cannot be checked out: {_said(done)}")
    return tree


def _ask_git(folder: Path, revision: str, *arguments: str) -> str:
    done = _git(folder, revision, *arguments)
    if done.returncode:
        said = _said(done)
        _refuse(
            revision,
            f"neither a saved plan nor a git revision{': ' + said if said else ''}",
            remedy="name a file that `--out` wrote, a branch, a tag or a commit",
        )
    return done.stdout.decode().strip()


def _git(folder: Path, revision: str, *arguments: str, index: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, and for the repository that it is in: inside of a hook git would look at the hook's."""
    git = shutil.which("git")
    if git is None:
        _refuse(revision, "not a file, and without git there are no revisions", remedy="install git")
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_PLACES}
    return _run([git, *arguments], folder, environment | ({"GIT_INDEX_FILE": str(index)} if index else {}))


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command that a signal ends with us."""
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe) as running,  # noqa: S603
        on_leaving(lambda: end(running)),
    ):
        output, errors = running.communicate()
    return subprocess.CompletedProcess(command, running.returncode, output, errors)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What git says first, without the credentials of a remote."""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return _CREDENTIALS.sub("//***@", lines[0]) if lines else ""


def _refuse(against: str, message: str, remedy: str = "") -> NoReturn:
    raise InputError([Problem("--against", 0, 0, "", message, value=against, remedy=remedy)])
