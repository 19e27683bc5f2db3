"""Samples of `eks-control-logs`."""

from __future__ import annotations

from policies.tokens import EKS_CLUSTER
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

ALL = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


def cluster(types: object) -> Declared:
    return Declared(EKS_CLUSTER, "cluster", {"name": "prod", "enabledClusterLogTypes": types})


SAMPLES = (
    Sample(Case.ALLOWED, "all", (cluster(ALL),)),
    Sample(Case.ALLOWED, "audit is enough here", (cluster(["audit"]),), parameters={"types": ["audit"]}),
    Sample(Case.DISALLOWED, "nothing stated", (cluster(None),), ("lacks api, audit, authenticator",)),
    Sample(Case.DISALLOWED, "no audit log", (cluster([kind for kind in ALL if kind != "audit"]),), ("lacks audit",)),
    Sample(Case.DISALLOWED, "no list", (cluster("audit"),), ("is not a list",)),
    Sample(Case.UNKNOWN, "list", (cluster(UNKNOWN),), ("enabledClusterLogTypes is not known",)),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:eks/addon:Addon", "dns", {}),)),
)
