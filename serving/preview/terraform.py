"""The AWS part of a plan in the words of Terraform's plan JSON, for scanners that read nothing else.

Owns the translation: type tokens to resource types, camelCase to snake_case, objects to blocks, dependencies to
references. It goes by rules, with what the rules miss in `terraform_names.yaml`. It adds no value: defaults of a
provider, identifiers and ARNs stay unknown, as in the plan, and a secret is unknown too.

The form is that of `terraform show -json` (https://developer.hashicorp.com/terraform/internals/json-format, format
1.2, read 2026-11), as far as it says what would be created; every resource is `create`d, since no state is known.
Resources of other providers are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from serving.blueprint.errors import InputError, Problem
from serving.preview.aws_types import Property, Shape, arguments_of, properties_of
from serving.preview.plan import Plan, PlanResource
from serving.preview.recording import Kind
from serving.preview.values import PlanValue, is_marker

_FORMAT = "1.2"
_TERRAFORM = "1.11.4"  # the Terraform whose output was compared with
_PROVIDER = "registry.terraform.io/hashicorp/aws"
_PREFIX = "aws:"
_POLICY_DOCUMENT = "PolicyDocumentArgs"  # what pulumi_aws takes for the text of a policy


class _Absent:
    """The value of what is not known, or has no word in Terraform."""


_ABSENT = _Absent()


class _Said(NamedTuple):
    """What the three parts of a Terraform plan say of one value."""

    known: Any
    unknown: Any
    expression: Any


def to_terraform(plan: Plan) -> dict[str, Any]:
    """The plan's AWS resources as Terraform's plan JSON."""
    translated = [resource for resource in plan.resources if _is_translated(resource)]
    addresses = _addresses(translated)
    entries = [_Translation(resource, addresses).entry() for resource in translated]
    return {
        "format_version": _FORMAT,
        "terraform_version": _TERRAFORM,
        "planned_values": {"root_module": {"resources": [entry.planned for entry in entries]}},
        "resource_changes": [entry.change for entry in entries],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": _PROVIDER}},
            "root_module": {"resources": [entry.configuration for entry in entries]},
        },
    }


def write_terraform(plan: Plan, path: Path) -> None:
    """Save the translation, readable line by line.

    Raises:
        InputError: The file cannot be written.
    """
    text = json.dumps(to_terraform(plan), indent=1, sort_keys=True, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        _refuse(path, f"cannot be written: {error.strerror}")


def terraform_type(type_token: str) -> str:
    """The resource type of an AWS type token: `aws_s3_bucket_policy` of `aws:s3/bucketPolicy:BucketPolicy`.

    A rule: what the tables do not know is spelled as most types are, which may be a type that does not exist.
    """
    _, module, name = type_token.split(":")
    package = module.partition("/")[0]
    tables = _tables()
    if exception := tables["types"].get(f"{package}.{name}"):
        return str(exception)
    prefix = tables["packages"].get(package, package)
    return "_".join(part for part in ("aws", prefix, _snake(name)) if part)


def terraform_name(type_token: str, wire: str, found: Property | None) -> str:
    """The name of a property: a list of blocks is named for one of them; every other property keeps its name.

    Args:
        type_token: Type of the resource.
        wire: The property's wire name.
        found: What the SDK says of it, where it knows it.
    """
    renamed: Mapping[str, str] = _tables()["properties"].get(terraform_type(type_token), {})
    name = found.name if found else _snake(wire)
    if name in renamed:
        return renamed[name]
    name = name.rstrip("_")  # Python's spelling of `and`, `not`, `lambda`
    return _singular(name) if found and found.shape is Shape.BLOCKS else name


@dataclass(frozen=True, slots=True)
class _Entry:
    """One resource in the three lists of a Terraform plan."""

    planned: dict[str, Any]
    change: dict[str, Any]
    configuration: dict[str, Any]


class _Translation:
    """One resource on its way into Terraform's words."""

    def __init__(self, resource: PlanResource, addresses: Mapping[str, str]) -> None:
        self._resource = resource
        self._addresses = addresses
        self._type = terraform_type(resource.type)

    def entry(self) -> _Entry:
        arguments = arguments_of(self._resource.type)
        said = self._properties(self._resource.inputs, arguments, None)
        address = self._addresses[self._resource.urn]
        identity = {
            "address": address,
            "mode": "managed",
            "type": self._type,
            "name": address.partition(".")[2],
        }
        change = {"actions": ["create"], "before": None, "after": said.known, "after_unknown": said.unknown}
        return _Entry(
            planned={**identity, "provider_name": _PROVIDER, "schema_version": 0, "values": said.known},
            change={**identity, "provider_name": _PROVIDER, "change": change},
            configuration={**identity, "provider_config_key": "aws", "expressions": said.expression},
        )

    def _properties(
        self, values: Mapping[str, PlanValue], arguments: type | None, references: Sequence[str] | None
    ) -> _Said:
        """An object with properties; `references` are those of the property that it is within."""
        properties = properties_of(arguments) if arguments else {}
        known: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        expressions: dict[str, Any] = {}
        for wire, value in values.items():
            found = properties.get(wire)
            said = self._value(value, found, self._references(wire) if references is None else references)
            name = self._name(wire, found)
            if said.known is not _ABSENT:
                known[name] = said.known
            if said.unknown:
                unknown[name] = said.unknown
            if said.expression:
                expressions[name] = said.expression
        return _Said(known, unknown, expressions)

    def _value(self, value: PlanValue, found: Property | None, references: Sequence[str]) -> _Said:
        if is_marker(value):
            return self._marked(value, references)
        shape, arguments = (found.shape, found.arguments) if found else (Shape.PLAIN, None)
        if shape is Shape.BLOCK and isinstance(value, Mapping):
            if arguments is not None and arguments.__name__ == _POLICY_DOCUMENT:
                return _plain(json.dumps(value), references)
            return _together([self._properties(value, arguments, references)])
        if shape is Shape.BLOCKS and isinstance(value, list):
            return _together([self._block(item, arguments, references) for item in value])
        if isinstance(value, list):
            return self._list(value, references)
        if isinstance(value, Mapping):
            said = self._properties_of_map(value, references)
            return said._replace(expression=_expression(said.known, references))
        return _plain(value, references)

    def _block(self, value: PlanValue, arguments: type | None, references: Sequence[str]) -> _Said:
        if isinstance(value, Mapping) and not is_marker(value):
            return self._properties(value, arguments, references)
        return _Said({}, True, {"references": references})

    def _marked(self, value: PlanValue, references: Sequence[str]) -> _Said:
        (word,) = value
        if word == "$literal":
            return _plain(dict(value[word]), references)
        if word in {"$asset", "$archive"}:  # a file of this machine
            return _Said(_ABSENT, None, None)
        return _Said(_ABSENT, True, {"references": list(references)} if references else {})

    def _list(self, values: list[PlanValue], references: Sequence[str]) -> _Said:
        said = [self._value(value, None, ()) for value in values]
        known = [None if one.known is _ABSENT else one.known for one in said]
        unknown = [one.unknown or False for one in said]
        return _Said(known, unknown if any(unknown) else None, _expression(known, references))

    def _properties_of_map(self, values: Mapping[str, PlanValue], references: Sequence[str]) -> _Said:
        said = {key: self._value(value, None, references) for key, value in values.items()}
        known = {key: one.known for key, one in said.items() if one.known is not _ABSENT}
        return _Said(known, {key: one.unknown for key, one in said.items() if one.unknown}, None)

    def _name(self, wire: str, found: Property | None) -> str:
        return terraform_name(self._resource.type, wire, found)

    def _references(self, wire: str) -> list[str]:
        urns = self._resource.property_dependencies.get(wire, ())
        return [self._addresses[urn] for urn in urns if urn in self._addresses]


