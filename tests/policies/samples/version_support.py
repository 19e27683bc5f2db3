"""Samples of `version-support`."""

from __future__ import annotations

from policies.tokens import EKS_ADDON, EKS_CLUSTER, FUNCTION, NODE_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def cluster(version: object = "1.35", support: object = "STANDARD", name: object = "prod") -> Declared:
    policy = {} if support is None else {"upgradePolicy": {"supportType": support}}
    return Declared(EKS_CLUSTER, "cluster", {"name": name, "version": version, **policy})


def nodes(version: object, name: object = "prod") -> Declared:
    return Declared(NODE_GROUP, "nodes", {"clusterName": name, "version": version}, {"clusterName": ("cluster",)})


def addon(version: object, name: object = "kube-proxy") -> Declared:
    properties = {"clusterName": "prod", "addonName": name, "addonVersion": version}
    return Declared(EKS_ADDON, "addon", properties, {"clusterName": ("cluster",)})


def lone(version: object, name: object = "vpc-cni") -> Declared:
    """An add-on whose cluster is of another stack."""
    return Declared(EKS_ADDON, "addon", {"clusterName": "prod", "addonName": name, "addonVersion": version})


def ends(day: str) -> dict[str, object]:
    return {"standard_support_ends": [f"1.35={day}"]}


SAMPLES = (
    Sample(Case.ALLOWED, "supported", (cluster(), nodes("1.35"), addon("v1.35.3-eksbuild.5"))),
    Sample(Case.ALLOWED, "newer than the table", (cluster("1.39"),)),
    Sample(Case.ALLOWED, "what follows its cluster", (cluster(), nodes(None), addon(None))),
    Sample(Case.ALLOWED, "add-on with versions of its own", (cluster(), addon("v0.8.1", "metrics-server"))),
    Sample(Case.ALLOWED, "add-on that EKS chooses", (lone(None),)),
    Sample(Case.ALLOWED, "add-on with its cluster", (cluster(), addon("v1.21.1-eksbuild.8", "vpc-cni"))),
    Sample(Case.INSIDE, "oldest add-on", (lone("v1.14.0-eksbuild.3"),)),
    Sample(Case.OUTSIDE, "older add-on", (lone("v1.13.4-eksbuild.1"),), ("older than 1.14",)),
    Sample(
        Case.INSIDE,
        "versions are numbers",
        (lone("v1.100.0-eksbuild.1", "aws-ebs-csi-driver"),),
        parameters={"lowest_addons": ["aws-ebs-csi-driver=v1.59.0"]},
    ),
    Sample(
        Case.OUTSIDE,
        "a patch older than the parameter",
        (lone("v1.58.9-eksbuild.1", "aws-ebs-csi-driver"),),
        ("older than v1.59.0",),
        parameters={"lowest_addons": ["aws-ebs-csi-driver=v1.59.0"]},
    ),
    Sample(
        Case.DISALLOWED,
        "add-on of no version at all",
        (lone("latest"),),
        ("addonVersion is not a version of an add-on",),
    ),
    Sample(Case.UNKNOWN, "add-on", (lone(UNKNOWN),), ("addonVersion is not known",)),
    Sample(Case.UNKNOWN, "name of an add-on", (lone("v1.13.4", UNKNOWN),), ("addonName is not known",)),
    Sample(Case.NOT_APPLICABLE, "add-on that the table does not name", (lone("v0.1.0", "metrics-server"),)),
    Sample(Case.ALLOWED, "function", (Declared(FUNCTION, "f", {"runtime": "python3.14"}),)),
    Sample(Case.INSIDE, "last day of support", (cluster(),), parameters=ends("2026-11-20")),
    Sample(
        Case.OUTSIDE,
        "a day later",
        (cluster(),),
        ("whose standard support ended on 2026-11-19",),
        parameters=ends("2026-11-19"),
    ),
    Sample(Case.INSIDE, "oldest nodes", (cluster(), nodes("1.32"))),
    Sample(Case.OUTSIDE, "older nodes", (cluster(), nodes("1.31")), ("more than 3 minor versions",)),
    Sample(
        Case.OUTSIDE,
        "newer kube-proxy",
        (cluster(), addon("v1.36.1-eksbuild.1")),
        ("newer than its cluster",),
    ),
    Sample(Case.DISALLOWED, "in extended support", (cluster("1.33"),), ("ended on 2026-07-29",)),
    Sample(Case.DISALLOWED, "older than the table", (cluster("1.27"),), ("ended long ago",)),
    Sample(Case.DISALLOWED, "no version", (cluster(None),), ("version is missing",)),
    Sample(Case.DISALLOWED, "extended support", (cluster(support="EXTENDED"),), ("supportType is",)),
    Sample(Case.DISALLOWED, "default of EKS", (cluster(support=None),), ("missing, which means EXTENDED",)),
    Sample(
        Case.DISALLOWED,
        "runtime",
        (Declared(FUNCTION, "f", {"runtime": "nodejs18.x"}),),
        ("which gets no security patches",),
    ),
    Sample(
        Case.DISALLOWED,
        "runtime of an operating system that is mended no more",
        (Declared(FUNCTION, "f", {"runtime": "provided.al2"}),),
        ("which gets no security patches",),
    ),
    Sample(Case.DISALLOWED, "no version at all", (cluster("latest"),), ("version is not a version of Kubernetes",)),
    Sample(
        Case.UNKNOWN,
        "unknown version does not hide the policy",
        (cluster(UNKNOWN, None),),
        ("version is not known", "missing, which means EXTENDED"),
    ),
    Sample(Case.UNKNOWN, "nodes", (cluster(), nodes(UNKNOWN)), ("version is not known",)),
    Sample(Case.NOT_APPLICABLE, "function that runs an image", (Declared(FUNCTION, "f", {"packageType": "Image"}),)),
    Sample(
        Case.NOT_APPLICABLE,
        "nodes without a cluster of the stack",
        (Declared(NODE_GROUP, "nodes", {"clusterName": "other", "version": "1.20"}),),
    ),
)
