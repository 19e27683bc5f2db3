"""From a raw recording to a plan: decoded, masked, placed in regions, sorted.

Owns what a plan says of a resource: which options are set, where it stands, which resources clash. It is
the border that secrets do not cross.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from pulumi.runtime.proto import alias_pb2, resource_pb2

from serving.preview.monitor import PROVIDER_TYPE_PREFIX, STACK_TYPE
from serving.preview.plan import Duplicate, Plan, PlanMessage, PlanResource
from serving.preview.recording import Recording, Registration
from serving.preview.recovery import assessments
from serving.preview.regions import locate
from serving.preview.unchecked import unchecked
from serving.preview.values import Decoder, PlanValue, Redactor


def build_plan(recording: Recording, root: Path, secret_config: Iterable[str]) -> tuple[Plan, Redactor]:
    """The plan of a recording, and what strikes its secrets out of text written later.

    Args:
        recording: What the program registered.
        root: The project's folder; source positions are told relative to it.
        secret_config: Configuration keys that hold secrets.
    """
    decoder = Decoder()
    decoded = {
        registration.urn: decoder.struct(registration.inputs, _secret_outputs(registration))
        for registration in recording.registrations
    }
    outputs = _stack_outputs(recording, decoder)
    redact = Redactor(decoder.secret_texts)
    regions = locate(recording, decoded)
    resources = [
        _resource(registration, decoded[registration.urn], regions[registration.urn])
        for registration in recording.registrations
    ]
    plan = Plan(
        project=recording.project,
        stack=recording.stack,
        resources=tuple(sorted(resources, key=lambda resource: resource.urn)),
        outputs=outputs,
        messages=_messages(recording, redact),
        duplicates=_duplicates(recording, root),
        unchecked=unchecked(recording, secret_config),
        sdk_versions=_sdk_versions(recording),
    )
    return replace(plan, recovery=assessments(plan)), redact


def provider_urn(reference: str) -> str:
    """The URN in a provider reference, which is `urn::id`."""
    return reference.rpartition("::")[0]


def _resource(registration: Registration, inputs: Mapping[str, PlanValue], region: str | None) -> PlanResource:
    request = registration.request
    dependencies: dict[str, tuple[str, ...]] = {}
    if isinstance(request, resource_pb2.RegisterResourceRequest):
        dependencies = {
            key: tuple(sorted(entry.urns)) for key, entry in request.propertyDependencies.items() if entry.urns
        }
    return PlanResource(
        urn=registration.urn,
        type=registration.type,
        name=registration.name,
        kind=registration.kind,
        parent=registration.parent,
        region=region,
        provider=provider_urn(request.provider),
        inputs=inputs,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies=dependencies,
        options=_options(request),
    )


_FLAGS = ("protect", "retainOnDelete")
_LISTS = ("ignoreChanges", "replaceOnChanges", "additionalSecretOutputs", "hideDiffs", "replace_with")
_TEXTS = ("pluginDownloadURL", "importId", "deletedWith")


def _options(
    request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest,
) -> dict[str, PlanValue]:
    """The options that are set, under the names of the protocol."""
    if isinstance(request, resource_pb2.ReadResourceRequest):
        return {"id": request.id}
    options: dict[str, PlanValue] = {name: True for name in _FLAGS if getattr(request, name)}
    for name in _LISTS:
        if values := getattr(request, name):
            options[name] = sorted(values)
    for name in _TEXTS:
        if text := getattr(request, name):
            options[name] = text
    if request.deleteBeforeReplaceDefined:
        options["deleteBeforeReplace"] = request.deleteBeforeReplace
    if request.providers:
        options["providers"] = {key: provider_urn(ref) for key, ref in sorted(request.providers.items())}
    if request.aliases:
        options["aliases"] = sorted((_alias(alias) for alias in request.aliases), key=str)
    if request.HasField("customTimeouts"):
        timeouts = request.customTimeouts
        options["customTimeouts"] = {field.name: text for field, text in timeouts.ListFields()}
    return options


def _alias(alias: alias_pb2.Alias) -> PlanValue:
    """An alias as a URN, or as what it says of name, type, parent, stack and project."""
    if alias.WhichOneof("alias") == "urn":
        return alias.urn
    return {field.name: value for field, value in alias.spec.ListFields() if value}


def _secret_outputs(registration: Registration) -> Iterable[str]:
    """Properties that are secret as outputs; an input of the same name is the same value."""
    return registration.request.additionalSecretOutputs


def _sdk_versions(recording: Recording) -> dict[str, str]:
    """Package to version, said once: it is the same for nearly all resources of a package."""
    versions: dict[str, set[str]] = defaultdict(set)
    for registration in recording.registrations:
        if registration.request.version:
            package = registration.type.removeprefix(PROVIDER_TYPE_PREFIX).partition(":")[0]
            versions[package].add(registration.request.version)
    return {package: ", ".join(sorted(found)) for package, found in sorted(versions.items())}


def _stack_outputs(recording: Recording, decoder: Decoder) -> dict[str, Any]:
    for registration in recording.registrations:
        if registration.type == STACK_TYPE and registration.urn in recording.outputs:
            return decoder.struct(recording.outputs[registration.urn])
    return {}


def _messages(recording: Recording, redact: Redactor) -> tuple[PlanMessage, ...]:
    """What the program said: in its order, then what it said about single resources, by URN.

    Messages about resources wait for their URN, in an order that differs from run to run.
    """
    messages = [PlanMessage(m.severity, redact(m.text), m.urn) for m in recording.messages]
    return tuple(sorted(messages, key=lambda message: message.urn))


def _duplicates(recording: Recording, root: Path) -> tuple[Duplicate, ...]:
    places: dict[str, list[str]] = defaultdict(list)
    first = {registration.urn: registration for registration in recording.registrations}
    for registration in recording.duplicates:
        if registration.urn not in places:
            places[registration.urn].append(_place(first[registration.urn], root))
        places[registration.urn].append(_place(registration, root))
    return tuple(Duplicate(urn, tuple(sorted(found))) for urn, found in sorted(places.items()))


def _place(registration: Registration, root: Path) -> str:
    position = registration.request.sourcePosition
    path = Path(unquote(urlparse(position.uri).path))
    shown = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    where = f"{shown}:{position.line}" if position.uri else "unknown place"
    return f"{where} (parent {registration.parent or 'none'})"
