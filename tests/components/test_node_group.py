"""Node groups: machines, volumes, labels, taints and reservations."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gpu_node_group import GpuNodeGroup
from components.node_group import CAPACITY_LABEL, NodeGroup, NodeGroupConfigArgs, capacity_ranks, spread
from components.node_labels import ACCELERATOR_LABEL, GPU_TAINT_KEY, PURPOSE_LABEL
from serving.blueprint.environment import MIN_GPU_DISK_GIB
from serving.blueprint.environment import NodeGroup as NodeGroupConfig
from serving.blueprint.errors import InputError
from serving.planning.instances import EFA_INTERFACES, INSTANCE_TYPES
from tests.components.recorder import Recorded, Recorder
from tests.components.samples import HOME, ZONES, gpu_group, key_arn, node_group, node_group_args

EKS_GROUP = "aws:eks/nodeGroup:NodeGroup"
BLOCK = {"id": "cr-02168da1478b509e0", "zone": f"{HOME}b"}


def cpu(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: NodeGroup("group", node_group_args(node_group(**changes))))


def gpu(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: GpuNodeGroup("group", node_group_args(gpu_group(**changes))))


@pytest.mark.parametrize("make", [cpu, gpu])
def test_pods_cannot_reach_the_nodes_credentials(record: Recorder, make: Callable[[Recorder], Recorded]) -> None:
    options = make(record).one("LaunchTemplate")["metadataOptions"]
    assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


def test_volumes_are_encrypted_with_the_given_key_and_as_large_as_asked(record: Recorder) -> None:
    (device,) = gpu(record, disk_gib=600).one("LaunchTemplate")["blockDeviceMappings"]
    assert (device["ebs"]["encrypted"], device["ebs"]["kmsKeyId"]) == ("true", key_arn(HOME))
    assert device["ebs"]["volumeSize"] == 600


def test_models_find_their_accelerator_by_label_and_nothing_else_gets_there(record: Recorder) -> None:
    group = gpu(record).one(EKS_GROUP)
    assert group["amiType"] == "AL2023_x86_64_NVIDIA"
    assert group["labels"][ACCELERATOR_LABEL] == INSTANCE_TYPES["g6.xlarge"].accelerator
    assert [(taint["key"], taint["effect"]) for taint in group["taints"]] == [(GPU_TAINT_KEY, "NO_SCHEDULE")]


BOTTLEROCKET: dict[str, object] = {"image": "bottlerocket", "min_nodes": 1}


def settings(group: Recorded) -> dict[str, Any]:
    """Settings of a node group's image."""
    text = base64.b64decode(group.one("LaunchTemplate")["userData"]).decode()
    nvidia: dict[str, Any] = tomllib.loads(text)["settings"]["kubelet-device-plugins"]["nvidia"]
    return nvidia


def test_replicas_that_take_turns_ask_for_a_resource_of_its_own(record: Recorder) -> None:
    shared = gpu(record, **BOTTLEROCKET, gpu_sharing={"kind": "time-slicing", "replicas": 4})
    assert shared.one(EKS_GROUP)["labels"][ACCELERATOR_LABEL] == "nvidia-l4-time-slicing"
    nvidia = settings(shared)
    assert nvidia["device-sharing-strategy"] == "time-slicing"
    assert nvidia["time-slicing"] == {
        "replicas": 4,
        "rename-by-default": True,
        "fail-requests-greater-than-one": True,
    }


def test_an_accelerator_is_cut_before_the_node_takes_its_first_pod(record: Recorder) -> None:
    cut = gpu(record, **BOTTLEROCKET, instance_types=["p4d.24xlarge"], gpu_sharing={"kind": "mig", "profile": "1g.5gb"})
    assert cut.one(EKS_GROUP)["labels"][ACCELERATOR_LABEL] == "nvidia-a100-mig-1g.5gb"
    assert settings(cut) == {"device-partitioning-strategy": "mig", "mig": {"profile": {"a100.40gb": "1g.5gb"}}}


