"""The rules inside an environment."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serving.blueprint.environment import ALIAS_TTL_SECONDS
from tests.documents import STACKS, environment

BLOCK = {"id": "cr-02168da1478b509e0", "zone": "eu-west-1a"}
L4 = {
    "name": "gpu-l4",
    "purpose": "gpu",
    "instance_types": ["g6.xlarge"],
    "min_nodes": 3,
    "max_nodes": 8,
    "disk_gib": 200,
}
P5 = {
    "name": "p5",
    "purpose": "gpu",
    "instance_types": ["p5.48xlarge"],
    "capacity_block": BLOCK,
    "min_nodes": 0,
    "max_nodes": 1,
    "disk_gib": 500,
}

ADMIN = "arn:aws:iam::444455556666:role/admin"
CACHE_SECRET = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:ecr-pullthroughcache/github-AbCdEf"
FOREIGN_SECRET = {"upstream": "github", "credential_arns": {"eu-central-1": CACHE_SECRET}}
KEY = "arn:aws:kms:{}:444455556666:key/mrk-0123456789abcdef0123456789abcdef"
KEYS = {region: {"restricted": KEY.format(region)} for region in ("eu-west-1", "eu-central-1", "eu-north-1")}
CERTIFICATE = "arn:aws:acm:eu-west-1:444455556666"
WEB_ACL = "arn:aws:wafv2:eu-west-1:444455556666:regional/webacl/edge/5f0c1c9e-0000-4000-8000-000000000003"

EXISTING = {
    "name": "bought-elsewhere",
    "endpoint": "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    "certificate_authority": "LS0tLS1CRUdJTg==",
    "security_group_id": "sg-0123456789abcdef0",
}

BROKEN = [
    ("keys", {"existing": KEYS | {"eu-north-1": {}}}, "'restricted' has an existing key in eu-west-1, eu-central-1"),
    ("keys", {"existing": KEYS | {"us-east-1": KEYS["eu-west-1"]}}, "'us-east-1' is not a region"),
    ("keys", {"existing": KEYS | {"eu-west-1": KEYS["eu-north-1"]}}, "is not in eu-west-1"),
    ("keys", {"existing": {"eu-west-1": {"secret": KEY.format("eu-west-1")}}}, "'public', 'internal'"),
    ("keys", {"existing_metrics": {"eu-west-1": KEY.format("eu-west-1")}}, "is a multi-region key"),
    ("keys", {"existing_metrics": {"eu-west-1": "alias/metrics"}}, "String should match pattern"),
    ("budget.allowed_instance_families", ["m7i", "c7i", "g6"], "'g6e.2xlarge' is of no family that the budget allows"),
    ("budget.allowed_instance_families", ["g6e.2xlarge"], "String should match pattern"),
    ("audit", {"guardduty": "yes"}, "'managed' or 'provided'"),
    ("service_linked_roles", ["spot"], "'autoscaling' or 'config'"),
    ("account_id", "123", "String should match pattern"),
    ("name", "Production", "String should match pattern"),
    ("regions.1.cidr", "10.32.128.0/17", "overlaps 10.32.0.0/16"),
    ("regions.0.cidr", "10.32.0.1/16", "is not an IPv4 network"),
    ("regions.0.cidr", "10.32.0.0/15", "allowed: /16 to /20"),
    ("regions.0.cidr", "10.32.0.0/21", "allowed: /16 to /20"),
    ("regions.0.cidr", "8.8.0.0/16", "is not a private range"),
    ("regions.0.zones", ["eu-west-1a"], "1 zone(s) in a region that serves"),
    ("regions.0.zones", ["eu-west-1a", "eu-central-1b"], "is not a zone of eu-west-1"),
    ("regions.0.node_groups", [], "no node group with purpose 'system'"),
    ("regions.0.node_groups.0.max_nodes", 2, "2 is less than min_nodes (3)"),
    ("regions.0.node_groups.2.disk_gib", 199, "199 GiB is less than the 200 GiB"),
    ("regions.0.node_groups.1.name", "system", "node group 'system' stands twice"),
    ("regions.0.node_groups.2.capacity", ["on-demand", "on-demand"], "'on-demand' stands twice"),
    ("regions.0.node_groups.2.capacity", ["spot", "reserved"], "'reserved' comes after 'spot'"),
    ("regions.0.node_groups.2.capacity", [], "at least 1 item"),
    ("regions.0.node_groups.2.capacity", "capacity-block", "capacity-block without a block"),
    ("regions.0.node_groups.2.capacity_block", BLOCK, "a block without capacity-block"),
    ("regions.0.node_groups.2", P5 | {"capacity": "capacity-block", "min_nodes": 1}, "in a block that starts and ends"),
    ("regions.0.node_groups.2", P5 | {"capacity": "capacity-block", "zones": ["eu-west-1b"]}, "is not among the zones"),
    ("regions.0.node_groups.3.min_nodes", 0, "0 nodes of capacity 'reserved'"),
    ("regions.0.node_groups.2.zones", ["eu-west-1d"], "is not a zone of the region's network"),
    ("regions.0.node_groups.2.efa", True, "0 zones for nodes that stand together"),
    ("regions.0.node_groups.1.efa", True, "fabric adapters for nodes of purpose 'cpu'"),
    ("regions.0.node_groups.3.warm_nodes", 1, "a warm pool needs on-demand as first capacity"),
    ("regions.0.node_groups.2.warm_nodes", 7, "7 stopped nodes beside 3 running ones"),
    ("regions.0.node_groups.1.name", "gpu-l4", "node group 'gpu-l4' stands twice"),
    ("regions.2.name", "eu-west-1", "'eu-west-1' stands twice in regions"),
    ("regions.1.role", "recovery", "'active-active' with fewer than two active regions"),
    ("topology", "active-passive", "'active-passive' without a passive region"),
    ("topology", "single-region", "with 2 serving regions"),
    ("routing", {"health_check": {"interval_seconds": 20}}, "every 10 or every 30 seconds"),
    (
        "edge",
        {"certificate_arns": {"eu-west-1": [f"{CERTIFICATE}:certificate/one"]}},
        "no certificate for eu-central-1",
    ),
    ("edge", {"certificate_arns": {"eu-central-1": [f"{CERTIFICATE}:certificate/one"]}}, "is in another region than"),
    ("edge", {"web_acl_arns": {"eu-north-1": WEB_ACL}}, "'eu-north-1' is no region that serves"),
    ("edge", {"web_acl_arns": {"eu-west-1": WEB_ACL.replace("regional", "global")}}, "String should match pattern"),
    ("routing", {"region_switch": {"automatic": True}}, "described but not enabled"),
    ("routing", {"kind": "accelerator", "region_switch": {"enabled": True}}, "with kind 'accelerator'"),
    ("routing", {"weights": {"eu-west-1": 10}}, "weights with policy 'latency'"),
    ("routing", {"policy": "weighted", "weights": {"eu-north-1": 10}}, "'eu-north-1' is no region that serves"),
    ("routing", {"policy": "weighted", "weights": {"eu-west-1": 0, "eu-central-1": 0}}, "no active region has a share"),
    ("registry", {"caches": [{"upstream": "docker-hub"}]}, "'docker-hub' without credentials"),
    ("registry", {"caches": [{"upstream": "k8s"}, {"upstream": "k8s"}]}, "'k8s' stands twice"),
    (
        "registry",
        {"caches": [{"upstream": "github", "credential_arns": {"eu-central-1": CACHE_SECRET}}]},
        "is in eu-west-1",
    ),
    ("cluster", {"compute": "auto-mode", "karpenter": True}, "Karpenter beside Auto Mode"),
    ("regions.0.node_groups.2.warm_nodes", 1, "whose managed node group never grows"),
    (
        "regions.0.node_groups.2",
        L4 | {"image": "bottlerocket", "gpu_sharing": {"kind": "time-slicing", "replicas": 3}},
        "may grow by 5 nodes with shared accelerators",
    ),
    ("regions.0.cluster", EXISTING, "is there already, its network is not"),
    ("regions.0.cluster", {"name": "a", "endpoint": "http://a"}, "String should match pattern"),
    ("cluster", {"version": "1.20"}, "is not in the tested set"),
    ("cluster.admin_role_arns", [], "no role administers the clusters"),
    (
        "cluster.admin_role_arns",
        [ADMIN, ADMIN.replace("role/", "role/ops/")],
        "role 'admin' of account 444455556666 stands twice",
    ),
    ("cluster", {"public_access_cidrs": ["0.0.0.0/0"]}, "opens the API endpoint"),
    ("cluster", {"public_access_cidrs": ["everywhere"]}, "is not an IPv4 network"),
    ("regions.0.cidr", "10.100.64.0/18", "from which EKS gives addresses"),
    ("regions.1.cidr", "172.20.0.0/16", "from which EKS gives addresses"),
    ("reserved_cidrs", ["10.32.200.0/24"], "10.32.0.0/16 (eu-west-1) overlaps 10.32.200.0/24 in reserved_cidrs"),
    ("reserved_cidrs", ["office"], "'office' is not an IPv4 network"),
    ("trusted_account_ids", ["example"], "String should match pattern"),
    ("regions.0.peers", ["eu-west-1"], "'eu-west-1' is not another region that serves"),
    ("regions.0.peers", ["eu-north-1"], "'eu-north-1' is not another region that serves"),
    ("regions.0.peers", ["eu-central-1", "eu-central-1"], "are connected already"),
    ("regions.2.peers", ["eu-west-1"], "'peers' in a region with the role 'recovery'"),
    ("regions.2.encryption_control", "monitor", "'encryption_control' in a region with the role 'recovery'"),
    ("tenants", [], "at least 1 item"),
    ("budget.notify", [], "at least 1 item"),
    ("hosted_zone", {"id": "example.com"}, "String should match pattern"),
    ("regoins", [], "Extra inputs are not permitted"),
]


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_environments_are_valid(stack: str) -> None:
    assert environment(stack).name == stack


@pytest.mark.parametrize(("key", "value", "message"), BROKEN, ids=[f"{key}={value}"[:60] for key, value, _ in BROKEN])
def test_a_broken_value_is_refused_with_its_reason(key: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        environment("prod", **{key: value})
    assert message in str(caught.value)


def test_a_recovery_region_needs_no_zones_and_no_nodes() -> None:
    recovery = environment("prod").regions[2]
    assert not recovery.serves
    assert (recovery.zones, recovery.node_groups) == ((), ())


def test_a_failover_of_names_waits_for_the_checks_and_for_what_clients_remember() -> None:
    routing = environment("prod", routing={"health_check": {"interval_seconds": 30, "failures": 2}}).routing
    assert routing.failover_seconds == 2 * 30 + ALIAS_TTL_SECONDS


@pytest.mark.parametrize(
    ("stack", "backup", "message"),
    [
        ("dev", {"air_gapped_vault": True}, "no region for the air-gapped vault"),
        (
            "prod",
            {"air_gap_key_arn": "arn:aws:kms:eu-north-1:777788889999:key/mrk-0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
            "not there",
        ),
    ],
)
def test_an_air_gap_has_a_region_and_its_key_a_vault(stack: str, backup: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        environment(stack, backup=backup)


def test_something_must_serve() -> None:
    with pytest.raises(ValidationError, match="no region has the role 'active'"):
        environment("dev", **{"regions.0.role": "recovery"})


@pytest.mark.parametrize(("one", "other"), [("10.32.0.0/16", "10.33.0.0/16"), ("10.32.0.0/20", "10.32.16.0/20")])
def test_networks_that_touch_do_not_overlap(one: str, other: str) -> None:
    assert environment("prod", **{"regions.0.cidr": one, "regions.1.cidr": other})


def test_a_further_capacity_may_not_take_the_name_of_another_group() -> None:
    changes = {"regions.0.node_groups.2.capacity": ["on-demand", "spot"], "regions.0.node_groups.3.name": "gpu-l4-spot"}
    with pytest.raises(ValidationError, match="node group 'gpu-l4-spot' stands twice"):
        environment("prod", **changes)


def test_one_capacity_needs_no_list() -> None:
    group = environment("dev").regions[0].node_groups[1]
    assert [capacity.value for capacity in group.capacity] == ["spot"]


def test_the_fewest_nodes_are_kept_by_what_does_not_end() -> None:
    changes = {
        "regions.0.node_groups.2": P5 | {"capacity": ["capacity-block", "on-demand"]},
        "budget.allowed_instance_families": ...,
    }
    lasting = environment("prod", **changes)
    assert lasting.regions[0].node_groups[2].lasting == "on-demand"


def existing_network(**changes: object) -> dict[str, Any]:
    """A network that is there already, as people write it."""

    def ids(prefix: str, digit: int) -> dict[str, str]:
        return {f"eu-west-1{letter}": f"{prefix}-{digit}000000{letter}" for letter in "abc"}

    network: dict[str, Any] = {
        "vpc_id": "vpc-0123456789abcdef0",
        "public_subnet_ids": ids("subnet", 1),
        "private_subnet_ids": ids("subnet", 2),
    }
    return network | changes


def test_an_existing_network_may_be_smaller_than_a_new_one_and_lie_where_eks_has_its_services() -> None:
    for cidr in ("10.32.0.0/22", "10.100.0.0/16"):
        changes: dict[str, object] = {"regions.0.network": existing_network(), "regions.0.cidr": cidr}
        assert environment("prod", **changes).regions[0].cidr == cidr


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vpc_id": "my-vpc"}, "String should match pattern"),
        ({"s3_endpoint_id": "vpce-xyz"}, "String should match pattern"),
        (
            {"private_subnet_ids": {"eu-west-1a": "subnet-20000000"}},
            "states eu-west-1a, but the region uses eu-west-1a, e",
        ),
        ({"public_subnet_ids": {}}, "states no zone, but the region uses"),
        ({"data_subnet_ids": {"eu-west-1d": "subnet-30000000"}}, "states eu-west-1d, but the region uses"),
        ({"public_subnet_ids": existing_network()["private_subnet_ids"]}, "is public_subnet_ids.eu-west-1a too"),
    ],
)
def test_an_existing_network_that_does_not_fit_its_region_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        environment("prod", **{"regions.0.network": existing_network(**changes), "regions.0.nat": "per-zone"})
    assert message in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("nat", "single"), ("encryption_control", "enforce")])
def test_nothing_is_promised_of_a_network_that_is_there_already(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"'{key}' beside a network that is there already"):
        environment("prod", **{"regions.0.network": existing_network(), f"regions.0.{key}": value})


@pytest.mark.parametrize("asking", [0, 1])
def test_an_existing_network_is_connected_only_if_its_route_tables_are_known(asking: int) -> None:
    changes: dict[str, object] = {
        "regions.0.network": existing_network(),
        f"regions.{asking}.peers": ["eu-central-1" if asking == 0 else "eu-west-1"],
    }
    with pytest.raises(ValidationError, match="private_route_table_ids"):
        environment("prod", **changes)
    tables = {f"eu-west-1{letter}": "rtb-00000000" for letter in "abc"}
    known = existing_network(private_route_table_ids=tables)
    assert environment("prod", **changes | {"regions.0.network": known}).regions[0].network is not None


def test_a_pair_of_regions_is_connected_once() -> None:
    with pytest.raises(ValidationError, match="eu-central-1 and eu-west-1 are connected already"):
        environment("prod", **{"regions.0.peers": ["eu-central-1"], "regions.1.peers": ["eu-west-1"]})
