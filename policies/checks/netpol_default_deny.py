"""Rule `netpol-default-deny`: pods talk to nobody whom no policy names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from policies.rule import (
    Doubt,
    Kind,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    guard,
    judge_each,
)
from policies.stack import Stack
from policies.tokens import NAMESPACE, WORKLOADS
from policies.views import Node, Resource, Undetermined
from policies.workloads import borrows_pods, labels, object_name, placed, pod_templates, selects

POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_BOTH_WAYS: Final = {"Ingress", "Egress"}


def check_stack(stack: Stack, parameters: Parameters) -> Outcomes:
    """Judge every namespace into which the stack puts a workload."""
    workloads, policies = placed(stack, *WORKLOADS), placed(stack, POLICY)
    for doubt in (*workloads.lost, *policies.lost):
        yield Doubt(doubt.path, doubt.urn)
    owners = {
        (resource.provider.urn if resource.provider else "", object_name(resource)): resource.urn
        for resource in stack.of(NAMESPACE)
        if not resource.at("metadata", "name").unknown
    }
    for where, inside in workloads.at.items():
        found = policies.at.get(where, [])
        yield from guard(partial(_judge_denial, found, owners.get(where, inside[0].urn)))
        yield from judge_each(inside, partial(_judge_allowed, found))


def _judge_denial(policies: list[Resource], urn: str) -> Iterator[Outcome]:
    doubts: list[Undetermined] = []
    for policy in policies:
        try:
            if _denies_everything(policy):
                return
        except Undetermined as doubt:
            doubts.append(doubt)
    yield from (Doubt(doubt.path, doubt.urn) for doubt in doubts)
    if not doubts:
        yield Violation("the namespace has no policy that denies all ingress and egress by default", urn)


def _denies_everything(policy: Resource) -> bool:
    spec = policy["spec"]
    if spec["podSelector"].missing or spec["podSelector"].entries():
        return False
    types = {entry.text() for entry in spec["policyTypes"].items()}
    return types >= _BOTH_WAYS and not spec["ingress"].items() and not spec["egress"].items()


def _judge_allowed(policies: list[Resource], workload: Resource) -> Iterator[Outcome]:
    if not borrows_pods(workload):
        yield from judge_each(pod_templates(workload), partial(_judge_pods, policies, workload))


def _judge_pods(policies: list[Resource], workload: Resource, template: Node) -> Iterator[Outcome]:
    pod_labels = labels(template["metadata"])
    doubt: Undetermined | None = None
    for policy in policies:
        try:
            if not _denies_everything(policy) and selects(policy.at("spec", "podSelector"), pod_labels):
                return
        except Undetermined as unknown:
            doubt = unknown
    if doubt is not None:
        raise doubt
    yield Violation("no policy says whom its pods may talk to", workload.urn)


RULE = Rule(
    id="netpol-default-deny",
    title="Namespaces deny all traffic by default, and every workload is allowed what it needs",
    description=(
        "Each namespace into which the stack puts a workload has a NetworkPolicy that selects all pods and allows"
        " nothing, both ways; each workload in it is selected by a further policy. Clusters are told apart by "
        "provider."
    ),
    effect="one broken pod reaches every other pod and can send data anywhere",
    remedy=(
        "add a NetworkPolicy with an empty podSelector and both policyTypes, and one per workload that allows its"
        " traffic"
    ),
    topic=Topic.NETWORK,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(*WORKLOADS, POLICY, NAMESPACE),
    parameters=Parameters,
    check_stack=check_stack,
)
