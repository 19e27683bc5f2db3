"""Samples of `flow-logs`."""

from __future__ import annotations

from policies.checks.flow_logs import ACCELERATORS, FIREWALL, FIREWALL_LOGGING, FLOW_LOG
from policies.tokens import SUBNET, VPC
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

NETWORK = Declared(VPC, "net", {"cidrBlock": "10.0.0.0/16"})
INSIDE = Declared(SUBNET, "a", {"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/20"}, {"vpcId": ("net",)})
WALL = Declared(FIREWALL, "wall", {"name": "wall"})
NO_LOG = ("no flow log records ALL traffic",)


def log(owner: str = "net", key: str = "vpcId", traffic: object = "ALL") -> Declared:
    return Declared(FLOW_LOG, "flows", {key: UNKNOWN, "trafficType": traffic}, {key: (owner,) if owner else ()})


def accelerator(**attributes: object) -> Declared:
    return Declared(ACCELERATORS[0], "front", {"attributes": attributes})


def wall_logs(kind: object) -> Declared:
    destination = {"logDestination": {"bucketName": "logs"}, "logDestinationType": "S3", "logType": kind}
    return Declared(
        FIREWALL_LOGGING,
        "wall-logs",
        {"firewallArn": UNKNOWN, "loggingConfiguration": {"logDestinationConfigs": [destination]}},
        {"firewallArn": ("wall",)},
    )


SAMPLES = (
    Sample(Case.ALLOWED, "accelerator", (accelerator(flowLogsEnabled=True),)),
    Sample(
        Case.ALLOWED,
        "rejected traffic, by parameter",
        (NETWORK, log(traffic="REJECT")),
        parameters={"traffic_types": ["ALL", "REJECT"]},
    ),
    Sample(Case.RESOLVED, "network", (NETWORK, log())),
    Sample(Case.RESOLVED, "every subnet", (NETWORK, INSIDE, log("a", "subnetId"))),
    Sample(Case.RESOLVED, "firewall", (WALL, wall_logs("FLOW"))),
    Sample(Case.DISALLOWED, "no log", (NETWORK, INSIDE), NO_LOG),
    Sample(Case.DISALLOWED, "rejected traffic only", (NETWORK, log(traffic="REJECT")), NO_LOG),
    Sample(Case.DISALLOWED, "accelerator without", (accelerator(flowLogsEnabled=False),), ("flowLogsEnabled is not",)),
    Sample(
        Case.DISALLOWED, "accelerator says nothing", (Declared(ACCELERATORS[1], "front", {}),), ("flowLogsEnabled",)
    ),
    Sample(Case.DISALLOWED, "firewall without", (WALL,), ("no logging configuration",)),
    Sample(Case.DISALLOWED, "firewall, alerts only", (WALL, wall_logs("ALERT")), ("no destination for logs of type",)),
    Sample(Case.UNKNOWN, "whose log", (NETWORK, log("")), ("vpcId is not known",)),
    Sample(Case.UNKNOWN, "which traffic", (NETWORK, log(traffic=UNKNOWN)), ("trafficType is not known",)),
    Sample(Case.NOT_APPLICABLE, "no network", (Declared("aws:ec2/eip:Eip", "ip", {}),)),
)
