"""A resource monitor that answers from the request and keeps every request.

Owns `RecordingMonitor`, the SDK's mock monitor with three differences: it decodes and encodes nothing, it
keeps the whole request (the mock keeps type, name and inputs), and its URNs carry the full chain of parent
types as the engine's do. Outputs that only a provider can compute stay unknown. It decides nothing about
what it saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import callback_pb2, engine_pb2, resource_pb2

from serving.blueprint.errors import InputError, Problem
from serving.preview.recording import Kind, Lookup, Message, Registration, Severity

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPE_PREFIX = "pulumi:providers:"

_AWS = "aws:"

_SEVERITIES = {
    engine_pb2.DEBUG: Severity.DEBUG,
    engine_pb2.INFO: Severity.INFO,
    engine_pb2.WARNING: Severity.WARNING,
    engine_pb2.ERROR: Severity.ERROR,
}


class Answer(NamedTuple):
    """The fields of a RegisterResourceResponse that the SDK reads.

    A tuple and not the message itself: a message would copy the whole of `object`, once a resource.
    """

    urn: str
    object: struct_pb2.Struct
    id: str = ""  # empty means unknown; a preview knows no identifiers
    propertyDependencies: Mapping[str, Any] = {}  # noqa: N815  (the protocol's name)
    result: int = resource_pb2.SUCCESS
    unknown: bool = False


class _NoMocks(mocks.Mocks):
    """Mocks that are never asked: the monitor answers everything itself."""

    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        raise NotImplementedError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> NoReturn:
        raise NotImplementedError(args.typ)


class RecordingMonitor(mocks.MockMonitor):
    """Keeps every registration of one program run and answers from the request alone."""

    def __init__(self, project: str, stack: str) -> None:
        super().__init__(_NoMocks())
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self.registrations: dict[str, Registration] = {}
        self.duplicates: list[Registration] = []
        self.registered_outputs: dict[str, struct_pb2.Struct] = {}
        self.lookups: list[Lookup] = []
        self.transforms = 0

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine builds it; the stack is the one parent whose type does not count."""
        if parent:
            parent_type = parent.split("::", 3)[2]
            if parent_type != STACK_TYPE:
                type_ = f"{parent_type}${type_}"
        return f"{self._prefix}{type_}::{name}"

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Answer:  # noqa: N802
        """Keep the request; its inputs are all that a preview knows of the outputs."""
        inputs = request.object
        urn = self._keep(_kind_of(request), request, inputs)
        self.transforms += len(request.transforms)
        return Answer(urn, _outputs(request.type, inputs))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Keep the request; what exists in the cloud is unknown."""
        urn = self._keep(Kind.READ, request, request.properties)
        return resource_pb2.ReadResourceResponse(urn=urn)

    def _keep(
        self,
        kind: Kind,
        request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest,
        inputs: struct_pb2.Struct,
    ) -> str:
        parent, type_, name = request.parent, request.type, request.name
        urn = self.make_urn(parent, type_, name)
        registration = Registration(urn, type_, name, kind, parent, inputs, request)
        if urn in self.registrations:
            self.duplicates.append(registration)
        else:
            self.registrations[urn] = registration
        return urn

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep a component's, or the stack's, outputs."""
        self.registered_outputs[request.urn] = request.outputs
        return empty_pb2.Empty()

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answer a look-up of the program's own resources; refuse every other function call."""
        if request.tok != "pulumi:pulumi:getResource":
            self._refuse(request.tok)
        return self._own_resource(request.args.fields["urn"].string_value)

    def Call(self, request: resource_pb2.ResourceCallRequest) -> NoReturn:  # noqa: N802
        """Refuse a method call: only its provider can answer."""
        self._refuse(request.tok)

    def RegisterStackTransform(self, request: callback_pb2.Callback) -> empty_pb2.Empty:  # noqa: N802
        """Count the transform; transforms do not run here."""
        self.transforms += 1
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: callback_pb2.Callback) -> empty_pb2.Empty:  # noqa: N802
        """Nothing to do: invokes are refused, with or without a transform."""
        return empty_pb2.Empty()

    def _own_resource(self, urn: str) -> resource_pb2.ResourceInvokeResponse:
        registration = self.registrations[urn]
        answer = struct_pb2.Struct()
        answer.update({"urn": urn, "id": ""})
        answer.fields["state"].struct_value.CopyFrom(registration.inputs)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(answer)
        return response

    def _refuse(self, token: str) -> NoReturn:
        self.lookups.append(Lookup(token))
        raise unanswerable([Lookup(token)])


class RecordingEngine:
    """The engine's log, kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802
        """Keep what `pulumi.log` sends; debugging is for the SDK's own developers."""
        if request.severity != engine_pb2.DEBUG:
            self.messages.append(Message(_SEVERITIES[request.severity], request.message, request.urn))


def unanswerable(lookups: list[Lookup]) -> InputError:
    """The error for calls that only a provider can answer."""
    return InputError(
        Problem(
            file="__main__.py",
            line=0,
            column=0,
            key=lookup.token,
            message="the program calls a provider function, which the embedded preview cannot answer",
            effect="what depends on the answer cannot be previewed",
            remedy="state the value in the stack's configuration, or preview with the Pulumi CLI",
        )
        for lookup in lookups
    )


def _outputs(type_: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """What is known of the outputs: a policy document that was given as a mapping is a text there."""
    if not (type_.startswith(_AWS) and "policy" in inputs.fields):
        return inputs
    policy = inputs.fields["policy"]
    if not (policy.HasField("struct_value") and "Statement" in policy.struct_value.fields):
        return inputs
    outputs = struct_pb2.Struct()
    outputs.CopyFrom(inputs)
    outputs.fields["policy"].string_value = rpc.UNKNOWN
    return outputs


def _kind_of(request: resource_pb2.RegisterResourceRequest) -> Kind:
    if not request.custom:
        return Kind.COMPONENT
    return Kind.PROVIDER if request.type.startswith(PROVIDER_TYPE_PREFIX) else Kind.CUSTOM
