"""Rule `iam-no-wildcards`: permissions name what they allow, and on what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import IAM_1, IAM_21
from policies.iam import (
    ATTACHMENT_KEYS,
    DOCUMENT_KEYS,
    POLICY,
    ROLE,
    action_names,
    actions,
    allows,
    comes_from_stack,
    identity_documents,
    narrowed,
    one_or_many,
    statements,
)
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

# By these an identity gives itself, or another that it controls, more rights; AWS, IAM User Guide, "Permissions
# boundaries" and Service Authorization Reference, "IAM", permissions management actions, read 2026-11.
_ESCALATING: Final = frozenset(
    f"iam:{name}".lower()
    for name in (
        "AddUserToGroup",
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "CreateAccessKey",
        "CreateLoginProfile",
        "CreatePolicyVersion",
        "CreateServiceSpecificCredential",
        "DeleteRolePermissionsBoundary",
        "DeleteUserPermissionsBoundary",
        "PutGroupPolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "PutUserPermissionsBoundary",
        "PutUserPolicy",
        "SetDefaultPolicyVersion",
        "UpdateAssumeRolePolicy",
        "UpdateLoginProfile",
    )
)
_ESCALATION_LIMITS: Final = ("iam:policyarn", "iam:permissionsboundary")
_OWN_USER: Final = "${aws:username}"
_PASSING: Final = "iam:passrole"
# Actions that take no resource, beside those that only describe or list; AWS, Service Authorization Reference,
# "Actions, resources, and condition keys", the services' own pages, read 2026-11.
_UNSCOPED: Final = frozenset(
    {
        "cloudwatch:getmetricdata",
        "cloudwatch:getmetricstatistics",
        "cloudwatch:putmetricdata",
        "ec2:getinstancetypesfrominstancerequirements",
        "ec2:getsecuritygroupsforvpc",
        "ec2:getspotplacementscores",
        "ecr-public:getauthorizationtoken",
        "ecr:getauthorizationtoken",
        "ec2messages:acknowledgemessage",
        "ec2messages:deletemessage",
        "ec2messages:failmessage",
        "ec2messages:getendpoint",
        "ec2messages:getmessages",
        "ec2messages:sendreply",
        "kms:generaterandom",
        "pricing:getproducts",
        "s3:getaccountpublicaccessblock",
        "secretsmanager:getrandompassword",
        "ssmmessages:createcontrolchannel",
        "ssmmessages:createdatachannel",
        "ssmmessages:opencontrolchannel",
        "ssmmessages:opendatachannel",
        "sts:getcalleridentity",
        "sts:getservicebearertoken",
        "tag:getresources",
        "xray:getsamplingrules",
        "xray:getsamplingstatisticsummaries",
        "xray:getsamplingtargets",
        "xray:puttelemetryrecords",
        "xray:puttracesegments",
    }
)
_METADATA: Final = re.compile(r"^[a-z0-9-]+:(describe|list)", re.ASCII)
_EVERYTHING: Final = re.compile(r"^(\*+|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*+)$")
_ANY_ROLE: Final = re.compile(r"^(\*+|arn:.*:(\*+|role/\*+))$")
_RESOURCE_KEYS: Final = ("aws:resourcetag/", "aws:requesttag/", "aws:resourceaccount", "aws:resourceorg")
_GLOBAL_KEYS: Final = ("aws:", "sts:", "saml:", "ec2:region")


class Wildcards(Parameters):
    """Parameters."""

    reading_prefixes: tuple[str, ...] = Field(
        default=("Describe", "Get", "List", "BatchGet", "View"),
        description="Beginnings of actions that may end in a wildcard, as `ec2:Describe*`.",
    )
    unscoped_actions: tuple[str, ...] = Field(
        default=(), description="Further actions that take no resource, so that `*` is the only way to write them."
    )
    forbidden_policies: tuple[str, ...] = Field(
        default=("AdministratorAccess*", "PowerUserAccess", "*FullAccess", "*FullAccess_v2"),
        description="Patterns of names of AWS managed policies that are attached to nobody.",
    )


def check(resource: Resource, parameters: Wildcards) -> Outcomes:
    """Judge the documents that a resource gives to an identity, and the policies that it attaches."""
    yield from judge_each(_attached(resource), partial(_judge_attached, resource, parameters))
    yield from judge_each((resource,), partial(_judge_documents, parameters))


def _attached(resource: Resource) -> tuple[Node, ...]:
    if resource.token == ROLE:
        return (resource["managedPolicyArns"],)
    return (resource[ATTACHMENT_KEYS[resource.token]],) if resource.token in ATTACHMENT_KEYS else ()


def _judge_attached(resource: Resource, parameters: Wildcards, arns: Node) -> Iterator[Outcome]:
    yield from judge_each(one_or_many(arns), partial(_judge_arn, resource, parameters))


def _judge_arn(resource: Resource, parameters: Wildcards, arn: Node) -> Iterator[Outcome]:
    """A policy of the stack is judged itself."""
    if arn.unknown and any(source.token == POLICY for source in resource.sources(arn)):
        return
    prefix, _, path = (arn.text() or "").partition(":aws:policy/")
    name = path.rpartition("/")[2]
    if prefix and any(fnmatchcase(name, pattern) for pattern in parameters.forbidden_policies):
        yield Violation(f"{arn.place} is {arn.shown}, which allows everything of a service, or of all")


def _judge_documents(parameters: Wildcards, resource: Resource) -> Iterator[Outcome]:
    yield from judge_each(identity_documents(resource), partial(_judge_document, resource, parameters))


def _judge_document(resource: Resource, parameters: Wildcards, document: Node) -> Iterator[Outcome]:
    yield from judge_each(statements(document), partial(_judge_statement, resource, parameters))


def _judge_statement(resource: Resource, parameters: Wildcards, statement: Node) -> Iterator[Outcome]:
    if not allows(statement):
        return
    aspects: tuple[Callable[[Resource, Wildcards, Node], Outcomes], ...] = (
        _judge_negations,
        _judge_actions,
        _judge_resources,
        _judge_escalation,
        _judge_passing,
    )
    yield from judge_each(aspects, lambda aspect: aspect(resource, parameters, statement))


def _judge_negations(resource: Resource, parameters: Wildcards, statement: Node) -> Iterator[Outcome]:
    for key in ("NotAction", "NotResource"):
        if not statement[key].missing:
            yield Violation(f"{statement[key].place} allows everything but what it names")


def _judge_actions(resource: Resource, parameters: Wildcards, statement: Node) -> Iterator[Outcome]:
    yield from judge_each(actions(statement), partial(_judge_action, parameters))


def _judge_action(parameters: Wildcards, action: Node) -> Iterator[Outcome]:
    text = action.text() or ""
    if ("*" in text or "?" in text) and not _reads(text, parameters):
        yield Violation(f"{action.place} is {action.shown}, which allows actions that nobody named")


def _reads(action: str, parameters: Wildcards) -> bool:
    """Whether it is a family of reading actions of one service: one wildcard, at the end."""
    service, _, name = action.lower().partition(":")
    if "*" in service or "?" in service or not name.endswith("*"):
        return False
    name = name.rstrip("*")
    return "*" not in name and "?" not in name and name.startswith(_lowered(parameters.reading_prefixes))


def _lowered(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.lower() for text in texts)


def _judge_resources(resource: Resource, parameters: Wildcards, statement: Node) -> Iterator[Outcome]:
    names = action_names(statement)
    unscoped = _UNSCOPED.union(_lowered(parameters.unscoped_actions))
    if names and all(name in unscoped or _METADATA.match(name) for name in names):
        return
    for target in one_or_many(statement["Resource"]):
        if comes_from_stack(resource, target) or not _EVERYTHING.match(target.text() or ""):
            continue
        if not narrowed(resource, statement, _names_resources):
            yield Violation(f"{target.place} is {target.shown}, and no condition narrows it")


def _names_resources(key: str) -> bool:
    """Whether a condition key says something of the resource: a tag, its owner, or a key of the service itself."""
    return key.startswith(_RESOURCE_KEYS) or not key.startswith(_GLOBAL_KEYS)


def _judge_escalation(resource: Resource, parameters: Wildcards, statement: Node) -> Iterator[Outcome]:
    found = [action for action in actions(statement) if (action.text() or "").lower() in _ESCALATING]
    if not found or narrowed(resource, statement, _ESCALATION_LIMITS.__contains__) or _own_user_only(statement):
        return
    for action in found:
        yield Violation(
            f"{action.place} is {action.shown}, by which an identity gives itself more rights",
            remedy="limit the statement by the condition key iam:PolicyARN or iam:PermissionsBoundary",
        )


def _own_user_only(statement: Node) -> bool:
    targets = one_or_many(statement["Resource"])
    return bool(targets) and all(_OWN_USER in (target.text() or "") for target in targets)


def _judge_passing(resource: Resource, parameters: Wildcards, statement: Node) -> Iterator[Outcome]:
    if _PASSING not in action_names(statement):
        return
    for target in one_or_many(statement["Resource"]):
        if not comes_from_stack(resource, target) and _ANY_ROLE.match(target.text() or ""):
            yield Violation(f"{target.place} is {target.shown}: any role can be passed", remedy="name the roles")


RULE = Rule(
    id="iam-no-wildcards",
    title="Permissions name their actions and resources, and open no way to more",
    description=(
        "What policies allow to roles, users, groups and permission sets: no wildcard in an action but at the end of "
        "a reading one, no NotAction or NotResource, `*` as the resource only of actions that take none or under a "
        "condition on the resource; no role passed that is not named, and no action of IAM by which an identity "
        "gives itself more rights, unless a condition names the policy or the boundary. AWS managed policies that "
        "allow a whole service are attached to nobody."
    ),
    effect="one stolen credential does what nobody meant to allow, in the whole account",
    remedy="name the actions and the ARNs; where an ARN is not predictable, add a condition on aws:ResourceTag",
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=(ROLE, *DOCUMENT_KEYS, *ATTACHMENT_KEYS),
    parameters=Wildcards,
    check=check,
    frameworks=(IAM_1, IAM_21),
)
