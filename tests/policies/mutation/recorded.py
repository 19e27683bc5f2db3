"""The clean stack that faults are put into: what the program of `prod` registers, as the pack is asked about it.

Owns the recording (once a process) and the plain form of a resource, which a fault can change. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pulumi.runtime.proto import analyzer_pb2 as proto

from policies.views import Provider, Resource
from policies.wire import stack_resource_of
from serving.preview.policy_driver import Requests
from serving.preview.project import load_project, load_stack_config
from serving.preview.runner import run_program
from tests.documents import ROOT
from tests.policies.mutation.lacking import LACKING, Lacking

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as it was registered: what the program declared, and what that came from."""

    type: str
    urn: str
    name: str
    properties: Json
    protect: bool = False
    provider: Provider | None = None
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore_changes: tuple[str, ...] = ()

    def view(self, kind: Callable[..., Resource] = Resource, *, alone: bool = False) -> Resource:
        """The view that rules get of it; `alone` as before anything is known of what it depends on."""
        return kind(
            self.type,
            self.urn,
            self.name,
            lambda: self.properties,
            protect=self.protect,
            provider=self.provider,
            dependencies=() if alone else self.dependencies,
            property_dependencies={} if alone else self.property_dependencies,
            ignore_changes=self.ignore_changes,
        )

    @property
    def maker(self) -> str:
        """Types of the components that it was made by, with its own."""
        return self.urn.split("::")[2]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stack, by URN, with its configuration. Programs register in another order on a busy machine."""

    entries: Mapping[str, Entry]
    config: Mapping[str, str]


@cache
def clean(stack: str = "prod") -> Recorded:
    """The stack as its program makes it, with a good resource of each kind that it lacks."""
    project = load_project(ROOT)
    config = load_stack_config(project, stack)
    requests = Requests(run_program(project, config))
    declared = {request.urn: request for request in requests.of_resources()}
    entries = [_entry(resource, declared.get(resource.urn)) for resource in requests.of_stack().resources]
    made = {entry.urn: entry for entry in sorted(entries, key=lambda entry: entry.urn)}
    for lacking in LACKING:
        entry = _lacking(made, lacking)
        made[entry.urn] = entry
    return Recorded(made, dict(config.values))


def _entry(resource: proto.AnalyzerResource, request: proto.AnalyzeRequest | None) -> Entry:
    seen = stack_resource_of(resource)
    if request is not None:  # rules judge what was declared, where it was seen (`Resource.judge_by`)
        declared = proto.AnalyzerResource()
        declared.CopyFrom(resource)
        declared.properties.CopyFrom(request.properties)
        seen = stack_resource_of(declared)
    return Entry(
        seen.type,
        seen.urn,
        seen.name,
        dict(seen.properties.raw),
        seen.protect,
        seen.provider,
        seen.dependencies,
        dict(seen.property_dependencies),
        seen.ignore_changes,
    )


def beside(entry: Entry, token: str, name: str, properties: Json) -> Entry:
    """Another resource of the same stack, made by no component, with the same provider."""
    stack, project, *_ = entry.urn.split("::")
    tags = {"tags": entry.properties["tags"]} if token.startswith("aws:") and "tags" in entry.properties else {}
    return Entry(token, f"{stack}::{project}::{token}::{name}", name, tags | properties, provider=entry.provider)


def _lacking(made: Mapping[str, Entry], lacking: Lacking) -> Entry:
    like = next(entry for entry in made.values() if entry.type == lacking.like)
    urns = {entry.name: urn for urn, entry in made.items()}
    needs = {key: (urns[name],) for key, name in lacking.needs.items()}
    return replace(
        beside(like, lacking.token, lacking.name, dict(lacking.properties)),
        protect=lacking.protect,
        dependencies=tuple(urn for urns in needs.values() for urn in urns),
        property_dependencies=needs,
    )
