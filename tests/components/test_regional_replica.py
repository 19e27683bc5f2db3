"""A cell as a whole: how the environment's words for nodes and clusters reach what runs on them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.node_group import CAPACITY_LABEL
from components.node_labels import AUTO_MODE_LABEL, AUTO_MODE_VALUE, IMAGE_LABEL, PURPOSE_LABEL
from components.regional_replica import RegionalReplica, RegionalReplicaArgs
from serving.blueprint.environment import Addon, CapacityType, Compute, NodeImage
from serving.blueprint.environment import Environment as EnvironmentDocument
from serving.blueprint.gateway_share import GROWN_PROXIES, LEAST_PROXIES, most_proxies
from serving.blueprint.schema import Blueprint
from serving.planning.addons import addon_needs, wanted_addons
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.recorder import record as record_program
from tests.components.samples import key_arn
from tests.components.serving_samples import OVER_NODES
from tests.documents import blueprint, environment

REGION = "eu-west-1"
EKS_GROUP = "aws:eks/nodeGroup:NodeGroup"
RELEASE = "kubernetes:helm.sh/v3:Release"
GROUPS = "regions.0.node_groups"

PUBLIC_KEY = f"-----BEGIN PUBLIC KEY-----\n{'A' * 64}\n{'B' * 60}\n-----END PUBLIC KEY-----"

GPU = {"purpose": "gpu", "instance_types": ["g6.xlarge"], "min_nodes": 1, "max_nodes": 2, "disk_gib": 200}
SYSTEM = {"name": "system", "purpose": "system", "instance_types": ["m7i.large"], "min_nodes": 2, "max_nodes": 3}


def replica(record: Recorder = record_program, /, **changes: object) -> Recorded:
    """The first region of the dev environment, changed, with one service."""
    return record(lambda: make(environment("dev", **changes), [blueprint("embedding")]))


def make(document: EnvironmentDocument, blueprints: Sequence[Blueprint]) -> RegionalReplica:
    key = key_arn(REGION)
    args: RegionalReplicaArgs = {
        "environment": document,
        "blueprints": list(blueprints),
        "region": REGION,
        "registry": f"{document.account_id}.dkr.ecr.{REGION}.amazonaws.com/dev",
        "model_bucket": "dev-models",
        "services": {},
        "delivery_key_arns": {"embedding": key},
        "certificate_arns": [f"arn:aws:acm:{REGION}:{document.account_id}:certificate/1"],
        "access_log_bucket": "dev-logs",
        "key_arn": key,
        "metrics_key_arn": key,
        "model_key_arn": key,
    }
    provider = aws.Provider("aws", region=REGION)
    return RegionalReplica("cell", args, pulumi.ResourceOptions(providers=[provider]))


def values(recorded: Recorded, addon: str) -> dict[str, Any] | None:
    """Values of an add-on's release; None if it is not installed."""
    found = [release for release in recorded.of_type(RELEASE) if release.name == f"cell-addons-{addon}"]
    return dict(found[0]["values"]) if found else None


LARGE = {
    **GPU,
    "name": "p5",
    "instance_types": ["p5.48xlarge"],
    "disk_gib": 1_000,
    "efa": True,
    "zones": [f"{REGION}a"],
}
ADAPTERS = {Addon.EFA_DEVICE_PLUGIN, Addon.LEADER_WORKER_SET}


@pytest.mark.parametrize(
    ("service", "changes", "among", "not_among"),
    [
        (blueprint("embedding"), {GROUPS: [SYSTEM]}, {Addon.FLUENT_BIT}, {Addon.DCGM_EXPORTER}),
        # machines with adapters for which nobody asks, and then somebody does
        (blueprint("embedding"), {GROUPS: [SYSTEM, LARGE]}, {Addon.DCGM_EXPORTER}, ADAPTERS),
        (
            blueprint("chat", **OVER_NODES),
            {GROUPS: [SYSTEM, LARGE], "cluster.karpenter": True, "cluster.provided_addons": ["keda"]},
            {*ADAPTERS, Addon.KARPENTER},
            {Addon.KEDA, Addon.CLUSTER_AUTOSCALER},
        ),
        (blueprint("embedding"), {"registry": {"signature_keys": [PUBLIC_KEY]}}, {Addon.KYVERNO}, ADAPTERS),
    ],
    ids=["no accelerators", "no spanning models", "spanning models", "signatures"],
)
def test_the_addons_that_are_made_are_those_that_are_counted(
    service: Blueprint, changes: dict[str, object], among: set[Addon], not_among: set[Addon]
) -> None:
    document = environment("dev", **changes)
    recorded = record_program(lambda: make(document, [service]))
    made = {release.name.removeprefix("cell-addons-") for release in recorded.of_type(RELEASE)}
    assert made == set(wanted_addons(addon_needs(document, document.regions[0], [service])))
    assert among <= made
    assert not not_among & made


@pytest.mark.parametrize(("stated", "group"), [(["deployers"], "deployers"), ([], "ranking")])
def test_who_deploys_a_service_operates_it_in_its_namespace(stated: list[str], group: str) -> None:
    sample = blueprint("embedding", **{"identity.owner": "ranking", "governance.access": {"deploy": stated}})
    recorded = record_program(lambda: make(environment("dev"), [sample]))
    bindings = [one for one in recorded.of_type("RoleBinding") if one["roleRef"]["name"] == "operator"]
    assert {subject["name"] for one in bindings for subject in one["subjects"]} == {"search-relevance", group}


