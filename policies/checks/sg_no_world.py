"""Rule `sg-no-world`: security groups admit nobody from everywhere, and let nothing out to everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from pydantic import Field

from policies.frameworks import EC2_18, EC2_19
from policies.networks import is_world, network_of
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tagging import tags
from policies.views import Node, Resource
from serving.blueprint.tags import EDGE_PUBLIC, TagKey

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
RULE_RESOURCE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_RANGE_KEYS: Final = ("cidrBlocks", "ipv6CidrBlocks")
_SINGLE_RANGE_KEYS: Final = ("cidrIpv4", "cidrIpv6")


class SecurityGroups(Parameters):
    """Parameters."""

    edge_tag: str = Field(
        default=TagKey.EDGE.value, description=f"Tag key that marks a group as the edge; its value is `{EDGE_PUBLIC}`."
    )
    edge_ports: tuple[int, ...] = Field(default=(443,), description="Ports that the edge may open to everybody.")
    egress_ports: tuple[int, ...] = Field(default=(443,), description="Ports on which everything may be reached.")
    descriptions_required: bool = Field(default=True, description="Whether every rule must say what it is for.")


@dataclass(frozen=True, slots=True)
class _Opening:
    """One rule of a group, however it is written."""

    node: Node
    ingress: bool
    ranges: tuple[Node, ...]


def check(resource: Resource, parameters: SecurityGroups) -> Outcomes:
    """Judge a group's inline rules, or one rule that is a resource of its own."""
    yield from judge_each(_openings(resource), lambda opening: _judge(resource, opening, parameters))


def _openings(resource: Resource) -> Iterator[_Opening]:
    root = resource.properties
    if resource.token == GROUP:
        for node, ingress in chain(
            ((node, True) for node in root["ingress"].items()),
            ((node, False) for node in root["egress"].items()),
        ):
            yield _Opening(node, ingress, _ranges(node))
    elif resource.token == RULE_RESOURCE:
        yield _Opening(root, root["type"].text() == "ingress", _ranges(root))
    else:
        ranges = tuple(root[key] for key in _SINGLE_RANGE_KEYS if not root[key].missing)
        yield _Opening(root, resource.token == INGRESS_RULE, ranges)


def _ranges(node: Node) -> tuple[Node, ...]:
    return tuple(entry for key in _RANGE_KEYS for entry in node[key].items())


def _judge(resource: Resource, opening: _Opening, parameters: SecurityGroups) -> Iterator[Outcome]:
    if parameters.descriptions_required:
        yield from judge_each((opening.node["description"],), _judge_description)
    yield from judge_each(opening.ranges, lambda node: _judge_range(resource, opening, node, parameters))


def _judge_description(description: Node) -> Iterator[Outcome]:
    if not description.text():
        yield Violation(f"{description.place} is missing", remedy="say in description what the rule is for")


def _judge_range(resource: Resource, opening: _Opening, node: Node, parameters: SecurityGroups) -> Iterator[Outcome]:
    if not is_world(network_of(node)):
        return
    allowed = parameters.edge_ports if opening.ingress else parameters.egress_ports
    ports_fit = _ports_within(opening.node, allowed)
    if ports_fit and (not opening.ingress or _is_edge(resource, parameters)):
        return
    direction = "admits the internet" if opening.ingress else "lets everything out to the internet"
    yield Violation(f"{node.place} is {node.shown}, which {direction}")


def _ports_within(node: Node, allowed: tuple[int, ...]) -> bool:
    protocol = (node["protocol"] if node["ipProtocol"].missing else node["ipProtocol"]).text()
    first, last = node["fromPort"].number(), node["toPort"].number()
    if protocol not in ("tcp", "udp", "6", "17") or first is None or last is None:
        return False
    return last - first < len(allowed) and set(range(int(first), int(last) + 1)) <= set(allowed)


def _is_edge(resource: Resource, parameters: SecurityGroups) -> bool:
    """Whether the group is tagged as the edge; of a rule of its own, the rule or the group it belongs to."""
    carriers = [resource]
    if resource.token != GROUP:
        carriers += resource.sources(resource["securityGroupId"])
    return any(
        parameters.edge_tag in found and found[parameters.edge_tag].text() == EDGE_PUBLIC
        for found in (tags(carrier) for carrier in carriers)
    )


RULE = Rule(
    id="sg-no-world",
    title="Security groups admit the internet only at the edge, and say what each rule is for",
    description=(
        "No rule admits a range wider than /8 (IPv6: /16), except on the edge's ports of a group that is tagged "
        "as the edge; egress to such a range is limited to the configured ports; every rule has a description. "
        "Reads inline rules and rules that are resources of their own."
    ),
    effect="a service inside the network can be reached, or can send data out, from and to everywhere",
    remedy=(
        "name the ranges, prefix lists or groups that need it; "
        f"tag the edge's group `{TagKey.EDGE}: {EDGE_PUBLIC}` and open 443 only"
    ),
    topic=Topic.NETWORK,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=(GROUP, RULE_RESOURCE, INGRESS_RULE, EGRESS_RULE),
    parameters=SecurityGroups,
    check=check,
    frameworks=(EC2_18, EC2_19),
)
