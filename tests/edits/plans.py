"""Plans of platforms that differ by an edit: what an owner or a platform engineer changes in a document.

Owns how documents are edited and planned, without files. The base is the shipped `prod` without the service and the
node group that add nothing here but time: every kind of resource is still in it.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.serving_platform import ServingPlatform
from serving.blueprint.environment import Environment
from serving.blueprint.schema import Blueprint
from serving.preview.build import build_plan
from serving.preview.monitor import RecordingEngine, RecordingMonitor
from serving.preview.plan import Plan
from serving.preview.recording import Recording
from tests.components.recorder import PROJECT, STACK, run_under
from tests.documents import ROOT, SERVICES, blueprint_document, changed, environment_document


@dataclass(slots=True)
class Documents:
    """An environment and its blueprints as plain data, to be edited in place."""

    environment: dict[str, Any]
    blueprints: dict[str, dict[str, Any]]

    @property
    def regions(self) -> list[dict[str, Any]]:
        regions: list[dict[str, Any]] = self.environment["regions"]
        return regions


Edit = Callable[[Documents], None]


def documents() -> Documents:
    """What the edits are made on."""
    base = Documents(environment_document("prod"), {service: blueprint_document(service) for service in SERVICES})
    del base.environment["services"]["chat"]
    for region in base.regions:
        region["node_groups"] = region.get("node_groups", [])[:3]
    return base


def plan(edited: Documents) -> Plan:
    """What the documents make."""
    environment = Environment.model_validate(edited.environment)
    blueprints = [
        Blueprint.model_validate(document)
        for _, document in sorted(edited.blueprints.items())
        if document["identity"]["name"] in environment.services
    ]

    def program() -> None:
        provider = aws.Provider("aws", region=environment.home_region.name)
        options = pulumi.ResourceOptions(providers=[provider])
        ServingPlatform("serving", {"environment": environment, "blueprints": blueprints}, options)

    return plan_of(program)


def plan_of(program: Callable[[], object]) -> Plan:
    """The plan of a program."""
    monitor, engine = RecordingMonitor(PROJECT, STACK), RecordingEngine()
    contextvars.copy_context().run(run_under, program, monitor, engine)
    recording = Recording(
        project=PROJECT,
        stack=STACK,
        config={},
        registrations=tuple(monitor.registrations.values()),
        duplicates=tuple(monitor.duplicates),
        outputs=monitor.registered_outputs,
        messages=tuple(engine.messages),
        lookups=(),
        transforms=0,
    )
    return build_plan(recording, ROOT, ())[0]


@functools.cache
def base() -> Plan:
    """The plan before any edit."""
    return plan(documents())


def planned(edit: Edit | None) -> Plan:
    """The plan after an edit; none is the base."""
    if edit is None:
        return base()
    edited = documents()
    edit(edited)
    return plan(edited)


def setting(changes: Mapping[str, object], service: str | None = None) -> Edit:
    """An edit that sets dotted keys, of the environment or of a service's blueprint."""

    def edit(documents: Documents) -> None:
        changed(documents.environment if service is None else documents.blueprints[service], changes)

    return edit
