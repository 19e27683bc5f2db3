"""Documents for tests: the shipped ones as plain data, small helpers to break them, and a copy of the project.

The shipped blueprints are the samples: what is tested is what is deployed.
"""

from __future__ import annotations

import copy
import functools
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.blueprint.environment import Environment
from serving.blueprint.loader import load_blueprints, load_environment, read_stack_file
from serving.blueprint.schema import Blueprint

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("chat", "embedding", "fraud-score")
STACKS = ("dev", "prod")
ENVIRONMENT_KEY = "model-serving:environment"
PROJECT = (
    "Pulumi.yaml",
    *(f"Pulumi.{stack}.yaml" for stack in STACKS),
    "__main__.py",
    "blueprints",
    "bootstrap",
    "components",
    "policies",
    "serving",
)
"""What a stack is previewed and deployed from."""


@functools.cache
def _documents() -> Mapping[str, dict[str, Any]]:
    loaded = load_blueprints([ROOT / "blueprints"])
    return {one.blueprint.name: one.blueprint.model_dump(mode="json", by_alias=True) for one in loaded}


def blueprint_document(service: str = "fraud-score") -> dict[str, Any]:
    """A shipped blueprint as plain data, every default written out, to be broken at will."""
    return copy.deepcopy(_documents()[service])


def blueprint(service: str = "fraud-score", **changes: object) -> Blueprint:
    """A shipped blueprint, changed: `blueprint(**{"scaling.max_replicas": 4})`."""
    return Blueprint.model_validate(changed(blueprint_document(service), changes))


def environment_document(stack: str = "prod") -> dict[str, Any]:
    """A shipped environment as plain data."""
    config, _ = read_stack_file(ROOT / f"Pulumi.{stack}.yaml")
    return copy.deepcopy(config[ENVIRONMENT_KEY])


def environment(stack: str = "prod", **changes: object) -> Environment:
    """A shipped environment, changed."""
    return Environment.model_validate(changed(environment_document(stack), changes))


def changed(document: dict[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """Set dotted keys (`regions.0.cidr`); a value of `...` removes the key."""
    for dotted, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in dotted.split(".")]
        place: Any = document
        for part in parents:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return document


def copy_of_project(folder: Path) -> Path:
    """The program and its documents in a new folder, to work in."""
    folder.mkdir()
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    # the program and the pack run in the environment that runs the tests
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


__all__ = ["ROOT", "SERVICES", "STACKS", "blueprint", "changed", "copy_of_project", "environment", "load_environment"]
