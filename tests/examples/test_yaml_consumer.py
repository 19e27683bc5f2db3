"""The YAML consumer: what it says is what the published schema of the components offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition

import components
from components.options import PACKAGE

FOLDER = Path(__file__).resolve().parents[2] / "examples/yaml-consumer"
PROGRAM: dict[str, Any] = yaml.safe_load((FOLDER / "Pulumi.yaml").read_text(encoding="utf-8"))
CONSUMED = {
    name: resource for name, resource in PROGRAM["resources"].items() if resource["type"].startswith(f"{PACKAGE}:")
}


@pytest.fixture(scope="module")
def published() -> dict[str, ComponentDefinition]:
    used = sorted(resource["type"].partition(":")[2] for resource in CONSUMED.values())
    return Analyzer(PACKAGE).analyze([getattr(components, name) for name in used])["component_definitions"]


def test_the_package_is_the_plugin_of_this_repository() -> None:
    plugin = FOLDER / PROGRAM["packages"][PACKAGE] / "PulumiPlugin.yaml"
    assert yaml.safe_load(plugin.read_text(encoding="utf-8"))["name"] == PACKAGE


@pytest.mark.parametrize("name", CONSUMED)
def test_a_consumed_component_is_given_what_its_schema_asks_for(
    name: str, published: dict[str, ComponentDefinition]
) -> None:
    inputs = published[CONSUMED[name]["type"].partition(":")[2]].inputs
    given = set(CONSUMED[name]["properties"])
    required = {key for key, definition in inputs.items() if not definition.optional}
    assert given <= set(inputs), "unknown properties vanish on the wire"
    assert required <= given


def test_outputs_that_are_referred_to_are_published(published: dict[str, ComponentDefinition]) -> None:
    referred = {("keys", "keyArns"), ("logs", "name"), ("models", "bucketNames")}
    text = (FOLDER / "Pulumi.yaml").read_text(encoding="utf-8")
    for resource, output in referred:
        assert f"${{{resource}.{output}" in text
        assert output in published[CONSUMED[resource]["type"].partition(":")[2]].outputs
