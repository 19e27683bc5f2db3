"""Rule `eks-pod-identity`: pods that serve models have an AWS identity of their own, and nodes have none to lend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.iam import (
    POLICY,
    ROLE,
    ROLE_ATTACHMENT,
    ROLE_POLICY,
    actions,
    allows,
    identity_documents,
    statements,
)
from policies.regions import region_of
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import (
    ACCESS_ENTRY,
    DAEMON_SET,
    EKS_CLUSTER,
    NODE_GROUP,
    POD,
    SERVERS,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
)
from policies.views import Malformed, Node, Resource, Undetermined
from policies.workloads import (
    account_name,
    borrows_pods,
    namespace,
    namespace_at,
    object_name,
    pod_templates,
    serves_inference,
    service_account_of,
)

ASSOCIATION: Final = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_IRSA: Final = "eks.amazonaws.com/role-arn"
_NODE_ACCESS: Final = frozenset({"EC2", "EC2_LINUX", "EC2_WINDOWS", "HYBRID_LINUX", "HYPERPOD_LINUX"})
"""Types of access of nodes that no node group starts: self-managed ones, as Karpenter's are, those of Auto Mode, of
HyperPod and outside of AWS (EKS API, CreateAccessEntry, `type`, read 2026-11-26)."""
_SERVING: Final = (*SERVERS, STATEFUL_SET, DAEMON_SET, POD)
"""What answers requests; jobs that are labelled as parts of a service serve nobody."""
_Account = tuple[str, str]
"""Namespace and name of a service account."""


class Identity(Parameters):
    """Parameters."""

    irsa_allowed: bool = Field(
        default=True, description="Whether a service account that names a role by annotation has an identity, too."
    )
    node_policies: tuple[str, ...] = Field(
        default=(
            "AmazonEKSWorkerNodePolicy",
            "AmazonEKSWorkerNodeMinimalPolicy",
            "AmazonEKS_CNI_Policy",
            "AmazonEC2ContainerRegistryPullOnly",
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonSSMManagedInstanceCore",
        ),
        description="Names of the policies that a role of nodes may have.",
    )
    node_actions: tuple[str, ...] = Field(
        default=("ecr:*", "eks:Describe*", "eks-auth:AssumeRoleForPodIdentity", "ec2:Describe*"),
        description="Patterns of actions that a role of nodes may have of its own.",
    )


@dataclass(slots=True)
class _Identities:
    """Associations by service account. `loose` says of each other one why its account is not known."""

    by_account: dict[_Account, list[Resource]] = field(default_factory=dict)
    loose: list[Undetermined] = field(default_factory=list)


@dataclass(slots=True)
class _NodeRoles:
    """Roles that nodes run under, by URN and by name. `loose` says why the role of further nodes is not known."""

    urns: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    loose: list[Undetermined] = field(default_factory=list)


def check(resource: Resource, parameters: Identity) -> Outcomes:
    """Judge a workload, an association, a role, or what is given to one."""
    if resource.token in _RIGHTS:
        if _is_of_nodes(resource, resource["name" if resource.token == ROLE else "role"]):
            yield from _RIGHTS[resource.token](resource, parameters)
    elif resource.token == ASSOCIATION:
        if resource["disableSessionTags"].truth():
            yield Violation("disableSessionTags is true: policies cannot tell clusters, namespaces and pods apart")
    elif _runs_on_eks(resource.stack) and not borrows_pods(resource) and serves_inference(resource):
        yield from judge_each(pod_templates(resource), partial(_judge_pods, resource, parameters))


def _runs_on_eks(stack: Stack) -> bool:
    return bool(stack.of(EKS_CLUSTER, ASSOCIATION))


def _judge_pods(workload: Resource, parameters: Identity, template: Node) -> Iterator[Outcome]:
    stack = workload.stack
    account = service_account_of(workload, template)
    name = object_name(account) if account is not None else account_name(template).text() or "default"
    where = (namespace(workload), name)
    known = stack.index("pod identities", lambda: _identities(stack))
    cluster = _cluster_of_workload(workload)
    clusters = [_cluster_of_association(one) for one in known.by_account.get(where, ())]
    found = [one for one in clusters if cluster in (None, one)]
    if len(set(found)) < len(found):
        yield Violation(f"{'/'.join(where)} has more than one identity in the cluster")
    elif found:
        _refuse_doubts(workload, known, {*found} if cluster is None else None)
    elif not (parameters.irsa_allowed and account is not None and _names_role(account)):
        _refuse_doubts(workload, known, None)
        yield Violation(f"no PodIdentityAssociation gives {'/'.join(where)} an identity")


def _names_role(account: Resource) -> bool:
    return _IRSA in account.at("metadata", "annotations").entries()


def _refuse_doubts(workload: Resource, known: _Identities, covered: set[str] | None) -> None:
    """Raise what keeps a verdict open.

    Args:
        workload: The workload.
        known: The associations of the stack.
        covered: Clusters in which there is an identity, where it is not known in which of them the workload runs.

    Raises:
        Undetermined: An association may be one of the workload's, or the workload may run where it has none.
    """
    if known.loose:
        raise known.loose[0]
    provider = workload.stack.get(workload.provider.urn) if workload.provider is not None else None
    if covered is None or provider is None or not provider["kubeconfig"].unknown:
        return
    if any(cluster.urn not in covered for cluster in workload.stack.of(EKS_CLUSTER)):
        raise Undetermined(provider["kubeconfig"].path, provider.urn)


def _identities(stack: Stack) -> _Identities:
    result = _Identities()
    for association in stack.of(ASSOCIATION):
        try:
            account = (namespace_at(association, association["namespace"]) or "", _account_named(association))
        except Undetermined as doubt:
            result.loose.append(doubt)
        else:
            result.by_account.setdefault(account, []).append(association)
    return result


def _account_named(association: Resource) -> str:
    node = association["serviceAccount"]
    if node.unknown:
        for source in association.sources(node):
            if source.token == SERVICE_ACCOUNT:
                return object_name(source)
    return node.text() or ""


def _cluster_of_association(association: Resource) -> str:
    """The cluster that an association is in: its URN where it is one of the stack, else its region and name.

    Raises:
        Undetermined: It names the cluster by a value that is not known, or one whose own name is not known may be it.
    """
    node, stack = association["clusterName"], association.stack
    if node.unknown:
        for source in association.sources(node):
            if source.token == EKS_CLUSTER:
                return source.urn
    place = (region_of(association), node.text() or "")
    urns, doubts = stack.index("clusters by name", lambda: _clusters_by_name(stack))
    if place not in urns and doubts:
        raise doubts[0]
    return urns.get(place, "/".join((place[0] or "", place[1])))


def _clusters_by_name(stack: Stack) -> tuple[dict[tuple[str | None, str], str], tuple[Undetermined, ...]]:
    urns: dict[tuple[str | None, str], str] = {}
    doubts: list[Undetermined] = []
    for cluster in stack.of(EKS_CLUSTER):
        try:
            urns[region_of(cluster), cluster["name"].text() or ""] = cluster.urn
        except Undetermined as doubt:
            doubts.append(doubt)
    return urns, tuple(doubts)


def _cluster_of_workload(workload: Resource) -> str | None:
    """URN of the cluster of the stack that the workload's provider talks to; None where the engine does not tell."""
    stack = workload.stack
    provider = stack.get(workload.provider.urn) if workload.provider is not None else None
    sources = (stack.get(urn) for urn in (provider.dependencies if provider is not None else ()))
    clusters = {source.urn for source in sources if source is not None and source.token == EKS_CLUSTER}
    return clusters.pop() if len(clusters) == 1 else None


