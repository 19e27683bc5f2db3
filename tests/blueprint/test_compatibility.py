"""The proof that one schema fits another: sound on random schemas, and complete where contracts need it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from serving.blueprint import compatibility
from serving.blueprint.compatibility import Schema, instance_errors, misfits, schema_errors
from serving.blueprint.schema.protocols import PUBLIC_SCHEMAS

_KEYS = st.sampled_from(["a", "b", "c"])
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_SMALL = st.integers(-2, 3)
_NUMBERS = st.one_of(_SMALL, st.sampled_from([-1.5, 0.0, 0.5, 1.0, 2.5]))
_STRINGS = st.text("ab", max_size=3)

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _STRINGS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=6,
)


def _keywords(inner: st.SearchStrategy[Schema]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "type": st.one_of(st.sampled_from(_TYPES), st.lists(st.sampled_from(_TYPES), min_size=1, unique=True)),
        "enum": st.lists(_VALUES, min_size=1, max_size=3),
        "const": _VALUES,
        "minimum": _NUMBERS,
        "exclusiveMinimum": _NUMBERS,
        "maximum": _NUMBERS,
        "exclusiveMaximum": _NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 4, 0.5, 1.5]),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "pattern": st.sampled_from(["^a", "b$", "^[ab]*$"]),
        "format": st.sampled_from(["date", "email"]),
        "minItems": st.integers(0, 3),
        "maxItems": st.integers(0, 3),
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "required": st.lists(_KEYS, unique=True),
        "properties": st.dictionaries(_KEYS, inner, max_size=3),
        "additionalProperties": inner,
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=3),
        "oneOf": st.lists(inner, min_size=1, max_size=3),
        "$ref": st.sampled_from(["#/$defs/x", "#/$defs/y"]),
        "uniqueItems": st.booleans(),
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^[bc]$"]), inner, max_size=1),
        "unevaluatedProperties": inner,
    }


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    strategies = _keywords(inner)
    chosen = draw(st.lists(st.sampled_from(sorted(strategies)), max_size=3, unique=True))
    return {keyword: draw(strategies[keyword]) for keyword in chosen}


_SUBSCHEMAS: st.SearchStrategy[Schema] = st.recursive(st.booleans(), _objects, max_leaves=8)


@st.composite
def _schemas(draw: st.DrawFn) -> dict[str, Any]:
    """A document whose references are never a loop without a step into the value."""
    schema = draw(_objects(_SUBSCHEMAS))
    assert isinstance(schema, dict)
    behind = draw(_objects(_SUBSCHEMAS.filter(lambda s: "$ref" not in str(s))))
    assert isinstance(behind, dict)
    behind.pop("$ref", None)
    recursive = {"properties": {"a": {"$ref": "#/$defs/y"}}, "items": {"$ref": "#/$defs/x"}}
    return {
        **schema,
        "$defs": {"x": behind, "y": {**recursive, "type": draw(_keywords(_SUBSCHEMAS)["type"])}},
    }


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two schemas, the second often a variation of the first: unrelated ones hardly ever fit."""
    first = draw(_schemas())
    if draw(st.booleans()):
        return first, draw(_schemas())
    second = copy.deepcopy(first)
    for _ in range(draw(st.integers(1, 3))):
        _vary(draw, second)
    return first, second


def _vary(draw: st.DrawFn, schema: dict[str, Any]) -> None:
    """Change, add or remove one keyword somewhere in a schema."""
    inner = [value for value in schema.get("properties", {}).values() if isinstance(value, dict)]
    inner += [schema[k] for k in ("items", "additionalProperties") if isinstance(schema.get(k), dict)]
    target = draw(st.sampled_from([schema, *inner]))
    strategies = _keywords(_SUBSCHEMAS)
    keyword = draw(st.sampled_from(sorted(strategies)))
    if draw(st.booleans()):
        target.pop(draw(st.sampled_from(sorted(target) or [keyword])), None)
        schema.setdefault("$defs", {"x": True, "y": True})
    else:
        target[keyword] = draw(strategies[keyword])


@settings(max_examples=150, deadline=None)
@given(_pairs(), st.lists(_VALUES, min_size=20, max_size=20))
def test_no_value_of_a_producer_that_fits_is_refused_by_its_consumer(
    pair: tuple[dict[str, Any], dict[str, Any]], values: list[Any]
) -> None:
    producer, consumer = pair
    if misfits(producer, consumer):
        return
    gives, takes = Draft202012Validator(producer), Draft202012Validator(consumer)
    refused = [value for value in values if gives.is_valid(value) and not takes.is_valid(value)]
    assert refused == []


