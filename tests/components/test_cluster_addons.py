from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.cluster_addons import WIRING, ClusterAddons, ClusterAddonsArgs, ClusterAddonsSpec
from components.node_group import NODE_GROUP_LABEL
from components.node_labels import PURPOSE_LABEL
from components.priorities import priority_class
from serving.blueprint.environment import Addon
from serving.blueprint.errors import InputError
from serving.blueprint.schema.identity import Tier
from serving.telemetry.degradation import route_state
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.serving_samples import ACCOUNT, CLUSTER, REGION

RELEASE = "kubernetes:helm.sh/v3:Release"
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/edge/0123456789abcdef"
WORKSPACE = f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/ws-1"


@pytest.fixture
def args(tags: dict[str, str]) -> ClusterAddonsArgs:
    return {
        "environment": "test",
        "region": REGION,
        "account_id": ACCOUNT,
        "cluster_name": CLUSTER,
        "vpc_id": "vpc-1",
        "target_group_arns": [TARGET_GROUP],
        "remote_write_url": "https://aps.example.com/api/v1/remote_write",
        "workspace_arn": WORKSPACE,
        "gpu": True,
        "tags": tags,
    }


@pytest.fixture
def recorded(record: Recorder, args: ClusterAddonsArgs) -> Recorded:
    return record(lambda: ClusterAddons("addons", args))


def releases(recorded: Recorded) -> dict[str, Resource]:
    return {release.name.removeprefix("addons-"): release for release in recorded.of_type(RELEASE)}


