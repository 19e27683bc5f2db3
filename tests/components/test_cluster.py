"""The cluster: who gets in, what is encrypted, and in what order things come up."""

from __future__ import annotations

import functools
import json

import pytest

from components.cluster import LOG_TYPES, Cluster, cluster_arn, cluster_name
from components.eks_addons import AFTER_NODES, BEFORE_NODES, addon_version
from serving.blueprint.environment import EksAddon
from serving.blueprint.errors import InputError, InternalError
from serving.blueprint.versions import TESTED_VERSIONS
from tests.components.recorder import UNKNOWN, Recorded, Recorder, Resource
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, ADMIN, HOME, cluster_args, key_arn


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: Cluster("cluster", cluster_args(**changes)))


@functools.cache
def sample() -> Recorded:
    return made(record_program)


def control_plane() -> Resource:
    return sample().one("aws:eks/cluster:Cluster")


def test_the_api_is_private_unless_somebody_is_let_in_by_address(record: Recorder) -> None:
    config = control_plane()["vpcConfig"]
    assert (config["endpointPrivateAccess"], config["endpointPublicAccess"]) == (True, False)
    opened = made(record, public_access_cidrs=["203.0.113.0/24"]).one("aws:eks/cluster:Cluster")["vpcConfig"]
    assert (opened["endpointPublicAccess"], opened["publicAccessCidrs"]) == (True, ["203.0.113.0/24"])


def test_whoever_creates_the_cluster_has_no_rights_by_that() -> None:
    access = control_plane()["accessConfig"]
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}


def test_whoever_is_in_a_group_gets_in_and_administers_nothing(record: Recorder) -> None:
    reader = ADMIN.replace("admin", "reader")
    recorded = made(record, group_roles={"risk-ml": [reader, ADMIN], "search": [reader]})
    groups = {one["principalArn"]: one.inputs.get("kubernetesGroups") for one in recorded.of_type("AccessEntry")}
    assert groups == {reader: ["risk-ml", "search"], ADMIN: ["risk-ml"]}
    assert [one["principalArn"] for one in recorded.of_type("AccessPolicyAssociation")] == [ADMIN]


def test_exactly_the_named_roles_administer() -> None:
    assert [entry["principalArn"] for entry in sample().of_type("AccessEntry")] == [ADMIN]
    association = sample().one("AccessPolicyAssociation")
    assert association["principalArn"] == ADMIN
    assert association["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")


def test_secrets_are_encrypted_with_the_given_key() -> None:
    assert control_plane()["encryptionConfig"] == {"provider": {"keyArn": key_arn(HOME)}, "resources": ["secrets"]}


def test_all_control_plane_logs_go_to_a_group_that_exists_before_the_cluster() -> None:
    cluster, group = control_plane(), sample().one("LogGroup")
    assert set(cluster["enabledClusterLogTypes"]) == set(LOG_TYPES)
    assert group["name"] == f"/aws/eks/{cluster['name']}/cluster"
    assert group["kmsKeyId"] == key_arn(HOME)
    assert (group.protect, group.retain_on_delete) == (True, True)
    assert group.urn in cluster.dependencies


def test_the_control_plane_survives_a_zone_and_never_falls_out_of_support() -> None:
    assert control_plane()["zonalShiftConfig"] == {"enabled": True}
    assert control_plane()["upgradePolicy"] == {"supportType": "STANDARD"}


def test_every_kubernetes_version_that_an_environment_may_choose_has_all_addons() -> None:
    assert TESTED_VERSIONS.kubernetes in TESTED_VERSIONS.kubernetes_allowed
    assert len({frozenset(versions) for versions in TESTED_VERSIONS.eks_addons.values()}) == 1


def test_addons_are_pinned_and_kube_proxy_is_of_the_clusters_version() -> None:
    for addon in sample().of_type("Addon"):
        assert addon["addonVersion"] == addon_version("1.35", addon["addonName"])
    for version in TESTED_VERSIONS.eks_addons:
        assert addon_version(version, "kube-proxy").startswith(f"v{version}.")


def test_an_addon_without_a_recorded_version_is_our_mistake() -> None:
    with pytest.raises(InternalError, match=r"1\.99"):
        addon_version("1.99", "coredns")


def test_network_policies_are_enforced() -> None:
    configuration = json.loads(sample().named("cluster-vpc-cni")["configurationValues"])
    assert configuration["enableNetworkPolicy"] == "true"