@settings(max_examples=60, deadline=None)
@given(_schemas())
def test_a_schema_fits_itself(schema: dict[str, Any]) -> None:
    assert misfits(schema, copy.deepcopy(schema)) == []


@settings(max_examples=60, deadline=None)
@given(_schemas(), st.sampled_from([True, {}, {"title": "anything"}]))
def test_every_schema_fits_a_consumer_that_takes_anything(schema: dict[str, Any], anything: Schema) -> None:
    assert misfits(schema, anything) == []


@settings(max_examples=60, deadline=None)
@given(_VALUES, _schemas())
def test_a_constant_that_provably_fits_is_valid(value: Any, schema: dict[str, Any]) -> None:
    if misfits({"const": value}, schema) == []:
        assert Draft202012Validator(schema).is_valid(value)


@settings(max_examples=60, deadline=None)
@given(_schemas(), _KEYS, _VALUES)
def test_a_schema_is_called_valid_exactly_when_the_metaschema_says_so(
    schema: dict[str, Any], keyword: str, value: Any
) -> None:
    changed = {**schema, {"a": "type", "b": "properties", "c": "minItems"}[keyword]: value}
    for candidate in (schema, changed):
        is_valid = Draft202012Validator(Draft202012Validator.META_SCHEMA).is_valid(candidate)
        assert (schema_errors(candidate) == []) is is_valid


def _obj(required: str = "", **properties: Schema) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _tagged(*tags: str) -> dict[str, Any]:
    return {"oneOf": [_obj("kind", kind={"const": tag}, size={"type": "integer"}) for tag in tags]}


_INT, _NUM, _STR = {"type": "integer"}, {"type": "number"}, {"type": "string"}
_LIST = {"type": "array", "items": {"$ref": "#"}}
_TREE = {"$ref": "#/$defs/t", "$defs": {"t": _obj("v", v=_INT, kids={"type": "array", "items": {"$ref": "#/$defs/t"}})}}
_LOOSE_TREE = {"type": "object", "properties": {"v": _NUM, "kids": {"type": "array", "items": {"$ref": "#"}}}}

_FITTING: dict[str, tuple[Schema, Schema]] = {
    "an integer is a number": (_INT, _NUM),
    "a narrower range": ({**_NUM, "minimum": 1, "maximum": 2}, {"minimum": 0, "maximum": 2}),
    "an exclusive bound inside an inclusive one": ({**_NUM, "exclusiveMinimum": 0}, {"minimum": 0}),
    "integers above an exclusive bound": ({**_INT, "minimum": 1}, {"exclusiveMinimum": 0}),
    "integers from an exclusive bound on": ({**_INT, "exclusiveMinimum": 0}, {"minimum": 1}),
    "a multiple of a multiple": ({**_INT, "multipleOf": 6}, {"multipleOf": 3}),
    "shorter text": ({**_STR, "minLength": 2, "maxLength": 3}, {"minLength": 1, "maxLength": 3}),
    "the same pattern and format": (
        {**_STR, "pattern": "^a", "format": "date"},
        {"format": "date", "pattern": "^a", "type": ["string", "null"]},
    ),
    "a listed value that matches": ({"enum": ["ab", "ac"]}, {"type": "string", "pattern": "^a", "maxLength": 2}),
    "fewer values": ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    "equal numbers": ({"const": 1}, {"enum": [1.0]}),
    "a boolean is true or false": ({"type": "boolean"}, {"enum": [True, False]}),
    "a required key beside others": (_obj("a b", a=_INT, b=_STR), _obj("a", a=_NUM)),
    "a closed object": ({**_obj(a=_INT), "additionalProperties": False}, {"additionalProperties": _INT}),
    "extra keys of one type": ({"type": "object", "additionalProperties": _INT}, _obj(a=_NUM)),
    "items": ({"type": "array", "items": _INT, "maxItems": 2}, {"items": _NUM, "maxItems": 3}),
    "prefix items": ({"type": "array", "prefixItems": [_INT, _STR], "items": False}, {"prefixItems": [_NUM]}),
    "nullable by a list of types": ({"type": ["string", "null"]}, {"anyOf": [_STR, {"type": "null"}]}),
    "types that exclude each other": ({"type": ["string", "null"]}, {"oneOf": [_STR, {"type": "null"}]}),
    "fewer alternatives": ({"anyOf": [_INT, _STR]}, {"anyOf": [_STR, {"type": "null"}, _NUM]}),
    "tagged alternatives": (_tagged("a", "b"), _tagged("b", "c", "a")),
    "all parts of a consumer": ({**_INT, "minimum": 3}, {"allOf": [_NUM, {"minimum": 0}]}),
    "all parts of a producer together": ({"allOf": [_NUM, {"minimum": 3}]}, {**_NUM, "minimum": 1}),
    "a recursive schema": (_TREE, _LOOSE_TREE),
    "nothing fits anything": (False, {"type": "string"}),
    "an impossible producer": ({**_NUM, "minimum": 2, "maximum": 1}, False),
    "an empty set": ({"enum": []}, {"type": "string"}),
    "keywords that say nothing": (_INT, {**_INT, "title": "t", "default": 5, "x-unit": "ms", "examples": ["a"]}),
    "a keyword that is not understood, stated by both": (
        _obj(a={"type": "array", "uniqueItems": True}),
        _obj(a={"uniqueItems": True, "type": "array"}),
    ),
    "a keyword of the producer that only narrows": ({**_INT, "not": {"const": 3}}, _NUM),
}


