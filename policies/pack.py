"""The list of rules.

Owns which rules there are: every module in `policies/checks` holds one. Importing it starts nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any, Final

import yaml

from policies import checks
from policies.rule import Rule


def _discover() -> tuple[Rule[Any], ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))
    return tuple(importlib.import_module(f"{checks.__name__}.{name}").RULE for name in names)


RULES: Final[tuple[Rule[Any], ...]] = _discover()
"""Every rule, sorted by id."""

_BY_ID: Final = {rule.id: rule for rule in RULES}


def rule(rule_id: str) -> Rule[Any]:
    """The rule with that id; KeyError if there is none."""
    return _BY_ID[rule_id]


def version() -> str:
    """The pack's version, as its manifest states it for the engine."""
    manifest = yaml.safe_load((Path(__file__).parent / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    return str(manifest["version"])
