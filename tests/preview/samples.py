"""Where the programs and packs of these tests are, and plans made of a few words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.preview.plan import Plan, PlanResource
from serving.preview.recording import Kind
from serving.preview.session import Request, preview

PROGRAMS = Path(__file__).parent / "programs"
PACKS = Path(__file__).parent / "packs"
SECRET = "correct horse battery staple"
STACK = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"


def preview_of(program: str, pack: str = "", policy_config: Mapping[str, Any] | None = None) -> Plan:
    """The plan of one of the programs, judged by one of the packs."""
    return preview(Request(PROGRAMS / program, "dev", PACKS / pack if pack else None, policy_config or {}))


def urn_of(type_: str, name: str, parent_type: str = "") -> str:
    qualified = f"{parent_type}${type_}" if parent_type else type_
    return f"urn:pulumi:dev::demo::{qualified}::{name}"


def resource(
    type_: str,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    parent: str = STACK,
    parent_type: str = "",
    kind: Kind = Kind.CUSTOM,
    options: Mapping[str, Any] | None = None,
    uses: Mapping[str, tuple[str, ...]] | None = None,
    region: str | None = None,
) -> PlanResource:
    """One resource of the project `demo`, stack `dev`."""
    uses = uses or {}
    return PlanResource(
        urn=urn_of(type_, name, parent_type),
        type=type_,
        name=name,
        kind=kind,
        parent=parent,
        region=region,
        provider="",
        inputs=inputs or {},
        dependencies=tuple(sorted({urn for urns in uses.values() for urn in urns})),
        property_dependencies=uses,
        options=options or {},
    )


def plan_of(*resources: PlanResource, **fields: Any) -> Plan:
    """A plan with the stack and these resources."""
    stack = PlanResource(
        urn=STACK,
        type="pulumi:pulumi:Stack",
        name="demo-dev",
        kind=Kind.COMPONENT,
        parent="",
        region=None,
        provider="",
        inputs={},
        dependencies=(),
        property_dependencies={},
        options={},
    )
    everything = tuple(sorted((stack, *resources), key=lambda resource: resource.urn))
    return Plan(**{"project": "demo", "stack": "dev", "resources": everything, "outputs": {}} | fields)
