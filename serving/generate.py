"""Files in the repository that are rendered from code: `python -m serving.generate [--check]`.

Owns the list of such files. With `--check` nothing is written; a file that differs, or that nothing renders any more,
is named and the exit code is 1, so that no rendered file can fall behind the code.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def blueprint_schema() -> str:
    """JSON Schema of a blueprint, for editors."""
    from serving.blueprint.schema import Blueprint

    return _json(Blueprint.model_json_schema(by_alias=True))


def environment_schema() -> str:
    """JSON Schema of an environment, for editors."""
    from serving.blueprint.environment import Environment

    return _json(Environment.model_json_schema(by_alias=True))


def policy_table() -> str:
    """The policy pack's documentation, from the rules' own metadata."""
    from policies.documentation import render

    return render()


def component_reference() -> dict[str, str]:
    """The components' arguments and outputs, from their source: path below the repository's root -> page."""
    from components.documentation import render

    return {f"docs/{path}": page for path, page in render().items()}


def ladder_runbook() -> str:
    """The runbook page of the shipped services' degradation ladders."""
    from serving.blueprint.loader import load_blueprints
    from serving.operations.ladder_runbook import render

    return render(loaded.blueprint for loaded in load_blueprints([ROOT / "blueprints"]))


OWNED_FOLDERS = ("docs/components",)
"""Folders that hold rendered files and nothing else: what nothing renders any more goes."""


@functools.cache
def generated() -> Mapping[str, str]:
    """Path below the repository's root -> what the code renders there now."""
    return {
        "docs/schema/blueprint.json": blueprint_schema(),
        "docs/schema/environment.json": environment_schema(),
        "docs/policies.md": policy_table(),
        "docs/runbooks/degradation.md": ladder_runbook(),
        **component_reference(),
    }


def stale(root: Path = ROOT) -> list[str]:
    """Paths whose file is not what the code renders now, and those that it renders no more."""
    differing = [path for path, text in generated().items() if _read(root / path) != text]
    return differing + _abandoned(root)


def write(root: Path = ROOT) -> list[str]:
    """Render every file that is stale and remove what is rendered no more; returns their paths."""
    written = stale(root)
    for path in written:
        if path not in generated():
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(generated()[path], encoding="utf-8")
    return written


def _abandoned(root: Path) -> list[str]:
    there = (path for folder in OWNED_FOLDERS for path in sorted((root / folder).glob("*")))
    return [name for name in (path.relative_to(root).as_posix() for path in there) if name not in generated()]


def main(arguments: list[str]) -> int:
    """Write or check; returns the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m serving.generate [--check]\n")
        return 2
    paths = stale() if arguments else write()
    for path in paths:
        sys.stdout.write(f"{'stale' if arguments else 'wrote'} {path}\n")
    if arguments and paths:
        sys.stderr.write("generated files fell behind the code; run: make generate\n")
        return 1
    return 0


def _json(schema: dict[str, object]) -> str:
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