def test_nodes_with_whole_accelerators_have_the_settings_of_their_image(record: Recorder) -> None:
    assert gpu(record).one("LaunchTemplate").get("userData") is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"gpu_sharing": {"kind": "mig", "profile": "1g.5gb"}}, "g6.xlarge can't be shared so"),
        ({"gpu_sharing": {"kind": "mig"}}, "mig without a profile"),
        ({"gpu_sharing": {"kind": "time-slicing"}}, "1 replicas with time-slicing"),
        ({"gpu_sharing": {"kind": "time-slicing", "replicas": 2}, "image": "al2023"}, "'al2023' with gpu_sharing"),
        ({"gpu_sharing": {"kind": "time-slicing", "replicas": 2}, "min_nodes": 0}, "are shared in time"),
    ],
)
def test_a_sharing_that_no_node_could_offer_is_refused(record: Recorder, changes: dict[str, object], told: str) -> None:
    def wrong() -> None:
        with pytest.raises(InputError, match=re.escape(told)):
            GpuNodeGroup("group", node_group_args(gpu_group(**(BOTTLEROCKET | changes))))

    assert record(wrong).managed() == []


def test_cpu_nodes_take_any_pod(record: Recorder) -> None:
    group = cpu(record, purpose="cpu").one(EKS_GROUP)
    assert group["taints"] == []
    assert group["labels"][PURPOSE_LABEL] == "cpu"


def test_the_autoscaler_owns_the_number_of_nodes(record: Recorder) -> None:
    assert cpu(record).one(EKS_GROUP).ignore_changes == ("scalingConfig.desiredSize",)


def test_a_group_of_other_machines_can_stand_beside_the_one_that_it_replaces(record: Recorder) -> None:
    group = cpu(record).one(EKS_GROUP)
    assert "nodeGroupName" not in group.inputs
    assert len(group["nodeGroupNamePrefix"]) <= 63 - 26  # what the provider appends


def test_spot_nodes_reserve_nothing_and_do_not_ask_for_reservations(record: Recorder) -> None:
    recorded = gpu(record, capacity="spot")
    assert recorded.one(EKS_GROUP)["capacityType"] == "SPOT"
    assert recorded.of_type("CapacityReservation") == []
    assert recorded.one("LaunchTemplate").get("capacityReservationSpecification") is None


def test_nodes_without_reservations_leave_those_of_others_alone(record: Recorder) -> None:
    template = cpu(record).one("LaunchTemplate")
    assert template["capacityReservationSpecification"] == {"capacityReservationPreference": "none"}


@pytest.mark.parametrize("group", [node_group(capacity="reserved", min_nodes=4), gpu_group(capacity="reserved")])
def test_reserved_nodes_have_a_reservation_for_each_of_the_fewest_nodes(
    record: Recorder, group: NodeGroupConfigArgs
) -> None:
    kind = GpuNodeGroup if group["purpose"] == "gpu" else NodeGroup
    recorded = record(lambda: kind("group", node_group_args(group)))
    reservations = recorded.of_type("CapacityReservation")
    assert sum(reservation["instanceCount"] for reservation in reservations) == group["min_nodes"]
    assert {reservation["instanceMatchCriteria"] for reservation in reservations} == {"targeted"}
    pool = recorded.one("aws:resourcegroups/group:Group")
    assert pool in recorded.source_of(recorded.one("LaunchTemplate"), "capacityReservationSpecification")
    members = recorded.of_type("aws:resourcegroups/resource:Resource")
    reserved = {source.urn for member in members for source in recorded.source_of(member, "resourceArn")}
    assert reserved == {reservation.urn for reservation in reservations}


@given(st.integers(0, 100), st.integers(1, 4))
def test_nodes_are_spread_evenly_and_completely(nodes: int, zones: int) -> None:
    counts = spread(nodes, ZONES[:zones] if zones <= len(ZONES) else [*ZONES, f"{HOME}d"])
    assert sum(counts.values()) == nodes
    assert not counts or max(counts.values()) - min(counts.values()) <= 1


def test_an_unknown_machine_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="x9"):
        cpu(record, instance_types=["x9.large"])


def test_a_cpu_machine_in_a_gpu_group_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match=r"m7i\.large"):
        gpu(record, instance_types=["m7i.large"])


def test_a_gpu_group_is_refused_by_the_component_for_cpu_machines(record: Recorder) -> None:
    with pytest.raises(InputError, match="purpose"):
        record(lambda: NodeGroup("group", node_group_args(node_group(instance_types=["g6.xlarge"]))))


