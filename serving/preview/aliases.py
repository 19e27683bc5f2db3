"""Under which URNs a resource may have stood before.

Owns the engine's rules for aliases: full URNs, partial ones that fall back on what the resource is now, and
what a child inherits from the alias by which its parent was found (pulumi 3.272,
pkg/resource/deploy/step_generator.go, generateAliases). It matches nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from serving.preview.plan import PlanResource
from serving.preview.values import PlanValue

_STACK_TYPE = "pulumi:pulumi:Stack"


def former_urns(resource: PlanResource, former_parent: str | None) -> Iterator[str]:
    """Candidates for the former URN, in the engine's order.

    Args:
        resource: The resource as it is now.
        former_parent: The URN under which its parent was found, if that was by an alias.
    """
    aliases = resource.options.get("aliases", [])
    collapsed = [_collapse(resource, alias, former_parent) for alias in aliases]
    yield from collapsed
    if former_parent is not None:
        for type_, name in [(resource.type, resource.name), *map(_type_and_name, collapsed)]:
            yield _inherited(resource, type_, name, former_parent)


def _collapse(resource: PlanResource, alias: PlanValue, former_parent: str | None) -> str:
    if isinstance(alias, str):
        return alias
    stack, project = _stack_and_project(resource.urn)
    parent = "" if alias.get("noParent") else alias.get("parentUrn") or former_parent or resource.parent
    return urn(
        alias.get("stack") or stack,
        alias.get("project") or project,
        parent,
        alias.get("type") or resource.type,
        alias.get("name") or resource.name,
    )


def _inherited(resource: PlanResource, type_: str, name: str, former_parent: str) -> str:
    """A child whose name starts with its parent's name used to start with the parent's former name."""
    parent_name = _type_and_name(resource.parent)[1]
    if name.startswith(parent_name):
        name = _type_and_name(former_parent)[1] + name.removeprefix(parent_name)
    return urn(*_stack_and_project(resource.urn), former_parent, type_, name)


def urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """A URN as the engine builds it; the stack as a parent does not show."""
    parent_type = parent.split("::", 3)[2] if parent else ""
    qualified = f"{parent_type}${type_}" if parent_type not in {"", _STACK_TYPE} else type_
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def _stack_and_project(of: str) -> tuple[str, str]:
    stack, project, _ = of.removeprefix("urn:pulumi:").split("::", 2)
    return stack, project


def _type_and_name(of: str) -> tuple[str, str]:
    _, _, qualified, name = of.split("::", 3)
    return qualified.rpartition("$")[2], name
