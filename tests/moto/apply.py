"""A monitor whose provider is moto: what the program registers is made there, and its real identifiers come back.

Owns how inputs find their place in an operation: by name, in the operation's own shape as botocore ships it. The
program runs unmodified, as under the engine: a resource whose inputs come from others gets what moto gave these.
What the table does not have is answered with made-up values (`KnowingMonitor`) and kept in `not_applied`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from serving.preview.monitor import Answer
from tests.components.knowing import KnowingMonitor
from tests.moto.translation import TRANSLATION, Call

ACCOUNT = "123456789012"
"""The account of moto."""

Dropped = tuple[str, str]
"""Type and input that no call takes."""


class MotoMonitor(KnowingMonitor):
    """Applies resources to moto as they are registered, in the order of their dependencies."""

    def __init__(self, home: str) -> None:
        super().__init__()
        self._home = home
        self.applied: dict[str, dict[str, Any]] = {}
        self.not_applied: dict[str, str] = {}
        self.unknown: list[str] = []
        self.dropped: set[Dropped] = set()
        self.outside: dict[str, str] = {}

    def RegisterResource(self, request: Any) -> Answer:  # noqa: N802
        call = TRANSLATION.get(request.type)
        if call is None or not request.custom:
            if request.custom and request.type.startswith("aws:"):
                self.not_applied[request.type] = "not in the table"
            return super().RegisterResource(request)
        answer = super(KnowingMonitor, self).RegisterResource(request)
        inputs = json_format.MessageToDict(request.object)
        if rpc.UNKNOWN in json_format.MessageToJson(request.object):
            self.unknown.append(request.name)
            return answer
        inputs = {
            key: self.outside.get(value, value) if isinstance(value, str) else value for key, value in inputs.items()
        }
        said = inputs
        inputs = self._changed(request.type, inputs)
        try:
            outputs = self._make(request, call, {**inputs})
        except (
            ClientError,
            BotoCoreError,
            NotImplementedError,
            KeyError,
            TypeError,
            AttributeError,
            ValueError,
        ) as error:
            self.not_applied[request.type] = f"{type(error).__name__}: {error}"
            return answer._replace(object=self._made_up(request), id=f"id-of-{request.name}")
        self.applied[answer.urn] = {
            "region": self._home,
            **said,
            **outputs,
            "type_token": request.type,
            "logical": request.name,
        }
        known = struct_pb2.Struct()
        known.CopyFrom(self._made_up(request))
        for key, value in outputs.items():
            outer, _, inner = key.partition(".")
            if inner:
                known.fields[outer].struct_value.update({inner: value})
            elif key != "id":
                known.update({key: value})
        return answer._replace(object=known, id=str(outputs.get("id", request.name)))

    def _changed(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs as they are applied; tests of the tests change them."""
        return inputs

    def _make(self, request: Any, call: Call, inputs: dict[str, Any]) -> dict[str, Any]:
        region = inputs.get("region") or self._home
        if "primaryKeyArn" in inputs:  # moto knows keys by their identifiers
            inputs["primaryKeyId"] = inputs["primaryKeyArn"].rpartition("/")[2]
        context = {"region": region, "account": ACCOUNT, "logical": request.name, **inputs}
        client_region = context["primaryKeyArn"].split(":")[3] if "primaryKeyArn" in inputs else region
        outputs: dict[str, Any] = {}
        for step in (call, *call.then):
            if step.when and not inputs.get(step.when):
                continue
            for element in inputs.get(step.each, []) if step.each else [None]:
                values = {**inputs, **outputs}
                if element is not None:
                    values = {**values, **element, "element": element}
                answer = self._call(request.type, step, client_region, values, context, strict=step is not call)
                outputs |= dict(_outputs(step, answer, context))
        return outputs

    def _call(
        self,
        type_: str,
        call: Call,
        region: str,
        values: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        strict: bool,
    ) -> Any:
        client = boto3.client(call.client, region_name=region)
        operation = client.meta.method_to_api_mapping[call.operation]
        shape = client.meta.service_model.operation_model(operation).input_shape
        parameters: dict[str, Any] = _filled(copy.deepcopy(dict(call.extra)), context)
        for key, value in values.items():
            path = call.names.get(key, "" if strict else _member(key, shape))
            if path == _BY_KIND:
                parameters["TagSpecifications"] = [{"ResourceType": call.tags, "Tags": _tag_list(value)}]
            elif path and path.partition(".")[0] in shape.members:
                _place(parameters, shape, path.split("."), value, call.names)
            elif not strict and key not in call.names and key != "region":
                self.dropped.add((type_, key))
        if "KeySchema" in parameters:  # a table without a sort key has one key only
            parameters["KeySchema"] = [one for one in parameters["KeySchema"] if "AttributeName" in one]
        if region == "us-east-1":
            parameters.pop("CreateBucketConfiguration", None)
        return getattr(client, call.operation)(**parameters)

    def _made_up(self, request: Any) -> struct_pb2.Struct:
        return KnowingMonitor.RegisterResource(self._silent(), request).object

    def _silent(self) -> KnowingMonitor:
        """Another monitor, so that a resource is not registered here twice."""
        return KnowingMonitor()


