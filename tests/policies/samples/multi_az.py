"""Samples of `multi-az`."""

from __future__ import annotations

from policies.nodes import SCALING_GROUP
from policies.tokens import EKS_CLUSTER, LOAD_BALANCER, NODE_GROUP, SUBNET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

A = Declared(SUBNET, "a", {"availabilityZone": "eu-west-1a"})
B = Declared(SUBNET, "b", {"availabilityZoneId": "euw1-az2"})
ALSO_A = Declared(SUBNET, "also-a", {"availabilityZone": "eu-west-1a"})


def cluster(*subnets: str, ids: object = None, shift: object = True) -> Declared:
    stated = [UNKNOWN] * len(subnets) if ids is None else ids
    settings = {"name": "serving", "vpcConfig": {"subnetIds": stated}, "zonalShiftConfig": {"enabled": shift}}
    return Declared(EKS_CLUSTER, "cluster", settings, {"vpcConfig": subnets} if subnets else {})


def balancer(*subnets: str, **settings: object) -> Declared:
    properties = {"subnets": [UNKNOWN] * len(subnets), **settings}
    return Declared(LOAD_BALANCER, "edge", properties, {"subnets": subnets} if subnets else {})


def group(name: str, *subnets: str, cluster_name: object = "serving") -> Declared:
    settings = {"clusterName": cluster_name, "subnetIds": [UNKNOWN] * len(subnets)}
    return Declared(NODE_GROUP, name, settings, {"subnetIds": subnets} if subnets else {})


NETWORK = {"loadBalancerType": "network", "enableCrossZoneLoadBalancing": True}

SAMPLES = (
    Sample(Case.RESOLVED, "cluster", (A, B, cluster("a", "b"))),
    Sample(Case.ALLOWED, "subnets of another stack", (cluster(ids=["subnet-1", "subnet-2"]),)),
    Sample(
        Case.ALLOWED,
        "no shift where none is asked for",
        (cluster(ids=["subnet-1", "subnet-2"], shift=None),),
        parameters={"zonal_shift_required": False},
    ),
    Sample(Case.RESOLVED, "load balancer", (A, B, balancer("a", "b"))),
    Sample(Case.RESOLVED, "network load balancer", (A, B, balancer("a", "b", **NETWORK))),
    Sample(
        Case.ALLOWED,
        "addresses by subnet",
        (Declared(LOAD_BALANCER, "edge", {"subnetMappings": [{"subnetId": "subnet-1"}, {"subnetId": "subnet-2"}]}),),
    ),
    Sample(Case.RESOLVED, "a group a zone", (A, B, group("x", "a"), group("y", "b"))),
    Sample(Case.ALLOWED, "zones", (Declared(SCALING_GROUP, "g", {"availabilityZones": ["eu-west-1a", "eu-west-1b"]}),)),
    Sample(Case.INSIDE, "zones", (A, B, ALSO_A, group("x", "a", "b", "also-a"))),
    Sample(Case.OUTSIDE, "zones", (A, ALSO_A, group("x", "a", "also-a")), ("fewer than 2 zones",)),
    Sample(
        Case.OUTSIDE,
        "three zones",
        (A, B, cluster("a", "b")),
        ("subnetIds are in fewer than 3 zones",),
        parameters={"minimum_zones": 3},
    ),
    Sample(
        Case.DISALLOWED,
        "one zone, and no way out",
        (A, ALSO_A, cluster("a", "also-a", shift=False)),
        ("fewer than 2 zones", "enabled is not true"),
    ),
    Sample(Case.DISALLOWED, "load balancer", (A, balancer("a")), ("subnets are in fewer than 2 zones",)),
    Sample(
        Case.DISALLOWED,
        "within a zone",
        (balancer(subnets=["subnet-1", "subnet-2"], loadBalancerType="network"),),
        ("enableCrossZoneLoadBalancing is not true",),
    ),
    Sample(
        Case.DISALLOWED,
        "groups of two clusters",
        (A, B, group("x", "a"), group("y", "b", cluster_name="other")),
        ("fewer than 2 zones", "fewer than 2 zones"),
    ),
    Sample(
        Case.DISALLOWED,
        "scaling group",
        (Declared(SCALING_GROUP, "g", {"vpcZoneIdentifiers": ["subnet-1"]}),),
        ("vpcZoneIdentifiers are in fewer",),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown subnets do not hide the missing shift",
        (cluster(ids=[UNKNOWN, UNKNOWN], shift=False),),
        ("subnetIds[0] is not known", "enabled is not true"),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown zone",
        (A, Declared(SUBNET, "b", {"availabilityZone": UNKNOWN}), group("x", "a", "b")),
        ("availabilityZone is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "a subnet alone", (A,)),
)
