"""Whether one JSON Schema fits another: is every value that a producer allows accepted by its consumer?

Owns the proof, and nothing about stages or contracts. It fails closed: what cannot be proven is a misfit,
so an empty answer is a promise. Schemas are read as JSON Schema 2020-12
(https://json-schema.org/draft/2020-12, core and validation vocabularies). Understood on both sides:

    type (one or a list; an integer is a number), enum, const, boolean schemas
    minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
    minLength, maxLength, pattern and format (only an equal text is known to fit)
    minItems, maxItems, items, prefixItems
    properties, required, additionalProperties
    allOf, anyOf, oneOf, $ref into the same document (recursive schemas included)
    title, description, default, examples, deprecated, readOnly, writeOnly, $comment: say nothing of values

Any other keyword of a consumer is a misfit, unless the producer states the very same schema. On a producer's
side it only narrows the values further, and leaving it out of account is safe.

The proof is by induction over values. A producer is a set of *facts*: schemas that all hold for its values.
A consumer's keyword is proven when one fact implies it; producers with alternatives (anyOf, enum, several
types) are split until each case is proven. A pair of schemas that is met again deeper inside a value may be
taken for proven, because every value ends somewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from serving.blueprint.errors import KeyPath, format_path

Schema: TypeAlias = bool | Mapping[str, Any]

MAXIMUM_COMPARISONS = 20_000
"""Alternatives multiply. A real contract needs some hundreds; what needs more is answered "not proven"."""

_ROOT: Final = "(root)"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: Final = '"$'
"""Text with a keyword of this beginning means something only inside its own document."""

_SHOWN_VALUES: Final = 5
_DISJOINTNESS_LEVELS: Final = 4
"""How deep alternatives are told apart: a tag stands at the top of a value or one or two levels inside."""

_ANNOTATIONS: Final = frozenset(
    {
        "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment",
        "contentEncoding", "contentMediaType", "contentSchema",
        "$schema", "$id", "$anchor", "$defs", "definitions",
    }
)  # fmt: skip

_NUMBER_KINDS: Final = frozenset({"integer", "fraction"})
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "null": frozenset({"null"}),
    "boolean": frozenset({"boolean"}),
    "number": _NUMBER_KINDS,
    "integer": frozenset({"integer"}),
    "string": frozenset({"string"}),
    "array": frozenset({"array"}),
    "object": frozenset({"object"}),
}
"""Types as sets of disjoint kinds: JSON Schema's integers are those numbers that are no fractions."""

JSON_TYPES: Final = tuple(_KINDS)
"""The names that `type` may have."""

