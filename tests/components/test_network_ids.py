"""Networks that were there already, and regions that are connected, in whole stacks."""

from __future__ import annotations

import functools

import pulumi
import pulumi_aws as aws
import pytest

from components.serving_platform import ServingPlatform
from serving.workspace import load_workspace
from tests.blueprint.test_environment import existing_network
from tests.components.recorder import UNKNOWN, Recorded, record
from tests.documents import ROOT, environment

VPC = "vpc-0123456789abcdef0"
TABLES = {f"eu-west-1{letter}": "rtb-00000000" for letter in "abc"}
GIVEN = existing_network(private_route_table_ids=TABLES, s3_endpoint_id="vpce-00000001")
NETWORK_TYPES = ("Vpc", "Subnet", "RouteTable", "NatGateway", "VpcEndpoint", "FlowLog", "NetworkAcl", "InternetGateway")


def platform(**changes: object) -> Recorded:
    """What the production stack would register for one service, if it were changed."""
    changed, blueprints = environment("prod", **changes), list(load_workspace(ROOT, "prod").blueprints)[:1]

    def program() -> None:
        options = pulumi.ResourceOptions(providers=[aws.Provider("aws", region=changed.home_region.name)])
        ServingPlatform("serving", {"environment": changed, "blueprints": blueprints}, options)

    return record(program)


@functools.cache
def connected() -> Recorded:
    changes = {
        "regions.0.network": GIVEN,
        "regions.0.peers": ["eu-central-1"],
        "regions.0.zones": sorted(TABLES, reverse=True),  # people list zones in any order
        "regions.0.node_groups.1.zones": ["eu-west-1c"],
        "account_defaults": "provided",
    }
    return platform(**changes)


@pytest.mark.parametrize("token", NETWORK_TYPES)
def test_nothing_is_made_of_a_network_that_is_there_already(token: str) -> None:
    assert {resource["region"] for resource in connected().of_type(token)} == {"eu-central-1"}


def test_nodes_and_load_balancer_stand_in_the_given_subnets() -> None:
    here = [r for r in connected() if r.get("region") == "eu-west-1"]
    private, public = sorted(GIVEN["private_subnet_ids"].values()), sorted(GIVEN["public_subnet_ids"].values())
    (cluster,) = [r for r in here if r.type == "aws:eks/cluster:Cluster"]
    assert sorted(cluster["vpcConfig"]["subnetIds"]) == private
    groups = [r for r in here if r.type == "aws:eks/nodeGroup:NodeGroup"]
    assert groups
    assert all(set(group["subnetIds"]) <= set(private) for group in groups)
    assert any(sorted(group["subnetIds"]) == private for group in groups)
    (balancer,) = [r for r in here if r.type == "aws:lb/loadBalancer:LoadBalancer"]
    assert sorted(balancer["subnets"]) == public
    assert {r["vpcId"] for r in here if r.type == "aws:lb/targetGroup:TargetGroup"} == {VPC}


def test_a_node_group_of_one_zone_stands_in_the_subnet_of_that_zone() -> None:
    (group,) = [r for r in connected().of_type("NodeGroup") if r.name.endswith("eu-west-1-cluster-cpu-node-group")]
    assert group["subnetIds"] == [GIVEN["private_subnet_ids"]["eu-west-1c"]]


def test_the_given_s3_endpoint_is_handed_on() -> None:
    endpoints = {
        replica.name: connected().outputs[replica.urn]["s3_endpoint_id"]
        for replica in connected().of_type("RegionalReplica")
    }
    assert endpoints == {"serving-eu-west-1": "vpce-00000001", "serving-eu-central-1": UNKNOWN}


def test_where_the_organisation_blocks_public_access_only_the_edge_is_excepted() -> None:
    assert connected().of_type("VpcBlockPublicAccessOptions") == []
    assert {r["region"] for r in connected().of_type("VpcBlockPublicAccessExclusion")} == {"eu-central-1"}


def test_only_regions_that_are_named_are_connected() -> None:
    (connection,) = connected().of_type("VpcPeeringConnection")
    assert (connection["region"], connection["peerRegion"]) == ("eu-central-1", "eu-west-1")
    assert connection["peerVpcId"] == VPC


def test_a_route_table_of_several_zones_gets_one_route() -> None:
    over_peering = [r for r in connected().of_type("Route") if "vpcPeeringConnectionId" in r.inputs]
    assert [r["routeTableId"] for r in over_peering if r["region"] == "eu-west-1"] == ["rtb-00000000"]
    assert len([r for r in over_peering if r["region"] == "eu-central-1"]) == 3


def test_naming_either_region_of_a_pair_makes_the_same_connection() -> None:
    one = platform(**{"regions.0.peers": ["eu-central-1"]})
    other = platform(**{"regions.1.peers": ["eu-west-1"]})
    assert {r.urn for r in one} == {r.urn for r in other}
    assert len(one.of_type("VpcPeeringConnection")) == 1