def _is_of_nodes(given: Resource, role: Node) -> bool:
    """Whether it is given to a role of the stack that nodes run under, or is such a role.

    Raises:
        Undetermined: Which role it is given to, or under which nodes run, is not known.
    """
    stack = given.stack
    nodes = stack.index("roles of nodes", lambda: _node_roles(stack))
    if not (nodes.urns or nodes.names or nodes.loose):
        return False
    named = given.token == ROLE
    sources = {given.urn} if named else {source.urn for source in given.sources(role)}
    if not sources.isdisjoint(nodes.urns) or (not role.unknown and role.text() in nodes.names):
        return True
    if role.unknown and (nodes.names if named else not sources):
        raise Undetermined(role.path, role.urn)
    if nodes.loose:
        raise nodes.loose[0]
    return False


def _node_roles(stack: Stack) -> _NodeRoles:
    result = _NodeRoles()
    for resource, arn in _node_role_inputs(stack, result.loose):
        sources = resource.sources(arn)
        result.urns.update(source.urn for source in sources if source.token == ROLE)
        try:
            if not (arn.unknown and sources) and (name := (arn.text() or "").rpartition("/")[2]):
                result.names.add(name)
        except Undetermined as doubt:
            result.loose.append(doubt)
        except Malformed:
            continue  # the rules of that resource say so
    return result


