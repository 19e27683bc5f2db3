"""Files in the repository that are rendered from code: `python -m serving.generate [--check]`.

Owns the list of such files. With `--check` nothing is written; a file that differs is named and the exit code
is 1, so that no rendered file can fall behind the code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
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


def component_reference() -> str:
    """The components' arguments and outputs, from their source."""
    from components.documentation import render

    return render()


GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/schema/blueprint.json": blueprint_schema,
    "docs/schema/environment.json": environment_schema,
    "docs/policies.md": policy_table,
    "docs/components.md": component_reference,
}
"""Path below the repository's root -> what renders it."""


def stale(root: Path = ROOT) -> list[str]:
    """Paths whose file is not what the code renders now."""
    return [path for path, render in GENERATED.items() if _read(root / path) != render()]


def write(root: Path = ROOT) -> list[str]:
    """Render every file that is stale; returns their paths."""
    written = stale(root)
    for path in written:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(GENERATED[path](), encoding="utf-8")
    return written


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
