"""The rule that docs/policy-proof.md adds, added as it says to a copy of the pack and of its tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"`([\w/]+\.py)`[^\n]*\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COPIED = ("policies", "tests")
RULE = "queue-retention"


@dataclass(frozen=True)
class Added:
    """The repository with the rule added, and the paths in it that are new or changed."""

    root: Path
    paths: tuple[str, ...]

    def run(self, *arguments: str) -> str:
        """Output of a Python module that ends well there."""
        ended = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=self.root, capture_output=True, text=True, check=False, timeout=600
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Added:
    """Only what is changed is a copy."""
    blocks = _BLOCK.findall((ROOT / "docs/policy-proof.md").read_text(encoding="utf-8"))
    root = tmp_path_factory.mktemp("documented")
    for each in ROOT.iterdir():
        if each.name in _COPIED:
            shutil.copytree(each, root / each.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif not each.name.startswith("."):
            (root / each.name).symlink_to(each)
    *modules, (chapter, listed) = blocks
    for path, text in modules:
        assert not (root / path).exists()
        (root / path).write_text(text, encoding="utf-8")
    quoted = re.fullmatch(r"(FAULTS = \(\n)    # \.\.\.\n(.*)\)\n", listed, re.DOTALL)
    assert quoted, "the last block shows what is added to the list"
    opening, faults = quoted.groups()
    before = (root / chapter).read_text(encoding="utf-8")
    assert before.count(opening) == 1
    (root / chapter).write_text(before.replace(opening, opening + faults), encoding="utf-8")
    return Added(root, tuple(path for path, _ in blocks))


def test_it_has_all_that_a_rule_needs_and_its_samples_are_judged_as_they_say(added: Added) -> None:
    samples = re.findall(r"^    Sample\(Case\.\w+, \"(.*?)\"", (added.root / added.paths[1]).read_text(), re.MULTILINE)
    said = added.run(
        *("pytest", "-v", "-pno:cacheprovider", "-n0", "--color=no", "tests/policies/test_rules.py"),
        *("-k", RULE),
    )
    judged = re.findall(r"test_a_sample_gives_exactly_its_findings\[.* PASSED", said)
    assert samples
    assert len(judged) == len(samples)


def test_its_fault_is_found_by_it_and_by_no_other(added: Added) -> None:
    said = added.run("tests.policies.mutation", RULE, "--all")
    verdicts = [line for line in said.splitlines() if line.startswith("messages of a minute")]
    assert verdicts
    assert all(line.endswith(f": {RULE}") for line in verdicts)


def test_it_is_written_as_everything_here_is(added: Added) -> None:
    for command in (["check"], ["format", "--check"]):
        added.run("ruff", *command, "--no-cache", *added.paths)
