"""What pydantic says of a document, in the words of this project.

Owns the translation of a `ValidationError` into findings: the path as it stands in the document, one
sentence, the allowed set. It validates nothing itself and knows no files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.findings import FindingsError

UNKNOWN_KEY: Final = "unknown key"
"""The message of a finding about a key that the schema does not know."""

_KEY_MARK: Final = "[key]"
"""What pydantic appends to the location of a dictionary's key that is wrong itself."""

_EXPECTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    "string_type": "text",
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "a list"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), "a mapping"),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), "a date (YYYY-MM-DD)"),
    "none_required": "nothing",
}

_TOO_FEW: Final = "must have no fewer than"

_LIMITS: Final[Mapping[str, str]] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "does not match the pattern {pattern}",
    "too_short": f"{_TOO_FEW} {{min_length}} item(s)",
    "too_long": "must have at most {max_length} items",
}

_WITH_UNIT: Final = re.compile(r"\s*[-+]?[0-9][0-9_.,]*\s*[A-Za-z%µ]+\s*")
_NUMERIC: Final = re.compile(r"\s*[-+]?[0-9]+(\.[0-9]+)?\s*")


def pydantic_findings(model: type[BaseModel], error: ValidationError) -> list[Finding]:
    """Translate every error; paths are those of the document that `model` was validated from."""
    found: list[Finding] = []
    for detail in error.errors(include_url=False):
        found += _findings(model, detail)
    return [finding for finding in dict.fromkeys(found) if not _is_consequence(finding, found)]


def _is_consequence(finding: Finding, found: Sequence[Finding]) -> bool:
    """A list is only too short because pydantic leaves out the items that are told beside it."""
    path, length = finding.path, len(finding.path)
    return finding.message.startswith(_TOO_FEW) and any(
        len(other.path) > length and other.path[:length] == path for other in found
    )


def _findings(model: type[BaseModel], detail: ErrorDetails) -> list[Finding]:
    path, annotation, field = _trace(model, detail["loc"])
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, FindingsError):
        return [_under(path, finding) for finding in raised.findings]
    if detail["type"] == "extra_forbidden":
        return [_unknown_key(model, path, detail)]
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return [_wrong_tag(path, annotation, detail)]
    description = field.description if field and field.description else ""
    if detail["type"] == "missing":
        remedy = f"add it: {description}" if description else "add it"
        return [Finding(path, "required key is missing", remedy=remedy, allowed=_allowed(annotation))]
    message = _message(detail, raised)
    remedy = _remedy(detail) or (f"what it is for: {description}" if description else "")
    return [Finding(path, message, remedy=remedy, allowed=_allowed(annotation))]


def _under(path: KeyPath, finding: Finding) -> Finding:
    return Finding((*path, *finding.path), finding.message, finding.effect, finding.remedy, finding.allowed)


def _unknown_key(model: type[BaseModel], path: KeyPath, detail: ErrorDetails) -> Finding:
    holder = _trace(model, detail["loc"][:-1])[1]
    names = _keys(holder) if isinstance(holder, type) and issubclass(holder, BaseModel) else ()
    return Finding(
        path,
        UNKNOWN_KEY,
        effect="what it is meant to say would not be heard",
        remedy="correct or remove it",
        allowed=names,
    )


def _wrong_tag(path: KeyPath, annotation: object, detail: ErrorDetails) -> Finding:
    """The key that says which alternative of a union is meant is missing or names none."""
    discriminator = str(detail.get("ctx", {}).get("discriminator", "")).strip("'")
    tags = [tag for member in _members(annotation) for tag in _tags(member, discriminator)]
    is_missing = detail["type"] == "union_tag_not_found"
    message = "required key is missing" if is_missing else "names none of the alternatives"
    return Finding((*path, discriminator), message, remedy="choose one", allowed=tuple(tags))


def _message(detail: ErrorDetails, raised: object) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if isinstance(raised, Exception):
        return str(raised)
    if kind in _EXPECTED:
        return f"{_what(detail['input'])} where {_EXPECTED[kind]} belongs"
    if kind in _LIMITS:
        return _LIMITS[kind].format(**{name: _plain_number(value) for name, value in context.items()})
    if kind in ("enum", "literal_error"):
        return "not in the allowed set"
    return detail["msg"].replace("Input should", "should", 1)


def _plain_number(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _remedy(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "string_type" and isinstance(value, (int, float)):
        return "put it in quotes"
    if _EXPECTED.get(kind) in ("a whole number", "a number") and isinstance(value, str):
        if _NUMERIC.fullmatch(value):
            return "remove the quotes"
        if _WITH_UNIT.fullmatch(value):
            return "write the number alone: its unit stands in the name of the key or in its description"
    return "write true or false, without quotes" if _EXPECTED.get(kind) == "true or false" else ""


def _what(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    names = {float: "a number with a fraction", str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(value), "another value")


# --- from pydantic's location to the document's path --------------------------------------------------------


def _trace(model: type[BaseModel], location: Sequence[int | str]) -> tuple[KeyPath, Any, FieldInfo | None]:
    """Follow a location through the types.

    Returns:
        The path in the document (a location also names the alternatives of unions), the type of what
        stands there, and the field that declares it.
    """
    path: list[str | int] = []
    annotation: Any = model
    field: FieldInfo | None = None
    for part in location:
        if part == _KEY_MARK:
            annotation, field = Any, None
            continue
        members = _members(annotation)
        if len(members) > 1:
            annotation, field = _member(members, part), None
            continue
        path.append(part)
        annotation, field = _child(members[0], part)
    bare = _members(annotation)
    return tuple(path), bare[0] if len(bare) == 1 else annotation, field


def _members(annotation: object) -> list[Any]:
    """The alternatives of a type without None; a plain type is its own only one."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [bare for member in get_args(annotation) if member is not NoneType for bare in _members(member)]
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _members(annotation.model_fields["root"].annotation)
    return [annotation]


def _member(members: Sequence[Any], label: int | str) -> object:
    """The alternative that pydantic calls by a label: a tag of its discriminator, or its name."""
    for member in members:
        if getattr(member, "__name__", None) == label:
            return member
        if _is_model(member) and any(label in _allowed(f.annotation) for f in member.model_fields.values()):
            return member
    return Any


def _child(annotation: Any, part: int | str) -> tuple[Any, FieldInfo | None]:  # noqa: ANN401  any type
    """The type under one key or index."""
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                return field.annotation, field
        return Any, None
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and len(arguments) > 1 and arguments[1] is not Ellipsis:
        return (arguments[part] if isinstance(part, int) and part < len(arguments) else Any), None
    if arguments:  # of a list the items, of a mapping the values
        return arguments[-1 if isinstance(part, str) else 0], None
    return Any, None


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a model as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _tags(member: Any, discriminator: str) -> tuple[str, ...]:  # noqa: ANN401  any type
    if not _is_model(member) or discriminator not in member.model_fields:
        return ()
    return _allowed(member.model_fields[discriminator].annotation)


def _allowed(annotation: object) -> tuple[str, ...]:
    """The closed set of a type, empty for an open one."""
    members = _members(annotation)
    if len(members) != 1:
        return ()
    if get_origin(members[0]) is Literal:
        return tuple(str(value.value if isinstance(value, Enum) else value) for value in get_args(members[0]))
    if isinstance(members[0], type) and issubclass(members[0], Enum):
        return tuple(str(member.value) for member in members[0])
    return ()
