"""The rungs of a service's degradation ladder, and the one command that switches each.

Owns the names by which a rung is known everywhere (its route, its metric's labels, its runbook step), the words
that callers and the gateway exchange about it, and the command line. What a rung's route looks like is the
business of `components.degradation`, when it is due that of `serving.telemetry.degradation`.

A rung is a complete route that stands ready and belongs to no gateway. Switching it on attaches it to the
gateway, where its match goes before those of the service's own route; switching it off detaches it.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Protocol
from serving.blueprint.schema.degradation import Action, Step
from serving.blueprint.tags import LABEL_PREFIX
from serving.blueprint.versions import TESTED_VERSIONS

GATEWAY = "serving"
"""Name of the one gateway of a cluster."""

GATEWAY_NAMESPACE = TESTED_VERSIONS.envoy_gateway.namespace

LISTENER = "https"
"""The gateway's one listener."""

PRIORITY_HEADER = "x-serving-priority"
"""By this request header a caller says that a request may be refused when not all can be served.

Only `LOW_PRIORITY` means anything, so that nobody can gain by it: whoever lies gets less than by saying nothing,
and the gateway need not trust anyone.
"""

LOW_PRIORITY = "low"

DEGRADATION_HEADER = "x-serving-degradation"
"""This response header names the rung that gave the answer; an answer without it is the service's own."""

SWITCHED_BY = f"{LABEL_PREFIX}switched-by"
"""Annotation of an attached rung: what a person switched on is not switched off by a condition."""

RUNG_NUMBER = f"{LABEL_PREFIX}rung"
"""Annotation of every rung's route: its place in the ladder. A route without annotations could not be given one by a
JSON Patch."""

RENDERED = (Action.SHED_LOW_PRIORITY, Action.SMALLER_MODEL, Action.STATIC_ANSWER)
"""Actions that the gateway can take. It has no cache of answers (envoyproxy/gateway v1.9.0, api/v1alpha1: no policy and
no filter of it; read 2026-11)."""


class SwitchedBy(StrEnum):
    """Who switched a rung."""

    PERSON = "person"
    """Somebody on call, by the runbook."""
    CONDITION = "condition"
    """The autoscaler's controller, because the blueprint's condition held."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a service's ladder.

    Attributes:
        service: Name of the service.
        tenant: Its namespace.
        number: Place in the ladder, counted from one; the mildest comes first.
        step: What the blueprint says of it.
    """

    service: str
    tenant: str
    number: int
    step: Step

    @property
    def action(self) -> Action:
        """What the rung does."""
        return self.step.action

    @property
    def name(self) -> str:
        """Name of the rung's route."""
        return rung_name(self.service, self.action)


def rung_name(service: str, action: Action) -> str:
    """Name of a rung's route."""
    return f"{service}-{action.value}"


def rungs(blueprint: Blueprint) -> tuple[Rung, ...]:
    """Every rung of a service that can be switched, the mildest first.

    None of a gRPC service: the gateway cannot give an answer in its place (a direct response has no message,
    envoyproxy/gateway v1.9.0, api/v1alpha1/httproutefilter_types.go, read 2026-11).
    """
    if blueprint.contract.protocol is Protocol.GRPC:
        return ()
    return tuple(
        Rung(blueprint.name, blueprint.identity.tenant, index + 1, step)
        for index, step in enumerate(blueprint.degradation.ladder)
        if step.action in RENDERED
    )


def rung_of(blueprint: Blueprint, action: Action) -> Rung | None:
    """The rung of an action, if the service's ladder has it."""
    return next((rung for rung in rungs(blueprint) if rung.action is action), None)


def switch(rung: Rung, *, on: bool, by: SwitchedBy = SwitchedBy.PERSON) -> tuple[str, ...]:
    """The command that switches a rung on or off; doing it twice does no more than once.

    Args:
        rung: The rung.
        on: Whether it is to be on.
        by: Who does it; a condition neither takes over nor ends what a person began, and fails instead.
    """
    kind, patch = ("merge", _merge(on=on, by=by)) if by is SwitchedBy.PERSON else ("json", _operations(on=on, by=by))
    return (
        "kubectl",
        "patch",
        "httproutes.gateway.networking.k8s.io",
        rung.name,
        f"--namespace={rung.tenant}",
        f"--type={kind}",
        f"--patch={json.dumps(patch, separators=(',', ':'))}",
    )


def _merge(*, on: bool, by: SwitchedBy) -> dict[str, Any]:
    return {
        "metadata": {"annotations": {SWITCHED_BY: by.value if on else None}},
        "spec": {"parentRefs": [parent_reference()] if on else None},
    }


def _operations(*, on: bool, by: SwitchedBy) -> list[dict[str, Any]]:
    """JSON Patch (RFC 6902), all of it or nothing: metrics are late, and meanwhile a person may have switched."""
    switched_by = f"/metadata/annotations/{SWITCHED_BY.replace('~', '~0').replace('/', '~1')}"
    if on:
        return [
            {"op": "test", "path": "/spec/parentRefs", "value": None},
            {"op": "add", "path": "/spec/parentRefs", "value": [parent_reference()]},
            {"op": "add", "path": switched_by, "value": by.value},
        ]
    return [
        {"op": "test", "path": switched_by, "value": by.value},
        {"op": "remove", "path": switched_by},
        {"op": "remove", "path": "/spec/parentRefs"},
    ]


def switch_text(rung: Rung, *, on: bool) -> str:
    """The command as a person types it."""
    return shlex.join(switch(rung, on=on))


def parent_reference() -> dict[str, Any]:
    """Where a route attaches."""
    return {"name": GATEWAY, "namespace": GATEWAY_NAMESPACE, "sectionName": LISTENER}