_ALL_KINDS: Final[frozenset[str]] = frozenset().union(*_KINDS.values())
_FINITE: Final[Mapping[str, tuple[bool | None, ...]]] = {"null": (None,), "boolean": (False, True)}


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place where a value of the producer may be refused.

    Attributes:
        path: Place in the value, e.g. `messages[].content`; `(root)` is the value itself.
        reason: What the consumer refuses, or what cannot be proven.
    """

    path: str
    reason: str


def misfits(producer: Schema, consumer: Schema) -> list[Misfit]:
    """List where a value that `producer` allows may be refused by `consumer`; empty if provably never.

    Args:
        producer: Schema of the values that are given.
        consumer: Schema of the values that are accepted.
    """
    return [] if producer is consumer else list(_misfits(_text(producer), _text(consumer)))


def instance_errors(instance: object, schema: Schema) -> list[tuple[str, str]]:
    """List (path, reason) for every place where one value does not meet a schema.

    `format` is an annotation here, as the specification has it.
    """
    from jsonschema import Draft202012Validator  # here because importing it costs more than most commands

    errors = Draft202012Validator(schema).iter_errors(instance)
    return sorted((format_path(tuple(error.absolute_path)) or _ROOT, error.message) for error in errors)


def schema_errors(schema: object) -> list[tuple[KeyPath, str]]:
    """List (key path, reason) for every place where a document is no JSON Schema 2020-12."""
    return [] if _is_plainly_valid(schema) else list(_schema_errors(_text(schema)))


@lru_cache(maxsize=4_096)
def _schema_errors(schema: str) -> tuple[tuple[KeyPath, str], ...]:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    found = {(tuple(error.absolute_path), error.message) for error in validator.iter_errors(json.loads(schema))}
    return tuple(sorted(found, key=lambda item: (list(map(str, item[0])), item[1])))


@lru_cache(maxsize=4_096)
def _misfits(producer: str, consumer: str) -> tuple[Misfit, ...]:
    """Compare two schemas given as text: thousands of services share a handful of pairs."""
    if producer == consumer:
        return ()
    try:
        found = _Proof().run(_Document(json.loads(producer)), _Document(json.loads(consumer)))
    except (_TooLarge, RecursionError):
        found = [Misfit(_ROOT, "cannot be proven: too many alternatives or levels to compare")]
    return tuple(dict.fromkeys(found))


class _TooLarge(Exception):  # noqa: N818  never leaves this module
    """The comparison has taken more steps than any contract that a person wrote."""


class _Document:
    """One schema document, in which `$ref` is looked up."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        dialect = root.get("$schema", _DIALECT) if isinstance(root, Mapping) else _DIALECT
        self.is_readable = str(dialect).rstrip("#") == _DIALECT

    def look_up(self, reference: object) -> Schema | None:
        """Return what a reference names, or None if that is not plainly inside this document."""
        if not isinstance(reference, str) or not re.fullmatch(r"#(/[^%]*)?", reference):
            return None
        found: Any = self.root
        for part in reference.split("/")[1:]:
            if isinstance(found, Mapping) and self.is_embedded(found):
                return None
            key = part.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, (bool, Mapping)) else None

    def is_embedded(self, schema: Mapping[str, Any]) -> bool:
        """Whether a subschema names itself, which would give its references another meaning."""
        return schema is not self.root and ("$id" in schema or "$schema" in schema)


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """A schema and the document in which its references are looked up."""

    schema: Schema
    document: _Document


@dataclass(frozen=True, slots=True, eq=False)
class _Fact:
    """What one schema without references says of a value; `text` tells equal facts from different ones."""

    keywords: Mapping[str, Any]
    document: _Document
    text: str

    def given(self, schema: Schema) -> _Given:
        return _Given(schema, self.document)


_Facts: TypeAlias = "tuple[_Fact, ...]"


def _known(givens: Iterable[_Given]) -> _Facts | None:
    """Flatten schemas that all hold into facts, or None where they allow no value at all.

    What cannot be read (a reference elsewhere, a malformed keyword) is left out: less is known then, and
    nothing wrong is concluded.
    """
    facts: dict[str, _Fact] = {}
    waiting = list(givens)
    seen: set[int] = set()
    while waiting:
        given = waiting.pop()
        schema, document = given.schema, given.document
        if schema is False:
            return None
        if not isinstance(schema, Mapping) or id(schema) in seen or document.is_embedded(schema):
            continue
        seen.add(id(schema))
        target = document.look_up(schema["$ref"]) if "$ref" in schema else None
        waiting.extend(_Given(part, document) for part in [target, *_list(schema.get("allOf"))] if part is not None)
        keywords = {key: value for key, value in schema.items() if _is_factual(key, value)}
        if keywords:
            fact = _Fact(keywords, document, _identity(keywords, document))
            facts[fact.text] = fact
    return tuple(facts[text] for text in sorted(facts))


def _identity(keywords: Mapping[str, Any], document: _Document) -> str:
    text = _text(keywords)
    return f"{id(document)} {text}" if _REFERENCE in text else text


class _Bound(NamedTuple):
    """A lower bound; an upper bound is the lower bound of the negated number."""

    value: float
    is_exclusive: bool

    def on_integers(self) -> _Bound:
        """The same bound, tightened for values that are integers."""
        if math.isinf(self.value):
            return self
        return _Bound(math.floor(self.value) + 1 if self.is_exclusive else math.ceil(self.value), False)


