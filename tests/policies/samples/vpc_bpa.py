"""Samples of `vpc-bpa`."""

from __future__ import annotations

from policies.checks.vpc_bpa import BLOCK, DEFAULT_GROUP
from policies.tokens import SUBNET, VPC
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

NETWORK = Declared(VPC, "net", {"cidrBlock": "10.0.0.0/16", "region": "eu-west-1"})


def group(*needs: str, **properties: object) -> Declared:
    return Declared(DEFAULT_GROUP, "closed", {"vpcId": UNKNOWN, **properties}, {"vpcId": needs or ("net",)})


def block(mode: object = "block-ingress", region: object = "eu-west-1") -> Declared:
    return Declared(BLOCK, "block", {"internetGatewayBlockMode": mode, "region": region})


def subnet(public: object) -> Declared:
    return Declared(SUBNET, "a", {"cidrBlock": "10.0.0.0/20", "mapPublicIpOnLaunch": public})


CLOSED = group(ingress=[], egress=[])

SAMPLES = (
    Sample(Case.ALLOWED, "subnet", (subnet(False), Declared(SUBNET, "b", {"cidrBlock": "10.0.16.0/20"}))),
    Sample(Case.RESOLVED, "closed and blocked", (NETWORK, CLOSED, block())),
    Sample(Case.RESOLVED, "blocked both ways", (NETWORK, CLOSED, block("block-bidirectional"))),
    Sample(
        Case.RESOLVED,
        "region of the provider alone",
        (
            Declared(VPC, "net", {"cidrBlock": "10.0.0.0/16"}),
            CLOSED,
            Declared(BLOCK, "block", {"internetGatewayBlockMode": "block-ingress"}),
        ),
    ),
    Sample(Case.RESOLVED, "blocked by the account", (NETWORK, CLOSED), parameters={"block_required": False}),
    Sample(Case.DISALLOWED, "public addresses", (subnet(True),), ("mapPublicIpOnLaunch is true",)),
    Sample(Case.DISALLOWED, "not blocked", (NETWORK, CLOSED), ("no VpcBlockPublicAccessOptions",)),
    Sample(Case.DISALLOWED, "another region blocked", (NETWORK, CLOSED, block(region="eu-north-1")), ("no VpcBlock",)),
    Sample(Case.DISALLOWED, "block is off", (NETWORK, CLOSED, block("off")), ("internetGatewayBlockMode blocks",)),
    Sample(Case.DISALLOWED, "default group left alone", (NETWORK, block()), ("is left open",)),
    Sample(
        Case.DISALLOWED,
        "default group with rules",
        (
            NETWORK,
            block(),
            group(
                ingress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}],
                egress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            ),
        ),
        ("ingress of the default", "egress of the default"),
    ),
    Sample(
        Case.UNKNOWN,
        "whose default group, and an open region",
        (NETWORK, Declared(DEFAULT_GROUP, "closed", {"vpcId": UNKNOWN})),
        ("no VpcBlockPublicAccessOptions", "vpcId is not known"),
    ),
    Sample(Case.UNKNOWN, "where it is blocked", (NETWORK, CLOSED, block(region=UNKNOWN)), ("region is not known",)),
    Sample(Case.NOT_APPLICABLE, "no network", (Declared("aws:ec2/eip:Eip", "ip", {}),)),
)
