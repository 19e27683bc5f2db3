"""Rule `iam-boundary`: what a workload may ever do has a limit, and so has its session."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.iam import ROLE, allows, one_or_many, principals, statements
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

_SERVICE_ACCOUNT: Final = "system:serviceaccount:"


class Boundary(Parameters):
    """Parameters."""

    workload_services: tuple[str, ...] = Field(
        default=(
            "batch.amazonaws.com",
            "ec2.amazonaws.com",
            "ecs-tasks.amazonaws.com",
            "lambda.amazonaws.com",
            "pods.eks.amazonaws.com",
            "sagemaker.amazonaws.com",
            "tasks.apprunner.amazonaws.com",
        ),
        description="Service principals whose roles run somebody's code.",
    )
    # the shortest that IAM allows to state, and what a role has that states nothing
    maximum_session_seconds: int = Field(
        default=3_600, ge=3_600, le=43_200, description="Longest session of a workload's role."
    )


def check(role: Resource, parameters: Boundary) -> Outcomes:
    """Judge a role that runs a workload."""
    if any(_runs_workload(statement, parameters) for statement in statements(role["assumeRolePolicy"])):
        yield from judge_each((role["permissionsBoundary"],), _judge_boundary)
        yield from judge_each((role["maxSessionDuration"],), partial(_judge_session, parameters))


def _runs_workload(statement: Node, parameters: Boundary) -> bool:
    if not allows(statement):
        return False
    services = (name.text() for kind, name in principals(statement) if kind == "Service")
    return any(service in parameters.workload_services for service in services) or _is_service_account(statement)


def _is_service_account(statement: Node) -> bool:
    """Whether a condition limits it to service accounts of a cluster."""
    return any(
        (value.text() or "").startswith(_SERVICE_ACCOUNT)
        for keys in statement["Condition"].entries().values()
        for key, values in keys.entries().items()
        if key.endswith(":sub")
        for value in one_or_many(values)
    )


def _judge_boundary(boundary: Node) -> Iterator[Outcome]:
    if boundary.missing or (not boundary.unknown and not boundary.text()):
        yield Violation(f"{boundary.place} is missing")


def _judge_session(parameters: Boundary, duration: Node) -> Iterator[Outcome]:
    seconds = duration.number()
    if seconds is not None and seconds > parameters.maximum_session_seconds:
        yield Violation(f"{duration.place} is more than {parameters.maximum_session_seconds}")


RULE = Rule(
    id="iam-boundary",
    title="Roles of workloads have a permissions boundary and short sessions",
    description=(
        "Roles that pods, functions, tasks, instances or endpoints run under carry a permissions boundary, and a "
        "maxSessionDuration within the limit. Advisory: organisations that set the same limits by service control "
        "policies need no boundary."
    ),
    effect="one mistaken policy gives a workload whatever the account has, for as long as a session lasts",
    remedy="set permissionsBoundary to the organisation's boundary for workloads, and maxSessionDuration to 3600",
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.LOW,
    tokens=(ROLE,),
    parameters=Boundary,
    check=check,
    level=Level.ADVISORY,
)