def test_nodes_wait_for_what_makes_them_ready_and_the_rest_waits_for_nodes() -> None:
    (node_group,) = sample().of_type("aws:eks/nodeGroup:NodeGroup")
    for addon in BEFORE_NODES:
        assert sample().named(f"cluster-{addon}").urn in node_group.dependencies
    for addon in AFTER_NODES:
        assert node_group.urn in sample().named(f"cluster-{addon}").dependencies


def test_every_addon_of_aws_comes_before_or_after_the_nodes() -> None:
    assert sorted([*BEFORE_NODES, *AFTER_NODES]) == sorted(EksAddon)


def test_the_kinds_of_snapshots_are_there_before_what_looks_for_them() -> None:
    snapshots = sample().named("cluster-snapshot-controller")
    assert snapshots.urn in sample().named("cluster-aws-ebs-csi-driver").dependencies


@pytest.mark.parametrize("addon", list(EksAddon))
def test_each_addon_of_aws_can_be_there_already(record: Recorder, addon: EksAddon) -> None:
    """Neither it nor a role for it is made, and nothing else changes."""
    without = made(record, provided_addons=[addon.value])
    gone = {resource.name for resource in sample()} - {resource.name for resource in without}
    assert f"cluster-{addon.value}" in gone
    roles = {EksAddon.VPC_CNI: "cluster-cni-role", EksAddon.EBS_CSI_DRIVER: "cluster-ebs-role"}
    of_role = roles.get(addon, f"cluster-{addon.value}")
    assert all(name.startswith((f"cluster-{addon.value}", of_role)) for name in gone), gone


def test_nodes_wait_for_the_permissions_of_their_role() -> None:
    (node_group,) = sample().of_type("aws:eks/nodeGroup:NodeGroup")
    attachments = [a for a in sample().of_type("RolePolicyAttachment") if a.name.startswith("cluster-node-role-")]
    assert attachments
    assert {attachment.urn for attachment in attachments} <= node_group.dependencies


def test_node_groups_with_accelerators_are_left_to_their_own_component() -> None:
    assert [r.name for r in sample().of_type("serving-blueprints:index:NodeGroup")] == ["cluster-system"]


def test_pods_of_addons_have_roles_that_only_this_cluster_can_hand_out() -> None:
    for suffix in ("cni", "ebs"):
        trust = json.loads(sample().named(f"cluster-{suffix}-role")["assumeRolePolicy"])
        (statement,) = trust["Statement"]
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == cluster_arn(
            cluster_name("test", HOME), HOME, ACCOUNT
        )


