"""Plans in which everything is known: what a stack would register once its resources exist.

Owns a monitor that answers like a provider that has acted: identifiers, ARNs and the other computed outputs have
made-up values of the right form, so that policies, templates and addresses that are put together from them can be
judged as text. It judges nothing. What it makes up is never compared with: only its form counts.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi import _types as sdk_types
from pulumi.runtime.proto import resource_pb2

from serving.preview.aws_types import Property, Shape, arguments_of, properties_of
from serving.preview.build import build_plan
from serving.preview.monitor import Answer, RecordingMonitor
from serving.preview.plan import Plan
from serving.preview.project import load_project, load_stack_config
from serving.preview.runner import run_program
from tests.outside.made_up import made_up

_FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "aws:arcregionswitch/getRoute53HealthChecks:getRoute53HealthChecks": {"id": "checks", "healthChecks": []},
}
# What a type computes inside of a block that it is given; the argument classes don't tell.
_COMPUTED_WITHIN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "aws:eks/cluster:Cluster": {"vpcConfig": ("clusterSecurityGroupId", "vpcId")},
}
ROOT = Path(__file__).resolve().parents[2]


# What is checked -> the project's folder and the stack
PLANS: Mapping[str, tuple[Path, str]] = {
    "dev": (ROOT, "dev"),
    "prod": (ROOT, "prod"),
    "bootstrap": (ROOT / "bootstrap", "main"),
}


@cache
def resolved_plan(name: str) -> Plan:
    """One of the plans, with nothing of AWS unknown."""
    folder, stack = PLANS[name]
    project = load_project(folder)
    config = load_stack_config(project, stack)
    monitor = ResolvingMonitor(project.name, stack)
    recording = run_program(project, config, monitor)
    return build_plan(recording, project.root, config.secret_keys)[0]


class ResolvingMonitor(RecordingMonitor):
    """Keeps every registration and answers with outputs that are all known."""

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Answer:  # noqa: N802
        answer = super().RegisterResource(request)
        if not request.custom:
            return answer
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(request.object)
        for key in _documents(request.type) & outputs.fields.keys():  # answered as text, however it was given
            if outputs.fields[key].HasField("struct_value"):
                outputs.fields[key].string_value = json_format.MessageToJson(outputs.fields[key], indent=None)
        made: dict[str, Any] = _outputs(request.type, request.name, dict(request.object.items()))
        outputs.update({key: value for key, value in made.items() if key not in outputs.fields})
        for key, within in _outputs_within(request.type, request.name).items():
            if outputs.fields[key].HasField("struct_value"):
                outputs.fields[key].struct_value.update(within)
        return answer._replace(object=outputs, id=made["id"])

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answer the functions that the program asks once it knows their arguments, with nothing found."""
        if request.tok not in _FUNCTIONS:
            return super().Invoke(request)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").update(_FUNCTIONS[request.tok])
        return response


def _outputs(type_token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    seed = _seed(type_token, name)
    found = {key: made_up(type_token, key, kind, seed, inputs) for key, kind in _computed(type_token).items()}
    return found | {"id": made_up(type_token, "id", str, seed, inputs)}


def _outputs_within(type_token: str, name: str) -> dict[str, dict[str, Any]]:
    seed = _seed(type_token, name)
    return {
        key: {inner: made_up(type_token, inner, str, seed, {}) for inner in within}
        for key, within in _COMPUTED_WITHIN.get(type_token, {}).items()
    }


def _seed(type_token: str, name: str) -> str:
    return hashlib.sha256(f"{type_token} {name}".encode()).hexdigest()


@cache
def _computed(type_token: str) -> Mapping[str, Any]:
    """The outputs that a type computes, by their wire names: all that are no inputs, and plain ones that may be."""
    given = {key: found.shape for key, found in _inputs(type_token).items()}
    return {key: kind for key, kind in _kinds(type_token).items() if given.get(key, Shape.PLAIN) is Shape.PLAIN}


@cache
def _documents(type_token: str) -> frozenset[str]:
    """The inputs that take a policy as an object or as its text."""
    inputs = _inputs(type_token).items()
    return frozenset(key for key, found in inputs if getattr(found.arguments, "__name__", "") == "PolicyDocumentArgs")


def _inputs(type_token: str) -> Mapping[str, Property]:
    arguments = arguments_of(type_token)
    return properties_of(arguments) if arguments else {}


@cache
def _kinds(type_token: str) -> Mapping[str, Any]:
    """The outputs of a type, by their wire names, and the kind of each."""
    arguments = arguments_of(type_token)
    if arguments is None:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = import_module(arguments.__module__)
    return sdk_types.resource_types(getattr(module, type_token.rsplit(":", 1)[-1]))
