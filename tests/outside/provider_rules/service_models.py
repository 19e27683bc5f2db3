"""Whether values are what the AWS API takes: its enumerations, lengths, ranges and patterns, read from botocore.

An input belongs to the member of the operation's request that has the same name but for case, plural and underscores.
Inputs without such a member are not looked at; `coverage` counts both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from serving.preview.plan import Plan, PlanResource
from serving.preview.values import PlanValue, is_marker
from tests.outside.provider_rules.operations import OPERATIONS, PROVIDER_TAKES_MORE, RENAMED
from tests.outside.provider_rules.problem import Problem, of_aws, problem, short


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the shape that the API gives it."""

    path: str
    value: PlanValue
    shape: Shape


def refused(plan: Plan) -> Iterator[Problem]:
    """Values that the API would refuse."""
    for resource in of_aws(plan):
        for found in _found(resource):
            if (short(resource.type), _last(found.path)) not in PROVIDER_TAKES_MORE:
                yield from (problem(resource, found.path, message) for message in _wrong(found))


def coverage(plan: Plan) -> tuple[frozenset[str], int, int]:
    """The types whose operation is known, how many of their top inputs have a member, and how many there are."""
    types, with_member, total = set(), 0, 0
    for resource in of_aws(plan):
        shape = request_of(short(resource.type))
        if shape is None:
            continue
        types.add(short(resource.type))
        for key in resource.inputs.keys() - {"region", "tags"}:
            total += 1
            with_member += _member(short(resource.type), key, shape) is not None
    return frozenset(types), with_member, total


@cache
def request_of(type_: str) -> StructureShape | None:
    """The request that creates a resource of a type."""
    if type_ not in OPERATIONS:
        return None
    service, _, path = OPERATIONS[type_].partition(".")
    operation, *members = path.split(".")
    shape: Any = _service(service).operation_model(operation).input_shape
    for member in members:
        shape = shape.members[member]
        shape = shape.member if isinstance(shape, ListShape) else shape
    return shape if isinstance(shape, StructureShape) else None


def _found(resource: PlanResource) -> Iterator[Found]:
    shape = request_of(short(resource.type))
    if shape is not None:
        yield from _members(short(resource.type), "", dict(resource.inputs), shape)


def _members(type_: str, path: str, values: Mapping[str, PlanValue], shape: StructureShape) -> Iterator[Found]:
    for key, value in values.items():
        member = _member(type_, key, shape)
        if member is not None and key != "tags":
            yield from _within(type_, f"{path}{key}", value, member)


def _within(type_: str, path: str, value: PlanValue, shape: Shape) -> Iterator[Found]:
    """A value and all below it; the provider writes lists of one, and what wraps a list, as the thing itself."""
    if is_marker(value) or value is None:
        return
    if isinstance(shape, ListShape) and isinstance(value, list):
        yield Found(path, value, shape)
        for index, item in enumerate(value):
            yield from _within(type_, f"{path}[{index}]", item, shape.member)
    elif isinstance(shape, ListShape) and isinstance(value, Mapping):
        yield from _within(type_, path, value, shape.member)
    elif isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _members(type_, f"{path}.", value, shape)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, item in value.items():
            yield Found(f"{path}.{key}", key, shape.key)
            yield from _within(type_, f"{path}.{key}", item, shape.value)
    elif not isinstance(value, (list, Mapping)) and not isinstance(shape, (ListShape, StructureShape, MapShape)):
        yield Found(path, value, shape)


def _member(type_: str, key: str, shape: StructureShape) -> Shape | None:
    renamed = RENAMED.get((type_, key))
    if renamed is not None:
        found: Shape | None = shape.members.get(renamed)
        return found
    names = {_plain(name): member for name, member in shape.members.items()}
    return next((names[one] for one in (_plain(key), _plain(key).removesuffix("s")) if one in names), None)


def _plain(name: str) -> str:
    lower = name.replace("_", "").lower()
    return lower[:-3] + "y" if lower.endswith("ies") else lower.removesuffix("s")


def _wrong(found: Found) -> Iterator[str]:
    value, limits = found.value, found.shape.metadata
    if isinstance(found.shape, ListShape):
        yield from _outside(len(value), limits, "elements")
    elif isinstance(found.shape, StringShape):
        yield from _wrong_text(str(value), found.shape, limits)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _outside(value, limits, "")


def _wrong_text(text: str, shape: StringShape, limits: Mapping[str, Any]) -> Iterator[str]:
    if shape.enum and text not in shape.enum:
        yield f"{text!r} is none of {shape.enum}"
    if not shape.enum:
        yield from _outside(len(text), limits, "characters")
    pattern = _compiled(limits.get("pattern", ""))
    if pattern is not None and not pattern.search(text):
        yield f"{text[:80]!r} does not match {pattern.pattern}"


def _outside(size: float, limits: Mapping[str, Any], unit: str) -> Iterator[str]:
    if not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{size} {unit}".strip() + f" is not from {limits.get('min', 0)} to {limits.get('max', 'any')}"


# Java's character classes, as near as Python has them; each is at least as wide.
_JAVA = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{M}": "",
    r"\p{ASCII}": "\x00-\x7f",
    r"\p{Print}": " -~",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A model's pattern, for the whole text; None where there is none, or Python can't read it."""
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(rf"^(?:{pattern})$", re.DOTALL) if pattern else None
    except re.error:
        return None


def _last(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


@cache
def _service(name: str) -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(name, "service-2"))