def gpu_groups(recorded: Recorded) -> list[Resource]:
    return [group for group in recorded.of_type(EKS_GROUP) if "NVIDIA" in group["amiType"]]


def selected(labels: dict[str, str], plugin: dict[str, Any] | None) -> bool:
    """Whether the scheduler would put the device plugin on a node with these labels."""
    if plugin is None:
        return False
    required = plugin["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    return all(
        (labels.get(one["key"]) in one["values"]) == (one["operator"] == "In") for one in term["matchExpressions"]
    )


@pytest.mark.parametrize("compute", list(Compute))
@pytest.mark.parametrize("images", list(itertools.combinations_with_replacement(list(NodeImage), 2)))
def test_every_gpu_node_has_exactly_one_device_plugin(images: tuple[NodeImage, NodeImage], compute: Compute) -> None:
    groups = [{**GPU, "name": f"gpu-{index}", "image": image.value} for index, image in enumerate(images)]
    recorded = replica(**{GROUPS: [SYSTEM, *groups], "cluster.compute": compute.value})
    plugin = values(recorded, "nvidia-device-plugin")
    assert len(gpu_groups(recorded)) == len(images)
    for group in gpu_groups(recorded):
        own = group["amiType"].startswith("BOTTLEROCKET")
        assert own == (group["labels"].get(IMAGE_LABEL) == "bottlerocket")
        assert own + selected(group["labels"], plugin) == 1
    # nodes of Auto Mode bring theirs, whatever labels a node pool gives them
    assert not selected({AUTO_MODE_LABEL: AUTO_MODE_VALUE, PURPOSE_LABEL: "gpu"}, plugin)


def test_the_autoscaler_asks_the_capacities_of_a_group_in_their_order() -> None:
    order = ["spot", "on-demand"]
    recorded = replica(**{GROUPS: [SYSTEM, {**GPU, "name": "gpu", "capacity": order}]})
    autoscaler = values(recorded, "cluster-autoscaler")
    assert autoscaler is not None
    assert autoscaler["extraArgs"]["expander"].split(",")[0] == "priority"

    def priority(group: Resource) -> int:
        name = f"eks-{group['nodeGroupNamePrefix']}20261125213000123400000001-aabb"
        matching = [
            int(number)
            for number, patterns in autoscaler["expanderPriorities"].items()
            if any(re.search(pattern, name) for pattern in patterns)
        ]
        # its own, and the one of all that is not ours
        assert len(matching) == 2
        return max(matching)

    by_priority = sorted(gpu_groups(recorded), key=priority, reverse=True)
    assert [group["labels"][CAPACITY_LABEL] for group in by_priority] == order
    (system,) = [group for group in recorded.of_type(EKS_GROUP) if group not in gpu_groups(recorded)]
    assert priority(system) == priority(by_priority[0])


def test_without_an_order_the_autoscaler_takes_what_wastes_least() -> None:
    autoscaler = values(replica(), "cluster-autoscaler")
    assert autoscaler is not None
    assert autoscaler["extraArgs"]["expander"] == "least-waste"
    assert "expanderPriorities" not in autoscaler


def test_every_capacity_can_be_bought() -> None:
    block = {"id": "cr-02168da1478b509e0", "zone": f"{REGION}a"}
    order = ["capacity-block", "reserved", "spot", "on-demand"]
    assert set(order) == set(CapacityType)
    group = {**GPU, "name": "p5", "instance_types": ["p5.48xlarge"], "capacity": order, "capacity_block": block}
    assert len(gpu_groups(replica(**{GROUPS: [SYSTEM, group]}))) == len(order)


EXISTING = {
    "name": "bought-elsewhere",
    "endpoint": "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    "certificate_authority": "LS0tLS1CRUdJTg==",
    "security_group_id": "sg-0123456789abcdef0",
}


NETWORK = {
    "vpc_id": "vpc-0123456789abcdef0",
    "public_subnet_ids": {f"{REGION}a": "subnet-0123456789abcdef0", f"{REGION}b": "subnet-0123456789abcdef1"},
    "private_subnet_ids": {f"{REGION}a": "subnet-0123456789abcdef2", f"{REGION}b": "subnet-0123456789abcdef3"},
}


def test_a_cluster_that_is_there_already_takes_the_place_of_ours() -> None:
    given = {"regions.0.cluster": EXISTING, "regions.0.network": NETWORK, "regions.0.nat": ...}
    recorded = replica(**given)
    assert recorded.of_type("aws:eks/cluster:Cluster") == []
    assert {one["clusterName"] for one in recorded.of_type("PodIdentityAssociation")} == {EXISTING["name"]}
    for role in recorded.of_type("aws:iam/role:Role"):
        trust = json.loads(role["assumeRolePolicy"])["Statement"][0]
        if trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}:
            assert trust["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f":cluster/{EXISTING['name']}")
    rule = recorded.named("cell-gateway-from-edge")
    assert rule["securityGroupId"] == EXISTING["security_group_id"]


def test_the_proxies_grow_as_far_as_is_counted() -> None:
    spec = replica().one("EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyHpa"]
    assert spec["minReplicas"] == LEAST_PROXIES
    assert spec["maxReplicas"] == GROWN_PROXIES * LEAST_PROXIES == most_proxies([blueprint("embedding")])