def _plain(value: PlanValue, references: Sequence[str]) -> _Said:
    return _Said(value, None, _expression(value, references))


def _expression(value: PlanValue, references: Sequence[str]) -> dict[str, Any]:
    return {"references": list(references)} if references else {"constant_value": value}


def _together(blocks: list[_Said]) -> _Said:
    """Blocks, of which Terraform keeps lists."""
    unknown = [block.unknown or {} for block in blocks]
    return _Said(
        [block.known for block in blocks],
        unknown if any(unknown) else None,
        [block.expression for block in blocks],
    )


def _is_translated(resource: PlanResource) -> bool:
    return resource.kind is Kind.CUSTOM and resource.type.startswith(_PREFIX)


def _addresses(translated: Sequence[PlanResource]) -> dict[str, str]:
    """URN to address; logical names are unique within their parents only, addresses everywhere."""
    addresses: dict[str, str] = {}
    taken: set[str] = set()
    for resource in translated:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", resource.name)
        name = name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"
        address = next(one for one in _spellings(f"{terraform_type(resource.type)}.{name}") if one not in taken)
        taken.add(address)
        addresses[resource.urn] = address
    return addresses


def _spellings(address: str) -> Iterator[str]:
    yield address
    number = 2
    while True:
        yield f"{address}_{number}"
        number += 1


def _snake(name: str) -> str:
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ss", "ss"), ("s", ""))


def _singular(name: str) -> str:
    for plural, singular in _ENDINGS:
        if name.endswith(plural):
            return name.removesuffix(plural) + singular
    return name


@cache
def _tables() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("terraform_names.yaml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return tables


def _refuse(path: Path, message: str) -> NoReturn:
    raise InputError([Problem(str(path), 0, 0, "", message)])