def _outputs(call: Call, answer: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for output, where in call.outputs.items():
        if "{" in where:
            yield output, where.format_map(context)
        elif where:
            yield output, _at(answer, where.split("."))


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        if value is None:
            return None
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return value


def _filled(parameters: dict[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.format_map(context) if isinstance(v, str) and "{" in v else v for k, v in parameters.items()}


_BY_KIND = "(tags)"


def _member(key: str, shape: Shape, *, loose: bool = False) -> str:
    """The member of a structure that an input is meant for: the same name but for case and number.

    Args:
        key: The input.
        shape: The structure.
        loose: Whether the only member that ends in the name will do, as `AttributeName` for `name`.
    """
    if not isinstance(shape, StructureShape):
        return ""
    by_name = {name.lower(): name for name in shape.members}
    low = key.lower()
    for candidate in (low, low + "s", low.removesuffix("s"), low.removesuffix("es")):
        if candidate in by_name:
            return str(by_name[candidate])
    if low == "tags":
        return _BY_KIND if "tagspecifications" in by_name else ""
    endings = [name for name in shape.members if loose and name.lower().endswith(low)]
    return str(endings[0]) if len(endings) == 1 else ""


def _place(target: Any, shape: Shape, path: list[str], value: Any, names: Mapping[str, str]) -> None:
    """Put a value at a path of the operation's shape, in the form that the shape has there."""
    head, *rest = path
    inner = shape.member if isinstance(shape, ListShape) else _inner(shape, head)
    if not rest:
        fitted = _fit(value, inner, names)
        if isinstance(target, dict) and isinstance(target.get(head), dict) and isinstance(fitted, dict):
            target[head] |= fitted
        elif isinstance(target, dict):
            target[head] = fitted
        return
    if isinstance(target, list):
        while len(target) <= int(head):
            target.append({})
        below = target[int(head)]
    else:
        below = target.setdefault(head, [] if isinstance(inner, ListShape) else {})
    _place(below, inner, rest, value, names)


def _inner(shape: Shape, head: str) -> Shape:
    if isinstance(shape, MapShape):
        return shape.value
    assert isinstance(shape, StructureShape), shape
    return shape.members[head]


def _fit(value: Any, shape: Shape, names: Mapping[str, str]) -> Any:
    if isinstance(shape, StructureShape):
        if isinstance(value, list) and value and not isinstance(value[0], Mapping):
            (member,) = shape.members
            return {member: value}
        value = value[0] if isinstance(value, list) and value else value
        return dict(_members(value, shape, names)) if isinstance(value, Mapping) else value
    if isinstance(shape, ListShape):
        if isinstance(value, Mapping) and _is_tag(shape.member):
            return _tag_list(value, shape.member)
        return [_fit(item, shape.member, names) for item in (value if isinstance(value, list) else [value])]
    if isinstance(shape, MapShape):
        return {key: _fit(item, shape.value, names) for key, item in dict(value).items()}
    return _scalar(value, shape)


def _scalar(value: Any, shape: Shape) -> Any:
    if shape.type_name == "boolean" and isinstance(value, str):
        return value == "true"
    if shape.type_name == "string":
        if isinstance(value, Mapping):
            return json.dumps(value)
        if isinstance(value, bool):
            return str(value).lower()
        return str(int(value)) if isinstance(value, float) else value
    if shape.type_name in {"integer", "long"}:
        return int(float(value))
    return value


def _members(value: Mapping[str, Any], shape: StructureShape, names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        member = names[key] if names.get(key) in shape.members else _member(key, shape, loose=True)
        if member in shape.members:
            yield member, _fit(item, shape.members[member], names)


_PAIRS = (("key", "value"), ("tagkey", "tagvalue"), ("name", "value"))


def _is_tag(shape: Shape) -> bool:
    names = {name.lower() for name in shape.members} if isinstance(shape, StructureShape) else set()
    return any(names >= {head, tail} for head, tail in _PAIRS)


def _tag_list(tags: Mapping[str, str], shape: Shape | None = None) -> list[dict[str, str]]:
    members = {name.lower(): name for name in shape.members} if isinstance(shape, StructureShape) else {}
    pair = next(((members[head], members[tail]) for head, tail in _PAIRS if head in members), ("Key", "Value"))
    key, word = pair
    return [{key: name, word: text} for name, text in tags.items()]
