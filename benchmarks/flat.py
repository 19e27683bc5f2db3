"""A flat program: the registrations of a recorded run, one after the other, under the SDK's stock mock monitor.

Owns the baseline of `benchmarks.preview`. It makes the same resources with the same inputs, by the same SDK
classes and under the same parents, as a person would who had no components: known values are written out,
unknown ones refer to the resource they come from. It is run by path, in a process of its own:

    python benchmarks/flat.py REGISTRATIONS.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

SECRET_TEXT = "a secret of sixteen"  # noqa: S105  (stands for the secrets, which are not recorded)

_OPTIONS = {
    "protect": "protect",
    "retainOnDelete": "retain_on_delete",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "deleteBeforeReplace": "delete_before_replace",
    "deletedWith": "deleted_with",
}
"""Recorded option to its name in Python; `aliases` cost nothing and are left out."""


_GENERATED = ("pulumi_aws.", "pulumi_kubernetes.")
"""Packages whose classes take their inputs as arguments; others are made as bare custom resources."""


class Echo(mocks.Mocks):
    """The mocks of a plain unit test: outputs are the inputs, identifiers are not known in a preview."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Answer nothing."""
        return {}, None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Answer with the inputs."""
        return "", args.inputs


class Flat:
    """Makes recorded resources again."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self._entries = entries
        self._made: dict[str, pulumi.Resource] = {}

    def build(self) -> None:
        """Make all of them, in the order in which they were registered."""
        for entry in self._entries:
            if entry["type"] != "pulumi:pulumi:Stack":
                self._made[entry["urn"]] = self._make(entry)

    def _make(self, entry: dict[str, Any]) -> pulumi.Resource:
        options = self._options(entry)
        if entry["kind"] == "component":
            return pulumi.ComponentResource(entry["type"], entry["name"], self._inputs(entry, {}), options)
        if not entry["class"].startswith(_GENERATED):
            return pulumi.CustomResource(entry["type"], entry["name"], self._inputs(entry, {}), options)
        module, _, name = entry["class"].rpartition(".")
        resource_class = getattr(import_module(module), name)
        names = python_names(resource_class)
        made: pulumi.Resource = resource_class(entry["name"], opts=options, **self._inputs(entry, names))
        return made

    def _inputs(self, entry: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
        inputs = {}
        for key, value in entry["inputs"].items():
            sources = [self._made[urn] for urn in entry["property_dependencies"].get(key, []) if urn in self._made]
            if entry["kind"] == "provider":
                value = _unpacked(value)
            inputs[names.get(key, key)] = _value(value, _Source(sources))
        return inputs

    def _options(self, entry: dict[str, Any]) -> pulumi.ResourceOptions:
        through_properties = {urn for urns in entry["property_dependencies"].values() for urn in urns}
        explicit = [urn for urn in entry["dependencies"] if urn not in through_properties]
        recorded: dict[str, Any] = {_OPTIONS[key]: value for key, value in entry["options"].items() if key in _OPTIONS}
        if "deleted_with" in recorded:
            recorded["deleted_with"] = self._made[recorded["deleted_with"]]
        if "providers" in entry["options"]:
            recorded["providers"] = {k: self._made[urn] for k, urn in entry["options"]["providers"].items()}
        return pulumi.ResourceOptions(
            parent=self._made.get(entry["parent"]),
            provider=self._made.get(entry["provider"]),  # type: ignore[arg-type]
            depends_on=[self._made[urn] for urn in explicit if urn in self._made],
            **recorded,
        )


def _unpacked(value: Any) -> Any:  # noqa: ANN401
    """What a provider's argument was before its class wrote it as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


class _Source:
    """Where the unknown leaves of one property come from: together they refer to all of its dependencies."""

    def __init__(self, resources: list[pulumi.Resource]) -> None:
        self._resources = resources

    def take(self) -> Any:  # noqa: ANN401
        """An unknown value that depends on the next resource, or on the last one again; on none if there is none."""
        if not self._resources:  # what a provider was asked, and could not tell before there is something
            return _unknown("")
        resource = self._resources.pop(0) if len(self._resources) > 1 else self._resources[0]
        return resource.id if isinstance(resource, pulumi.CustomResource) else resource.urn.apply(_unknown)


def _unknown(_: str) -> pulumi.Output[Any]:
    return pulumi.Output.unsecret(pulumi.Output.from_input(pulumi.UNKNOWN))


def _value(value: Any, source: _Source) -> Any:  # noqa: ANN401
    """A plan value as a program would write it."""
    if isinstance(value, dict):
        if value == {"$unknown": True}:
            return source.take()
        if value == {"$secret": True}:
            return pulumi.Output.secret(SECRET_TEXT)
        if set(value) == {"$literal"}:
            value = value["$literal"]
        return {key: _value(item, source) for key, item in value.items()}
    return [_value(item, source) for item in value] if isinstance(value, list) else value


@cache
def python_names(resource_class: type) -> dict[str, str]:
    """Wire name to argument name of a resource class of a generated SDK."""
    arguments = {name.strip("_") for name in resource_class._internal_init.__code__.co_varnames}  # type: ignore[attr-defined]
    return {_wire_name(name): name for name in arguments}


def _wire_name(python_name: str) -> str:
    head, *rest = python_name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def main() -> None:
    """Run the flat program and wait for everything outstanding, as a unit test does."""
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(Echo(), project=document["project"], stack=document["stack"], preview=True)
    loop.run_until_complete(run_pulumi_func(Flat(document["entries"]).build))


if __name__ == "__main__":
    main()
