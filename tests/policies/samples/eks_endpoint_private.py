"""Samples of `eks-endpoint-private`."""

from __future__ import annotations

from policies.tokens import EKS_CLUSTER
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def cluster(**config: object) -> Declared:
    settings = {"endpointPrivateAccess": True, "endpointPublicAccess": False, **config}
    return Declared(EKS_CLUSTER, "cluster", {"vpcConfig": settings})


def public(*ranges: str) -> Declared:
    return cluster(endpointPublicAccess=True, publicAccessCidrs=list(ranges))


SAMPLES = (
    Sample(Case.ALLOWED, "private", (cluster(),)),
    Sample(Case.ALLOWED, "office", (public("198.51.100.0/24"),)),
    Sample(Case.INSIDE, "widest range", (public("198.51.0.0/16"),)),
    Sample(Case.OUTSIDE, "a bit wider", (public("198.50.0.0/15"),), ("wider than /16",)),
    Sample(Case.DISALLOWED, "nothing stated", (Declared(EKS_CLUSTER, "c", {}),), ("PrivateAccess", "PublicAccess")),
    Sample(Case.DISALLOWED, "the world", (public("0.0.0.0/0"),), ("wider than /16",)),
    Sample(Case.DISALLOWED, "public by default", (cluster(endpointPublicAccess=None),), ("limits it to nobody",)),
    Sample(Case.DISALLOWED, "no range", (public("everywhere"),), ("is not an address range",)),
    Sample(
        Case.UNKNOWN,
        "an unknown range does not hide the world",
        (public(UNKNOWN, "0.0.0.0/0"),),
        ("wider than /16", "vpcConfig.publicAccessCidrs[0] is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:eks/addon:Addon", "dns", {}),)),
)
