"""The cluster: who gets in, what is encrypted, and in what order things come up."""

from __future__ import annotations

import functools
import json

import pytest

from components.cluster import LOG_TYPES, Cluster, addon_version, cluster_arn
from serving.blueprint.errors import InternalError
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
    for addon in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent"):
        assert sample().named(f"cluster-{addon}").urn in node_group.dependencies
    for addon in ("coredns", "aws-ebs-csi-driver", "metrics-server"):
        assert node_group.urn in sample().named(f"cluster-{addon}").dependencies


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
        assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == cluster_arn("test", HOME, ACCOUNT)


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
    assert provider["clusterIdentifier"] == cluster_arn("test", HOME, ACCOUNT)
    assert sample().one("AccessPolicyAssociation").urn in provider.dependencies
