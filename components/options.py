"""How components make children and read their arguments.

Owns the two habits that every component shares: options of children that never leak the component's own, and
arguments whose plain part is validated before the first resource is made.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pulumi
from pydantic import BaseModel, ValidationError

from serving.blueprint.errors import InputError, Problem, format_path
from serving.blueprint.translation import pydantic_findings
from serving.blueprint.wording import nearest

PACKAGE = "serving-blueprints"
"""Package of the published components; the first part of their type tokens."""

SpecT = TypeVar("SpecT", bound=BaseModel)


def type_token(component: str) -> str:
    """Type token of a component, as the component schema derives it."""
    return f"{PACKAGE}:index:{component}"


def child_options(
    parent: pulumi.Resource,
    *,
    provider: pulumi.ProviderResource | None = None,
    depends_on: Sequence[pulumi.Resource] | None = None,
    stateful: bool = False,
    outlives: bool = False,
    delete_before_replace: bool | None = None,
) -> pulumi.ResourceOptions:
    """Options of a child: its parent, and nothing of what the caller of the component said for the component.

    Args:
        parent: The component.
        provider: Provider, where it is not inherited from the parent.
        depends_on: What must exist first beyond what the inputs say.
        stateful: Whether the child holds data: then it is protected and stays when it leaves the program.
        outlives: Whether the child stays when it leaves the program although it holds no data: nothing protects it.
        delete_before_replace: For names that can exist only once.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        provider=provider,
        depends_on=list(depends_on) if depends_on else None,
        protect=True if stateful else None,
        retain_on_delete=True if stateful or outlives else None,
        delete_before_replace=delete_before_replace,
    )


def parse_args(
    spec: type[SpecT],
    component: str,
    name: str,
    args: Mapping[str, Any],
    wiring: frozenset[str] = frozenset(),
) -> SpecT:
    """Validate the plain part of a component's arguments.

    Args:
        spec: The pydantic model of the plain part.
        component: Class name of the component, for messages.
        name: Logical name of the component, for messages.
        args: What the caller gave.
        wiring: Keys that may hold outputs of other resources; they are not validated here, but must be given
            unless the component says otherwise.

    Raises:
        InputError: every problem of the plain part.
    """
    plain = {key: value for key, value in args.items() if key not in wiring and value is not None}
    try:
        return spec.model_validate(plain)
    except ValidationError as error:
        found = pydantic_findings(spec, error)
    raise InputError(
        Problem(
            file=f"{component} '{name}'",
            line=0,
            column=0,
            key=format_path(finding.path),
            message=finding.message,
            effect=finding.effect or "the component is not created",
            remedy=finding.remedy or f"see the arguments of {component}",
            allowed=finding.allowed,
            suggestion=nearest(str(finding.path[-1]), finding.allowed) if finding.path else None,
        )
        for finding in found
    )
