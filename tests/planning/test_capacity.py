"""Whether declared capacity carries declared traffic."""

from __future__ import annotations

import pytest

from serving.blueprint.environment import Environment, GpuSharing
from serving.blueprint.schema.model import Accelerator, Resources
from serving.blueprint.schema.sharing import SharingKind
from serving.planning.capacity import (
    capacity_findings,
    demands,
    fabric_adapters,
    free_cores,
    free_memory_gib,
    instance_findings,
    new_replica_seconds,
    replicas_for_peak,
    replicas_per_disk,
    replicas_per_node,
    shares,
    standing_replicas,
    surviving_active_regions,
)
from serving.planning.instances import INSTANCE_TYPES, InstanceType, instance_type
from tests.documents import SERVICES, blueprint, environment, environment_document


def test_the_shipped_production_environment_carries_every_peak_without_one_region() -> None:
    prod = environment("prod")
    services = [blueprint(name) for name in SERVICES]
    assert list(instance_findings(prod)) == []
    assert list(capacity_findings(prod, services)) == []


def test_of_two_active_regions_one_must_carry_the_whole_peak() -> None:
    fraud = blueprint("fraud-score")
    assert surviving_active_regions(environment("prod"), fraud) == 1
    # 900 requests a second on one region at 120 a replica: 7.5
    assert replicas_for_peak(environment("prod"), fraud) == 8


@pytest.mark.parametrize(("peak_rps", "replicas"), [(840, 7), (840.1, 8), (960, 8), (961, 9)])
def test_a_replica_is_added_as_soon_as_the_last_one_is_full(peak_rps: float, replicas: int) -> None:
    fraud = blueprint("fraud-score", **{"scaling.traffic.peak_rps": peak_rps})
    assert replicas_for_peak(environment("prod"), fraud) == replicas


def test_the_minimum_holds_however_small_the_peak_is() -> None:
    quiet = {"scaling.traffic.peak_rps": 1, "scaling.traffic.baseline_rps": 0}
    fraud = blueprint("fraud-score", **quiet)
    assert replicas_for_peak(environment("prod"), fraud) == fraud.scaling.min_replicas


def test_a_maximum_below_the_peak_is_found_with_the_number_that_would_do() -> None:
    fraud = blueprint("fraud-score", **{"scaling.traffic.peak_rps": 1441})
    [finding] = capacity_findings(environment("prod"), [fraud])
    assert finding.path == ("services", "fraud-score")
    assert "at least 13" in finding.remedy


def test_a_region_that_cannot_hold_the_others_traffic_is_found() -> None:
    small = environment("prod", **{"regions.1.node_groups.3.max_nodes": 4, "regions.1.node_groups.3.min_nodes": 4})
    findings = list(capacity_findings(small, [blueprint("chat")]))
    assert [finding.path for finding in findings] == [("regions", 1, "node_groups")]
    assert "1 find no node" in findings[0].message
    assert findings[0].allowed == ("gpu-l40s",)


def test_services_compete_for_the_same_nodes() -> None:
    # chat's fallback and the embedding service share the L4 nodes: 1 + 2 replicas on 2 nodes
    tight = environment(
        "prod",
        **{
            f"regions.0.node_groups.2.{key}": value
            for key, value in (("max_nodes", 2), ("min_nodes", 2), ("warm_nodes", 0))
        },
    )
    services = [blueprint(name) for name in SERVICES]
    assert [finding.path for finding in capacity_findings(tight, services)] == [("regions", 0, "node_groups")]
    assert list(capacity_findings(tight, [blueprint("embedding")])) == []


def test_a_fallback_model_needs_its_own_place() -> None:
    assert [(d.part, d.replicas) for d in demands(environment("prod"), blueprint("chat"))] == [
        ("model", 5),
        ("fallback", 1),
    ]


def test_whole_accelerators_of_the_right_kind_decide_how_many_replicas_fit() -> None:
    node = instance_type("g6.xlarge")
    one = Resources(cpu=1, memory_gib=1, accelerator=node.accelerator, accelerators=1)
    assert replicas_per_node(one, node) == node.accelerators
    assert replicas_per_node(Resources(cpu=1, memory_gib=1), node) == 0


