"""Node groups: machines, volumes, labels, taints and reservations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gpu_node_group import GpuNodeGroup
from components.node_group import NodeGroup, NodeGroupConfigArgs, spread
from components.node_labels import ACCELERATOR_LABEL, GPU_TAINT_KEY, PURPOSE_LABEL
from serving.blueprint.environment import MIN_GPU_DISK_GIB
from serving.blueprint.errors import InputError
from serving.planning.instances import INSTANCE_TYPES
from tests.components.recorder import Recorded, Recorder
from tests.components.samples import HOME, ZONES, gpu_group, key_arn, node_group, node_group_args

EKS_GROUP = "aws:eks/nodeGroup:NodeGroup"


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
