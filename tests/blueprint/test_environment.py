"""The rules inside an environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serving.blueprint.environment import ALIAS_TTL_SECONDS
from tests.documents import STACKS, environment

BLOCK = {"id": "cr-02168da1478b509e0", "zone": "eu-west-1a"}
P5 = {
    "name": "p5",
    "purpose": "gpu",
    "instance_types": ["p5.48xlarge"],
    "capacity_block": BLOCK,
    "min_nodes": 0,
    "max_nodes": 1,
    "disk_gib": 500,
}

BROKEN = [
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
    ("routing", {"region_switch": {"automatic": True}}, "described but not enabled"),
    ("routing", {"kind": "accelerator", "region_switch": {"enabled": True}}, "with kind 'accelerator'"),
    ("routing", {"weights": {"eu-west-1": 10}}, "weights with policy 'latency'"),
    ("routing", {"policy": "weighted", "weights": {"eu-north-1": 10}}, "'eu-north-1' is no region that serves"),
    ("routing", {"policy": "weighted", "weights": {"eu-west-1": 0, "eu-central-1": 0}}, "no active region has a share"),
    ("cluster", {"version": "1.20"}, "is not in the tested set"),
    ("cluster", {"public_access_cidrs": ["0.0.0.0/0"]}, "opens the API endpoint"),
    ("cluster", {"public_access_cidrs": ["everywhere"]}, "is not an IPv4 network"),
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
    lasting = environment("prod", **{"regions.0.node_groups.2": P5 | {"capacity": ["capacity-block", "on-demand"]}})
    assert lasting.regions[0].node_groups[2].lasting == "on-demand"
