"""Rule `vpc-endpoints`: AWS services are reached without the internet, and only what is meant through them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.iam import actions, allows, narrowed, one_or_many, principals, statements
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import SUBNET, VPC
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
# com.amazonaws.<region>.<service>, cn.com.amazonaws... in China (com.amazonaws.vpce... is somebody's own); AWS
# PrivateLink guide, "AWS services that integrate with AWS PrivateLink", read 2026-11
_SERVICE: Final = re.compile(r"^(?:cn\.)?com\.amazonaws\.(?!vpce\.)[a-z0-9-]+\.(?P<name>.+)$", re.ASCII)


class Endpoints(Parameters):
    """Parameters."""

    services: tuple[str, ...] = Field(
        default=("s3", "ecr.api", "ecr.dkr", "sts", "kms", "logs"),
        description="Services, as their endpoints name them, that are reached from each VPC through an endpoint.",
    )
    policy_required: bool = Field(
        default=True, description="Whether each endpoint of an AWS service must have a policy that limits it."
    )


def check(resource: Resource, parameters: Endpoints) -> Outcomes:
    """Judge a VPC by its endpoints, or an endpoint by its policy."""
    if resource.token == VPC:
        yield from _judge_vpc(resource, parameters)
    elif parameters.policy_required and _service(resource) is not None:
        yield from _judge_policy(resource)


def _service(endpoint: Resource) -> str | None:
    """The AWS service behind an endpoint; None where it is somebody's own."""
    match = _SERVICE.match(endpoint["serviceName"].text() or "")
    return match["name"] if match else None


def _judge_vpc(vpc: Resource, parameters: Endpoints) -> Iterator[Outcome]:
    stack = vpc.stack
    if stack.companions(vpc, SUBNET, "vpcId").one_or_doubt() is None:
        return  # nothing runs in it
    endpoints = stack.companions(vpc, ENDPOINT, "vpcId")
    found: set[str | None] = set()
    doubt: Undetermined | None = None
    for endpoint in endpoints.bound:
        try:
            found.add(_service(endpoint))
        except Undetermined as unknown:
            doubt = unknown
    missing = [service for service in parameters.services if service not in found]
    if missing and doubt is not None:
        raise doubt
    if missing and endpoints.loose:
        raise Undetermined(endpoints.loose[0].path, endpoints.loose[0].urn)
    if missing:
        yield Violation(f"the VPC has no endpoint for {', '.join(missing)}")


def _judge_policy(endpoint: Resource) -> Iterator[Outcome]:
    policy = endpoint["policy"]
    if policy.missing:
        yield Violation("policy is missing, and the default one allows everything to everybody")
        return
    yield from judge_each(statements(policy), lambda statement: _judge_statement(endpoint, statement))


def _judge_statement(endpoint: Resource, statement: Node) -> Iterator[Outcome]:
    if not allows(statement):
        return
    aspects: tuple[Callable[[Node], bool], ...] = (_any_principal, _any_action, _any_resource)
    if all(aspect(statement) for aspect in aspects) and not narrowed(endpoint, statement, _names_owner):
        yield Violation(f"{statement.place} allows everything to everybody")


def _names_owner(key: str) -> bool:
    return key.startswith(("aws:principal", "aws:resource", "aws:source"))


def _any_principal(statement: Node) -> bool:
    return any(kind == "AWS" and name.text() == "*" for kind, name in principals(statement))


def _any_action(statement: Node) -> bool:
    return any((action.text() or "").endswith("*") for action in actions(statement))


def _any_resource(statement: Node) -> bool:
    return any(target.text() == "*" for target in one_or_many(statement["Resource"]))


RULE = Rule(
    id="vpc-endpoints",
    title="AWS services are reached through endpoints with a policy",
    description=(
        "Each VPC with subnets has an endpoint for every service of the list, and the policy of each endpoint of an "
        "AWS service limits it: no statement allows any action on any resource to anybody, unless a condition names "
        "accounts or organisations."
    ),
    effect="models, images and keys travel over the internet gateway, or stolen data leaves through an open endpoint",
    remedy=(
        "add the gateway endpoint (s3) and interface endpoints, each with a policy that names "
        "aws:PrincipalAccount and aws:ResourceAccount"
    ),
    topic=Topic.NETWORK,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(VPC, ENDPOINT),
    parameters=Endpoints,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
