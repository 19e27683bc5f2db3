"""The reference of the components: what it reads from source, and that it leaves nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.documentation import FOLDER, Component, page_of, read_components, render

SOURCE = '''"""A thing.

Owns the thing and nothing else.
"""

from typing import NotRequired, TypedDict

import pulumi


class PartArgs(TypedDict):
    """One part.

    Attributes:
        size: Its size, in parts
            of a whole.
    """

    size: NotRequired[int]


class Part(Section):
    size: int = Field(default=3, ge=1)


class ThingArgs(TypedDict):
    """Arguments of `Thing`."""

    where: str
    """Where it is, left | right."""
    key_arn: pulumi.Input[str]
    """Its key."""
    parts: NotRequired[list[PartArgs]]
    """Its parts."""
    weight: NotRequired[float]
    """Its weight."""


class ThingSpec(Section):
    where: str
    weight: float = 1.5


class Thing(pulumi.ComponentResource):
    """A thing that can be had."""

    arn: pulumi.Output[str]
    """Its ARN."""
    _hidden: pulumi.Output[str]


class HeavyThingArgs(ThingArgs):
    """Arguments of `HeavyThing`."""


class HeavyThing(Thing):
    """A thing with weight."""
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "thing.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def test_a_component_is_described_by_its_own_source(folder: Path) -> None:
    thing = next(c for c in read_components(folder) if c.name == "Thing")
    assert thing.text == "A thing that can be had."
    assert thing.scope == "Owns the thing and nothing else."
    assert [(a.name, a.type, a.required) for a in thing.arguments] == [
        ("where", "str", True),
        ("key_arn", "str, wiring", True),
        ("parts", "list[Part]", False),
        ("weight", "float", False),
    ]
    assert [o.name for o in thing.outputs] == ["arn"]


def test_defaults_come_from_the_specs_of_components_and_of_nested_groups(folder: Path) -> None:
    thing = next(c for c in read_components(folder) if c.name == "Thing")
    assert {a.name: a.default for a in thing.arguments}["weight"] == "1.5"
    assert [(group.name, group.arguments[0].default) for group in thing.groups] == [("Part", "3")]


def test_descriptions_are_found_below_names_and_in_attribute_sections(folder: Path) -> None:
    thing = next(c for c in read_components(folder) if c.name == "Thing")
    assert thing.arguments[0].text == "Where it is, left | right."
    assert thing.groups[0].arguments[0].text == "Its size, in parts of a whole."


def test_a_component_through_a_base_class_has_what_the_base_class_has(folder: Path) -> None:
    heavy, thing = read_components(folder)
    assert (heavy.name, thing.name) == ("HeavyThing", "Thing")
    assert [argument.name for argument in heavy.arguments] == [argument.name for argument in thing.arguments]
    assert heavy.outputs == thing.outputs


def test_a_bar_in_a_description_does_not_break_the_table(folder: Path) -> None:
    page = render(folder)["components/thing.md"]
    row = next(line for line in page.splitlines() if line.startswith("| `where`"))
    assert row.replace("\\|", "").count("|") == 5


def test_every_component_has_a_page_that_the_index_links(folder: Path) -> None:
    pages = render(folder)
    assert set(pages) == {"components.md", "components/thing.md", "components/heavy-thing.md"}
    assert "[HeavyThing](components/heavy-thing.md): A thing with weight." in pages["components.md"]


@pytest.mark.parametrize(
    ("component", "page"), [("Cluster", "cluster"), ("GpuNodeGroup", "gpu-node-group"), ("DnsZone", "dns-zone")]
)
def test_a_page_is_named_after_its_component(component: str, page: str) -> None:
    assert page_of(component) == f"components/{page}.md"


def test_a_component_without_arguments_of_its_own_is_refused(folder: Path) -> None:
    (folder / "bare.py").write_text("class Bare(pulumi.ComponentResource):\n    pass\n", encoding="utf-8")
    with pytest.raises(ValueError, match="BareArgs"):
        read_components(folder)


@pytest.mark.parametrize("component", read_components(FOLDER), ids=lambda component: component.name)
def test_every_argument_and_output_of_a_shipped_component_is_described(component: Component) -> None:
    undocumented = [
        entry.name
        for entries in (
            component.arguments,
            component.outputs,
            *(group.arguments for group in component.groups),
        )
        for entry in entries
        if not entry.text
    ]
    assert undocumented == []
