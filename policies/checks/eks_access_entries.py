"""Rule `eks-access-entries`: access to clusters is given by entries, and all of it to few."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.iam import ROLE
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import ACCESS_ENTRY, EKS_CLUSTER
from policies.views import Node, Resource

ASSOCIATION: Final = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
_MODE: Final = "API"


class Access(Parameters):
    """Parameters."""

    administrators: tuple[str, ...] = Field(
        default=("*break-glass*", "*breakglass*", "*break_glass*"),
        description="Patterns of ARNs of the principals that may administer a whole cluster.",
    )
    administrative_policies: tuple[str, ...] = Field(
        default=("AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy"),
        description="Names of access policies that administer what they are given for.",
    )


def check(resource: Resource, parameters: Access) -> Outcomes:
    """Judge a cluster, an access entry, or the association of an access policy."""
    if resource.token == EKS_CLUSTER:
        access = resource["accessConfig"]
        yield from judge_each((access["authenticationMode"],), _judge_mode)
        yield from judge_each((access["bootstrapClusterCreatorAdminPermissions"],), _judge_creator)
    elif resource.token == ACCESS_ENTRY:
        yield from judge_each(resource["kubernetesGroups"].items(), _judge_group)
    else:
        yield from _judge_association(resource, parameters)


def _judge_mode(mode: Node) -> Iterator[Outcome]:
    if mode.text() != _MODE:
        yield Violation(f"{mode.place} is not {_MODE}: a ConfigMap inside the cluster gives access to it")


def _judge_creator(creator: Node) -> Iterator[Outcome]:
    if creator.truth() is not False:
        yield Violation(f"{creator.place} is not false: whoever creates the cluster administers it for ever")


def _judge_group(group: Node) -> Iterator[Outcome]:
    if (group.text() or "").startswith("system:"):
        yield Violation(f"{group.place} is {group.shown}, a group of Kubernetes itself")


def _judge_association(association: Resource, parameters: Access) -> Iterator[Outcome]:
    name = (association["policyArn"].text() or "").rpartition("/")[2]
    if name not in parameters.administrative_policies:
        return
    if association.at("accessScope", "type").text() == "namespace":
        return
    yield from judge_each((association["principalArn"],), partial(_judge_principal, association, parameters))


def _judge_principal(association: Resource, parameters: Access, principal: Node) -> Iterator[Outcome]:
    names = [principal.text() or ""] if not principal.unknown else _role_names(association, principal)
    if not any(fnmatchcase(name, pattern) for name in names for pattern in parameters.administrators):
        yield Violation(f"{principal.place} is {principal.shown}, who administers the whole cluster")


def _role_names(association: Resource, principal: Node) -> list[str]:
    """ARNs of the roles of the stack that the principal comes from, as far as they are known."""
    roles = [source for source in association.sources(principal) if source.token == ROLE]
    if not roles:
        principal.text()
    return [f"role/{role['name'].text() or role.name}" for role in roles]


RULE = Rule(
    id="eks-access-entries",
    title="Clusters are entered by access entries, and administered by named principals only",
    description=(
        "authenticationMode is API and bootstrapClusterCreatorAdminPermissions is false, and both are stated, for "
        "neither is the default; policies that administer a whole cluster are given to the principals of the "
        "parameter only; no entry has a group of Kubernetes itself, such as system:masters."
    ),
    effect="somebody who once deployed, or who can edit one ConfigMap, can do everything in the cluster",
    remedy=(
        "set accessConfig to API without the creator's permissions, give AmazonEKSViewPolicy or a policy scoped to a "
        "namespace, and name the break-glass roles by the parameter administrators"
    ),
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(EKS_CLUSTER, ACCESS_ENTRY, ASSOCIATION),
    parameters=Access,
    check=check,
)
