"""The README's walk-throughs: following them ends as they say, and what they quote is what is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from serving.cli import main
from serving.preview.session import Request, preview
from tests.documents import ENVIRONMENT_KEY, ROOT, copy_of_project

README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NEW, _KIND = "recommend", "tabular"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, to work in."""
    copy = copy_of_project(tmp_path / "project")
    monkeypatch.chdir(copy)
    return copy


def blocks(language: str, starting: str = "") -> list[str]:
    return [text for kind, text in _BLOCKS.findall(README) if kind == language and text.startswith(starting)]


def said(*arguments: str) -> tuple[int, str]:
    """Exit code, and what was printed."""
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_steps_to_a_new_service_end_fine(project: Path) -> None:
    assert f"serving new {_NEW} --kind {_KIND} " in README
    assert said("new", _NEW, "--kind", _KIND)[0] == 0
    path = project / f"blueprints/{_NEW}.yaml"
    named = re.search(r"\bas\s+`([\w-]+)`\s+and\s+`([\w-]+)`", README)
    assert named, "the README names a tenant and an owner to begin with"
    edit(path, "my-tenant", named[1])
    edit(path, "my-team", named[2])
    [overridable] = blocks("yaml", "# added to blueprints/")
    path.write_text(path.read_text(encoding="utf-8") + overridable, encoding="utf-8")

    stack = project / "Pulumi.dev.yaml"
    [service] = blocks("yaml", "# added to `services`")
    document = yaml.safe_load(stack.read_text(encoding="utf-8"))
    document["config"][ENVIRONMENT_KEY]["services"].update(yaml.safe_load(service))
    stack.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    assert said("check", "--stack", "dev") == (0, "fine: 4 blueprints, stack dev with 4 of them\n")
    plan = preview(Request(root=project, stack="dev", pack=ROOT / "policies"))
    assert any(_NEW in resource.name for resource in plan.resources)
    assert [(found.rule, found.urn) for found in plan.mandatory] == []


def quoted_error(naming: str) -> str:
    [block] = [text for text in blocks("", "error: ") if naming in text]
    return block


def pieces(block: str) -> Iterator[str]:
    """What must be said, in order; a list that is cut short counts up to the cut."""
    for piece in re.split(r"\.\.\.\n|\n(?=    )", block):
        yield " ".join(piece.split())


@pytest.mark.parametrize(
    ("before", "after", "naming"),
    [
        ("\n  max_replicas: 6\n  replica_rps", "\n  max_replica: 6\n  replica_rps", "unknown key"),
        ("peak_rps: 12\n", "peak_rps: 20\n", "the peak of 20"),
    ],
)
def test_a_quoted_error_is_what_is_printed(project: Path, before: str, after: str, naming: str) -> None:
    edit(project / "blueprints/chat.yaml", before, after)
    code, printed = said("check", "--stack", "prod")
    assert code == 2
    told, place = " ".join(printed.split()), 0
    for piece in pieces(quoted_error(naming)):
        place = told.find(piece, place)
        assert place >= 0, piece
    assert told.endswith(" 1 problem")