def test_a_cpu_group_is_refused_by_the_component_for_accelerators(record: Recorder) -> None:
    with pytest.raises(InputError, match="use NodeGroup"):
        record(lambda: GpuNodeGroup("group", node_group_args(node_group())))


@pytest.mark.parametrize("disk_gib", [MIN_GPU_DISK_GIB - 1, MIN_GPU_DISK_GIB])
def test_a_disk_that_cannot_hold_image_and_weights_is_refused(record: Recorder, disk_gib: int) -> None:
    if disk_gib >= MIN_GPU_DISK_GIB:
        assert gpu(record, disk_gib=disk_gib).of_type(EKS_GROUP)
        return
    with pytest.raises(InputError, match="disk"):
        gpu(record, disk_gib=disk_gib)


def managed(recorded: Recorded) -> dict[str, tuple[str, int, int]]:
    """Capacity label -> how it is bought, fewest and most nodes."""
    return {
        group["labels"][CAPACITY_LABEL]: (
            group["capacityType"],
            group["scalingConfig"]["minSize"],
            group["scalingConfig"]["maxSize"],
        )
        for group in recorded.of_type(EKS_GROUP)
    }


def test_each_further_capacity_is_a_node_group_of_its_own_that_starts_empty(record: Recorder) -> None:
    recorded = gpu(record, capacity=["on-demand", "spot"], min_nodes=2, max_nodes=6)
    assert managed(recorded) == {"on-demand": ("ON_DEMAND", 2, 6), "spot": ("SPOT", 0, 6)}
    first, second = recorded.of_type(EKS_GROUP)
    assert (first["nodeGroupNamePrefix"], second["nodeGroupNamePrefix"]) == ("l4-", "l4-spot-")
    unlike = {"capacityType", "labels", "launchTemplate", "nodeGroupNamePrefix", "scalingConfig"}
    assert {key for key in first.inputs if first[key] != second.get(key)} <= unlike


def test_a_capacity_that_is_added_at_the_end_changes_nothing_of_the_first(record: Recorder) -> None:
    one, two = gpu(record, capacity="spot"), gpu(record, capacity=["spot", "on-demand"])
    for name in ("group-node-group", "group-launch-template"):
        assert one.named(name).inputs == two.named(name).inputs


def test_a_reservation_that_others_follow_is_used_up_before_they_are_asked(record: Recorder) -> None:
    recorded = gpu(record, capacity=["reserved", "spot"], min_nodes=2, max_nodes=6)
    assert managed(recorded) == {"reserved": ("ON_DEMAND", 2, 2), "spot": ("SPOT", 0, 6)}
    template = recorded.named("group-launch-template")["capacityReservationSpecification"]
    assert template["capacityReservationPreference"] == "capacity-reservations-only"
    alone = gpu(record, capacity="reserved").named("group-launch-template")["capacityReservationSpecification"]
    assert "capacityReservationPreference" not in alone


def test_nodes_of_a_block_start_in_it_and_in_its_zone_only(record: Recorder) -> None:
    p5 = {"instance_types": ["p5.48xlarge"], "capacity_block": BLOCK, "max_nodes": 4}
    recorded = gpu(record, capacity=["capacity-block", "on-demand"], min_nodes=1, **p5)
    assert managed(recorded) == {"capacity-block": ("CAPACITY_BLOCK", 0, 4), "on-demand": ("ON_DEMAND", 1, 4)}
    template = recorded.named("group-launch-template")
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert template["instanceType"] == "p5.48xlarge"
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": BLOCK["id"]}
    group = recorded.named("group-node-group")
    assert group["subnetIds"] == ["subnet-b"]
    assert "instanceTypes" not in group.inputs
    assert len(recorded.named("group-on-demand-node-group")["subnetIds"]) == 3


def test_a_machine_that_is_not_sold_in_blocks_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match=r"g6\.xlarge"):
        gpu(record, capacity="capacity-block", capacity_block=BLOCK, min_nodes=0)


def test_ranks_hold_every_managed_node_group_once() -> None:
    groups = [
        NodeGroupConfig.model_validate(gpu_group(name="a", capacity=["reserved", "spot", "on-demand"])),
        NodeGroupConfig.model_validate(gpu_group(name="b", capacity="on-demand")),
        NodeGroupConfig.model_validate(gpu_group(name="c", capacity=["on-demand", "spot"])),
    ]
    assert capacity_ranks(groups) == [["a", "b", "c"], ["a-spot", "c-spot"], ["a-on-demand"]]


