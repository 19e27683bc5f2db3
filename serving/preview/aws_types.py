"""The classes of pulumi_aws, as a source of facts about its resource types.

Owns the way from a type token to what the installed SDK says of the type. It judges nothing.
"""

from __future__ import annotations

import typing
import warnings
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib import import_module

from pulumi import Output
from pulumi import _types as sdk_types  # what the SDK itself translates names with; pinned with it

# Python keywords among module names, and the package's own module.
_MODULES = {"lambda": "pulumi_aws.lambda_", "index": "pulumi_aws"}


@cache
def class_of(type_token: str) -> type | None:
    """The class of a type; None if the installed SDK has no such type.

    Args:
        type_token: Such as `aws:s3/bucket:Bucket`.
    """
    parts = type_token.split(":")
    if len(parts) != 3 or parts[0] != "aws":
        return None
    package = parts[1].partition("/")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # packages re-export deprecated classes, and say so
        try:
            found: type = getattr(import_module(_MODULES.get(package, f"pulumi_aws.{package}")), parts[2])
        except (ImportError, AttributeError):
            return None
    return found


@cache
def arguments_of(type_token: str) -> type | None:
    """The class of a type's arguments; None if the installed SDK has no such type."""
    resource_class = class_of(type_token)
    if resource_class is None:
        return None
    name, module = resource_class.__name__, import_module(resource_class.__module__)
    # Where an input type is called like the arguments would be, the arguments are called `InitArgs`.
    found: type | None = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args", None)
    return found


class Shape(Enum):
    """How the value of a property looks."""

    PLAIN = auto()
    LIST = auto()
    """A list of plain values."""
    MAP = auto()
    """An object whose keys the user chooses."""
    BLOCK = auto()
    """An object with properties of its own."""
    BLOCKS = auto()
    """A list of such objects."""


@dataclass(frozen=True, slots=True)
class Property:
    """What the SDK says of one property.

    Attributes:
        name: Its Python name.
        shape: How its value looks.
        arguments: The class of the objects that it holds, where the shape is `BLOCK` or `BLOCKS`.
    """

    name: str
    shape: Shape
    arguments: type | None = None


@cache
def properties_of(arguments: type) -> Mapping[str, Property]:
    """The properties of an argument class, of a resource or of an object within, by their wire names."""
    names = {wire: name for name, wire in sdk_types.input_type_py_to_pulumi_names(arguments).items()}
    hints = sdk_types.input_type_types(arguments)
    return {wire: Property(names[wire], *_shape(hint)) for wire, hint in hints.items()}


# A document may be given as text or as an object; an object says more.
_WRAPPERS = (abc.Awaitable, Output)
_MOST_TELLING = (Shape.BLOCKS, Shape.BLOCK, Shape.LIST, Shape.MAP, Shape.PLAIN)


def _shape(hint: object) -> tuple[Shape, type | None]:
    """The shape of a type hint; what only wraps a value (outputs, awaitables, `None`) is looked through."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        shapes = [_shape(one) for one in arguments if typing.get_origin(one) not in _WRAPPERS]
        return min(shapes, key=lambda found: _MOST_TELLING.index(found[0]))
    if origin is abc.Mapping:
        return Shape.MAP, None
    if origin is abc.Sequence:
        shape, inner = _shape(arguments[0])
        return (Shape.BLOCKS, inner) if shape is Shape.BLOCK else (Shape.LIST, None)
    if isinstance(hint, type) and sdk_types.is_input_type(hint):
        return Shape.BLOCK, hint
    return Shape.PLAIN, None
