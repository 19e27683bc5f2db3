"""Rule `flow-logs`: who talked to whom is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.frameworks import EC2_6
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack
from policies.tokens import SUBNET, VPC
from policies.views import Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
FIREWALL: Final = "aws:networkfirewall/firewall:Firewall"
FIREWALL_LOGGING: Final = "aws:networkfirewall/loggingConfiguration:LoggingConfiguration"
ACCELERATORS: Final = (
    "aws:globalaccelerator/accelerator:Accelerator",
    "aws:globalaccelerator/customRoutingAccelerator:CustomRoutingAccelerator",
)


class FlowLogs(Parameters):
    """Parameters."""

    traffic_types: tuple[str, ...] = Field(
        default=("ALL",), min_length=1, description="Traffic that a flow log may record to count: ALL, REJECT, ACCEPT."
    )


def check(resource: Resource, parameters: FlowLogs) -> Outcomes:
    """Judge a VPC, an accelerator or a network firewall."""
    if resource.token == VPC:
        yield from _judge_vpc(resource.stack, resource, parameters)
    elif resource.token == FIREWALL:
        yield from _judge_firewall(resource.stack, resource)
    elif not resource.at("attributes", "flowLogsEnabled").truth():
        yield Violation("attributes.flowLogsEnabled is not true")


def _judge_vpc(stack: Stack, vpc: Resource, parameters: FlowLogs) -> Iterator[Outcome]:
    if _is_logged(stack, vpc, "vpcId", parameters):
        return
    subnets = stack.companions(vpc, SUBNET, "vpcId").bound
    if not subnets or not all(_is_logged(stack, subnet, "subnetId", parameters) for subnet in subnets):
        yield Violation(f"no flow log records {' or '.join(parameters.traffic_types)} traffic of the VPC")


def _is_logged(stack: Stack, owner: Resource, key: str, parameters: FlowLogs) -> bool:
    logs = stack.companions(owner, FLOW_LOG, key)
    if any(log["trafficType"].text() in parameters.traffic_types for log in logs.bound):
        return True
    if logs.loose and not logs.bound:
        raise Undetermined(logs.loose[0].path, logs.loose[0].urn)
    return False


def _judge_firewall(stack: Stack, firewall: Resource) -> Iterator[Outcome]:
    logging = stack.companions(firewall, FIREWALL_LOGGING, "firewallArn").one_or_doubt()
    if logging is None:
        yield Violation("the firewall has no logging configuration")
        return
    destinations = logging.at("loggingConfiguration", "logDestinationConfigs")
    if not any(entry["logType"].text() == "FLOW" for entry in destinations.items()):
        yield Violation(f"{destinations.place} has no destination for logs of type FLOW", logging.urn)


RULE = Rule(
    id="flow-logs",
    title="Networks, accelerators and firewalls record their flows",
    description=(
        "Each VPC has a flow log of all traffic, or each of its subnets has; each Global Accelerator has flow logs "
        "on; each network firewall logs flows."
    ),
    effect="nobody can tell what an intruder reached, or which rule blocks a caller",
    remedy="add an aws.ec2.FlowLog with trafficType ALL; set attributes.flowLogsEnabled; log type FLOW",
    topic=Topic.NETWORK,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(VPC, FIREWALL, *ACCELERATORS),
    parameters=FlowLogs,
    check=check,
    frameworks=(EC2_6,),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
