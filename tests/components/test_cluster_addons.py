from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from components.addons import DEFINITIONS
from components.addons.definition import resources
from components.cluster_addons import WIRING, ClusterAddons, ClusterAddonsArgs, ClusterAddonsSpec, LoggedServiceArgs
from components.node_group import NODE_GROUP_LABEL
from components.node_labels import PURPOSE_LABEL
from components.priorities import priority_class
from serving.blueprint.environment import Addon, NodeStarter
from serving.blueprint.errors import InputError
from serving.blueprint.versions import TESTED_VERSIONS
from serving.blueprint.vocabulary import Tier
from serving.planning.addons import ADDON_PODS
from serving.telemetry.degradation import route_state
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.serving_samples import ACCOUNT, CLUSTER, REGION

RELEASE = "kubernetes:helm.sh/v3:Release"
MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/edge/0123456789abcdef"
LOGGED: LoggedServiceArgs = {
    "name": "chat",
    "tenant": "assistants",
    "hosts": ["chat.example.com", f"{REGION}.chat.example.com"],
    "log_group": "/serving/test/chat/inference",
    "fields": ["request-id", "tenant", "status", "prompt"],
    "redact": ["prompt", "answer"],
}
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
        "logged": [LOGGED],
        "tags": tags,
    }


@pytest.fixture
def recorded(record: Recorder, args: ClusterAddonsArgs) -> Recorded:
    return record(lambda: ClusterAddons("addons", args))


