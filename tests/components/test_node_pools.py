"""What may be started beyond the nodes that always run."""

from __future__ import annotations

from typing import Any

import pytest

from components.gpu_node_group import GpuNodeGroup
from components.node_group import NodeGroup
from components.node_pools import WIRING, NodePools, NodePoolsArgs, NodePoolsSpec
from serving.blueprint.environment import NodeImage
from serving.blueprint.errors import InputError
from serving.blueprint.versions import TESTED_VERSIONS
from serving.planning.instances import instance_type
from tests.components.recorder import Recorded, Recorder
from tests.components.samples import TAGS, ZONES, cpu_group, gpu_group, node_group, node_group_args, node_pools_args

BLOCK = {"id": "cr-0123456789abcdef0", "zone": ZONES[1]}


def made(record: Recorder, *groups: Any, **changes: object) -> Recorded:
    chosen: dict[str, object] = {"node_groups": list(groups)} if groups else {}
    return record(lambda: NodePools("nodes", node_pools_args(**chosen, **changes)))


def pools(recorded: Recorded) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one["spec"] for one in recorded.of_type("NodePool")}


def classes(recorded: Recorded, kind: str = "EC2NodeClass") -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one["spec"] for one in recorded.of_type(kind)}


def required(pool: dict[str, Any], key: str) -> list[str]:
    (values,) = [one["values"] for one in pool["template"]["spec"]["requirements"] if one["key"] == key]
    return list(values)


def test_arguments_are_exactly_what_is_validated_or_wired() -> None:
    assert set(NodePoolsArgs.__annotations__) == set(NodePoolsSpec.model_fields) | WIRING


def test_nodes_of_a_pool_are_what_the_managed_nodes_of_its_group_are(record: Recorder) -> None:
    plain = record(lambda: NodeGroup("managed", node_group_args(cpu_group())))
    accelerated = record(lambda: GpuNodeGroup("managed", node_group_args(gpu_group())))
    for group, beside in ((cpu_group(), plain), (gpu_group(), accelerated)):
        (managed,) = beside.of_type("aws:eks/nodeGroup:NodeGroup")
        pool = pools(made(record, group))[group["name"]]
        labels = pool["template"]["metadata"]["labels"]
        # the label by which the Cluster Autoscaler knows a group that it could grow is of no use here
        assert labels.items() <= managed["labels"].items()
        assert set(managed["labels"]) - set(labels) <= {"k8s.amazonaws.com/accelerator"}
        taints = [(one["key"], one["value"]) for one in pool["template"]["spec"].get("taints", [])]
        assert taints == [(one["key"], one["value"]) for one in managed.get("taints") or []]
        assert required(pool, "node.kubernetes.io/instance-type") == managed["instanceTypes"]


def test_managed_nodes_and_pool_together_are_what_the_plan_counts_on(record: Recorder) -> None:
    group = cpu_group(min_nodes=3, max_nodes=12)
    limits = pools(made(record, group))[group["name"]]["limits"]
    assert limits["nodes"] == "9"
    assert limits["cpu"] == str(9 * instance_type(group["instance_types"][0]).vcpus)


def test_a_group_that_may_not_grow_and_system_nodes_have_no_pool(record: Recorder) -> None:
    groups = [cpu_group(min_nodes=3, max_nodes=3), node_group()]
    assert pools(made(record, *groups)) == {}


def test_capacities_are_tried_in_the_order_of_the_group(record: Recorder) -> None:
    group = cpu_group(capacity=["on-demand", "spot"], min_nodes=0, max_nodes=4)
    found = pools(made(record, group))
    first, second = found[group["name"]], found[f"{group['name']}-spot"]
    assert first["weight"] > second["weight"]
    assert (required(first, "karpenter.sh/capacity-type"), required(second, "karpenter.sh/capacity-type")) == (
        ["on-demand"],
        ["spot"],
    )


def test_what_is_reserved_is_kept_by_managed_nodes_and_more_is_bought_on_demand(record: Recorder) -> None:
    followed = gpu_group(capacity=["reserved", "on-demand"], min_nodes=2, max_nodes=5)
    alone = gpu_group(name="alone", capacity=["reserved"], min_nodes=2, max_nodes=5)
    found = pools(made(record, followed, alone))
    assert set(found) == {f"{followed['name']}-on-demand", "alone"}
    assert all(required(pool, "karpenter.sh/capacity-type") == ["on-demand"] for pool in found.values())
    assert {pool["limits"]["nodes"] for pool in found.values()} == {"3"}


