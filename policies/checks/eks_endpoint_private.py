"""Rule `eks-endpoint-private`: the cluster's API is not open to the world."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.frameworks import EKS_1
from policies.networks import network_of
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each, judge_on
from policies.tokens import EKS_CLUSTER
from policies.views import Node, Resource


class PublicEndpoint(Parameters):
    """Parameters."""

    shortest_prefix: int = Field(
        default=16,
        ge=1,
        le=32,
        description="Shortest prefix of an address range that may reach a public endpoint.",
    )


def check(cluster: Resource, parameters: PublicEndpoint) -> Outcomes:
    """Judge one cluster."""
    network = cluster["vpcConfig"]
    private = network["endpointPrivateAccess"]
    yield from judge_each((private,), judge_on)
    if network["endpointPublicAccess"].truth() is False:
        return
    ranges = network["publicAccessCidrs"].items()
    if not ranges:
        yield Violation("vpcConfig.endpointPublicAccess is not false and publicAccessCidrs limits it to nobody")
    yield from judge_each(ranges, lambda node: _judge_range(node, parameters))


def _judge_range(node: Node, parameters: PublicEndpoint) -> Iterator[Outcome]:
    if network_of(node).prefixlen < parameters.shortest_prefix:
        yield Violation(f"{node.place} is {node.shown}, wider than /{parameters.shortest_prefix}")


RULE = Rule(
    id="eks-endpoint-private",
    title="The cluster's API endpoint is private, or public to named networks only",
    description=(
        "endpointPrivateAccess is true; endpointPublicAccess is false, or publicAccessCidrs lists ranges no wider"
        " than the configured prefix. Both have the opposite default in EKS, so both must be stated."
    ),
    effect="anybody on the internet can try to log in to the cluster",
    remedy=("set vpcConfig.endpointPrivateAccess true and endpointPublicAccess false, or name publicAccessCidrs"),
    topic=Topic.NETWORK,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(EKS_CLUSTER,),
    parameters=PublicEndpoint,
    check=check,
    frameworks=(EKS_1,),
)