@pytest.mark.parametrize(("machine", "adapters"), sorted(EFA_INTERFACES.items()))
def test_a_machine_with_a_fabric_has_one_adapter_on_each_network_card(
    record: Recorder, machine: str, adapters: int
) -> None:
    group = gpu_group(instance_types=[machine], efa=True, zones=[ZONES[1]])
    recorded = record(lambda: GpuNodeGroup("group", node_group_args(group, security_group_id="sg-cluster")))
    own, *others = recorded.one("LaunchTemplate")["networkInterfaces"]
    assert (own["networkCardIndex"], own["deviceIndex"]) == (0, 0)
    assert "interfaceType" not in own
    assert [one["interfaceType"] for one in others] == ["efa-only"] * adapters
    places = [(one["networkCardIndex"], one["deviceIndex"]) for one in (own, *others)]
    assert len(set(places)) == adapters + 1
    assert {group for one in (own, *others) for group in one["securityGroups"]} == {"sg-cluster"}


def test_nodes_with_a_fabric_stand_together_in_one_zone(record: Recorder) -> None:
    group = gpu_group(
        instance_types=["p5.48xlarge"], efa=True, zones=[ZONES[2]], capacity=["reserved", "on-demand"], min_nodes=2
    )
    recorded = record(lambda: GpuNodeGroup("group", node_group_args(group, security_group_id="sg-cluster")))
    placement = recorded.one("PlacementGroup")
    assert placement["strategy"] == "cluster"
    for template in recorded.of_type("LaunchTemplate"):
        assert placement in recorded.source_of(template, "placement")
    reservation = recorded.one("CapacityReservation")
    assert placement in recorded.source_of(reservation, "placementGroupArn")
    assert reservation["availabilityZone"] == ZONES[2]
    assert {tuple(one["subnetIds"]) for one in recorded.of_type(EKS_GROUP)} == {("subnet-c",)}


def test_a_machine_without_a_fabric_is_refused_one(record: Recorder) -> None:
    with pytest.raises(InputError, match=r"g6\.xlarge"):
        gpu(record, efa=True, zones=[ZONES[0]])


def test_adapters_without_a_security_group_are_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="security_group_id"):
        gpu(record, instance_types=["p5.48xlarge"], efa=True, zones=[ZONES[0]])


def test_nodes_without_a_fabric_have_the_interface_that_eks_makes(record: Recorder) -> None:
    assert "networkInterfaces" not in gpu(record).one("LaunchTemplate").inputs


def test_a_warm_pool_stands_beside_the_first_capacity_and_within_its_bound(record: Recorder) -> None:
    recorded = gpu(record, capacity=["on-demand", "spot"], warm_nodes=2, min_nodes=1, max_nodes=4)
    pool = recorded.named("group-node-group")["warmPoolConfig"]
    assert (pool["minSize"], pool["maxGroupPreparedCapacity"], pool["poolState"]) == (2, 4, "STOPPED")
    assert "warmPoolConfig" not in recorded.named("group-spot-node-group").inputs


def test_bottlerocket_has_its_data_on_an_encrypted_volume_beside_its_system(record: Recorder) -> None:
    recorded = gpu(record, image="bottlerocket", disk_gib=600)
    assert recorded.one(EKS_GROUP)["amiType"] == "BOTTLEROCKET_x86_64_NVIDIA"
    system, data = recorded.one("LaunchTemplate")["blockDeviceMappings"]
    assert (system["deviceName"], data["deviceName"]) == ("/dev/xvda", "/dev/xvdb")
    assert {device["ebs"]["encrypted"] for device in (system, data)} == {"true"}
    assert "volumeSize" not in system["ebs"]
    assert data["ebs"]["volumeSize"] == 600


def test_nodes_stay_in_the_zones_that_have_their_machines(record: Recorder) -> None:
    assert gpu(record, zones=ZONES[:2]).one(EKS_GROUP)["subnetIds"] == ["subnet-a", "subnet-b"]
    with pytest.raises(InputError, match="no subnet in eu-central-1a"):
        gpu(record, zones=["eu-central-1a"])