@pytest.mark.parametrize("case", _FITTING)
def test_what_provably_fits_is_known_to_fit(case: str) -> None:
    producer, consumer = _FITTING[case]
    assert misfits(producer, consumer) == []


_MISFITS: dict[str, tuple[Schema, Schema, str, str]] = {
    "another type": (_STR, _INT, "(root)", "may be string, the consumer takes integer"),
    "a number is no integer": (_NUM, _INT, "(root)", "may be number"),
    "true is not 1": ({"const": True}, {"enum": [1]}, "(root)", "may be true"),
    "a missing key": (_obj("", a=_INT), _obj("a", a=_INT), "a", "may be missing"),
    "a key of another type": (_obj(a=_obj(b=_STR)), _obj(a=_obj(b=_INT)), "a.b", "string"),
    "a key that is left open": (_obj(), _obj(a=_INT), "a", "any type"),
    "an item": (_obj(a={"type": "array", "items": _obj(b=_STR)}), _obj(a={"items": _obj(b=_INT)}), "a[].b", "string"),
    "an item at an index": (
        {"type": "array", "prefixItems": [_INT, _STR]},
        {"prefixItems": [_INT, _INT]},
        "[1]",
        "string",
    ),
    "an item that only the producer places": (
        {"type": "array", "prefixItems": [_INT, _STR], "items": _INT},
        {"items": _INT},
        "[1]",
        "string",
    ),
    "items behind a prefix": ({"type": "array", "prefixItems": [_INT]}, {"items": _INT}, "[]", "any type"),
    "more items": ({"type": "array", "maxItems": 4}, {"maxItems": 3}, "(root)", "more than 3 items"),
    "fewer items": ({"type": "array"}, {"minItems": 1}, "(root)", "fewer than 1 items"),
    "longer text": (_STR, {"maxLength": 3}, "(root)", "more than 3 characters"),
    "shorter text": (_STR, {"minLength": 1}, "(root)", "fewer than 1 characters"),
    "a lower number": ({**_INT, "minimum": 0}, {"minimum": 1}, "(root)", "below the consumer's bound of 1"),
    "a higher number": ({**_INT, "maximum": 9}, {"maximum": 8}, "(root)", "above the consumer's bound of 8"),
    "the bound itself": ({**_NUM, "minimum": 0}, {"exclusiveMinimum": 0}, "(root)", "below"),
    "another multiple": ({**_INT, "multipleOf": 3}, {"multipleOf": 6}, "(root)", "no multiple of 6"),
    "another pattern": ({**_STR, "pattern": "^ab"}, {"pattern": "^a"}, "(root)", "pattern"),
    "a listed value that does not match": ({"enum": ["b"]}, {"pattern": "^a"}, "(root)", "pattern"),
    "another format": ({**_STR, "format": "date"}, {"format": "email"}, "(root)", "format"),
    "a value that is not listed": ({"enum": ["a", "c"]}, {"enum": ["a", "b"]}, "(root)", '"c"'),
    "any value where some are listed": (_STR, {"enum": ["a"]}, "(root)", "another value"),
    "further keys": (_obj("a", a=_INT), {**_obj(a=_INT), "additionalProperties": False}, "(root)", "further keys"),
    "a named key that is refused": (
        {**_obj(a=_INT, b=_INT), "additionalProperties": False},
        {**_obj(a=_INT), "additionalProperties": False},
        "b",
        "does not accept",
    ),
    "one alternative too many": ({"anyOf": [_INT, _STR]}, {"anyOf": [_STR]}, "(root)", "may be integer"),
    "two alternatives at once": (_INT, {"oneOf": [_INT, _NUM]}, "(root)", "more than one"),
    "an unknown tag": (_tagged("a", "d"), _tagged("a", "b"), "(root)", '"d"'),
    "a keyword that is not understood": (_INT, {"not": _STR}, "(root)", "'not' is not understood"),
    "a keyword that means something else without its neighbors": (
        {"allOf": [_obj(a=_INT)], "unevaluatedProperties": False},
        {"unevaluatedProperties": False},
        "(root)",
        "'unevaluatedProperties' is not understood",
    ),
    "items as a list": ({"type": "array"}, {"items": [_INT]}, "(root)", "'items' is not understood"),
    "a reference elsewhere": (_INT, {"$ref": "https://example.com/s"}, "(root)", "not inside"),
    "a reference to nothing": (_INT, {"$ref": "#/$defs/x"}, "(root)", "not inside"),
    "a loop without an end": (_INT, {"$ref": "#"}, "(root)", "nothing but itself"),
    "another dialect": (_INT, {"$schema": "http://json-schema.org/draft-07/schema#"}, "(root)", "$schema"),
    "an embedded document": (_obj(a=_INT), _obj(a={"$id": "https://example.com/a"}), "a", "embeds"),
    "a recursive schema": (_LOOSE_TREE, _TREE, "v", "may be missing"),
    "anything": (True, _INT, "(root)", "any type"),
    "anything at all is refused": (_INT, False, "(root)", "does not accept"),
    "a pattern decides about a key": (
        {"type": "object", "patternProperties": {"^a": _STR}, "additionalProperties": _INT},
        _obj(a=_INT),
        "a",
        "any type",
    ),
}


