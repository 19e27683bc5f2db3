"""From the Analyzer protocol to views.

Owns the decoding of the engine's messages, and the writing of a fix into them. It is the only module besides
`policies.server` that knows protobuf.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto

from policies.rule import Patch
from policies.views import SIGNATURE_KEY, Node, Provider, Resource


def resource_of(request: proto.AnalyzeRequest) -> Resource:
    """The one resource of an Analyze request; nothing is known of what it depends on."""
    return Resource(
        request.type,
        request.urn,
        request.name,
        _loader(request.properties),
        protect=request.options.protect,
        ignore_changes=tuple(request.options.ignoreChanges),
        provider=_provider(request),
    )


def stack_resource_of(resource: proto.AnalyzerResource) -> Resource:
    """One resource of an AnalyzeStack request, with its dependencies."""
    return Resource(
        resource.type,
        resource.urn,
        resource.name,
        _loader(resource.properties),
        protect=resource.options.protect,
        ignore_changes=tuple(resource.options.ignoreChanges),
        provider=_provider(resource),
        dependencies=tuple(resource.dependencies),
        property_dependencies=_Dependencies(resource),
    )


class _Dependencies(Mapping[str, tuple[str, ...]]):
    """What each input depends on, read when it is asked: most rules ask of none."""

    def __init__(self, resource: proto.AnalyzerResource) -> None:
        self._written = resource.propertyDependencies

    def __getitem__(self, key: str) -> tuple[str, ...]:
        if key not in self._written:
            raise KeyError(key)
        return tuple(self._written[key].urns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A protobuf structure as plain Python; wrappings of secrets and unknowns stay as they are."""
    fields = struct.fields  # asked key by key: `items` of such a map is Python, and slower
    return {key: (value := fields[key]).string_value or _decode_value(value) for key in fields}


def patched(struct: struct_pb2.Struct, patch: Patch) -> struct_pb2.Struct:
    """A copy with the patch written into it.

    Raises:
        ValueError: A value on the way is a secret or no mapping, so a fix would have to replace it whole.
    """
    result = struct_pb2.Struct()
    result.CopyFrom(struct)
    for path, value in patch.items():
        target = result
        for key in path[:-1]:
            target = _descend(target, key)
        target[path[-1]] = value
    return result


def _descend(struct: struct_pb2.Struct, key: str) -> struct_pb2.Struct:
    if key not in struct.fields:
        struct.get_or_create_struct(key)
    value = struct.fields[key]
    if value.WhichOneof("kind") != "struct_value" or SIGNATURE_KEY in value.struct_value.fields:
        raise ValueError(f"{key} is no plain mapping")
    return value.struct_value


def _loader(struct: struct_pb2.Struct) -> Callable[[], Mapping[str, Any]]:
    return lambda: decode(struct)


def _provider(message: proto.AnalyzeRequest | proto.AnalyzerResource) -> Provider | None:
    if not message.HasField("provider"):
        return None
    return _provider_of(message.provider.SerializeToString())


@lru_cache(maxsize=64)
def _provider_of(written: bytes) -> Provider:
    """A provider as each of its resources brings it along; a stack has a few, decoded once each."""
    provider = proto.AnalyzerProviderResource.FromString(written)
    return Provider(provider.type, provider.urn, Node(_provider_inputs(decode(provider.properties)), (), provider.urn))


def _provider_inputs(properties: dict[str, Any]) -> dict[str, Any]:
    """Inputs of a provider, whose nested values travel as JSON text."""
    return {key: _opened(value) for key, value in properties.items()}


def _opened(value: Any) -> Any:  # noqa: ANN401  (JSON)
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # a plain text that happens to start with a brace


def _decode_value(value: struct_pb2.Value) -> Any:  # noqa: ANN401  (JSON)
    """What is no text, or an empty one: most values are texts, and asking which kind it is costs more."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return decode(value.struct_value)
    if kind == "list_value":
        return [element.string_value or _decode_value(element) for element in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return value.number_value
    return "" if kind == "string_value" else None
