"""Rule `multi-az`: the loss of one zone stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.nodes import SCALING_GROUP
from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
    judge_on,
)
from policies.stack import Stack
from policies.tokens import EKS_CLUSTER, LOAD_BALANCER, NODE_GROUP, SUBNET
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

# An application load balancer sends across zones without being asked (AWS, Elastic Load Balancing, read 2026-11)
_CROSSING_BY_ITSELF: Final = ("application", None)


class Zones(Parameters):
    """Parameters."""

    minimum_zones: int = Field(default=2, ge=1, description="Fewest zones that a cluster or its traffic spans.")
    zonal_shift_required: bool = Field(
        default=True, description="Whether clusters must let traffic be shifted away from a zone."
    )


def check(resource: Resource, parameters: Zones) -> Outcomes:
    """Judge a cluster, a load balancer, a node group or an Auto Scaling group by the zones of its subnets."""
    judges: dict[str, tuple[Callable[[Resource, Zones], Outcomes], ...]] = {
        EKS_CLUSTER: (_judge_cluster, _judge_shift),
        LOAD_BALANCER: (_judge_load_balancer, _judge_crossing),
        NODE_GROUP: (_judge_node_group,),
        SCALING_GROUP: (_judge_scaling_group,),
    }
    yield from judge_each(judges[resource.token], lambda judge: judge(resource, parameters))


def _judge_cluster(cluster: Resource, parameters: Zones) -> Iterator[Outcome]:
    node = cluster.at("vpcConfig", "subnetIds")
    if len(_zones(cluster, node)) < parameters.minimum_zones:
        yield Violation(f"{node.place} are in fewer than {parameters.minimum_zones} zones")


def _judge_shift(cluster: Resource, parameters: Zones) -> Iterator[Outcome]:
    enabled = cluster.at("zonalShiftConfig", "enabled")
    if parameters.zonal_shift_required and not enabled.truth():
        yield Violation(f"{enabled.place} is not true", remedy="enable zonal shift, so that a sick zone can be left")


def _judge_load_balancer(balancer: Resource, parameters: Zones) -> Iterator[Outcome]:
    mappings = balancer["subnetMappings"]
    node = balancer["subnets"] if mappings.missing else mappings
    if len(_zones(balancer, node, "" if mappings.missing else "subnetId")) < parameters.minimum_zones:
        yield Violation(f"{node.place} are in fewer than {parameters.minimum_zones} zones")


def _judge_crossing(balancer: Resource, parameters: Zones) -> Iterator[Outcome]:
    if balancer["loadBalancerType"].text() in _CROSSING_BY_ITSELF:
        return
    yield from judge_on(balancer["enableCrossZoneLoadBalancing"])


def _judge_node_group(group: Resource, parameters: Zones) -> Iterator[Outcome]:
    """All node groups of a cluster count together: one group a zone is a common layout."""
    groups = group.stack.index("node-groups-of-clusters", lambda: _groups_of_clusters(group.stack))
    zones: set[str] = set()
    doubt: Undetermined | None = None
    for each in groups.get(_cluster_of(group), [group]):
        try:
            zones |= _zones(each, each["subnetIds"])
        except Undetermined as unknown:
            doubt = unknown
    if len(zones) >= parameters.minimum_zones:
        return
    if doubt is not None:
        raise doubt
    yield Violation(f"the subnets of its cluster's node groups are in fewer than {parameters.minimum_zones} zones")


def _judge_scaling_group(group: Resource, parameters: Zones) -> Iterator[Outcome]:
    stated = group["availabilityZones"]
    subnets = group["vpcZoneIdentifiers"]
    zones = {zone.text() for zone in stated.items()} if subnets.missing else _zones(group, subnets)
    if len(zones) < parameters.minimum_zones:
        node = stated if subnets.missing else subnets
        yield Violation(f"{node.place} are in fewer than {parameters.minimum_zones} zones")


def _groups_of_clusters(stack: Stack) -> dict[str, list[Resource]]:
    result: dict[str, list[Resource]] = {}
    for group in stack.of(NODE_GROUP):
        try:
            result.setdefault(_cluster_of(group), []).append(group)
        except Undetermined:
            continue  # judged by itself
    return result


def _cluster_of(group: Resource) -> str:
    node = group["clusterName"]
    if node.unknown:
        for source in group.sources(node):
            if source.token == EKS_CLUSTER:
                return source.urn
    return node.text() or ""


def _zones(holder: Resource, node: Node, key: str = "") -> set[str]:
    """Zones of subnets. One that is not in the stack and stated by its id counts as a zone of its own.

    Raises:
        Undetermined: A subnet, or its zone, is not known.
    """
    ids = [entry[key] if key else entry for entry in node.items()]
    subnets = [source for source in holder.sources(node) if source.token == SUBNET]
    if not subnets:
        return {text for each in ids if (text := each.text())}
    zones = {each.text() or "" for each in ids if not each.unknown}
    return zones | {_zone(subnet) for subnet in subnets}


def _zone(subnet: Resource) -> str:
    node = subnet["availabilityZone"]
    if node.missing:
        node = subnet["availabilityZoneId"]
    return node.text() or "chosen by AWS"


RULE = Rule(
    id="multi-az",
    title="Clusters, nodes and load balancers stand in several zones",
    description=(
        "The subnets of each EKS cluster, load balancer and Auto Scaling group, and those of all node groups of a "
        "cluster together, are in at least two zones; network and gateway load balancers send across zones; clusters "
        "have zonal shift. A subnet of another stack, stated by its id, counts as a zone of its own."
    ),
    effect="the loss of one data centre stops the service",
    remedy="give it subnets in two zones or more",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(EKS_CLUSTER, LOAD_BALANCER, NODE_GROUP, SCALING_GROUP),
    parameters=Zones,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
