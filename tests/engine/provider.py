"""A resource provider for the tests: it accepts what the SDK's classes know and remembers nothing.

Owns the stand-in for the cloud: `Create` answers with the inputs and, for every output that the resource's
class declares, a value of the declared type. It decides nothing that the real provider's rules decide; those
are not tested here. Started by the engine as `pulumi-resource-<package>`; prints its port.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import signal
import sys
import threading
from concurrent import futures
from typing import Any, ClassVar

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

HOME = "eu-west-1"
"""Region of what names none."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

# the one cluster that there is, if there is one
CLUSTER = {
    "endpoint": "https://127.0.0.1:1",
    "certificate": "dGVzdA==",
    **json.loads(os.environ.get("TESTS_CLUSTER", "{}")),
}

# Outputs with an inner structure that the program reads; everything else is made from the declared type.
STRUCTURED: dict[str, dict[str, Any]] = {
    "aws:eks/cluster:Cluster": {
        "certificateAuthorities": [{"data": CLUSTER["certificate"]}],
        "certificateAuthority": {"data": CLUSTER["certificate"]},
        "endpoint": CLUSTER["endpoint"],
        "vpcConfig": {"clusterSecurityGroupId": "sg-0123456789abcdef0"},
    },
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Accepts every resource of one package."""

    def __init__(self, package: str) -> None:
        self._package = package

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        module = importlib.import_module(f"pulumi_{self._package}._utilities")
        return plugin_pb2.PluginInfo(version=str(module.get_version()))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:
        """As pulumi-aws does, a policy that was written as a mapping becomes text, or unknown as a whole."""
        news = as_dict(request.news)
        policy = news.get("policy")
        if self._package == "aws" and isinstance(policy, dict) and "Statement" in policy:
            text = json.dumps(policy, sort_keys=True)  # as Go writes it
            return provider_pb2.CheckResponse(
                inputs=as_struct({**news, "policy": UNKNOWN if UNKNOWN in text else text})
            )
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        before, after = as_dict(request.old_inputs), as_dict(request.news)
        changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:
        inputs = as_dict(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        identity = f"{request.name}-{digest(request.urn)}"
        properties = {**outputs_of(request.type, identity, inputs), **inputs}
        return provider_pb2.CreateResponse(id=identity, properties=as_struct(properties))

    def Update(self, request: Any, context: Any) -> Any:
        return provider_pb2.UpdateResponse(properties=as_struct({**as_dict(request.olds), **as_dict(request.news)}))

    def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Invoke(self, request: Any, context: Any) -> Any:
        """The health checks of a plan are the one thing that the program asks for."""
        assert request.tok == "aws:arcregionswitch/getRoute53HealthChecks:getRoute53HealthChecks", request.tok
        answer = {**as_dict(request.args), "healthChecks": [], "region": HOME}
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(as_struct(answer))  # a word of Python's own
        return response

    def Delete(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


class Declared:
    """What the SDK's resource classes declare as outputs: token -> {property: type}."""

    _known: ClassVar[dict[str, dict[str, Any]]] = {}
    # the engine asks in parallel, and a module that another thread is importing looks empty
    _one_at_a_time: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def of(cls, token: str) -> dict[str, Any]:
        with cls._one_at_a_time:
            if token not in cls._known:
                cls._known[token] = cls._read(token)
            return cls._known[token]

    @staticmethod
    def _read(token: str) -> dict[str, Any]:
        package, path, name = token.split(":")
        if package != "aws":
            return {}
        module = importlib.import_module(f"pulumi_aws.{path.split('/')[0]}".removesuffix(".index"))
        found: dict[str, Any] = {}
        for prop in vars(getattr(module, name)).values():
            getter = getattr(prop, "fget", None)
            if getter is not None:
                found[getattr(getter, "_pulumi_name", getter.__name__)] = getter.__annotations__.get("return")
        return found


def outputs_of(token: str, identity: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """A value for every declared output that is not an input."""
    made = {
        name: value_for(name, str(kind), token, identity, inputs.get("region", HOME))
        for name, kind in Declared.of(token).items()
        if name not in inputs
    }
    made |= certificate_outputs(token, inputs)
    return {name: value for name, value in made.items() if value is not None} | STRUCTURED.get(token, {})


def value_for(name: str, kind: str, token: str, identity: str, region: str) -> object:
    """A value of the declared type; None (left out) for types with an inner structure."""
    if "Sequence[str]" in kind or "Sequence[builtins.str]" in kind:
        return [f"{name}-{identity}"]
    if "Sequence" in kind or "Mapping" in kind or "outputs." in kind or "Any" in kind:
        return None
    if "int" in kind or "float" in kind:
        return 1
    if "bool" in kind:
        return False
    if name == "arn" or name.endswith("Arn"):
        service = token.split(":")[1].split("/")[0]
        return f"arn:aws:{service}:{region}:111122223333:{identity}"
    return f"{name}-{identity}"


def certificate_outputs(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """ACM answers with one validation record for each name of the certificate."""
    if token != "aws:acm/certificate:Certificate":
        return {}
    names = [inputs.get("domainName"), *inputs.get("subjectAlternativeNames", [])]
    options = [
        {
            "domainName": name,
            "resourceRecordName": f"_{digest(str(name))}.{name}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"_{digest(str(name))}.acm-validations.aws.",
        }
        for name in names
    ]
    return {"domainValidationOptions": options}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def as_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


def as_struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def serve(package: str) -> None:
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=32), options=[("grpc.max_receive_message_length", 64 << 20)]
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(package), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    # the engine ends its plugins by an interrupt
    signal.signal(signal.SIGINT, lambda *_: server.stop(grace=None))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1])
