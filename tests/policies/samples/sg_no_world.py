"""Samples of `sg-no-world`."""

from __future__ import annotations

from policies.checks.sg_no_world import EGRESS_RULE, GROUP, INGRESS_RULE, RULE_RESOURCE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

EDGE = {"edge": "public"}


def opening(*ranges: str, port: int = 443, **changes: object) -> Json:
    return {
        "protocol": "tcp",
        "fromPort": port,
        "toPort": port,
        "cidrBlocks": list(ranges),
        "description": "clients",
        **changes,
    }


def group(*ingress: Json, egress: tuple[Json, ...] = (), **properties: object) -> Declared:
    return Declared(GROUP, "front", {"ingress": list(ingress), "egress": list(egress), **properties})


def rule(token: str, **changes: object) -> Declared:
    properties = {
        "securityGroupId": UNKNOWN,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "0.0.0.0/0",
        "description": "clients",
        **changes,
    }
    return Declared(token, "open", properties, {"securityGroupId": ("front",)})


ADMITS = ("admits the internet",)

SAMPLES = (
    Sample(Case.ALLOWED, "private", (group(opening("10.0.0.0/8", port=8080)),)),
    Sample(Case.ALLOWED, "edge", (group(opening("0.0.0.0/0"), tags=EDGE),)),
    Sample(Case.ALLOWED, "https out", (group(egress=(opening("0.0.0.0/0"),)),)),
    Sample(Case.ALLOWED, "rule, private", (group(), rule(INGRESS_RULE, cidrIpv4="10.0.0.0/16"))),
    Sample(Case.RESOLVED, "rule of the edge's group", (group(tags=EDGE), rule(INGRESS_RULE))),
    Sample(Case.INSIDE, "widest range", (group(opening("11.0.0.0/8", port=8080)),)),
    Sample(Case.OUTSIDE, "a bit wider", (group(opening("10.0.0.0/7", port=8080)),), ADMITS),
    Sample(Case.DISALLOWED, "the world", (group(opening("0.0.0.0/0")),), ADMITS),
    Sample(Case.DISALLOWED, "half of the world", (group(opening("128.0.0.0/1")),), ADMITS),
    Sample(Case.DISALLOWED, "IPv6", (group(opening(ipv6CidrBlocks=["::/0"])),), ADMITS),
    Sample(Case.DISALLOWED, "edge, other port", (group(opening("0.0.0.0/0", port=22), tags=EDGE),), ADMITS),
    Sample(
        Case.DISALLOWED,
        "edge, all ports",
        (group(opening("0.0.0.0/0", protocol="-1", fromPort=0, toPort=0), tags=EDGE),),
        ADMITS,
    ),
    Sample(
        Case.DISALLOWED,
        "everything out",
        (group(egress=(opening("0.0.0.0/0", protocol="-1", fromPort=0, toPort=0),)),),
        ("lets everything out",),
    ),
    Sample(Case.DISALLOWED, "no description", (group(opening("10.0.0.0/8", description="")),), ("description",)),
    Sample(
        Case.DISALLOWED,
        "rule of a group that is no edge",
        (group(), rule(INGRESS_RULE)),
        ("admits the internet",),
    ),
    Sample(
        Case.DISALLOWED,
        "older form of a rule",
        (
            Declared(
                RULE_RESOURCE,
                "open",
                {
                    "type": "ingress",
                    "protocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "cidrBlocks": ["0.0.0.0/0"],
                    "description": "x",
                },
            ),
        ),
        ADMITS,
    ),
    Sample(
        Case.DISALLOWED,
        "rule, everything out",
        (group(), rule(EGRESS_RULE, ipProtocol="-1")),
        ("lets everything out",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown range does not hide the world",
        (group(opening(UNKNOWN), opening("0.0.0.0/0", port=22)),),
        ("admits the internet", "ingress[0].cidrBlocks[0] is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:ec2/vpc:Vpc", "net", {}),)),
)
