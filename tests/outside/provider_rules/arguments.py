"""Whether inputs are what the argument classes of pulumi_aws take: all that is required, nothing else, of the kind."""

from __future__ import annotations

import inspect
import typing
from collections import abc
from collections.abc import Iterator, Mapping
from functools import cache

import pulumi
from pulumi import _types as sdk_types

from serving.preview.aws_types import Property, Shape, arguments_of, properties_of
from serving.preview.plan import Plan, PlanResource
from serving.preview.values import PlanValue, is_marker
from tests.outside.provider_rules.problem import Problem, of_aws, problem

Object = tuple[PlanResource, str, type, Mapping[str, PlanValue]]
"""A resource, a path in it, the class of the object there, and the object."""


def missing(plan: Plan) -> Iterator[Problem]:
    """Required arguments that are not given, of resources and of the objects within."""
    for resource, path, arguments, values in _objects(plan):
        for wire in sorted(_required(arguments) - values.keys()):
            yield problem(resource, f"{path}{wire}", "is required")


def unknown(plan: Plan) -> Iterator[Problem]:
    """Arguments that the class does not have; the SDK would pass them on, and the provider refuse or drop them."""
    for resource in of_aws(plan):
        if arguments_of(resource.type) is None:
            yield problem(resource, "", f"{resource.type} is no type of the installed SDK")
    for resource, path, arguments, values in _objects(plan):
        for wire in sorted(values.keys() - properties_of(arguments).keys()):
            yield problem(resource, f"{path}{wire}", f"is no argument of {arguments.__name__}")


def mistyped(plan: Plan) -> Iterator[Problem]:
    """Values of another kind than the class says: a list for a text, a number for a flag."""
    for resource, path, arguments, values in _objects(plan):
        properties, hints = properties_of(arguments), sdk_types.input_type_types(arguments)
        for wire, value in values.items():
            if wire in properties and not is_marker(value) and not _fits(value, hints[wire]):
                yield problem(resource, f"{path}{wire}", f"is {type(value).__name__}, not {_said(properties[wire])}")


def _objects(plan: Plan) -> Iterator[Object]:
    """Every object with a class of its own: the resources, and the blocks in them."""
    for resource in of_aws(plan):
        arguments = arguments_of(resource.type)
        if arguments is not None:
            yield from _within(resource, "", arguments, resource.inputs)


def _within(resource: PlanResource, path: str, arguments: type, values: Mapping[str, PlanValue]) -> Iterator[Object]:
    yield resource, path, arguments, values
    properties = properties_of(arguments)
    for wire, value in values.items():
        found = properties.get(wire)
        if found is None or found.arguments is None:
            continue
        items = [("", value)] if found.shape is Shape.BLOCK else _numbered(value)
        for mark, item in items:
            if isinstance(item, Mapping) and not is_marker(item):
                yield from _within(resource, f"{path}{wire}{mark}.", found.arguments, item)


def _numbered(value: PlanValue) -> list[tuple[str, PlanValue]]:
    return [(f"[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list) else []


@cache
def _required(arguments: type) -> frozenset[str]:
    """The parameters of the class that have no default, by their wire names."""
    names = sdk_types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments).parameters.values()
    return frozenset(names[one.name] for one in parameters if one.default is one.empty and one.name in names)


def _fits(value: PlanValue, hint: object) -> bool:
    kind = dict if isinstance(value, Mapping) else type(value)
    return value is None or kind in _kinds(hint)


def _kinds(hint: object) -> frozenset[type]:
    """The Python types of values that an argument takes; a text may be an enumeration, a number may be whole."""
    origin = typing.get_origin(hint)
    if origin is typing.Union:
        wrappers = {abc.Awaitable, pulumi.Output}
        inner = [one for one in typing.get_args(hint) if typing.get_origin(one) not in wrappers]
        return frozenset().union(*map(_kinds, inner))
    if origin is abc.Sequence:
        return frozenset({list})
    if origin is abc.Mapping or (isinstance(hint, type) and sdk_types.is_input_type(hint)):
        return frozenset({dict})
    if hint is float:
        return frozenset({int, float})
    known = [one for one in (bool, int, str, dict) if isinstance(hint, type) and issubclass(hint, one)]
    return frozenset(known[:1]) or frozenset({str, int, float, bool, dict, list})


def _said(found: Property) -> str:
    return found.shape.name.lower().replace("_", " ")
