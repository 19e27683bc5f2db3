"""Rule `tls-vpc-encryption-control`: the network itself shows, or refuses, plain text."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from policies.rule import Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import VPC
from policies.views import Resource

CONTROL: Final = "aws:ec2/vpcEncryptionControl:VpcEncryptionControl"
_MODES: Final = ("monitor", "enforce")


class EncryptionControl(Parameters):
    """Parameters."""

    minimum_mode: Literal["monitor", "enforce"] = Field(
        default="monitor", description="Whether plain traffic must be reported (monitor) or refused (enforce)."
    )


def check(vpc: Resource, parameters: EncryptionControl) -> Outcomes:
    """Judge one VPC by its encryption control."""
    control = vpc.stack.companions(vpc, CONTROL, "vpcId").one_or_doubt()
    if control is None:
        yield Violation("the VPC has no encryption control")
        return
    allowed = _MODES[_MODES.index(parameters.minimum_mode) :]
    if control["mode"].text() not in allowed:
        yield Violation(f"mode is {control['mode'].shown}, not {' or '.join(allowed)}", control.urn)


RULE = Rule(
    id="tls-vpc-encryption-control",
    title="Every VPC reports traffic that is not encrypted, or refuses it",
    description="Each VPC of the stack has a VPC encryption control in the configured mode, or a stricter one.",
    effect="plain text inside the network goes unnoticed",
    remedy="add a VpcEncryptionControl with mode monitor; set enforce once its report is empty",
    topic=Topic.ENCRYPTION_IN_TRANSIT,
    kind=Kind.STACK,
    severity=Severity.LOW,
    tokens=(VPC,),
    parameters=EncryptionControl,
    check=check,
    level=Level.ADVISORY,
)
