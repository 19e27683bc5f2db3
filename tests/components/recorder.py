"""Runs a small program under a recording monitor and tells what it registered.

Owns the records that component tests look at. The monitor is the embedded preview's own, so that a test sees
exactly what a preview and the policies see: inputs as they go over the wire (camelCase keys), unknowns kept.
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi.runtime
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime import stack as pulumi_stack

from serving.preview.monitor import STACK_TYPE, RecordingEngine, RecordingMonitor
from serving.preview.runner import _event_loop, _lean_interpreter, _settle

PROJECT = "model-serving"
STACK = "test"


class _Unknown:
    """The one value that stands for what only a provider can compute."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that was registered as a secret."""

    value: Any


@dataclass(frozen=True, slots=True)
class Resource:
    """One registration.

    Attributes:
        urn: Its URN.
        type: Its type token.
        name: Its logical name.
        parent: URN of its parent; empty for the stack's own.
        custom: Whether a provider manages it (else it is a component).
        inputs: What was registered, with `UNKNOWN` and `Secret` where they apply.
        protect: Whether a destroy is refused.
        retain_on_delete: Whether the real thing stays when it leaves the program.
        provider: URN of the explicit provider; empty for the default one.
        dependencies: URNs of all that must exist first.
        property_dependencies: Input -> URNs of the resources that its value comes from.
        ignore_changes: Inputs whose drift is accepted.
        replace_on_changes: Inputs that force a replacement.
        delete_before_replace: Whether the old one must go first.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    protect: bool
    retain_on_delete: bool
    provider: str
    dependencies: frozenset[str]
    property_dependencies: dict[str, frozenset[str]]
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    delete_before_replace: bool

    def __getitem__(self, key: str) -> Any:
        return self.inputs[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The input, or a default where it was not given."""
        return self.inputs.get(key, default)


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that one program registered, in order.

    Attributes:
        resources: Without the stack itself.
        outputs: URN of a component -> the outputs it registered.
        messages: What the program logged.
    """

    resources: tuple[Resource, ...]
    outputs: dict[str, dict[str, Any]]
    messages: tuple[str, ...]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def of_type(self, token: str) -> list[Resource]:
        """Resources of a type: a whole token, or its last part (`Bucket`)."""
        return [r for r in self.resources if r.type == token or r.type.rsplit(":", 1)[-1] == token]

    def one(self, token: str, name: str | None = None) -> Resource:
        """The only resource of a type (and logical name)."""
        found = [r for r in self.of_type(token) if name is None or r.name == name]
        assert len(found) == 1, f"{len(found)} of {token} {name or ''}: {[r.name for r in found]}"
        return found[0]

    def named(self, name: str) -> Resource:
        """The only resource with a logical name."""
        found = [r for r in self.resources if r.name == name]
        assert len(found) == 1, f"{len(found)} named {name}; there are {sorted(r.name for r in self.resources)}"
        return found[0]

    def by_urn(self, urn: str) -> Resource:
        """The resource with a URN."""
        return next(r for r in self.resources if r.urn == urn)

    def children(self, parent: Resource) -> list[Resource]:
        """Direct children of a component."""
        return [r for r in self.resources if r.parent == parent.urn]

    def managed(self, prefix: str = "") -> list[Resource]:
        """Resources that a provider manages (no components, no providers), by prefix of the type token."""
        return [
            r
            for r in self.resources
            if r.custom and r.type.startswith(prefix) and not r.type.startswith("pulumi:providers:")
        ]

    def source_of(self, resource: Resource, key: str) -> list[Resource]:
        """The resources that an input's value comes from."""
        return [self.by_urn(urn) for urn in sorted(resource.property_dependencies.get(key, frozenset()))]


Recorder = Callable[[Callable[[], object]], Recorded]


def record(program: Callable[[], object], monitor: RecordingMonitor | None = None) -> Recorded:
    """Run a program as a preview would.

    Args:
        program: Makes the resources.
        monitor: Answers the registrations; by default one that knows no more than a preview does.

    Raises:
        AssertionError: two resources share a URN.
        Exception: whatever the program raises.
    """
    monitor, engine = monitor or RecordingMonitor(PROJECT, STACK), RecordingEngine()
    contextvars.copy_context().run(run_under, program, monitor, engine)
    assert not monitor.duplicates, f"registered twice: {[r.urn for r in monitor.duplicates]}"
    registrations = [r for r in monitor.registrations.values() if r.type != STACK_TYPE]
    return Recorded(
        resources=tuple(_resource(r.urn, r.request) for r in registrations),
        outputs={urn: _fields(outputs) for urn, outputs in monitor.registered_outputs.items()},
        messages=tuple(message.text for message in engine.messages),
    )


def run_under(program: Callable[[], object], monitor: RecordingMonitor, engine: RecordingEngine) -> None:
    """Run a program under a monitor; in a context of its own, since the SDK keeps its settings in context variables."""
    pulumi_settings.reset_options()
    pulumi.runtime.configure(
        pulumi.runtime.Settings(project=PROJECT, stack=STACK, monitor=monitor, engine=engine, dry_run=True)
    )

    def run() -> Awaitable[None]:
        program()
        return _settle()

    with _lean_interpreter(), _event_loop() as loop:
        loop.run_until_complete(pulumi_stack.run_in_stack(run))


def _resource(urn: str, request: Any) -> Resource:
    is_stack = request.parent.split("::")[2:3] == [STACK_TYPE]
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        parent="" if is_stack else request.parent,
        custom=request.custom,
        inputs=_fields(request.object),
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        provider=request.provider.rpartition("::")[0],
        dependencies=frozenset(request.dependencies),
        property_dependencies={
            key: frozenset(dependencies.urns) for key, dependencies in request.propertyDependencies.items()
        },
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace,
    )


def _fields(struct: struct_pb2.Struct) -> dict[str, Any]:
    decoded: Mapping[str, Any] = json_format.MessageToDict(struct)
    return {key: _value(value) for key, value in decoded.items() if not key.startswith("__")}


def _value(value: Any) -> Any:
    if value == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    signature = value.get(rpc._special_sig_key)
    if signature == rpc._special_secret_sig:
        return Secret(_value(value["value"]))
    if signature == rpc._special_output_value_sig:
        return _value(value.get("value", rpc.UNKNOWN))
    return {key: _value(item) for key, item in value.items()}


def document_of(policy: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of a policy, which is a mapping where it holds what is known only after deployment."""
    return json.loads(policy) if isinstance(policy, str) else policy
