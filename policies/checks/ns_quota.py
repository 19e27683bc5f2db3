"""Rule `ns-quota`: what runs in a namespace is bounded as a whole and one by one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.rule import (
    Doubt,
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    guard,
)
from policies.stack import Stack
from policies.tokens import NAMESPACE, RESOURCE_QUOTA, WORKLOADS
from policies.views import Resource, Undetermined
from policies.workloads import Place, object_name, placed
from serving.blueprint.vocabulary import EnvironmentKind

LIMIT_RANGE: Final = "kubernetes:core/v1:LimitRange"
# Two names of one amount (Kubernetes, "Resource Quotas")
_ALIASES: Final = {"requests.cpu": "cpu", "requests.memory": "memory"}


class NamespaceBounds(Parameters):
    """Parameters."""

    bounded: tuple[str, ...] = Field(
        default=("requests.cpu", "requests.memory"), min_length=1, description="Amounts that a quota must bound."
    )
    exempt_namespaces: tuple[str, ...] = Field(
        default=("kube-system",),
        description="Namespaces of the cluster itself: a quota there would keep the cluster's own pods out.",
    )


def check_stack(stack: Stack, parameters: NamespaceBounds) -> Outcomes:
    """Judge every namespace into which the stack puts a workload."""
    workloads, quotas, ranges = placed(stack, *WORKLOADS), placed(stack, RESOURCE_QUOTA), placed(stack, LIMIT_RANGE)
    for doubt in (*workloads.lost, *quotas.lost, *ranges.lost):
        yield Doubt(doubt.path, doubt.urn)
    owners = _owners(stack)
    for where, inside in workloads.at.items():
        if where[1] in parameters.exempt_namespaces:
            continue
        urn = owners.get(where, inside[0].urn)
        yield from guard(partial(_judge_quotas, quotas.at.get(where, []), urn, parameters))
        yield from guard(partial(_judge_ranges, ranges.at.get(where, []), urn))


def _owners(stack: Stack) -> dict[Place, str]:
    """The Namespace resources, to which findings belong where the stack has them."""
    return {
        (resource.provider.urn if resource.provider else "", object_name(resource)): resource.urn
        for resource in stack.of(NAMESPACE)
        if not resource.at("metadata", "name").unknown
    }


def _judge_quotas(quotas: list[Resource], urn: str, parameters: NamespaceBounds) -> Iterator[Outcome]:
    # a quota with scopes bounds only some of the pods
    whole = [quota["spec"] for quota in quotas if quota.at("spec", "scopes").missing]
    whole = [spec for spec in whole if spec["scopeSelector"].missing]
    bounded = {name for spec in whole for name, amount in spec["hard"].entries().items() if amount.text()}
    missing = [name for name in parameters.bounded if name not in bounded and _ALIASES.get(name, name) not in bounded]
    if missing:
        yield Violation(f"no ResourceQuota of the namespace bounds {', '.join(missing)}", urn)


def _judge_ranges(ranges: list[Resource], urn: str) -> Iterator[Outcome]:
    doubt: Undetermined | None = None
    for found in ranges:
        try:
            if any(entry["type"].text() == "Container" for entry in found.at("spec", "limits").items()):
                return
        except Undetermined as unknown:
            doubt = unknown
    if doubt is not None:
        raise doubt
    yield Violation("no LimitRange of the namespace has limits of type Container", urn)


RULE = Rule(
    id="ns-quota",
    title="Every namespace with workloads has a quota and limits for its containers",
    description=(
        "Each namespace into which the stack puts a workload has a ResourceQuota without scopes that bounds CPU and "
        "memory, and a LimitRange with limits of type Container. Clusters are told apart by provider."
    ),
    effect="one tenant, or one mistake in a manifest, takes all machines of the cluster",
    remedy="add a ResourceQuota with requests.cpu and requests.memory, and a LimitRange for containers",
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(*WORKLOADS, NAMESPACE, RESOURCE_QUOTA, LIMIT_RANGE),
    parameters=NamespaceBounds,
    check_stack=check_stack,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
