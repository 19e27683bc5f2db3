"""Rule `vpc-bpa`: nothing in a network becomes public by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.frameworks import EC2_2, EC2_15
from policies.regions import region_of
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import SUBNET, VPC
from policies.views import Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

DEFAULT_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
DEFAULT_SUBNET: Final = "aws:ec2/defaultSubnet:DefaultSubnet"
BLOCK: Final = "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions"
_BLOCKING: Final = ("block-ingress", "block-bidirectional")


class PublicAccess(Parameters):
    """Parameters."""

    block_required: bool = Field(
        default=True,
        description="Whether the stack must block public access in each VPC's region; false where the account does.",
    )


def check(resource: Resource, parameters: PublicAccess) -> Outcomes:
    """Judge a subnet, or a VPC by its default security group and the block of its region."""
    if resource.token != VPC:
        if resource["mapPublicIpOnLaunch"].truth():
            yield Violation("mapPublicIpOnLaunch is true")
        return
    aspects: tuple[Callable[[Resource, PublicAccess], Outcomes], ...] = (_judge_block, _judge_default_group)
    yield from judge_each(aspects, lambda aspect: aspect(resource, parameters))


def _judge_default_group(vpc: Resource, parameters: PublicAccess) -> Iterator[Outcome]:
    group = vpc.stack.companions(vpc, DEFAULT_GROUP, "vpcId").one_or_doubt()
    if group is None:
        yield Violation(
            "the default security group of the VPC is left open",
            remedy="add an aws.ec2.DefaultSecurityGroup for the VPC, without rules",
        )
        return
    for key in ("ingress", "egress"):
        if group[key].items():
            yield Violation(f"{key} of the default security group has rules", group.urn)


def _judge_block(vpc: Resource, parameters: PublicAccess) -> Iterator[Outcome]:
    if not parameters.block_required:
        return
    stack = vpc.stack
    blocks, doubt = stack.index("public access blocks", lambda: _blocks(stack))
    found = blocks.get(region_of(vpc))
    if found is None and doubt is not None:
        raise doubt
    if found is None:
        yield Violation("no VpcBlockPublicAccessOptions blocks public access in the region of the VPC")
    elif found["internetGatewayBlockMode"].text() not in _BLOCKING:
        yield Violation("internetGatewayBlockMode blocks nothing", found.urn)


def _blocks(stack: Stack) -> tuple[dict[str | None, Resource], Undetermined | None]:
    """Blocks of public access by region, and why one of them cannot be placed."""
    found: dict[str | None, Resource] = {}
    doubt: Undetermined | None = None
    for block in stack.of(BLOCK):
        try:
            found[region_of(block)] = block
        except Undetermined as unknown:
            doubt = unknown
    return found, doubt


RULE = Rule(
    id="vpc-bpa",
    title="Networks block public access but where it is meant",
    description=(
        "VPC Block Public Access is on in the region of each VPC (what is public has an exclusion), the default "
        "security group of each VPC is adopted and has no rules, and no subnet gives public addresses to whatever "
        "starts in it."
    ),
    effect="one mistaken route or one forgotten group puts an instance on the internet",
    remedy=(
        "add VpcBlockPublicAccessOptions with block-ingress, exclusions for public subnets, and a DefaultSecurityGroup "
        "without rules; set mapPublicIpOnLaunch false"
    ),
    topic=Topic.NETWORK,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(VPC, SUBNET, DEFAULT_SUBNET),
    parameters=PublicAccess,
    check=check,
    frameworks=(EC2_2, EC2_15),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