def _node_role_inputs(stack: Stack, loose: list[Undetermined]) -> Iterator[tuple[Resource, Node]]:
    """What says under which role nodes run: node groups, clusters in Auto Mode, and the access of other nodes."""
    yield from ((group, group["nodeRoleArn"]) for group in stack.of(NODE_GROUP))
    yield from ((cluster, cluster.at("computeConfig", "nodeRoleArn")) for cluster in stack.of(EKS_CLUSTER))
    for entry in stack.of(ACCESS_ENTRY):
        try:
            if entry["type"].text() in _NODE_ACCESS:
                yield entry, entry["principalArn"]
        except Undetermined as doubt:
            loose.append(doubt)
        except Malformed:
            continue


def _judge_role(role: Resource, parameters: Identity) -> Iterator[Outcome]:
    yield from judge_each(role["managedPolicyArns"].items(), partial(_judge_policy, role, parameters))
    yield from judge_each(identity_documents(role), partial(_judge_document, parameters))


def _judge_attachment(attachment: Resource, parameters: Identity) -> Iterator[Outcome]:
    yield from _judge_policy(attachment, parameters, attachment["policyArn"])


def _judge_rights(policy: Resource, parameters: Identity) -> Iterator[Outcome]:
    yield from _judge_document(parameters, policy["policy"])


def _judge_policy(given: Resource, parameters: Identity, arn: Node) -> Iterator[Outcome]:
    own = [source for source in given.sources(arn) if source.token == POLICY] if arn.unknown else []
    if own:
        yield from judge_each((policy["policy"] for policy in own), partial(_judge_document, parameters))
    elif (arn.text() or "").rpartition("/")[2] not in parameters.node_policies:
        yield Violation(f"{arn.place} gives {arn.shown} to every pod that can reach its node's credentials")


def _judge_document(parameters: Identity, document: Node) -> Outcomes:
    return judge_each(statements(document), partial(_judge_statement, parameters))


def _judge_statement(parameters: Identity, statement: Node) -> Iterator[Outcome]:
    if allows(statement):
        yield from judge_each(actions(statement), partial(_judge_action, parameters))


def _judge_action(parameters: Identity, action: Node) -> Iterator[Outcome]:
    text = (action.text() or "").lower()
    if not any(fnmatchcase(text, pattern.lower()) for pattern in parameters.node_actions):
        yield Violation(
            f"{action.place} gives {action.shown} to every pod that can reach its node's credentials", action.urn
        )


_RIGHTS: Final[dict[str, Callable[[Resource, Identity], Outcomes]]] = {
    ROLE: _judge_role,
    ROLE_ATTACHMENT: _judge_attachment,
    ROLE_POLICY: _judge_rights,
}
"""Resources that give permissions to a role -> what judges them."""

RULE = Rule(
    id="eks-pod-identity",
    title="Pods that serve models have one AWS identity of their own, and nodes lend none",
    description=(
        "On EKS, the service account of each inference workload has exactly one PodIdentityAssociation in its cluster "
        "(or, by default, a role by annotation), with session tags on. Roles of nodes, be it by their node group, by "
        "Auto Mode or by an access entry for nodes, have the policies that nodes need, and no permissions beside "
        "them. A cluster is told by the provider of the workload, where the engine shows what that depends on."
    ),
    effect="pods act in the name of their node, so that every pod may do what any of them needs",
    remedy=(
        "add an aws.eks.PodIdentityAssociation for the service account; move permissions from the node role to the "
        "role of the pods that need them"
    ),
    topic=Topic.IDENTITY,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(*_SERVING, ASSOCIATION, *_RIGHTS),
    parameters=Identity,
    check=check,
)
