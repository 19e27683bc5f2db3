"""Documents for tests: the shipped ones as plain data, and small helpers to break them.

The shipped blueprints are the samples: what is tested is what is deployed.
"""

from __future__ import annotations

import copy
import functools
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


__all__ = ["ROOT", "SERVICES", "STACKS", "blueprint", "changed", "environment", "load_environment"]