_SIDES: Final[Mapping[int, str]] = {1: "below", -1: "above"}
_BOUND_KEYWORDS: Final[Mapping[int, tuple[str, str]]] = {
    1: ("minimum", "exclusiveMinimum"),
    -1: ("maximum", "exclusiveMaximum"),
}


def _bound(schemas: Iterable[Mapping[str, Any]], side: int) -> _Bound:
    """The tightest bound on one side that any of the schemas states."""
    tightest = _Bound(-math.inf, False)
    for schema in schemas:
        for keyword, is_exclusive in zip(_BOUND_KEYWORDS[side], (False, True), strict=True):
            if keyword in schema:
                tightest = max(tightest, _Bound(side * schema[keyword], is_exclusive))
    return tightest


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in the value the proof stands."""

    path: str = ""
    depth: int = 0

    def member(self, key: str) -> _Spot:
        return _Spot(f"{self.path}.{key}" if self.path else key, self.depth + 1)

    def item(self, index: int | None) -> _Spot:
        return _Spot(f"{self.path}[{'' if index is None else index}]", self.depth + 1)

    def misfit(self, reason: str) -> Misfit:
        return Misfit(self.path or _ROOT, reason)


class _Case:
    """The values that all of some facts allow, as far as it is known."""

    def __init__(self, facts: _Facts, value: tuple[Any] | None = None) -> None:
        self.facts = facts
        self.value = value
        self.kinds = self._possible_kinds()

    def stated(self, keyword: str) -> list[Any]:
        """What the facts say under one keyword."""
        return [fact.keywords[keyword] for fact in self.facts if keyword in fact.keywords]

    def _possible_kinds(self) -> frozenset[str]:
        kinds = _ALL_KINDS
        for stated in self.stated("type"):
            kinds &= _kinds_of_type(stated)
        low, high = self.bound(1), self.bound(-1)
        if low.value > -high.value or (low.value == -high.value and (low.is_exclusive or high.is_exclusive)):
            kinds -= _NUMBER_KINDS
        if self.least("minLength") > self.most("maxLength"):
            kinds -= {"string"}
        if self.least("minItems") > self.most("maxItems"):
            kinds -= {"array"}
        if any(_known(self.member(key)) is None for required in self.stated("required") for key in required):
            kinds -= {"object"}
        return kinds

    def least(self, keyword: str) -> float:
        return max(self.stated(keyword), default=0)

    def most(self, keyword: str) -> float:
        return min(self.stated(keyword), default=math.inf)

    def bound(self, side: int) -> _Bound:
        """The tightest bound that is known: `side` 1 is the lower one, -1 the upper one, negated."""
        return _bound([fact.keywords for fact in self.facts], side)

    def givens(self) -> list[_Given]:
        return [fact.given(fact.keywords) for fact in self.facts]

    def member(self, key: str) -> list[_Given]:
        """What is known of the value under one key, if the key is there."""
        found = []
        for fact in self.facts:
            properties = fact.keywords.get("properties", {})
            if key in properties:
                found.append(fact.given(properties[key]))
            elif "additionalProperties" in fact.keywords and "patternProperties" not in fact.keywords:
                found.append(fact.given(fact.keywords["additionalProperties"]))
        return found

    def other_members(self) -> list[_Given]:
        """What is known of the values under keys that no fact names."""
        return [
            fact.given(fact.keywords["additionalProperties"])
            for fact in self.facts
            if "additionalProperties" in fact.keywords and "patternProperties" not in fact.keywords
        ]

    def named_members(self) -> set[str]:
        """Every key that a fact says something special of; what holds for the others, a required key shares."""
        return {key for properties in self.stated("properties") for key in properties}

    def item(self, index: int | None) -> list[_Given]:
        """What is known of the item at an index; None is the items behind every prefix."""
        found = []
        for fact in self.facts:
            prefix = fact.keywords.get("prefixItems", [])
            if index is not None and index < len(prefix):
                found.append(fact.given(prefix[index]))
            elif "items" in fact.keywords:
                found.append(fact.given(fact.keywords["items"]))
        return found

    def alternatives(self) -> Iterator[list[list[_Given]]]:
        """For each anyOf or oneOf among the facts: its branches, each together with everything else known."""
        for index, fact in enumerate(self.facts):
            for keyword in ("anyOf", "oneOf"):
                if keyword in fact.keywords:
                    rest = {key: value for key, value in fact.keywords.items() if key != keyword}
                    others = [*self.givens()[:index], *self.givens()[index + 1 :], fact.given(rest)]
                    yield [[*others, fact.given(branch)] for branch in fact.keywords[keyword]]

    def enumerated(self) -> list[Any] | None:
        """All values that are possible, or None where they cannot be listed."""
        sets = [*self.stated("enum"), *([value] for value in self.stated("const"))]
        if self.kinds <= _FINITE.keys():
            sets.append([value for kind in sorted(self.kinds) for value in _FINITE[kind]])
        if not sets:
            return None
        identities = [{_canonical(value) for value in values} for values in sets]
        shared = identities[0].intersection(*identities[1:])
        return [v for v in sets[0] if _canonical(v) in shared and _kind(v) in self.kinds]


_Check: TypeAlias = "Callable[[_Case, Mapping[str, Any], _Spot], list[Misfit]]"
_Descent: TypeAlias = "Callable[[_Case, _Given, _Spot], list[Misfit]]"


class _Proof:
    """One comparison of two documents."""

    def __init__(self) -> None:
        self._steps = 0
        self._assumed: dict[tuple[str, ...], int] = {}
        self._checks: Mapping[str, _Check] = {
            "type": _type,
            "enum": _enumeration,
            "const": _enumeration,
            "minimum": _bounds,
            "exclusiveMinimum": _bounds,
            "maximum": _bounds,
            "exclusiveMaximum": _bounds,
            "multipleOf": _multiple,
            "minLength": _lengths,
            "maxLength": _lengths,
            "pattern": _pattern,
            "format": _format,
            "minItems": _counts,
            "maxItems": _counts,
            "required": _required,
        }
        self._descents: Mapping[str, _Descent] = {
            "properties": self._members,
            "additionalProperties": self._members,
            "items": self._items,
            "prefixItems": self._items,
            "allOf": self._all_of,
            "anyOf": self._any_of,
            "oneOf": self._one_of,
            "$ref": self._reference,
        }

    def run(self, producer: _Document, consumer: _Document) -> list[Misfit]:
        if not consumer.is_readable:
            return [Misfit(_ROOT, f"cannot be proven: the consumer's $schema is not {_DIALECT}")]
        given = _Given(producer.root if producer.is_readable else True, producer)
        return self._fit([given], _Given(consumer.root, consumer), _Spot())

    def _fit(self, givens: Iterable[_Given], consumer: _Given, spot: _Spot) -> list[Misfit]:
        """Prove that every value for which all of `givens` hold is accepted."""
        self._steps += 1
        if self._steps > MAXIMUM_COMPARISONS:
            raise _TooLarge
        facts = _known(givens)
        if facts is None or consumer.schema is True:
            return []
        case = _Case(facts)
        if not case.kinds:
            return []
        if not isinstance(consumer.schema, Mapping):
            return [spot.misfit("the consumer does not accept this")]
        text = _text(_without_annotations(consumer.schema))
        texts = tuple(fact.text for fact in facts)
        if text in texts and _REFERENCE not in text:
            return []
        claim = (*texts, text)
        if claim in self._assumed:
            closed = self._assumed[claim] < spot.depth
            return [] if closed else [spot.misfit("cannot be proven: the schema refers to nothing but itself")]
        self._assumed[claim] = spot.depth
        try:
            return self._split(case, consumer, spot)
        finally:
            del self._assumed[claim]

    def _split(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        """Prove a case whole, and where that fails, value by value or alternative by alternative."""
        values = case.enumerated()
        if values is not None:
            return self._each_value(case, values, consumer, spot)
        found = self._whole(case, consumer, spot)
        if not found:
            return []
        for branches in case.alternatives():
            return [misfit for branch in branches for misfit in self._fit(branch, consumer, spot)]
        return found

    def _each_value(self, case: _Case, values: Sequence[Any], consumer: _Given, spot: _Spot) -> list[Misfit]:
        found: list[Misfit] = []
        for value in values:
            described = _Document(_description(value))
            facts = _known([_Given(described.root, described)]) or ()
            known = _Case((*case.facts, *facts), (value,))
            found += self._whole(known, consumer, spot) if known.kinds else []
        distinct = list(dict.fromkeys(found))
        more = len(distinct) - _SHOWN_VALUES
        return distinct if more <= 0 else [*distinct[:_SHOWN_VALUES], spot.misfit(f"and {more} more of the same kind")]

    def _whole(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        """Prove every keyword of the consumer from the facts of one case."""
        schema = _without_annotations(_mapping(consumer.schema))
        if consumer.document.is_embedded(_mapping(consumer.schema)):
            return [spot.misfit("cannot be proven: the consumer embeds a schema with an $id or $schema of its own")]
        found: list[Misfit] = []
        for keyword, value in schema.items():
            if keyword not in _WELL_FORMED or not _WELL_FORMED[keyword](value):
                found.append(spot.misfit(f"cannot be proven: the consumer's '{keyword}' is not understood"))
        if found:
            return found
        checks = dict.fromkeys(self._checks[keyword] for keyword in schema if keyword in self._checks)
        for check in checks:
            found += check(case, schema, spot)
        descents = dict.fromkeys(self._descents[keyword] for keyword in schema if keyword in self._descents)
        for descent in descents:
            found += descent(case, _Given(schema, consumer.document), spot)
        return found

    def _members(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        schema = _mapping(consumer.schema)
        if "object" not in case.kinds:
            return []
        properties, extra = schema.get("properties", {}), schema.get("additionalProperties", True)
        found: list[Misfit] = []
        for key in sorted(case.named_members().union(properties)):
            target = _Given(properties.get(key, extra), consumer.document)
            found += self._fit(case.member(key), target, spot.member(key))
        if extra is False:
            is_closed = self._is_impossible(case.other_members(), fuel=1)
            return found if is_closed else [*found, spot.misfit("may hold further keys, the consumer refuses them")]
        return found + self._fit(case.other_members(), _Given(extra, consumer.document), spot.member("*"))

    def _items(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        schema = _mapping(consumer.schema)
        if "array" not in case.kinds:
            return []
        prefix, rest = schema.get("prefixItems", []), schema.get("items", True)
        positions = max([len(prefix), *map(len, case.stated("prefixItems"))])
        found: list[Misfit] = []
        for index in range(positions):
            if index < case.most("maxItems"):
                target = prefix[index] if index < len(prefix) else rest
                found += self._fit(case.item(index), _Given(target, consumer.document), spot.item(index))
        if positions < case.most("maxItems"):
            found += self._fit(case.item(None), _Given(rest, consumer.document), spot.item(None))
        return found

    def _all_of(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        branches = _branches(consumer, "allOf")
        return [misfit for branch in branches for misfit in self._fit(case.givens(), branch, spot)]

    def _any_of(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        attempts = [self._fit(case.givens(), branch, spot) for branch in _branches(consumer, "anyOf")]
        if not all(attempts):
            return []
        by_type = self._each_type(case, consumer, "anyOf", spot)
        return _nearest(attempts, spot) if by_type is None else by_type

    def _one_of(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        branches = _branches(consumer, "oneOf")
        attempts = [self._fit(case.givens(), branch, spot) for branch in branches]
        fitting = next((index for index, attempt in enumerate(attempts) if not attempt), None)
        if fitting is not None:
            others = [branch for index, branch in enumerate(branches) if index != fitting]
            if all(self._is_impossible([*case.givens(), other], _DISJOINTNESS_LEVELS) for other in others):
                return []
        by_type = self._each_type(case, consumer, "oneOf", spot)
        if by_type is not None:
            return by_type
        if fitting is None:
            return _nearest(attempts, spot)
        return [spot.misfit("cannot be proven: more than one of the consumer's oneOf alternatives may match")]

    def _each_type(self, case: _Case, consumer: _Given, keyword: str, spot: _Spot) -> list[Misfit] | None:
        """Prove alternatives type by type, or None if the case has one type only."""
        types = [name for name, kinds in _KINDS.items() if kinds <= case.kinds]
        if "number" in types:
            types.remove("integer")
        if len(types) < 2:
            return None
        alternatives = _Given({keyword: _mapping(consumer.schema)[keyword]}, consumer.document)
        found: list[Misfit] = []
        for name in types:
            found += self._fit([*case.givens(), _Given({"type": name}, consumer.document)], alternatives, spot)
        return found

    def _reference(self, case: _Case, consumer: _Given, spot: _Spot) -> list[Misfit]:
        reference = _mapping(consumer.schema)["$ref"]
        target = consumer.document.look_up(reference)
        if target is None:
            return [spot.misfit(f"cannot be proven: '{reference}' is not inside the consumer's document")]
        return self._fit(case.givens(), _Given(target, consumer.document), spot)

    def _is_impossible(self, givens: Iterable[_Given], fuel: int) -> bool:
        """Whether it is certain that no value meets all of the schemas."""
        self._steps += 1
        if self._steps > MAXIMUM_COMPARISONS:
            raise _TooLarge
        facts = _known(givens)
        if facts is None:
            return True
        case = _Case(facts)
        if not case.kinds or case.enumerated() == []:
            return True
        if fuel == 0:
            return False
        if case.kinds == {"object"}:
            required = {key for keys in case.stated("required") for key in keys}
            if any(self._is_impossible(case.member(key), fuel - 1) for key in required):
                return True
        return any(
            all(self._is_impossible(branch, fuel - 1) for branch in branches) for branches in case.alternatives()
        )


# --- what one keyword of the consumer asks, proven from what is known of the producer ---------------------


def _type(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    refused = case.kinds - _kinds_of_type(schema["type"])
    if not refused:
        return []
    if case.kinds == _ALL_KINDS:
        return [spot.misfit(f"may be of any type, the consumer takes {' or '.join(_listed(schema['type']))}")]
    given = "number" if "fraction" in refused else " or ".join(sorted(refused))
    return [spot.misfit(f"may be {given}, the consumer takes {' or '.join(_listed(schema['type']))}")]


def _enumeration(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    sets = [
        *([schema["enum"]] if "enum" in schema else []),
        *([[schema["const"]]] if "const" in schema else []),
    ]
    listed = [{_canonical(value) for value in values} for values in sets]
    if case.value is None:
        shown = ", ".join(_text(value) for value in sets[0][:_SHOWN_VALUES])
        more = ", ..." if len(sets[0]) > _SHOWN_VALUES else ""
        return [spot.misfit(f"may be another value than the consumer lists ({shown}{more})")]
    value = case.value[0]
    if all(_canonical(value) in values for values in listed):
        return []
    return [spot.misfit(f"may be {_text(value)}, which the consumer does not list")]


def _bounds(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    numbers = case.kinds & _NUMBER_KINDS
    if not numbers:
        return []
    found = []
    for side, words in _SIDES.items():
        known, wanted = case.bound(side), _bound([schema], side)
        if numbers == {"integer"}:
            known = known.on_integers()
        if known < wanted:
            found.append(spot.misfit(f"may be {words} the consumer's bound of {side * wanted.value:g}"))
    return found


def _multiple(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    wanted = schema["multipleOf"]
    if not case.kinds & _NUMBER_KINDS:
        return []
    known = [*case.stated("multipleOf"), *(case.value or ())]
    if case.kinds & _NUMBER_KINDS == {"integer"}:
        known.append(1)
    if any(_divides(wanted, number) for number in known):
        return []
    return [spot.misfit(f"may be no multiple of {wanted}")]


def _divides(divisor: float, number: float) -> bool:
    """Whether every multiple of `number` is one of `divisor`; of fractions only equal ones are trusted."""
    if isinstance(divisor, int) and isinstance(number, int):
        return number % divisor == 0
    return number == divisor


def _lengths(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    return _sizes(case, schema, spot, "string", ("minLength", "maxLength"), "characters")


def _counts(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    return _sizes(case, schema, spot, "array", ("minItems", "maxItems"), "items")


def _sizes(
    case: _Case, schema: Mapping[str, Any], spot: _Spot, kind: str, keywords: tuple[str, str], unit: str
) -> list[Misfit]:
    if kind not in case.kinds:
        return []
    least, most = keywords
    found = []
    if case.least(least) < schema.get(least, 0):
        found.append(spot.misfit(f"may have fewer than {schema[least]} {unit}"))
    if case.most(most) > schema.get(most, math.inf):
        found.append(spot.misfit(f"may have more than {schema[most]} {unit}"))
    return found


def _pattern(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    wanted = schema["pattern"]
    if "string" not in case.kinds or wanted in case.stated("pattern"):
        return []
    if case.value is not None and _matches(wanted, case.value[0]):
        return []
    return [spot.misfit(f"may not match the pattern '{wanted}'; only the same pattern is known to fit")]


def _matches(pattern: str, value: str) -> bool:
    """Whether a value matches, where Python and ECMA 262 (which the specification names) agree about it."""
    try:
        return value.isascii() and value.isprintable() and re.search(pattern, value) is not None
    except re.error:
        return False


def _format(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    wanted = schema["format"]
    if "string" not in case.kinds or wanted in case.stated("format"):
        return []
    return [spot.misfit(f"may not have the format '{wanted}'; only the same format is known to fit")]


def _required(case: _Case, schema: Mapping[str, Any], spot: _Spot) -> list[Misfit]:
    if "object" not in case.kinds:
        return []
    present = {key for keys in case.stated("required") for key in keys}
    return [spot.member(key).misfit("may be missing") for key in schema["required"] if key not in present]


# --- values and texts ------------------------------------------------------------------------------------


def _text(schema: object) -> str:
    return json.dumps(schema, sort_keys=True, ensure_ascii=False)


def _canonical(value: object) -> str:
    """A text that is equal for values that JSON Schema takes for equal: 1 and 1.0, but not 1 and true."""
    return _text(_with_integers(value))


def _with_integers(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _with_integers(member) for key, member in value.items()}
    return [_with_integers(item) for item in value] if isinstance(value, list) else value


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() else "fraction"
    return {type(None): "null", str: "string", list: "array", dict: "object"}[type(value)]


def _description(value: object) -> dict[str, Any]:
    """The schema that only one value meets, as explicit as it can be."""
    described: dict[str, Any] = {"const": value}
    kind = _kind(value)
    if kind in _NUMBER_KINDS:
        described |= {"type": "number" if kind == "fraction" else kind, "minimum": value, "maximum": value}
    elif isinstance(value, str):
        described |= {"type": kind, "minLength": len(value), "maxLength": len(value)}
    elif isinstance(value, list):
        items = [{"const": item} for item in value]
        described |= {"type": kind, "minItems": len(items), "maxItems": len(items), "prefixItems": items}
    elif isinstance(value, dict):
        members = {key: {"const": member} for key, member in value.items()}
        described |= {
            "type": kind,
            "properties": members,
            "required": [*members],
            "additionalProperties": False,
        }
    else:
        described["type"] = kind
    return described


def _kinds_of_type(stated: str | list[str]) -> frozenset[str]:
    return frozenset().union(*(_KINDS[name] for name in _listed(stated)))


def _listed(stated: str | list[str]) -> list[str]:
    return [stated] if isinstance(stated, str) else stated


def _mapping(schema: Schema) -> Mapping[str, Any]:
    """The keywords of a schema; booleans are answered before anybody asks for them."""
    return schema if isinstance(schema, Mapping) else {}


def _branches(consumer: _Given, keyword: str) -> list[_Given]:
    return [_Given(branch, consumer.document) for branch in _mapping(consumer.schema)[keyword]]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _without_annotations(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _ANNOTATIONS and not key.startswith("x-")}


def _nearest(attempts: Sequence[list[Misfit]], spot: _Spot) -> list[Misfit]:
    """What stands in the way of the alternative that fits best."""
    if len(attempts) == 1:
        return attempts[0]
    nearest = min(attempts, key=len)[0]
    return [spot.misfit(f"fits none of {len(attempts)} alternatives; nearest: '{nearest.path}' {nearest.reason}")]


# --- which keywords are understood, and in what form -----------------------------------------------------


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_positive(value: object) -> bool:
    return _is_number(value) and value > 0  # type: ignore[operator]  # a number


def _is_count(value: object) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)  # type: ignore[call-overload, operator]  # likewise


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_type(value: object) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and bool(names) and all(isinstance(n, str) and n in _KINDS for n in names)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_schema(value: object) -> bool:
    return isinstance(value, (bool, Mapping))


def _is_schemas(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_schema(item) for item in value)


def _is_schemas_by_name(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_schema(item) for item in value.values())


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_anything(_value: object) -> bool:
    return True


_WELL_FORMED: Final[Mapping[str, Callable[[object], bool]]] = {
    "type": _is_type,
    "enum": _is_list,
    "const": _is_anything,
    "minimum": _is_number,
    "exclusiveMinimum": _is_number,
    "maximum": _is_number,
    "exclusiveMaximum": _is_number,
    "multipleOf": _is_positive,
    "minLength": _is_count,
    "maxLength": _is_count,
    "pattern": _is_text,
    "format": _is_text,
    "minItems": _is_count,
    "maxItems": _is_count,
    "items": _is_schema,
    "prefixItems": _is_schemas,
    "properties": _is_schemas_by_name,
    "required": _is_texts,
    "additionalProperties": _is_schema,
    "allOf": _is_schemas,
    "anyOf": _is_schemas,
    "oneOf": _is_schemas,
    "$ref": _is_text,
}


def _is_factual(keyword: str, value: object) -> bool:
    """Whether a keyword means the same when the schema around it is taken apart."""
    if keyword in _ANNOTATIONS or keyword in ("$ref", "allOf") or keyword.startswith(("unevaluated", "x-")):
        return False
    return keyword not in _WELL_FORMED or _WELL_FORMED[keyword](value)


_WORDS: Final = frozenset({"title", "description", "$comment"})


def _is_plainly_valid(schema: object) -> bool:
    """Whether a schema uses understood keywords only, each in its right form.

    Almost every schema does, and the metaschema need not be asked: that takes thousands of times longer.
    """
    if not isinstance(schema, Mapping):
        return isinstance(schema, bool)
    return all(isinstance(key, str) and _is_plain(key, value) for key, value in schema.items())


def _is_plain(keyword: str, value: object) -> bool:
    if keyword in _WELL_FORMED:
        has_form = _WELL_FORMED[keyword](value) and _is_free_of_repetition(keyword, value)
        return has_form and all(_is_plainly_valid(part) for part in _parts(keyword, value))
    if keyword == "$defs":
        return isinstance(value, Mapping) and all(_is_plainly_valid(part) for part in value.values())
    return keyword == "default" or (keyword in _WORDS and isinstance(value, str))


def _is_free_of_repetition(keyword: str, value: object) -> bool:
    return keyword not in ("type", "required") or not isinstance(value, list) or len(set(value)) == len(value)


def _parts(keyword: str, value: object) -> Iterable[object]:
    """The schemas that stand under a keyword."""
    if keyword == "properties":
        return value.values() if isinstance(value, Mapping) else ()
    if keyword in ("items", "additionalProperties"):
        return (value,)
    return _list(value) if keyword in ("prefixItems", "allOf", "anyOf", "oneOf") else ()
