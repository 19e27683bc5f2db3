"""The network: address plan, ways in and out, endpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.address_plan import SLOTS, SubnetPlan, subnet_plan
from components.network import Network
from components.network_endpoints import ALL_ENDPOINTS
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, HOME, ZONES, network_args

cidrs = st.tuples(st.integers(0, 15), st.integers(16, 20)).map(lambda pair: f"10.{pair[0] * 16}.0.0/{pair[1]}")
zone_sets = st.lists(st.sampled_from([f"{HOME}{letter}" for letter in "abcd"]), min_size=2, unique=True).map(tuple)


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: Network("net", network_args(**changes)))


def ranges(plan: Sequence[SubnetPlan]) -> list[IPv4Network]:
    return [IPv4Network(cidr) for part in plan for cidr in (part.private, part.public, part.data)]


def default_route(recorded: Recorded, subnet: Resource) -> Resource | None:
    """Where traffic to the internet goes from a subnet."""
    (association,) = [
        a for a in recorded.of_type("RouteTableAssociation") if recorded.source_of(a, "subnetId") == [subnet]
    ]
    table = recorded.source_of(association, "routeTableId")
    routes = [r for r in recorded.of_type("Route") if recorded.source_of(r, "routeTableId") == table]
    return routes[0] if routes else None


def subnets(recorded: Recorded, kind: str) -> list[Resource]:
    return [subnet for subnet in recorded.of_type("Subnet") if f"-{kind}-" in subnet.name]


@given(cidrs, zone_sets)
def test_subnets_lie_in_the_range_and_never_overlap(cidr: str, zones: tuple[str, ...]) -> None:
    found = ranges(list(subnet_plan(cidr, zones).values()))
    assert all(one.subnet_of(IPv4Network(cidr)) for one in found)
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
    assert all(one.prefixlen <= 28 for one in found)  # the smallest subnet that a VPC may have


@given(cidrs, zone_sets, st.randoms())
def test_the_order_and_number_of_zones_move_no_subnet(cidr: str, zones: tuple[str, ...], random: object) -> None:
    full = subnet_plan(cidr, tuple(f"{HOME}{letter}" for letter in "abcd"))
    assert all(full[zone] == part for zone, part in subnet_plan(cidr, tuple(reversed(zones))).items())


def test_nodes_have_most_of_the_addresses() -> None:
    plan = subnet_plan("10.0.0.0/16", tuple(ZONES))[ZONES[0]]
    assert IPv4Network(plan.private).num_addresses > IPv4Network(plan.public).num_addresses


def test_two_zones_of_one_slot_are_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="slot"):
        made(record, zones=[f"{HOME}a", f"{HOME}{chr(ord('a') + SLOTS)}"])


def test_a_range_that_no_vpc_can_have_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="/16"):
        made(record, cidr="10.0.0.0/8")


def test_no_subnet_gives_machines_a_public_address(record: Recorder) -> None:
    assert {subnet["mapPublicIpOnLaunch"] for subnet in made(record).of_type("Subnet")} == {False}


def test_data_subnets_have_no_way_out(record: Recorder) -> None:
    recorded = made(record)
    assert [default_route(recorded, subnet) for subnet in subnets(recorded, "data")] == [None] * 3


def test_public_subnets_reach_the_internet_directly(record: Recorder) -> None:
    recorded = made(record)
    for subnet in subnets(recorded, "public"):
        route = default_route(recorded, subnet)
        assert route is not None
        assert [source.type for source in recorded.source_of(route, "gatewayId")] == [
            "aws:ec2/internetGateway:InternetGateway"
        ]


def test_with_a_nat_gateway_per_zone_no_zone_depends_on_another(record: Recorder) -> None:
    recorded = made(record, nat="per-zone")
    for subnet in subnets(recorded, "private"):
        route = default_route(recorded, subnet)
        assert route is not None
        (nat,) = recorded.source_of(route, "natGatewayId")
        (home,) = recorded.source_of(nat, "subnetId")
        assert home["availabilityZone"] == subnet["availabilityZone"]


def test_one_nat_gateway_serves_all_zones(record: Recorder) -> None:
    recorded = made(record, nat="single")
    nat = recorded.one("NatGateway")
    routes = [default_route(recorded, subnet) for subnet in subnets(recorded, "private")]
    assert all(route is not None and recorded.source_of(route, "natGatewayId") == [nat] for route in routes)


def test_without_nat_private_subnets_have_no_way_out(record: Recorder) -> None:
    recorded = made(record, nat="none")
    assert recorded.of_type("NatGateway") == recorded.of_type("Eip") == []
    assert [default_route(recorded, subnet) for subnet in subnets(recorded, "private")] == [None] * 3


def test_changing_the_nat_mode_changes_no_subnet_and_no_route_table(record: Recorder) -> None:
    def lasting(nat: str) -> set[str]:
        recorded = made(record, nat=nat)
        return {r.urn for r in recorded.of_type("Subnet") + recorded.of_type("RouteTable")}

    assert lasting("single") == lasting("per-zone") == lasting("none")


def test_the_default_security_group_is_closed(record: Recorder) -> None:
    group = made(record).one("DefaultSecurityGroup")
    assert (group["ingress"], group["egress"]) == ([], [])


def test_endpoints_are_reached_from_the_network_by_https_only(record: Recorder) -> None:
    rule = made(record).one("SecurityGroupIngressRule")
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("10.0.0.0/16", 443, 443)


def statements(recorded: Recorded, service: str) -> dict[str, Any]:
    """Statements of an endpoint's policy by their ids."""
    policy = json.loads(recorded.named(f"net-{service}-endpoint")["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def conditions(statement: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = statement.get("Condition", {}).get("StringEquals", {})
    return found


SERVICES = [*ALL_ENDPOINTS, "s3", "dynamodb"]


@pytest.fixture(scope="module")
def all_endpoints() -> Recorded:
    return record_program(lambda: Network("net", network_args(interface_endpoints=list(ALL_ENDPOINTS))))


@pytest.mark.parametrize("service", SERVICES)
def test_every_endpoint_is_that_of_its_service(all_endpoints: Recorded, service: str) -> None:
    assert all_endpoints.named(f"net-{service}-endpoint")["serviceName"] == f"com.amazonaws.{HOME}.{service}"


@pytest.mark.parametrize("service", SERVICES)
def test_credentials_of_strangers_are_useless_in_the_network(all_endpoints: Recorded, service: str) -> None:
    """Save for two things: public objects, and tokens with which a role of the account itself is taken on."""
    for sid, statement in statements(all_endpoints, service).items():
        if sid == "ImagesAndPackages":
            assert statement["Action"] == "s3:GetObject"
        elif sid == "AssumeWithToken":
            assert conditions(statement) == {"aws:ResourceAccount": ACCOUNT}
        else:
            assert conditions(statement)["aws:PrincipalAccount"] == ACCOUNT


# what is sent to X-Ray goes to the account of the identity, which the other line fixes
@pytest.mark.parametrize("service", [service for service in SERVICES if service not in ("ec2", "xray")])
def test_data_cannot_be_carried_to_another_account(all_endpoints: Recorded, service: str) -> None:
    """What is not tied to resources of the account only reads."""
    for statement in statements(all_endpoints, service).values():
        if "aws:ResourceAccount" not in conditions(statement):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert all(action.partition(":")[2].startswith(("Get", "BatchGet", "BatchCheck")) for action in actions)


def test_resources_of_trusted_accounts_can_be_reached_too(record: Recorder) -> None:
    recorded = made(record, interface_endpoints=["kms", "ecr.api"], trusted_account_ids=["210987654321"])
    for service in ("kms", "ecr.api", "s3"):
        owners = conditions(statements(recorded, service)["OwnAccount"])["aws:ResourceAccount"]
        assert owners == [ACCOUNT, "210987654321"]
        assert conditions(statements(recorded, service)["OwnAccount"])["aws:PrincipalAccount"] == ACCOUNT


@pytest.mark.parametrize("service", ["ecr.api", "ecr.dkr"])
def test_nodes_can_pull_the_images_of_eks_which_stand_in_accounts_of_aws(all_endpoints: Recorded, service: str) -> None:
    pull = statements(all_endpoints, service)["PullImages"]
    assert pull["Resource"] == "*"
    assert {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} <= set(pull["Action"])


@pytest.mark.parametrize(
    "bucket",
    [f"prod-{HOME}-starport-layer-bucket", f"al2023-repos-{HOME}-de612dc2", f"prod-registry-k8s-io-{HOME}"],
)
def test_layers_and_packages_come_through_the_endpoint_without_an_identity(
    all_endpoints: Recorded, bucket: str
) -> None:
    public = statements(all_endpoints, "s3")["ImagesAndPackages"]
    assert f"arn:aws:s3:::{bucket}/*" in public["Resource"]
    assert conditions(public) == {}


def test_machines_can_start_from_images_of_amazon(all_endpoints: Recorded) -> None:
    assert conditions(statements(all_endpoints, "ec2")["OwnAccount"]) == {"aws:PrincipalAccount": ACCOUNT}


def test_gateway_endpoints_serve_the_subnets_of_nodes_and_no_others(record: Recorder) -> None:
    recorded = made(record)
    for service in ("s3", "dynamodb"):
        tables = recorded.source_of(recorded.named(f"net-{service}-endpoint"), "routeTableIds")
        assert {table.name for table in tables} == {f"net-private-{zone[-1]}-routes" for zone in ZONES}


def test_only_the_network_gets_in_and_out_of_the_subnets_for_data(record: Recorder) -> None:
    recorded = made(record)
    acl = recorded.one("NetworkAcl")
    assert recorded.source_of(acl, "subnetIds") == sorted(subnets(recorded, "data"), key=lambda one: one.urn)
    for direction in ("ingress", "egress"):
        (rule,) = acl[direction]
        assert (rule["action"], rule["protocol"], rule["cidrBlock"]) == ("allow", "-1", "10.0.0.0/16")


def test_a_subnet_without_a_route_table_has_no_way_out(record: Recorder) -> None:
    recorded = made(record)
    table = recorded.one("DefaultRouteTable")
    assert table["routes"] == []
    assert recorded.source_of(table, "defaultRouteTableId") == [recorded.one("Vpc")]


def test_encryption_is_not_watched_unless_asked(record: Recorder) -> None:
    recorded = made(record)
    assert recorded.of_type("VpcEncryptionControl") == []
    assert "encryption-status" not in recorded.one("FlowLog")["logFormat"]


def test_a_network_that_watches_encryption_logs_what_it_sees(record: Recorder) -> None:
    recorded = made(record, encryption_control="monitor")
    control = recorded.one("VpcEncryptionControl")
    assert control["mode"] == "monitor"
    assert not [key for key in control.inputs if key.endswith("Exclusion")]  # only the other mode takes them
    assert "${encryption-status}" in recorded.one("FlowLog")["logFormat"]


@pytest.mark.parametrize(("nat", "excluded"), [("none", 1), ("single", 2)])
def test_a_network_that_enforces_encryption_still_reaches_the_internet(
    record: Recorder, nat: str, excluded: int
) -> None:
    control = made(record, encryption_control="enforce", nat=nat).one("VpcEncryptionControl")
    exclusions = [value for key, value in control.inputs.items() if key.endswith("Exclusion")]
    assert exclusions == ["enable"] * excluded


def test_the_flow_log_tells_who_spoke_behind_a_gateway(record: Recorder) -> None:
    fields = made(record).one("FlowLog")["logFormat"].split()
    assert len(fields) == len(set(fields))
    assert {"${srcaddr}", "${pkt-srcaddr}", "${pkt-dstaddr}", "${flow-direction}", "${action}"} <= set(fields)


def test_bucket_policies_can_name_the_endpoint_of_s3(record: Recorder) -> None:
    recorded = made(record)
    assert "s3_endpoint_id" in recorded.outputs[recorded.one("Network").urn]


def test_all_traffic_is_logged_encrypted(record: Recorder) -> None:
    recorded = made(record)
    log = recorded.one("FlowLog")
    (group,) = recorded.source_of(log, "logDestination")
    assert log["trafficType"] == "ALL"
    assert group["kmsKeyId"]
    assert group["retentionInDays"] >= 365
    assert (group.protect, group.retain_on_delete) == (True, True)


def test_the_flow_log_writes_to_its_own_group_and_may_look_for_it(record: Recorder) -> None:
    recorded = made(record)
    group = recorded.one("LogGroup")["name"]
    (policy,) = [p for p in recorded.of_type("RolePolicy") if "flow-log" in p.name]
    for statement in json.loads(policy["policy"])["Statement"]:
        if "logs:DescribeLogGroups" in str(statement["Action"]):
            assert (statement["Action"], statement["Resource"]) == ("logs:DescribeLogGroups", "*")
        else:
            assert all(f"log-group:{group}" in resource for resource in statement["Resource"])


def test_the_internet_gets_in_only_through_the_public_subnets(record: Recorder) -> None:
    recorded = made(record)
    assert recorded.one("VpcBlockPublicAccessOptions")["internetGatewayBlockMode"] == "block-ingress"
    excluded = {
        source.name
        for exclusion in recorded.of_type("VpcBlockPublicAccessExclusion")
        for source in recorded.source_of(exclusion, "subnetId")
    }
    assert excluded == {subnet.name for subnet in subnets(recorded, "public")}


def test_a_second_stack_of_an_account_leaves_the_accounts_block_alone_and_is_reached_in_spite_of_it(
    record: Recorder,
) -> None:
    recorded = made(record, block_public_access=False)
    assert recorded.of_type("VpcBlockPublicAccessOptions") == []
    assert len(recorded.of_type("VpcBlockPublicAccessExclusion")) == len(subnets(recorded, "public"))


def test_the_load_balancer_controller_finds_its_subnets(record: Recorder) -> None:
    recorded = made(record)
    assert all(subnet["tags"]["kubernetes.io/role/elb"] == "1" for subnet in subnets(recorded, "public"))
    assert all(subnet["tags"]["kubernetes.io/role/internal-elb"] == "1" for subnet in subnets(recorded, "private"))
