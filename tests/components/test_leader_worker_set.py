"""Replicas that span nodes: groups of pods, and the objects that treat them as one."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from components.autoscaler import scaled_object
from components.isolation import workload_policy
from components.leader_worker_set import FABRIC_RESOURCE, leader_worker_set
from components.node_labels import HOST_LABEL, ZONE_LABEL
from components.pod import pod_template
from components.routing import route
from components.workload import disruption_budget, services
from serving.planning.capacity import NODE_START_SECONDS
from tests.components.serving_samples import CONTEXT, PROMETHEUS, over_nodes

WORKLOAD = over_nodes()
ADAPTERS = 32
KINDS = ("leaderTemplate", "workerTemplate")
every_kind = pytest.mark.parametrize("kind", KINDS)


def spec(adapters: int = ADAPTERS, **changes: object) -> dict[str, Any]:
    workload = over_nodes(**changes)
    found: dict[str, Any] = leader_worker_set(workload, pod_template(workload, CONTEXT), adapters)["spec"]
    return found


def pods(kind: str, adapters: int = ADAPTERS) -> dict[str, Any]:
    found: dict[str, Any] = spec(adapters)["leaderWorkerTemplate"][kind]
    return found


def server(kind: str, adapters: int = ADAPTERS) -> dict[str, Any]:
    [found] = pods(kind, adapters)["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_the_autoscaler_alone_says_how_many_groups_there_are() -> None:
    assert "replicas" not in spec()
    target = scaled_object(WORKLOAD, PROMETHEUS)["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "chat"}


def test_a_group_has_as_many_pods_as_the_model_spans_nodes() -> None:
    assert spec()["leaderWorkerTemplate"]["size"] == 2
    assert spec(**{"model.resources.nodes": 4})["leaderWorkerTemplate"]["size"] == 4


def test_no_group_is_taken_away_before_its_successor_serves() -> None:
    settings = spec()["rolloutStrategy"]["rollingUpdateConfiguration"]
    assert settings["maxUnavailable"] == 0
    assert settings["maxSurge"] == "34%"
    unstated: dict[str, Any] = {"rollout.max_surge_percent": None}
    changed = spec(**unstated)["rolloutStrategy"]["rollingUpdateConfiguration"]
    assert changed["maxSurge"] == "1%"  # rounded up: one group


def test_held_replicas_keep_the_version_before() -> None:
    assert spec()["rolloutStrategy"]["rollingUpdateConfiguration"]["partition"] == 0
    held = spec(**{"rollout.held_replicas": 3})
    assert held["rolloutStrategy"]["rollingUpdateConfiguration"]["partition"] == 3


def test_leader_and_followers_start_together_because_each_waits_for_the_other() -> None:
    assert spec()["startupPolicy"] == "LeaderCreated"


def test_a_group_fails_as_a_whole_but_is_not_torn_down_while_it_waits_for_nodes() -> None:
    assert spec()["leaderWorkerTemplate"]["restartPolicy"] == "RecreateGroupAfterStart"


def test_the_leader_is_waited_for_until_a_follower_on_a_new_node_has_fetched_the_model() -> None:
    probe = server("leaderTemplate")["startupProbe"]
    [alone] = pod_template(WORKLOAD, CONTEXT)["spec"]["containers"]
    more = probe["failureThreshold"] - alone["startupProbe"]["failureThreshold"]
    wait_seconds = NODE_START_SECONDS + WORKLOAD.model.cold_start.pull_seconds
    assert more >= ceil(wait_seconds / probe["periodSeconds"])


@every_kind
def test_pods_of_a_group_stand_on_different_nodes_of_one_zone(kind: str) -> None:
    affinity = pods(kind)["spec"]["affinity"]
    for rule, key in (("podAffinity", ZONE_LABEL), ("podAntiAffinity", HOST_LABEL)):
        [term] = affinity[rule]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == key
        assert term["matchLabelKeys"] == ["leaderworkerset.sigs.k8s.io/group-key"]
        assert term["labelSelector"]["matchLabels"].items() <= pods(kind)["metadata"]["labels"].items()
    assert "topologySpreadConstraints" not in pods(kind)["spec"]


@every_kind
def test_each_pod_takes_all_fabric_adapters_of_its_node(kind: str) -> None:
    for settings in server(kind)["resources"].values():
        assert settings[FABRIC_RESOURCE] == str(ADAPTERS)
        assert settings["hugepages-2Mi"] == "5120Mi"
    assert FABRIC_RESOURCE not in server(kind, adapters=0)["resources"]["limits"]


@every_kind
def test_every_pod_of_a_group_verifies_the_model_itself(kind: str) -> None:
    assert "model-fetch" in {one["name"] for one in pods(kind)["spec"]["initContainers"]}


@every_kind
def test_a_group_differs_in_nothing_that_protects_a_replica_of_one_pod(kind: str) -> None:
    alone = pod_template(WORKLOAD, CONTEXT)["spec"]
    for key in ("securityContext", "serviceAccountName", "priorityClassName", "terminationGracePeriodSeconds"):
        assert pods(kind)["spec"][key] == alone[key]
    assert server(kind)["securityContext"] == alone["containers"][0]["securityContext"]


def test_followers_answer_nobody() -> None:
    assert [one["name"] for one in pods("workerTemplate")["spec"]["initContainers"]] == ["model-fetch"]
    assert [one["name"] for one in pods("workerTemplate")["spec"]["containers"]] == ["server"]
    assert not {"ports", "startupProbe", "readinessProbe", "livenessProbe"} & server("workerTemplate").keys()


def test_followers_stay_until_the_last_request_of_the_leader_may_have_ended() -> None:
    waits = server("workerTemplate")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert waits >= WORKLOAD.unseen_seconds + WORKLOAD.drain_seconds
    assert waits < pods("workerTemplate")["spec"]["terminationGracePeriodSeconds"]


def test_every_node_knows_its_rank_and_where_the_leader_is() -> None:
    leader, follower = (server(kind)["args"] for kind in KINDS)
    for arguments in (leader, follower):
        assert "--nnodes=2" in arguments
        assert "--master-addr=$(LWS_LEADER_ADDRESS)" in arguments
    assert "--node-rank=0" in leader
    assert "--node-rank=$(LWS_WORKER_INDEX)" in follower
    assert "--headless" in follower
    assert "--headless" not in leader


def test_requests_reach_leaders_only() -> None:
    [service] = services(WORKLOAD).values()
    assert service["spec"]["selector"]["leaderworkerset.sigs.k8s.io/worker-index"] == "0"
    [*rules] = route(WORKLOAD, ["chat.example.com"], "gateway", "gateways", "https")["spec"]["rules"]
    assert {ref["name"] for rule in rules for ref in rule.get("backendRefs", [])} == {service["metadata"]["name"]}


def test_no_group_has_the_shared_service_whose_name_is_the_stable_services() -> None:
    assert spec()["networkConfig"]["subdomainPolicy"] == "UniquePerReplica"


def test_one_group_at_a_time_may_be_drained() -> None:
    budget = disruption_budget(WORKLOAD)["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == WORKLOAD.selector


def test_pods_of_a_workload_may_talk_to_each_other_and_to_nobody_else_more() -> None:
    alone = {"podSelector": {"matchLabels": WORKLOAD.selector}}
    policy = workload_policy(WORKLOAD, ["10.0.0.0/8"])["spec"]
    assert {"from": [alone]} in policy["ingress"]
    assert {"to": [alone]} in policy["egress"]
    assert [rule for rule in policy["ingress"] if "ports" not in rule] == [{"from": [alone]}]