def test_cores_and_memory_of_a_node_are_not_all_for_replicas() -> None:
    node = instance_type("c7i.2xlarge")
    free_cpu, free_memory = free_cores(node), free_memory_gib(node)
    assert replicas_per_node(Resources(cpu=free_cpu, memory_gib=1), node) == 1
    assert replicas_per_node(Resources(cpu=free_cpu + 0.1, memory_gib=1), node) == 0
    assert replicas_per_node(Resources(cpu=1, memory_gib=free_memory), node) == 1
    assert replicas_per_node(Resources(cpu=1, memory_gib=free_memory + 0.1), node) == 0


def test_the_kubelet_keeps_more_of_a_machine_the_more_cores_and_pod_addresses_it_has() -> None:
    small, large = instance_type("c7i.xlarge"), instance_type("c7i.4xlarge")
    # nodeadm: 60, 10, 5 and 5 millicores of the first four cores, 2.5 of each further one
    assert free_cores(small) - free_cores(large) == pytest.approx(-12 + 12 * 0.0025)
    kept = [(node.memory_gib * 0.925 - free_memory_gib(node)) * 1_024 for node in (small, large)]
    # nodeadm: 11 MiB for each of 58 and 234 pods
    assert kept[1] - kept[0] == pytest.approx(11 * (234 - 58))


@pytest.mark.parametrize("node", INSTANCE_TYPES.values(), ids=lambda node: node.name)
def test_no_more_of_a_machine_is_free_than_it_has(node: InstanceType) -> None:
    assert free_cores(node) < node.vcpus
    assert 0 < free_memory_gib(node) < node.memory_gib


def test_an_unknown_instance_type_is_found_with_those_that_are_known() -> None:
    odd = environment("prod", **{"regions.0.node_groups.1.instance_types": ["c7i.2xlrage"]})
    [finding] = instance_findings(odd)
    assert finding.path == ("regions", 0, "node_groups", 1, "instance_types", 0)
    assert set(finding.allowed) == set(INSTANCE_TYPES)


def test_instance_types_of_one_group_have_one_shape() -> None:
    odd = environment("prod", **{"regions.0.node_groups.1.instance_types": ["c7i.2xlarge", "c7i.xlarge"]})
    assert [finding.path[-1] for finding in instance_findings(odd)] == [1]


BLOCK = {"id": "cr-02168da1478b509e0", "zone": "eu-west-1a"}


def test_nodes_of_several_capacities_are_counted_once() -> None:
    one = {"regions.0.node_groups.3.max_nodes": 4, "regions.0.node_groups.3.min_nodes": 2}
    several = one | {"regions.0.node_groups.3.capacity": ["reserved", "on-demand", "spot"]}
    chat = [blueprint("chat")]
    found = list(capacity_findings(environment("prod", **one), chat))
    assert found
    assert list(capacity_findings(environment("prod", **several), chat)) == found


@pytest.mark.parametrize(("capacity", "carried"), [("capacity-block", False), (["capacity-block", "on-demand"], True)])
def test_a_block_that_ends_carries_no_peak_by_itself(capacity: object, carried: bool) -> None:
    group = {
        "regions.0.node_groups.3.capacity": capacity,
        "regions.0.node_groups.3.capacity_block": BLOCK,
        "regions.0.node_groups.3.min_nodes": 0,
    }
    patient = blueprint("chat", **{"recovery.failover": "manual", "scaling.reserved_replicas": 0})
    found = [f for f in capacity_findings(environment("prod", **group), [patient]) if f.path[1] == 0]
    assert (found == []) is carried


