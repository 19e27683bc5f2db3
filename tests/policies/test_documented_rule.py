"""The rule that docs/policy-proof.md adds, added as it says to a copy of the pack and of its tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"(?P<before>[^`\n]*`(?P<file>[\w/]+\.py)`[^\n]*)\n\n```python\n(?P<text>.*?)^```$", re.M | re.S)
_COPIED = ("policies", "tests")


def _blocks() -> dict[str, str]:
    """Text of each quoted module by its path, in the order of the page."""
    page = (ROOT / "docs/policy-proof.md").read_text(encoding="utf-8")
    return {match["file"]: match["text"] for match in _BLOCK.finditer(page)}


RULE, SAMPLES, FAULTS = _blocks()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the rule added; only what is changed is a copy."""
    root = tmp_path_factory.mktemp("documented")
    for each in ROOT.iterdir():
        if each.name in _COPIED:
            shutil.copytree(each, root / each.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif not each.name.startswith("."):
            (root / each.name).symlink_to(each)
    blocks = _blocks()
    for path in (RULE, SAMPLES):
        assert not (root / path).exists()
        (root / path).write_text(blocks[path], encoding="utf-8")
    chapter = root / FAULTS
    quoted = re.fullmatch(r"(FAULTS = \(\n)    # \.\.\.\n(.*)\)\n", blocks[FAULTS], re.DOTALL)
    assert quoted, "the last block shows what is added to the list"
    opening, faults = quoted.groups()
    text = chapter.read_text(encoding="utf-8")
    assert text.count(opening) == 1
    chapter.write_text(text.replace(opening, opening + faults), encoding="utf-8")
    return root


def _run(tree: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=tree, capture_output=True, text=True, check=False, timeout=600
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_its_samples_are_judged_as_they_say(tree: Path) -> None:
    said = _run(tree, "pytest", "-q", "-pno:cacheprovider", "-n0", "tests/policies/test_rules.py", "-kqueue-retention")
    assert re.search(r"\b\d+ passed", said)
    assert "skipped" not in said


def test_its_fault_is_found_by_it_and_by_no_other(tree: Path) -> None:
    said = _run(tree, "tests.policies.mutation", "queue-retention", "--all")
    verdicts = [line for line in said.splitlines() if line.startswith("messages of a minute")]
    assert verdicts
    assert all(line.endswith(": queue-retention") for line in verdicts)


def test_it_is_written_as_everything_here_is(tree: Path) -> None:
    for command in (["check"], ["format", "--check"]):
        _run(tree, "ruff", *command, "--no-cache", RULE, SAMPLES, FAULTS)
