"""Samples of `deletion-protection`."""

from __future__ import annotations

from policies.tokens import BUCKET, DYNAMODB_TABLE, EKS_CLUSTER
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

AIR_GAP = "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def table(**properties: object) -> Declared:
    return Declared(DYNAMODB_TABLE, "features", {"deletionProtectionEnabled": True, **properties}, protect=True)


SAMPLES = (
    Sample(Case.ALLOWED, "table", (table(),)),
    Sample(Case.ALLOWED, "bucket", (Declared(BUCKET, "models", {}, protect=True),)),
    Sample(Case.ALLOWED, "balancer", (Declared(BALANCER, "front", {"enableDeletionProtection": True}),)),
    Sample(
        Case.ALLOWED,
        "protect not asked for",
        (Declared(BUCKET, "models", {}),),
        parameters={"protect_required": False},
    ),
    Sample(Case.DISALLOWED, "not protected", (Declared(BUCKET, "models", {}),), ("the protect option is off",)),
    Sample(Case.DISALLOWED, "air gap", (Declared(AIR_GAP, "copies", {}),), ("the protect option is off",)),
    Sample(Case.DISALLOWED, "table", (table(deletionProtectionEnabled=False),), ("deletionProtectionEnabled is not",)),
    Sample(
        Case.DISALLOWED, "older name", (Declared("aws:alb/loadBalancer:LoadBalancer", "f", {}),), ("enableDeletion",)
    ),
    Sample(
        Case.DISALLOWED,
        "destroyed with content",
        (Declared(BUCKET, "m", {"forceDestroy": True}, protect=True),),
        ("forceDestroy is true",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown does not hide the option",
        (Declared(EKS_CLUSTER, "c", {"deletionProtection": UNKNOWN}),),
        ("the protect option is off", "deletionProtection is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "holds nothing", (Declared("aws:ec2/vpc:Vpc", "net", {}),)),
)