def test_the_role_of_the_nodes_carries_no_permissions_of_pods() -> None:
    attached = {
        a["policyArn"].rpartition("/")[2]
        for a in sample().of_type("RolePolicyAttachment")
        if a.name.startswith("cluster-node-role-")
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_the_kubernetes_provider_previews_without_a_cluster() -> None:
    provider = sample().one("pulumi:providers:kubernetes")
    assert provider["kubeconfig"] is UNKNOWN
    assert provider["enableServerSideApply"] == "true"
    assert provider["clusterIdentifier"] == cluster_arn(cluster_name("test", HOME), HOME, ACCOUNT)
    assert sample().one("AccessPolicyAssociation").urn in provider.dependencies


def test_node_repair_has_the_agent_that_sees_broken_accelerators() -> None:
    assert "eks-node-monitoring-agent" in {addon["addonName"] for addon in sample().of_type("Addon")}
    (node_group,) = sample().of_type("aws:eks/nodeGroup:NodeGroup")
    assert node_group["nodeRepairConfig"] == {"enabled": True}


EXISTING = {
    "name": "bought-elsewhere",
    "endpoint": "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    "certificate_authority": "LS0tLS1CRUdJTg==",
    "security_group_id": "sg-0123456789abcdef0",
}


def test_of_a_cluster_that_is_there_already_only_node_groups_are_made(record: Recorder) -> None:
    made_types = {resource.type for resource in made(record, existing=EXISTING) if resource.custom}
    assert made_types == {
        "pulumi:providers:kubernetes",
        "aws:iam/role:Role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:eks/nodeGroup:NodeGroup",
    }


def test_a_cluster_that_is_there_already_is_reached_without_asking_for_anything(record: Recorder) -> None:
    recorded = made(record, existing=EXISTING)
    provider = recorded.one("pulumi:providers:kubernetes")
    kubeconfig = json.loads(provider["kubeconfig"])
    (cluster,) = kubeconfig["clusters"]
    assert cluster["cluster"] == {
        "server": EXISTING["endpoint"],
        "certificate-authority-data": EXISTING["certificate_authority"],
    }
    assert provider["clusterIdentifier"] == cluster_arn("bought-elsewhere", HOME, ACCOUNT)
    (group,) = recorded.of_type("aws:eks/nodeGroup:NodeGroup")
    assert group["clusterName"] == "bought-elsewhere"


def test_nodes_of_a_cluster_that_is_there_already_may_take_its_role(record: Recorder) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/their-nodes"
    recorded = made(record, existing={**EXISTING, "node_role_arn": role})
    assert recorded.of_type("aws:iam/role:Role") == []
    (group,) = recorded.of_type("aws:eks/nodeGroup:NodeGroup")
    assert group["nodeRoleArn"] == role


def test_auto_mode_of_a_cluster_that_is_there_already_is_not_ours(record: Recorder) -> None:
    with pytest.raises(InputError, match="bought-elsewhere"):
        made(record, existing=EXISTING, auto_mode=True)


def auto_mode(record: Recorder, **changes: object) -> Recorded:
    return made(record, auto_mode=True, **changes)


def test_auto_mode_is_switched_on_in_all_its_parts_or_in_none(record: Recorder) -> None:
    on = auto_mode(record).one("aws:eks/cluster:Cluster")
    assert on["computeConfig"]["enabled"] is True
    assert set(on["computeConfig"]["nodePools"]) == {"general-purpose", "system"}
    assert on["kubernetesNetworkConfig"] == {"elasticLoadBalancing": {"enabled": True}}
    assert on["storageConfig"] == {"blockStorage": {"enabled": True}}
    parts = {"computeConfig", "kubernetesNetworkConfig", "storageConfig"}
    assert not parts & set(control_plane().inputs)


def test_auto_mode_has_the_permissions_that_it_needs_before_the_cluster_is_made(record: Recorder) -> None:
    recorded = auto_mode(record)
    cluster = recorded.one("aws:eks/cluster:Cluster")
    attached = {
        a["policyArn"].rpartition("/")[2]: a.urn
        for a in recorded.of_type("RolePolicyAttachment")
        if a.name.startswith(("cluster-cluster-role-", "cluster-auto-mode-node-role-"))
    }
    assert set(attached) == {
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEC2ContainerRegistryPullOnly",
    }
    assert set(attached.values()) <= cluster.dependencies
    (statement,) = json.loads(recorded.named("cluster-cluster-role")["assumeRolePolicy"])["Statement"]
    assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}


def test_with_auto_mode_alone_nothing_is_installed_that_it_has_built_in(record: Recorder) -> None:
    recorded = auto_mode(record, node_groups=[])
    assert recorded.of_type("Addon") == []
    assert recorded.of_type("aws:eks/nodeGroup:NodeGroup") == []


def test_switching_auto_mode_on_touches_nothing_but_the_control_plane_and_its_roles(record: Recorder) -> None:
    off, on = made(record), auto_mode(record)
    before = {resource.urn: resource.inputs for resource in off}
    changed = {resource.name for resource in on if before.get(resource.urn) != resource.inputs}
    assert all(name.startswith(("cluster-cluster", "cluster-auto-mode-node-role")) for name in changed)
    assert set(before) <= {resource.urn for resource in on}


def test_an_upgrade_replaces_nothing(record: Recorder) -> None:
    """Only versions change: of the control plane, of nodes and of add-ons, all of which AWS changes in place."""
    fields = {"version", "addonVersion"}
    newer = {**TESTED_VERSIONS.eks_addons["1.35"], "kube-proxy": "v1.36.0-eksbuild.1"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("components.cluster.addon_version", lambda _, addon: newer[addon])
        upgraded = made(record, version="1.36")
    before = {resource.urn: resource for resource in sample()}
    assert set(before) == {resource.urn for resource in upgraded}
    for after in upgraded:
        if after.custom:
            assert {key for key in after.inputs if after[key] != before[after.urn].get(key)} <= fields, after.name


def test_the_cluster_alone_carries_the_class_of_its_backups(record: Recorder) -> None:
    made = record(lambda: Cluster("cluster", cluster_args(backup_plan="every-24h")))
    tagged = [one for one in made if "backup-plan" in (one.get("tags") or {})]
    assert [one.type for one in tagged] == ["aws:eks/cluster:Cluster"]
    assert tagged[0]["tags"]["backup-plan"] == "every-24h"
