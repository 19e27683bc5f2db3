"""A monitor that answers as if every resource existed: no output is unknown, so that whole documents can be read.

Owns the made-up values. They are recognizable, free of wildcards, and say nothing of what AWS would answer.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import resource_pb2

from serving.preview.aws_types import class_of
from serving.preview.monitor import Answer, RecordingMonitor
from tests.components.recorder import PROJECT, STACK
from tests.components.samples import ACCOUNT

# What provider functions answer; the health checks of a region switch are there a while after the plan.
FUNCTIONS: dict[str, dict[str, Any]] = {
    "aws:arcregionswitch/getRoute53HealthChecks:getRoute53HealthChecks": {"healthChecks": []},
}


class KnowingMonitor(RecordingMonitor):
    """Gives every resource an identifier, and every output of AWS that is a text a value."""

    def __init__(self) -> None:
        super().__init__(PROJECT, STACK)

    def RegisterResource(self, request: Any) -> Answer:  # noqa: N802
        answer = super().RegisterResource(request)
        if not request.custom:
            return answer
        known = struct_pb2.Struct()
        known.CopyFrom(request.object)
        region = known.fields["region"].string_value if "region" in known else ""
        for output in text_outputs(request.type):
            if output in known and known.fields[output].WhichOneof("kind") == "struct_value":
                # a document may be given as an object; providers answer with its text
                known[output] = json.dumps(json_format.MessageToDict(known.fields[output].struct_value))
            elif output not in known:
                known[output] = made_up(request.type, request.name, output, region)
        return answer._replace(object=known, id=f"id-of-{request.name}")

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        return answer_of(request) or super().Invoke(request)


def answer_of(request: Any) -> resource_pb2.ResourceInvokeResponse | None:
    """The answer of a provider function; nothing where none is made up."""
    if request.tok not in FUNCTIONS:
        return None
    answer = struct_pb2.Struct()
    answer.update({**dict(request.args), **FUNCTIONS[request.tok]})
    response = resource_pb2.ResourceInvokeResponse()
    getattr(response, "return").CopyFrom(answer)
    return response


def made_up(type_token: str, name: str, output: str, region: str) -> str:
    """A value for an output: a well-formed ARN where it is one."""
    if output == "arn" or output.endswith("Arn"):
        service = type_token.split(":")[1].partition("/")[0]
        return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}"
    return f"{output}-of-{name}"


@cache
def text_outputs(type_token: str) -> tuple[str, ...]:
    """Wire names of the outputs of a type that are texts."""
    found = class_of(type_token)
    return tuple(_text_outputs(found)) if found else ()


def _text_outputs(resource: type) -> Iterator[str]:
    for name, member in inspect.getmembers(resource, lambda member: isinstance(member, property)):
        annotation = str(inspect.get_annotations(member.fget).get("return")) if member.fget else ""
        if re.fullmatch(r".*Output\[(<class 'str'>|str|typing\.Optional\[str\])\]", annotation):
            head, *rest = name.split("_")
            yield head + "".join(part[:1].upper() + part[1:] for part in rest)