def test_a_disk_that_holds_fewer_replicas_than_the_machine_is_found_with_the_size_that_would_do() -> None:
    big = blueprint("chat", **{"model.size_gib": 200})
    found = {f.path: f for f in capacity_findings(environment("prod"), [big])}
    finding = found["regions", 0, "node_groups", 3, "disk_gib"]
    assert "200 GiB hold 0 replicas of chat" in finding.message
    needed = int(finding.remedy.split()[2])
    enough = {f"regions.{region}.node_groups.3.disk_gib": needed for region in (0, 1)}
    assert list(capacity_findings(environment("prod", **enough), [big])) == []
    short = dict.fromkeys(enough, needed - 1)
    assert len(list(capacity_findings(environment("prod", **short), [big]))) == len(short)


def test_a_disk_holds_nothing_of_what_images_and_the_kubelet_keep() -> None:
    group = environment("prod").regions[0].node_groups[3]
    assert group.disk_gib == 200
    assert (replicas_per_disk(160, group), replicas_per_disk(161, group), replicas_per_disk(80, group)) == (1, 0, 2)


def test_a_machine_without_fabric_adapters_is_found_with_those_that_have_them() -> None:
    odd = {"regions.0.node_groups.2.efa": True, "regions.0.node_groups.2.zones": ["eu-west-1a"]}
    [finding] = instance_findings(environment("prod", **odd))
    assert "no Elastic Fabric Adapter" in finding.message
    assert "p5.48xlarge" in finding.allowed


def test_a_machine_that_is_not_sold_in_blocks_is_found() -> None:
    odd = {
        "regions.0.node_groups.2.warm_nodes": 0,
        "regions.0.node_groups.2.capacity": ["capacity-block", "on-demand"],
        "regions.0.node_groups.2.capacity_block": BLOCK,
    }
    [finding] = instance_findings(environment("prod", **odd))
    assert "not sold in Capacity Blocks" in finding.message


def test_what_a_blueprint_reserves_has_nodes_that_always_run() -> None:
    # spot nodes are taken away, and a group may shrink to its minimum
    for node_group in ({"min_nodes": 1, "capacity": "on-demand"}, {"min_nodes": 5, "capacity": "spot"}):
        changes = {f"regions.0.node_groups.3.{key}": value for key, value in node_group.items()}
        calm = blueprint("chat", **{"recovery.failover": "manual"})
        [finding] = capacity_findings(environment("prod", **changes), [calm])
        assert finding.path == ("regions", 0, "node_groups")
        assert "scaling.reserved_replicas is 2" in finding.message
        assert finding.allowed == ("gpu-l40s",)


def test_a_failover_that_may_not_wait_for_new_nodes_finds_them_running() -> None:
    chat = blueprint("chat")
    assert standing_replicas(environment("prod"), chat)[0] == replicas_for_peak(environment("prod"), chat) == 5
    short = environment("prod", **{"regions.1.node_groups.3.min_nodes": 4})
    [finding] = capacity_findings(short, [chat])
    assert finding.path == ("regions", 1, "node_groups")
    assert "4 of the 5 replicas of chat" in finding.message
    assert "by 1" in finding.remedy


def test_a_recovery_time_shorter_than_new_nodes_take_needs_running_ones_in_any_tier() -> None:
    prod = environment("prod")
    takes = prod.routing.failover_seconds + new_replica_seconds(blueprint("chat"))
    minutes = takes // 60
    slow = {"identity.tier": 2, "recovery.rto_minutes": minutes + 1}
    assert standing_replicas(prod, blueprint("chat", **slow))[0] == 2
    quick = standing_replicas(prod, blueprint("chat", **slow | {"recovery.rto_minutes": minutes}))
    assert quick[0] == 5
    assert f"rto_minutes is {minutes}" in quick[1]
    assert f"{takes} seconds" in quick[1]


def test_without_a_second_region_nothing_has_to_stand_by_for_it() -> None:
    dev = environment("dev")
    assert standing_replicas(dev, blueprint("chat"))[0] == blueprint("chat").scaling.reserved_replicas
    single = blueprint("chat", **{"recovery.topology": "single-region", "recovery.min_active_regions": 1})
    assert standing_replicas(environment("prod"), single)[0] == 2


