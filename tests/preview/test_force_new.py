"""The facts about replacements fit the installed SDKs and are matched by path."""

from __future__ import annotations

import pytest

from serving.preview.aws_types import arguments_of
from serving.preview.force_new import ForceNew, _aws_table, applies, force_new, parse_path, wire_name
from tests.preview.samples import resource


@pytest.mark.parametrize(("token", "properties"), sorted(_aws_table().items()))
def test_every_aws_fact_names_a_property_of_the_installed_sdk(token: str, properties: list[str]) -> None:
    arguments = arguments_of(token)
    assert arguments is not None
    known = {wire_name(name) for name in vars(arguments)}
    assert {path.partition(".")[0] for path in properties} <= known


def test_an_aws_resource_is_replaced_for_its_name_and_its_region_but_not_for_its_tags() -> None:
    facts = force_new(resource("aws:s3/bucket:Bucket", "b"))
    named = {fact.pattern for fact in facts}
    assert {("bucket",), ("region",)} <= named
    assert ("tags",) not in named


def test_what_the_sdk_documents_itself_is_a_fact() -> None:
    facts = force_new(resource("aws:mailmanager/ingressPoint:IngressPoint", "i"))
    assert any("documentation" in fact.source for fact in facts)


def test_a_deployment_is_replaced_for_its_selector_and_not_for_its_template() -> None:
    inputs = {"apiVersion": "apps/v1", "kind": "Deployment"}
    named = {fact.pattern for fact in force_new(resource("kubernetes:apps/v1:Deployment", "d", inputs))}
    assert {("spec", "selector"), ("metadata", "name"), ("metadata", "namespace"), ("kind",)} <= named
    assert ("spec", "template") not in named


def test_the_programs_own_wish_is_a_fact() -> None:
    wish = resource("demo:index:Thing", "t", options={"replaceOnChanges": ["spec.ports[*].port"]})
    (fact,) = force_new(wish)
    assert fact.pattern == ("spec", "ports", "*", "port")


def test_a_type_without_facts_changes_in_place() -> None:
    assert force_new(resource("demo:index:Thing", "t")) == ()
    assert force_new(resource("aws:nowhere/thing:Thing", "t")) == ()


@pytest.mark.parametrize(
    ("path", "hit"),
    [
        (("spec", "selector"), True),
        (("spec", "selector", "matchLabels", "app"), True),
        (("spec",), True),
        (("spec", "template"), False),
        (("metadata",), False),
    ],
)
def test_a_fact_is_hit_at_below_and_around_its_path(path: tuple[str, ...], hit: bool) -> None:
    assert applies(ForceNew(("spec", "selector"), ""), path) is hit


def test_a_star_stands_for_any_element_by_place_or_by_name() -> None:
    fact = ForceNew(("ports", "*", "port"), "")
    assert applies(fact, ("ports", 0, "port"))
    assert applies(fact, ("ports", "name=http", "port"))
    assert not applies(fact, ("ports", 0, "protocol"))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b", ("a", "b")),
        ("a[0].b", ("a", "0", "b")),
        ('a["b.c"]', ("a", "b.c")),
        ("*", ()),
    ],
)
def test_paths_are_read_as_options_spell_them(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path