@pytest.mark.parametrize("case", _MISFITS)
def test_a_misfit_is_told_with_its_path_and_its_reason(case: str) -> None:
    producer, consumer, path, reason = _MISFITS[case]
    found = misfits(producer, consumer)
    assert path in [misfit.path for misfit in found]
    assert any(reason in misfit.reason for misfit in found)


def test_all_misfits_are_told_at_once() -> None:
    found = misfits(_obj("a", a=_STR, b=_STR), _obj("a c", a=_INT, b=_INT))
    assert {misfit.path for misfit in found} == {"a", "b", "c"}


def test_many_values_that_are_not_listed_are_told_in_few_words() -> None:
    assert len(misfits({"enum": list(range(1_000))}, {"enum": ["a"]})) < 10


def test_a_comparison_beyond_the_limit_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = {"anyOf": [{"const": number} for number in range(30)], "title": "p"}
    consumer = {"anyOf": [{"const": number} for number in reversed(range(30))]}
    assert misfits(producer, consumer) == []
    monkeypatch.setattr(compatibility, "MAXIMUM_COMPARISONS", 100)
    (misfit,) = misfits({**producer, "title": "q"}, consumer)
    assert "cannot be proven" in misfit.reason


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("protocol", PUBLIC_SCHEMAS, ids=str)
def test_the_schemas_of_known_protocols_are_valid_and_understood(protocol: tuple[str, str | None], side: str) -> None:
    schema = PUBLIC_SCHEMAS[protocol][side]
    renamed = {**copy.deepcopy(dict(schema)), "title": "another text, the same values", "type": ["object", "null"]}
    assert schema_errors(schema) == []
    assert misfits(schema, renamed) == []


def test_errors_of_an_instance_come_with_their_paths() -> None:
    found = instance_errors({"a": [1, "x"]}, _obj("b", a={"items": _INT}))
    assert [path for path, _ in found] == ["(root)", "a[1]"]
    assert instance_errors({"b": 1}, _obj("b")) == []


def test_errors_of_a_schema_come_with_their_key_paths() -> None:
    found = schema_errors({"type": "strin", "properties": {"a": {"minimum": "x"}}})
    assert [path for path, _ in found] == [("properties", "a", "minimum"), ("type",)]


@pytest.mark.parametrize("schema", [{"type": ["string", "string"]}, {"required": ["a", "a"]}])
def test_a_repetition_that_the_metaschema_forbids_is_an_error(schema: Schema) -> None:
    assert schema_errors(schema)