def test_what_runs_anyway_takes_its_place_on_standing_nodes_first() -> None:
    # chat's fallback holds one of the L4 nodes, so embedding's two replicas need two more
    tight = environment("prod", **{"regions.0.node_groups.2.min_nodes": 2})
    assert list(capacity_findings(tight, [blueprint("embedding")])) == []
    [finding] = capacity_findings(tight, [blueprint("chat"), blueprint("embedding")])
    assert "1 of the 2 replicas of embedding" in finding.message


SLICED: dict[str, object] = {
    "image": "bottlerocket",
    "gpu_sharing": {"kind": "time-slicing", "replicas": 3},
}
SMALL: dict[str, object] = {
    "model.resources.cpu": 1,
    "model.resources.memory_gib": 3,
    "model.resources.ephemeral_storage_gib": 5,
    "model.engine.arguments": ["--gpu-memory-utilization=0.3"],
}


@pytest.mark.parametrize(
    ("sharing", "accelerator", "expected"),
    [
        (None, Accelerator.NVIDIA_L4, 1),
        (GpuSharing(kind=SharingKind.TIME_SLICING, replicas=4), Accelerator.NVIDIA_L4, 4),
        (GpuSharing(kind=SharingKind.MIG, profile="1g.5gb"), Accelerator.NVIDIA_A100, 7),
        (GpuSharing(kind=SharingKind.MIG, profile="3g.40gb"), Accelerator.NVIDIA_H100, 2),
        (GpuSharing(kind=SharingKind.MIG, profile="1g.5gb"), Accelerator.NVIDIA_H100, 0),
        (GpuSharing(kind=SharingKind.MIG, profile="1g.5gb"), Accelerator.NVIDIA_L4, 0),
    ],
)
def test_an_accelerator_has_as_many_shares_as_it_is_shared_into(
    sharing: GpuSharing | None, accelerator: Accelerator, expected: int
) -> None:
    assert shares(sharing, accelerator) == expected


def test_a_share_that_no_node_group_offers_is_found_and_one_that_is_offered_fits() -> None:
    shared = blueprint("embedding", **SMALL, **{"model.resources.accelerator_share": {"kind": "time-slicing"}})
    groups: dict[str, object] = {
        f"regions.{r}.node_groups.2.{key}": value for r in (0, 1) for key, value in SLICED.items()
    }
    groups["cluster.karpenter"] = False  # it starts no nodes for shares
    assert "time-slicing" in str(next(capacity_findings(environment("prod"), [shared])))
    assert list(capacity_findings(environment("prod", **groups), [shared])) == []
    whole = blueprint("embedding", **SMALL)
    assert list(capacity_findings(environment("prod", **groups), [whole]))  # a share is no accelerator


def test_replicas_that_take_turns_need_fewer_nodes() -> None:
    node, small = (
        instance_type("g6.2xlarge"),
        Resources(cpu=1, memory_gib=2, accelerator=Accelerator.NVIDIA_L4, accelerators=1),
    )
    assert replicas_per_node(small, node) == 1
    assert replicas_per_node(small, node, GpuSharing(kind=SharingKind.TIME_SLICING, replicas=3)) == 3


def test_parts_that_an_accelerator_does_not_have_are_found_with_those_that_it_has() -> None:
    sharing = {"kind": "mig", "profile": "1g.5gb"}
    group = {"image": "bottlerocket", "gpu_sharing": sharing, "min_nodes": 3, "max_nodes": 3}
    odd = environment("prod", **{f"regions.0.node_groups.2.{key}": value for key, value in group.items()})
    [finding] = instance_findings(odd)
    assert "can't be cut into 1g.5gb" in finding.message


@pytest.mark.parametrize(
    "wish",
    [
        {"scaling.schedule": [{"name": "sale", "start": "0 5 * * *", "end": "0 6 * * *", "replicas": 40}]},
        {"scaling.fallback": {"replicas": 40}},
    ],
    ids=["schedule", "fallback"],
)
def test_what_is_held_without_a_measured_load_finds_nodes_too(wish: dict[str, object]) -> None:
    greedy = blueprint("fraud-score", **({"scaling.max_replicas": 40} | wish))
    [finding, _] = capacity_findings(environment("prod"), [greedy])
    assert "40 replicas of fraud-score" in finding.message
    calm = blueprint("fraud-score", **{"scaling.max_replicas": 40, "scaling.fallback": {"replicas": 8}})
    assert list(capacity_findings(environment("prod"), [calm])) == []