def test_a_block_is_used_first_in_its_zone_alone_and_its_nodes_are_left_alone(record: Recorder) -> None:
    group = gpu_group(
        instance_types=["p5.48xlarge"],
        capacity=["capacity-block", "on-demand"],
        capacity_block=BLOCK,
        min_nodes=0,
        max_nodes=2,
    )
    recorded = made(record, group)
    block, after = pools(recorded)[group["name"]], pools(recorded)[f"{group['name']}-on-demand"]
    assert block["weight"] > after["weight"]
    assert required(block, "karpenter.sh/capacity-type") == ["reserved"]
    assert required(block, "topology.kubernetes.io/zone") == [BLOCK["zone"]]
    assert block["template"]["spec"]["expireAfter"] == "Never"
    assert classes(recorded)[group["name"]]["capacityReservationSelectorTerms"] == [{"id": BLOCK["id"]}]
    assert classes(recorded)[group["name"]]["subnetSelectorTerms"] == [{"id": "subnet-b"}]


def test_one_node_goes_at_a_time_and_none_before_it_was_idle_for_a_while(record: Recorder) -> None:
    for pool in pools(made(record)).values():
        assert pool["disruption"]["budgets"] == [{"nodes": "1"}]
        assert pool["disruption"]["consolidateAfter"] == "600s"
        assert "terminationGracePeriod" not in pool["template"]["spec"]


def test_replicas_on_accelerators_are_not_moved_for_a_better_fit(record: Recorder) -> None:
    found = pools(made(record))
    assert found[gpu_group()["name"]]["disruption"]["consolidationPolicy"] == "WhenEmpty"
    assert found[cpu_group()["name"]]["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized"


def test_volumes_are_encrypted_with_the_given_key_and_credentials_of_the_node_out_of_reach(record: Recorder) -> None:
    for image in NodeImage:
        for node_class in classes(made(record, cpu_group(image=image.value))).values():
            assert node_class["amiSelectorTerms"] == [{"alias": TESTED_VERSIONS.node_images[image.value]}]
            for volume in node_class["blockDeviceMappings"]:
                assert volume["ebs"]["encrypted"] is True
                assert volume["ebs"]["kmsKeyID"] == node_pools_args()["key_arn"]
            assert node_class["metadataOptions"]["httpTokens"] == "required"
            assert node_class["metadataOptions"]["httpPutResponseHopLimit"] == 1
            assert node_class["instanceProfile"] == "test-nodes"
            assert node_class["tags"] == TAGS


def test_every_image_of_nodes_is_pinned() -> None:
    assert set(TESTED_VERSIONS.node_images) == {image.value for image in NodeImage}
    for image, alias in TESTED_VERSIONS.node_images.items():
        assert alias.startswith(f"{image}@v")


def test_the_image_of_the_second_volume_holds_what_pods_write(record: Recorder) -> None:
    (node_class,) = classes(made(record, cpu_group(image="bottlerocket", disk_gib=120))).values()
    system, data = node_class["blockDeviceMappings"]
    assert (system["deviceName"], data["deviceName"]) == ("/dev/xvda", "/dev/xvdb")
    assert data["ebs"]["volumeSize"] == "120Gi"
    assert data["rootVolume"] is True


def test_a_fabric_ends_at_the_placement_group(record: Recorder) -> None:
    group = gpu_group(instance_types=["p5.48xlarge"], efa=True, zones=[ZONES[0]], min_nodes=0, max_nodes=2)
    (node_class,) = classes(made(record, group)).values()
    own, *adapters = node_class["networkInterfaces"]
    assert own == {"networkCardIndex": 0, "deviceIndex": 0, "interfaceType": "interface"}
    assert {one["interfaceType"] for one in adapters} == {"efa-only"}
    managed = record(lambda: GpuNodeGroup("managed", node_group_args(group, security_group_id="sg-1")))
    assert node_class["placementGroupSelector"]["name"] == managed.one("PlacementGroup")["name"]


def test_in_auto_mode_pools_name_the_classes_of_eks(record: Recorder) -> None:
    recorded = made(record, gpu_group(), node_starter="auto-mode")
    pool = pools(recorded)[gpu_group()["name"]]
    assert pool["template"]["spec"]["nodeClassRef"] == {
        "group": "eks.amazonaws.com",
        "kind": "NodeClass",
        "name": gpu_group()["name"],
    }
    node_class = classes(recorded, "NodeClass")[gpu_group()["name"]]
    assert node_class["role"] == "test-nodes"
    assert node_class["networkPolicy"] == "DefaultAllow", "or its nodes keep to no network policy"
    assert node_class["ephemeralStorage"]["size"] == f"{gpu_group()['disk_gib']}Gi"


def test_in_auto_mode_what_asks_for_cpu_nodes_finds_some_even_if_no_group_says_which(record: Recorder) -> None:
    found = pools(made(record, gpu_group(), node_starter="auto-mode"))
    assert found["cpu"]["template"]["metadata"]["labels"] == {"serving.blueprint/purpose": "cpu"}
    stated = pools(made(record, cpu_group(), node_starter="auto-mode"))
    assert set(stated) == {cpu_group()["name"]}


def test_the_cluster_autoscaler_has_no_pools(record: Recorder) -> None:
    def program() -> None:
        with pytest.raises(InputError, match="knows no node pools"):
            NodePools("nodes", node_pools_args(node_starter="cluster-autoscaler"))

    record(program)