STARTERS = {Addon.CLUSTER_AUTOSCALER, Addon.KARPENTER}
SPANNING = {Addon.LEADER_WORKER_SET, Addon.EFA_DEVICE_PLUGIN}
ALWAYS = set(Addon) - STARTERS - SPANNING - {Addon.KYVERNO}
SIGNED = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/test/*"


@pytest.fixture
def with_groups(record: Recorder, args: ClusterAddonsArgs) -> Recorded:
    return record(lambda: ClusterAddons("addons", {**args, "spanning": True}))


@pytest.fixture
def with_karpenter(record: Recorder, args: ClusterAddonsArgs) -> Recorded:
    return record(lambda: ClusterAddons("addons", {**args, "node_starter": "karpenter", "interruption_queue": "q"}))


@pytest.fixture
def with_signatures(record: Recorder, args: ClusterAddonsArgs) -> Recorded:
    return record(lambda: ClusterAddons("addons", {**args, "signed_repositories": [SIGNED]}))


def releases(recorded: Recorded) -> dict[str, Resource]:
    return {release.name.removeprefix("addons-"): release for release in recorded.of_type(RELEASE)}


def prometheus(recorded: Recorded) -> dict[str, Any]:
    found: dict[str, Any] = releases(recorded)["prometheus"]["values"]["prometheus"]["prometheusSpec"]
    return found


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
    assert set(found) == {*ALWAYS, Addon.CLUSTER_AUTOSCALER}
    assert all(release["version"] for release in found.values())


def test_prometheus_learns_which_rungs_of_degradation_ladders_are_on(recorded: Recorded) -> None:
    values = releases(recorded)["prometheus"]["values"]["kube-state-metrics"]
    assert values["customResourceState"] == {"enabled": True, "config": route_state()}
    read = {(rule["apiGroups"][0], rule["resources"][0]) for rule in values["rbac"]["extraRules"]}
    assert ("gateway.networking.k8s.io", "httproutes") in read
    assert all(set(rule["verbs"]) == {"list", "watch"} for rule in values["rbac"]["extraRules"])


def test_every_addon_is_described_by_a_module_of_its_own() -> None:
    assert set(DEFINITIONS) == set(Addon)
    modules = {definition.values.__module__ for definition in DEFINITIONS.values()}
    assert len(modules) == len(Addon)


@pytest.mark.parametrize("starter", list(NodeStarter))
def test_never_do_two_react_to_the_same_pending_pod(
    record: Recorder, args: ClusterAddonsArgs, starter: NodeStarter
) -> None:
    started = record(
        lambda: ClusterAddons("addons", {**args, "node_starter": starter.value, "interruption_queue": "q"})
    )
    found = STARTERS & set(releases(started))
    assert found == {addon for addon in STARTERS if addon.value == starter.value}


def test_the_minor_version_of_the_node_autoscaler_is_that_of_the_cluster() -> None:
    # its chart names the minor version that it installs: serving/blueprint/versions.py
    assert TESTED_VERSIONS.cluster_autoscaler.kubernetes == TESTED_VERSIONS.kubernetes


def test_each_release_comes_into_a_namespace_that_exists(recorded: Recorded) -> None:
    namespaces = {one["metadata"]["name"]: one.urn for one in recorded.of_type("Namespace")}
    for addon, release in releases(recorded).items():
        assert namespaces[release["namespace"]] in release.dependencies, addon
        assert release["createNamespace"] is False


def test_only_what_talks_to_the_kubelet_may_reach_its_node(recorded: Recorded) -> None:
    levels = {
        one["metadata"]["name"]: one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for one in recorded.of_type("Namespace")
    }
    assert {name for name, level in levels.items() if level != "restricted"} == {
        "nvidia-device-plugin",
        "dcgm-exporter",
        # what containers write stands in a directory of the node
        "fluent-bit",
    }


@pytest.mark.parametrize("addon", sorted(addon.value for addon in {*ALWAYS, Addon.CLUSTER_AUTOSCALER}))
def test_what_is_there_already_is_not_made(record: Recorder, args: ClusterAddonsArgs, addon: str) -> None:
    made: list[ClusterAddons] = []
    recorded = record(lambda: made.append(ClusterAddons("addons", {**args, "provided": [addon]})))
    assert set(releases(recorded)) == {*ALWAYS, Addon.CLUSTER_AUTOSCALER} - {addon}
    assert not any(addon in resource.name for resource in recorded if resource.type != MONITOR)
    assert made[0].release(addon) == []


def test_without_gpu_nodes_there_is_no_device_plugin(record: Recorder, args: ClusterAddonsArgs) -> None:
    recorded = record(lambda: ClusterAddons("addons", {**args, "gpu": False}))
    assert {"nvidia-device-plugin", "dcgm-exporter"}.isdisjoint(releases(recorded))


def test_accelerators_are_measured_whoever_brings_their_plugin(record: Recorder, args: ClusterAddonsArgs) -> None:
    recorded = record(lambda: ClusterAddons("addons", {**args, "gpu": False, "accelerators": True}))
    assert "dcgm-exporter" in releases(recorded)
    assert "nvidia-device-plugin" not in releases(recorded)


def test_kyverno_is_there_where_signatures_are_asked_for_and_nowhere_else(
    recorded: Recorded, with_signatures: Recorded
) -> None:
    assert "kyverno" not in releases(recorded)
    release = releases(with_signatures)["kyverno"]
    assert release["values"]["admissionController"]["replicas"] == 3
    token, read = statements(with_signatures, "kyverno")
    assert token["Action"] == "ecr:GetAuthorizationToken"
    assert read["Resource"] == SIGNED
    assert with_signatures.named("addons-kyverno-identity").urn in release.dependencies


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
    server = prometheus(recorded)
    assert [target["sigv4"]["region"] for target in server["remoteWrite"]] == [REGION]


def test_without_a_workspace_metrics_stay_in_the_cluster(record: Recorder, args: ClusterAddonsArgs) -> None:
    del args["remote_write_url"]
    del args["workspace_arn"]
    recorded = record(lambda: ClusterAddons("addons", args))
    assert "remoteWrite" not in prometheus(recorded)
    assert not any("prometheus-role" in resource.name for resource in recorded)


@pytest.mark.parametrize(
    "addon",
    ["prometheus", "aws-load-balancer-controller", "cluster-autoscaler", "fluent-bit", "opentelemetry-collector"],
)
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
        if addon == "fluent-bit":  # lines are written on every node
            assert release["values"]["tolerations"] == [{"operator": "Exists"}]
            continue
        wanted = "gpu" if addon in ("nvidia-device-plugin", "dcgm-exporter") else "system"
        values = json.dumps(release["values"])
        assert PURPOSE_LABEL in values
        assert f'"{wanted}"' in values


def test_everything_waits_for_the_cluster(record: Recorder, args: ClusterAddonsArgs) -> None:
    def program() -> None:
        cluster = ClusterAddons("cluster", {**args, "provided": [addon.value for addon in Addon]})
        made = ClusterAddons("addons", args, pulumi.ResourceOptions(depends_on=[cluster]))
        assert len(made.releases) == len(ALWAYS) + 1

    recorded = record(program)
    nodes = {one.urn for one in recorded.of_type("PriorityClass") if one.name.startswith("cluster-")}
    for resource in recorded.managed("kubernetes:"):
        if resource.name.startswith("addons-") and resource.type not in (RELEASE, MONITOR):
            assert nodes <= resource.dependencies


def test_the_address_of_prometheus_is_known_without_asking(recorded: Recorded) -> None:
    release = releases(recorded)["prometheus"]
    values = release["values"]
    host, port = f"{values['fullnameOverride']}-prometheus", values["prometheus"]["service"]["port"]
    assert f"http://{host}.{release['namespace']}.svc.cluster.local:{port}" == ClusterAddons.PROMETHEUS_URL


def test_monitors_and_rules_of_every_namespace_are_taken(recorded: Recorded) -> None:
    server = prometheus(recorded)
    for kind in ("podMonitor", "serviceMonitor", "probe", "rule", "scrapeConfig"):
        assert server[f"{kind}SelectorNilUsesHelmValues"] is False
        assert f"{kind}NamespaceSelector" not in server  # the chart's own is every namespace


def test_history_outlasts_every_window_that_is_asked_for(recorded: Recorded) -> None:
    assert prometheus(recorded)["retention"] == "12h"
    assert prometheus(recorded)["scrapeInterval"] == "15s"


def test_one_of_two_servers_can_be_lost_and_the_workspace_counts_a_sample_once(recorded: Recorded) -> None:
    server = prometheus(recorded)
    assert server["replicas"] == 2
    assert server["replicaExternalLabelName"] == "__replica__"
    assert server["externalLabels"] == {"cluster": CLUSTER, "region": REGION}


def test_nobody_reads_secrets_to_count_objects(recorded: Recorded) -> None:
    values = releases(recorded)["prometheus"]["values"]["kube-state-metrics"]
    assert {"secrets", "configmaps"} <= set(values["collectorsExclude"])


def _requests(values: Any) -> Iterator[dict[str, Any]]:
    """Every `resources` of a release's values, at any depth."""
    if isinstance(values, dict):
        if "requests" in values and "limits" in values:
            yield values
        for value in values.values():
            yield from _requests(value)
    elif isinstance(values, list):
        for value in values:
            yield from _requests(value)


@pytest.mark.parametrize("addon", sorted(ADDON_PODS))
def test_what_is_planned_for_an_addon_is_what_its_pods_ask_for(
    recorded: Recorded, with_karpenter: Recorded, with_signatures: Recorded, with_groups: Recorded, addon: Addon
) -> None:
    apart = {Addon.KARPENTER: with_karpenter, Addon.KYVERNO: with_signatures, Addon.LEADER_WORKER_SET: with_groups}
    made = apart.get(addon, recorded)
    release = releases(made)[addon.value]
    rendered = [*_requests(release["values"])]
    for pod in ADDON_PODS[addon]:
        assert resources(addon, pod) in rendered, pod


def test_platform_pods_are_scraped_once_their_kind_and_their_namespace_exist(with_karpenter: Recorded) -> None:
    found = releases(with_karpenter)
    monitors = with_karpenter.of_type(MONITOR)
    scraped = {one["metadata"]["name"] for one in monitors}
    assert {"envoy-proxies", "envoy-gateway", "keda-operator", "argo-rollouts", "karpenter"} <= scraped
    owner = {scrape.name: addon for addon, definition in DEFINITIONS.items() for scrape in definition.scrapes}
    for monitor in monitors:
        assert {found["prometheus"].urn, found[owner[monitor["metadata"]["name"]]].urn} <= monitor.dependencies


def test_karpenter_hears_of_interruptions_and_runs_where_it_starts_no_nodes(with_karpenter: Recorded) -> None:
    release = releases(with_karpenter)["karpenter"]
    assert release["values"]["settings"]["interruptionQueue"] == "q"
    assert release["values"]["settings"]["clusterName"] == CLUSTER
    assert release["namespace"] == "kube-system"
    assert not any(one["metadata"]["name"] == "kube-system" for one in with_karpenter.of_type("Namespace"))


def test_groups_of_pods_and_their_adapters_are_there_where_models_span_nodes(
    record: Recorder, args: ClusterAddonsArgs
) -> None:
    found = releases(record(lambda: ClusterAddons("addons", {**args, "spanning": True})))
    assert set(found) == {*ALWAYS, *SPANNING, Addon.CLUSTER_AUTOSCALER}
    kinds = found[Addon.KEDA]["values"]["rbac"]["scaledRefKinds"]
    assert {"apiGroup": "leaderworkerset.x-k8s.io", "kind": "leaderworkersets"} in kinds