FABRIC = {
    "name": "gpu-h100",
    "purpose": "gpu",
    "instance_types": ["p5.48xlarge"],
    "capacity": "on-demand",
    "min_nodes": 4,
    "max_nodes": 4,
    "disk_gib": 1_000,
    "efa": True,
}
SPANNING: dict[str, object] = {
    "model.resources.nodes": 2,
    "model.resources.accelerator": "nvidia-h100",
    "model.resources.accelerators": 8,
    "model.resources.cpu": 160,
    "model.resources.memory_gib": 1_600,
    "rollout.strategy": "rolling",
    "rollout.steps": [],
    "rollout.analysis": [],
    "rollout.automatic_rollback": False,
    "degradation.fallback": None,
    "degradation.ladder": [],
    "scaling.traffic.peak_rps": 5,
    "scaling.fallback": {"replicas": 2},
    "scaling.schedule": [],
    "scaling.prewarmed_replicas": 0,
    "scaling.reserved_replicas": 0,
    "contract.stages.inference.on_failure": "reject",
}


def joined(**changes: object) -> Environment:
    """Production with nodes for models that span them in both regions."""
    document = environment_document("prod")
    for region in document["regions"]:
        if region["role"] != "recovery":
            document["budget"]["allowed_instance_families"] = []
            region["node_groups"].append({**FABRIC, "zones": [f"{region['name']}a"], **changes})
    return Environment.model_validate(document)


def test_a_model_that_spans_nodes_needs_all_of_them_for_each_replica() -> None:
    # two replicas of two nodes on four
    assert list(capacity_findings(joined(), [blueprint("chat", **SPANNING)])) == []
    found = list(capacity_findings(joined(max_nodes=3, min_nodes=3), [blueprint("chat", **SPANNING)]))
    assert {finding.path[-1] for finding in found} == {"node_groups"}
    assert all("1 find no node" in finding.message for finding in found)


def test_a_replica_never_finds_half_of_its_nodes() -> None:
    tight = joined(max_nodes=1, min_nodes=1)
    found = list(capacity_findings(tight, [blueprint("chat", **SPANNING)]))
    assert all("2 find no node" in finding.message for finding in found)


def test_nodes_that_no_fabric_joins_carry_no_part_of_a_replica() -> None:
    apart = joined(efa=False, zones=[])
    [finding, *_] = capacity_findings(apart, [blueprint("chat", **SPANNING)])
    assert "joined by `efa`" in finding.message
    assert finding.allowed == ()


def test_a_part_of_a_replica_takes_a_whole_node() -> None:
    machine = instance_type("p5.48xlarge")
    whole = Resources.model_validate(
        {"nodes": 2, "accelerator": "nvidia-h100", "accelerators": 8, "cpu": 8, "memory_gib": 64}
    )
    assert replicas_per_node(whole, machine) == 1
    assert replicas_per_node(whole.model_copy(update={"accelerators": 4}), machine) == 0


def test_huge_pages_of_the_adapters_are_no_memory_of_the_model() -> None:
    machine = instance_type("p5.48xlarge")
    wanted = {"accelerator": "nvidia-h100", "accelerators": 8, "cpu": 8, "memory_gib": free_memory_gib(machine) - 1}
    assert replicas_per_node(Resources.model_validate(wanted), machine) == 1
    assert replicas_per_node(Resources.model_validate({**wanted, "nodes": 2}), machine) == 0


def test_every_part_of_a_replica_gets_all_adapters_of_its_node() -> None:
    region = joined().regions[0]
    assert fabric_adapters(blueprint("chat", **SPANNING).model.resources, region) == 32
    assert fabric_adapters(blueprint("chat").model.resources, region) == 0