def statements(recorded: Recorded, addon: str) -> list[dict[str, Any]]:
    policy = recorded.named(f"addons-{addon}-role-policy")["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_arguments_are_exactly_what_is_validated_or_wired() -> None:
    assert set(ClusterAddonsArgs.__annotations__) == set(ClusterAddonsSpec.model_fields) | WIRING


def test_every_addon_is_a_pinned_release(recorded: Recorded) -> None:
    found = releases(recorded)
    assert set(found) == {addon.value for addon in Addon}
    assert all(release["version"] for release in found.values())


def test_prometheus_learns_which_rungs_of_degradation_ladders_are_on(recorded: Recorded) -> None:
    values = releases(recorded)["prometheus"]["values"]["kube-state-metrics"]
    assert values["customResourceState"] == {"enabled": True, "config": route_state()}
    read = {(rule["apiGroups"][0], rule["resources"][0]) for rule in values["rbac"]["extraRules"]}
    assert ("gateway.networking.k8s.io", "httproutes") in read
    assert all(set(rule["verbs"]) == {"list", "watch"} for rule in values["rbac"]["extraRules"])


def test_each_release_comes_into_a_namespace_that_exists(recorded: Recorded) -> None:
    namespaces = {one["metadata"]["name"]: one.urn for one in recorded.of_type("Namespace")}
    for release in releases(recorded).values():
        assert namespaces[release["namespace"]] in release.dependencies
        assert release["createNamespace"] is False


def test_only_the_device_plugin_may_reach_its_node(recorded: Recorded) -> None:
    levels = {
        one["metadata"]["name"]: one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for one in recorded.of_type("Namespace")
    }
    assert {name for name, level in levels.items() if level != "restricted"} == {"nvidia-device-plugin"}


@pytest.mark.parametrize("addon", [addon.value for addon in Addon])
def test_what_is_there_already_is_not_made(record: Recorder, args: ClusterAddonsArgs, addon: str) -> None:
    made: list[ClusterAddons] = []
    recorded = record(lambda: made.append(ClusterAddons("addons", {**args, "provided": [addon]})))
    assert set(releases(recorded)) == {one.value for one in Addon} - {addon}
    assert not any(addon in resource.name for resource in recorded)
    assert made[0].release(addon) == []


def test_without_gpu_nodes_there_is_no_device_plugin(record: Recorder, args: ClusterAddonsArgs) -> None:
    recorded = record(lambda: ClusterAddons("addons", {**args, "gpu": False}))
    assert "nvidia-device-plugin" not in releases(recorded)


def test_an_unknown_addon_is_refused(record: Recorder, args: ClusterAddonsArgs) -> None:
    def program() -> None:
        with pytest.raises(InputError, match="provided"):
            ClusterAddons("addons", {**args, "provided": ["kedaa"]})

    record(program)


def test_each_tier_has_a_priority_class_and_higher_tiers_go_first(recorded: Recorded) -> None:
    values = {one["metadata"]["name"]: one["value"] for one in recorded.of_type("PriorityClass")}
    ordered = [values[priority_class(tier)] for tier in sorted(Tier)]
    assert ordered == sorted(ordered, reverse=True)
    assert len(set(ordered)) == len(Tier)


def test_the_load_balancer_controller_fills_the_given_target_groups_and_no_others(recorded: Recorded) -> None:
    describe, fill = statements(recorded, "aws-load-balancer-controller")
    assert all(":Describe" in action for action in describe["Action"])
    assert fill["Resource"] == TARGET_GROUP


def test_node_counts_have_an_owner_that_finds_the_groups_of_this_cluster_alone(recorded: Recorded) -> None:
    values = releases(recorded)["cluster-autoscaler"]["values"]
    assert (values["cloudProvider"], values["awsRegion"]) == ("aws", REGION)
    assert values["autoDiscovery"] == {"clusterName": CLUSTER}


def test_the_node_autoscaler_resizes_groups_that_belong_to_this_cluster_and_no_others(recorded: Recorded) -> None:
    *reads, resize = statements(recorded, "cluster-autoscaler")
    assert all(":Describe" in action or ":Get" in action for one in reads for action in _many(one["Action"]))
    assert resize["Condition"] == {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{CLUSTER}": "owned"}}
    assert resize["Resource"].startswith(f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:")


def test_the_node_autoscaler_reads_labels_and_taints_of_this_clusters_empty_groups(recorded: Recorded) -> None:
    reading = [one for one in statements(recorded, "cluster-autoscaler") if "eks:" in json.dumps(one["Action"])]
    assert [one["Resource"] for one in reading] == [f"arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/{CLUSTER}/*/*"]


def test_no_controller_may_do_a_whole_family_of_actions(recorded: Recorded) -> None:
    for policy in recorded.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(policy["policy"])["Statement"]:
            assert not any("*" in action for action in _many(statement["Action"]))


def test_nodes_of_model_servers_can_be_given_back_and_like_groups_grow_alike(recorded: Recorded) -> None:
    arguments = releases(recorded)["cluster-autoscaler"]["values"]["extraArgs"]
    assert arguments["skip-nodes-with-local-storage"] is False
    assert arguments["balance-similar-node-groups"] is True
    assert arguments["balancing-ignore-label"] == NODE_GROUP_LABEL


def test_the_node_autoscaler_keeps_to_the_restricted_standard(recorded: Recorded) -> None:
    values = releases(recorded)["cluster-autoscaler"]["values"]
    assert values["securityContext"]["runAsNonRoot"] is True
    container = values["containerSecurityContext"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert container["readOnlyRootFilesystem"] is True
    assert container["allowPrivilegeEscalation"] is False
    assert container["seccompProfile"] == {"type": "RuntimeDefault"}


def test_prometheus_writes_into_its_workspace_and_nowhere_else(recorded: Recorded) -> None:
    (statement,) = statements(recorded, "prometheus")
    assert (statement["Action"], statement["Resource"]) == ("aps:RemoteWrite", WORKSPACE)
    server = releases(recorded)["prometheus"]["values"]["server"]
    assert [target["sigv4"]["region"] for target in server["remoteWrite"]] == [REGION]


def test_without_a_workspace_metrics_stay_in_the_cluster(record: Recorder, args: ClusterAddonsArgs) -> None:
    del args["remote_write_url"]
    del args["workspace_arn"]
    recorded = record(lambda: ClusterAddons("addons", args))
    assert "remoteWrite" not in releases(recorded)["prometheus"]["values"]["server"]
    assert not any("prometheus-role" in resource.name for resource in recorded)


@pytest.mark.parametrize("addon", ["prometheus", "aws-load-balancer-controller", "cluster-autoscaler"])
def test_controllers_start_after_they_were_given_their_identity(recorded: Recorded, addon: str) -> None:
    release, identity = releases(recorded)[addon], recorded.named(f"addons-{addon}-identity")
    assert identity.urn in release.dependencies
    assert recorded.named(f"addons-{addon}-role-policy").urn in release.dependencies
    assert identity["namespace"] == release["namespace"]
    assert identity["serviceAccount"] in json.dumps(release["values"])


def test_roles_are_assumed_by_pods_of_this_cluster_alone(recorded: Recorded) -> None:
    for role in recorded.of_type("aws:iam/role:Role"):
        (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
        assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].startswith(f"arn:aws:eks:{REGION}:{ACCOUNT}:")


def test_no_webhook_stands_in_the_way_of_other_releases(recorded: Recorded) -> None:
    assert releases(recorded)["aws-load-balancer-controller"]["values"]["enableServiceMutatorWebhook"] is False


def test_the_rollout_controller_has_the_traffic_router_that_rollouts_name(recorded: Recorded) -> None:
    from components.rollout import GATEWAY_PLUGIN

    controller = releases(recorded)["argo-rollouts"]["values"]["controller"]
    (plugin,) = controller["trafficRouterPlugins"]
    (copy,) = controller["initContainers"]
    assert plugin["name"] == GATEWAY_PLUGIN
    source, target = copy["command"][1:]
    assert plugin["location"] == f"file://{target}{source.rpartition('/')[2]}"


def test_controllers_run_on_system_nodes_and_the_device_plugin_on_gpu_nodes(recorded: Recorded) -> None:
    for addon, release in releases(recorded).items():
        wanted = "gpu" if addon == "nvidia-device-plugin" else "system"
        values = json.dumps(release["values"])
        assert PURPOSE_LABEL in values
        assert f'"{wanted}"' in values


def test_everything_waits_for_the_cluster(record: Recorder, args: ClusterAddonsArgs) -> None:
    def program() -> None:
        cluster = ClusterAddons("cluster", {**args, "provided": [addon.value for addon in Addon]})
        made = ClusterAddons("addons", args, pulumi.ResourceOptions(depends_on=[cluster]))
        assert len(made.releases) == len(Addon)

    recorded = record(program)
    nodes = {one.urn for one in recorded.of_type("PriorityClass") if one.name.startswith("cluster-")}
    for resource in recorded.managed("kubernetes:"):
        if resource.name.startswith("addons-") and resource.type != RELEASE:
            assert nodes <= resource.dependencies


def test_the_address_of_prometheus_is_known_without_asking(recorded: Recorded) -> None:
    release = releases(recorded)["prometheus"]
    service = release["values"]["server"]["fullnameOverride"]
    assert f"http://{service}.{release['namespace']}.svc.cluster.local" == ClusterAddons.PROMETHEUS_URL
