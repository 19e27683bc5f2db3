"""Whether address blocks are what VPC takes: proper, of an allowed size, inside their network and apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations

from serving.preview.plan import Plan, PlanResource
from tests.outside.provider_rules.problem import Problem, of_aws, problem, short, texts_of

# AWS, VPC user guide, "IP addressing for your VPCs and subnets", read 2026-11.
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 28
_SIZED = frozenset({"ec2.Vpc", "ec2.Subnet"})

Network = IPv4Network | IPv6Network


def refused(plan: Plan) -> Iterator[Problem]:
    """Blocks that VPC refuses."""
    resources = list(of_aws(plan))
    for resource in resources:
        yield from _improper(resource)
    vpcs = {resource.urn: resource for resource in resources if short(resource.type) == "ec2.Vpc"}
    subnets: dict[str, list[PlanResource]] = defaultdict(list)
    for resource in resources:
        if short(resource.type) == "ec2.Subnet":
            for urn in resource.property_dependencies.get("vpcId", ()):
                subnets[urn].append(resource)
    for urn, found in subnets.items():
        if urn in vpcs:
            yield from _misplaced(vpcs[urn], found)
    yield from _overlapping(list(vpcs.values()), "the network of")


def _improper(resource: PlanResource) -> Iterator[Problem]:
    for path, text in texts_of(dict(resource.inputs)):
        if not _is_block(path):
            continue
        block = _parsed(text)
        if block is None:
            yield problem(resource, path, f"{text!r} is no address block, or has host bits")
        elif short(resource.type) in _SIZED and not _LARGEST_PREFIX <= block.prefixlen <= _SMALLEST_PREFIX:
            yield problem(resource, path, f"{text} is not between /16 and /28")


def _is_block(path: str) -> bool:
    name = path.rpartition(".")[2].partition("[")[0].lower()
    return name.endswith(("cidr", "cidrs", "cidrblock", "cidrblocks", "cidripv4", "cidripv6", "cidr_block"))


def _parsed(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _misplaced(vpc: PlanResource, subnets: list[PlanResource]) -> Iterator[Problem]:
    around = _parsed(str(vpc.inputs.get("cidrBlock", "")))
    for subnet in subnets:
        block = _parsed(str(subnet.inputs.get("cidrBlock", "")))
        if isinstance(around, IPv4Network) and isinstance(block, IPv4Network) and not block.subnet_of(around):
            yield problem(subnet, "cidrBlock", f"{block} is outside of its network, {around}")
    yield from _overlapping(subnets, "the subnet")


def _overlapping(resources: list[PlanResource], word: str) -> Iterator[Problem]:
    blocks = [(one, _parsed(str(one.inputs.get("cidrBlock", "")))) for one in resources]
    for (one, first), (other, second) in combinations(blocks, 2):
        if isinstance(first, IPv4Network) and isinstance(second, IPv4Network) and first.overlaps(second):
            yield problem(one, "cidrBlock", f"{first} overlaps {second} of {word} {other.name}")
