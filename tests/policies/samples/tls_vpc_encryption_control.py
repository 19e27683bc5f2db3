"""Samples of `tls-vpc-encryption-control`."""

from __future__ import annotations

from policies.checks.tls_vpc_encryption_control import CONTROL
from policies.tokens import VPC
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

NETWORK = Declared(VPC, "network", {"cidrBlock": "10.0.0.0/16"})


def control(mode: str, **needs: tuple[str, ...]) -> Declared:
    return Declared(CONTROL, "control", {"vpcId": UNKNOWN, "mode": mode}, needs)


SAMPLES = (
    Sample(Case.ALLOWED, "reported", (NETWORK, control("monitor", vpcId=("network",)))),
    Sample(
        Case.ALLOWED,
        "refused",
        (NETWORK, control("enforce", vpcId=("network",))),
        parameters={"minimum_mode": "enforce"},
    ),
    Sample(Case.DISALLOWED, "no control", (NETWORK,), ("the VPC has no encryption control",)),
    Sample(
        Case.DISALLOWED,
        "reported where it must be refused",
        (NETWORK, control("monitor", vpcId=("network",))),
        ("not enforce",),
        parameters={"minimum_mode": "enforce"},
    ),
    Sample(Case.UNKNOWN, "mode", (NETWORK, control(UNKNOWN, vpcId=("network",))), ("mode is not known",)),
    Sample(Case.NOT_APPLICABLE, "no VPC", (control("monitor"),)),
)
