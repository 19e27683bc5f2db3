"""No permission of the shipped stacks is wider than it must be; what must be is listed with its reason."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws
import pytest

from components.serving_platform import ServingPlatform
from serving.workspace import load_workspace
from tests.components.knowing import KnowingMonitor
from tests.components.least_privilege import (
    MANAGED_POLICIES,
    NO_LEVEL,
    NO_RESOURCE_LEVEL,
    SERVICES_FOR_ANYONE,
    THIS,
    WILDCARD_ACTIONS,
    WILDCARD_RESOURCES,
    Where,
)
from tests.components.recorder import UNKNOWN, Recorded, record
from tests.documents import ROOT, STACKS

both_stacks = pytest.mark.parametrize("stack", STACKS)

# keys that say for whom a service acts: its own account's resources, or one that belongs to it
_ON_BEHALF = frozenset({"aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext:aws:logs:arn"})


class Stated(NamedTuple):
    """A statement that allows something, with where it stands."""

    where: Where
    name: str
    statement: dict[str, Any]

    def many(self, key: str) -> list[str]:
        value = self.statement.get(key, [])
        return [value] if isinstance(value, str) else list(value)

    @property
    def services(self) -> list[str]:
        principal = self.statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        return [services] if isinstance(services, str) else list(services)

    @property
    def condition_keys(self) -> set[str]:
        return {key for keys in self.statement.get("Condition", {}).values() for key in keys}


@functools.cache
def stack_of(stack: str) -> Recorded:
    """A shipped stack as if it existed: no policy is unknown."""
    workspace = load_workspace(ROOT, stack)

    def program() -> None:
        provider = aws.Provider("aws", region=workspace.environment.home_region.name)
        options = pulumi.ResourceOptions(providers=[provider])
        args: Any = {"environment": workspace.environment, "blueprints": list(workspace.blueprints)}
        ServingPlatform("serving", args, options)

    return record(program, KnowingMonitor())


@functools.cache
def allowed(stack: str) -> tuple[Stated, ...]:
    """Every statement of the stack that allows."""
    return tuple(
        Stated(Where(resource.type.rpartition(":")[2], statement.get("Sid", "")), resource.name, statement)
        for resource in stack_of(stack).managed("aws:")
        for document in documents(resource.inputs)
        for statement in document["Statement"]
        if statement.get("Effect") == "Allow"
    )


def documents(value: Any) -> Iterator[dict[str, Any]]:
    """The policy documents among the inputs of a resource, wherever they stand."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for item in value.values():
            yield from documents(item)
    elif isinstance(value, list):
        for item in value:
            yield from documents(item)
    elif isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        yield json.loads(value)


def wildcards(stated: Stated, key: str) -> list[str]:
    return [one for one in stated.many(key) if "*" in one or "?" in one]


def wide_resources(stated: Stated) -> list[str]:
    """Wildcards that are not the thing itself."""
    return [one for one in wildcards(stated, "Resource") if not (one == "*" and stated.where.kind in THIS)]


@both_stacks
def test_no_policy_is_left_unread(stack: str) -> None:
    keys = {"policy", "assumeRolePolicy", "repositoryPolicy"}
    found = [r.name for r in stack_of(stack).managed("aws:") if any(r.get(key) is UNKNOWN for key in keys)]
    assert found == []


@both_stacks
def test_no_statement_allows_all_but_something(stack: str) -> None:
    reversed_keys = {"NotAction", "NotResource", "NotPrincipal"}
    assert [(one.name, one.where.sid) for one in allowed(stack) if reversed_keys & one.statement.keys()] == []


@both_stacks
def test_wildcard_actions_are_those_that_are_listed(stack: str) -> None:
    unlisted = {one.where: (one.name, found) for one in allowed(stack) if (found := wildcards(one, "Action"))}
    assert {where: found for where, found in unlisted.items() if where not in WILDCARD_ACTIONS} == {}


@both_stacks
def test_wildcard_resources_are_those_that_are_listed(stack: str) -> None:
    unlisted = {one.where: (one.name, found) for one in allowed(stack) if (found := wide_resources(one))}
    assert {where: found for where, found in unlisted.items() if where not in WILDCARD_RESOURCES} == {}


@both_stacks
def test_what_is_said_to_know_no_resource_knows_none(stack: str) -> None:
    """And an action that knows none is not put beside others, which would be given on everything with it."""
    for one in allowed(stack):
        if WILDCARD_RESOURCES.get(one.where) == NO_LEVEL:
            assert set(one.many("Action")) - NO_RESOURCE_LEVEL == set(), (one.name, one.where.sid)
            assert one.many("Resource") == ["*"]


@both_stacks
def test_whoever_is_let_in_from_anywhere_is_narrowed_by_a_condition(stack: str) -> None:
    """But for two buckets of AWS, which hold nothing of ours."""
    free = [
        (one.name, one.where.sid)
        for one in allowed(stack)
        if one.statement.get("Principal") in ("*", {"AWS": "*"})
        and not one.condition_keys
        and (wildcards(one, "Action") or "*" in one.many("Resource"))
    ]
    assert free == []


@both_stacks
def test_a_service_that_is_let_in_says_for_whom_it_acts(stack: str) -> None:
    """Else anybody's resource could make the service use ours: the confused deputy."""
    assert services_for_anyone(stack) - SERVICES_FOR_ANYONE.keys() == set()


def services_for_anyone(stack: str) -> set[str]:
    """Services that some statement lets in without a condition on whom they act for."""
    return {service for one in allowed(stack) if not one.condition_keys & _ON_BEHALF for service in one.services}


@both_stacks
def test_policies_that_aws_maintains_are_those_that_are_listed(stack: str) -> None:
    assert attached(stack) - MANAGED_POLICIES.keys() == set()


def attached(stack: str) -> set[str]:
    """Names of the policies of AWS that the stack attaches to somebody."""
    return {
        str(resource["policyArn"]).rpartition("/")[2]
        for resource in stack_of(stack).managed("aws:")
        if "::aws:" in str(resource.get("policyArn"))
    }


def test_no_exception_is_left_over() -> None:
    every = [one for stack in STACKS for one in allowed(stack)]
    assert WILDCARD_ACTIONS.keys() - {one.where for one in every if wildcards(one, "Action")} == set()
    assert WILDCARD_RESOURCES.keys() - {one.where for one in every if wide_resources(one)} == set()
    assert THIS.keys() - {one.where.kind for one in every if "*" in one.many("Resource")} == set()
    assert SERVICES_FOR_ANYONE.keys() - set().union(*(services_for_anyone(stack) for stack in STACKS)) == set()
    assert MANAGED_POLICIES.keys() - set().union(*(attached(stack) for stack in STACKS)) == set()
    assert NO_RESOURCE_LEVEL - {action for one in every for action in one.many("Action")} == set()


@pytest.mark.parametrize(
    ("key", "wide"),
    [("Action", "s3:*"), ("Action", "*"), ("Action", "s3:Get*"), ("Resource", "*"), ("Resource", "arn:aws:s3:::a/*")],
)
def test_a_wildcard_is_seen_wherever_it_stands(key: str, wide: str) -> None:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a"], key: ["x", wide]}
    assert wildcards(Stated(Where("RolePolicy", "X"), "x", statement), key) == [wide]
