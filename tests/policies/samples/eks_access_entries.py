"""Samples of `eks-access-entries`."""

from __future__ import annotations

from policies.checks.eks_access_entries import ASSOCIATION
from policies.iam import ROLE
from policies.tokens import ACCESS_ENTRY, EKS_CLUSTER
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
RELEASE = "arn:aws:iam::111122223333:role/release"


def cluster(mode: object = "API", creator: object = False) -> Declared:
    access = {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": creator}
    return Declared(EKS_CLUSTER, "c", {"accessConfig": access})


def given(policy: object, principal: object, *needs: str, scope: object = "cluster") -> Declared:
    properties = {
        "clusterName": "shop",
        "policyArn": policy,
        "principalArn": principal,
        "accessScope": {"type": scope},
    }
    return Declared(ASSOCIATION, "given", properties, {"principalArn": needs})


def entry(*groups: object) -> Declared:
    return Declared(
        ACCESS_ENTRY, "entry", {"clusterName": "shop", "principalArn": RELEASE, "kubernetesGroups": list(groups)}
    )


SAMPLES = (
    Sample(Case.ALLOWED, "by entries", (cluster(), entry("release-managers"))),
    Sample(Case.ALLOWED, "break-glass", (given(ADMIN, BREAK_GLASS),)),
    Sample(
        Case.ALLOWED,
        "administrators, by parameter",
        (given(ADMIN, RELEASE),),
        parameters={"administrators": ["*:role/release"]},
    ),
    Sample(Case.ALLOWED, "may look", (given(VIEW, RELEASE),)),
    Sample(Case.ALLOWED, "one namespace", (given(ADMIN, RELEASE, scope="namespace"),)),
    Sample(
        Case.RESOLVED,
        "role of the same stack",
        (Declared(ROLE, "admin", {"name": "shop-break-glass"}), given(ADMIN, UNKNOWN, "admin")),
    ),
    Sample(Case.DISALLOWED, "nothing stated", (Declared(EKS_CLUSTER, "c", {}),), ("authenticationMode", "bootstrap")),
    Sample(Case.DISALLOWED, "by ConfigMap too", (cluster("API_AND_CONFIG_MAP"),), ("authenticationMode is not API",)),
    Sample(Case.DISALLOWED, "creator", (cluster(creator=True),), ("bootstrapClusterCreatorAdminPermissions",)),
    Sample(Case.DISALLOWED, "anybody administers", (given(ADMIN, RELEASE),), ("principalArn is",)),
    Sample(
        Case.DISALLOWED,
        "a role of the stack administers",
        (Declared(ROLE, "release", {}), given(ADMIN, UNKNOWN, "release")),
        ("who administers the whole cluster",),
    ),
    Sample(Case.DISALLOWED, "masters", (entry("system:masters"),), ("kubernetesGroups[0] is",)),
    Sample(
        Case.UNKNOWN,
        "an unknown mode does not hide the creator",
        (cluster(UNKNOWN, True),),
        ("bootstrapClusterCreatorAdminPermissions", "authenticationMode is not known"),
    ),
    Sample(Case.UNKNOWN, "who", (given(ADMIN, UNKNOWN),), ("principalArn is not known",)),
    Sample(Case.NOT_APPLICABLE, "no cluster", (Declared(ROLE, "r", {}),)),
)
