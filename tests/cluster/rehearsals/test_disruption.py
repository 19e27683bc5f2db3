from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pytest

from tests.cluster.api import Refused
from tests.cluster.binaries import find
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.exporter import Load
from tests.cluster.rehearsals.kwok import PLAYED
from tests.cluster.rehearsals.theatre import ZONES, Performance, Theatre, node_named
from tests.cluster.rehearsals.world import is_ready

BUSY_RPS = 464
LOST, *LEFT = ZONES


@pytest.fixture
def fraud(theatre: Theatre) -> Iterator[Performance]:
    performance = theatre.open("fraud-score", Load(rps=BUSY_RPS))
    performance.await_count(7)
    yield performance
    theatre.close(performance)


def budget_object(performance: Performance) -> dict[str, Any]:
    return performance.theatre.api.get("policy/v1", "PodDisruptionBudget", performance.name, performance.namespace)


def budget(performance: Performance) -> int:
    """Replicas that may be missing on purpose, by the rendered budget."""
    percent = int(budget_object(performance)["spec"]["maxUnavailable"].removesuffix("%"))
    return ceil(performance.desired() * percent / 100)


def eviction(pod: dict[str, Any]) -> dict[str, Any]:
    """What a drain asks for."""
    named = {key: pod["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": named}


def placed(performance: Performance, nodes: list[str]) -> list[dict[str, Any]]:
    """Ready replicas on the nodes."""
    return [pod for pod in performance.ready_pods() if pod["spec"]["nodeName"] in nodes]


def lose(performance: Performance, nodes: list[str]) -> None:
    """Nothing is heard of the nodes any more."""
    for name in nodes:
        performance.theatre.api.patch(node_named(name), {"metadata": {"labels": dict.fromkeys(PLAYED)}})


def test_after_a_lost_zone_the_budget_holds_and_replicas_respread(fraud: Performance) -> None:
    world, api = fraud.theatre.world, fraud.theatre.api
    before = fraud.by_zone()
    assert max(before.values()) - min(before.values()) <= 1
    lost = fraud.nodes(LOST)
    began = world.now
    lose(fraud, lost)
    world.await_("the zone's replicas get no requests", lambda: not placed(fraud, lost))
    unserving = world.now - began
    world.await_("the budget counts them", lambda: budget_object(fraud)["status"]["disruptionsAllowed"] == 0)
    survivor = fraud.ready_pods()[0]
    with pytest.raises(Refused, match="disruption budget"):
        api.create(eviction(survivor), "eviction")
    for name in lost:
        api.delete(node_named(name))  # what the cloud's node controller does when an instance is gone
    fraud.await_healthy()
    after = fraud.by_zone()
    assert set(after) == set(LEFT)
    assert sum(after.values()) >= sum(before.values())
    assert max(after.values()) - min(after.values()) <= 1
    assert not world.unserved(fraud.namespace)
    programme.note(
        "(e) zone lost",
        f"replicas {before} -> {after}; out of service after {unserving:.1f} s, whole again after"
        f" {world.now - began:.1f} s (node clocks are not divided)",
    )


def test_a_drained_node_keeps_each_replica_for_its_grace_and_the_budget(fraud: Performance) -> None:
    world, wanted = fraud.theatre.world, fraud.desired()
    pods = {pod["metadata"]["name"]: pod for pod in fraud.ready_pods()}
    ((node, _),) = Counter(pod["spec"]["nodeName"] for pod in pods.values()).most_common(1)
    moved = {name for name, pod in pods.items() if pod["spec"]["nodeName"] == node}
    least, kubectl = wanted, find("kubectl")
    assert kubectl is not None
    seen: dict[str, Any] = {}
    gone: dict[str, datetime] = {}
    drain = subprocess.Popen(
        [kubectl, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data"],
        env={"KUBECONFIG": str(fraud.theatre.plane.kubeconfig)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def drained() -> bool:
        nonlocal least
        here = {pod["metadata"]["name"]: pod for pod in fraud.pods()}
        least = min(least, sum(is_ready(pod) for pod in here.values()))
        for name in moved & here.keys():
            if "deletionTimestamp" in here[name]["metadata"]:
                seen.setdefault(name, here[name]["metadata"])  # its last moment is a deletion without grace
        gone.update({name: datetime.now(UTC) for name in seen.keys() - here.keys() - gone.keys()})
        return drain.poll() is not None and gone.keys() == moved

    began = world.now
    world.await_(f"{node} drained", drained)
    output = drain.communicate()[0]
    assert drain.returncode == 0, output
    assert least >= wanted - budget(fraud)
    grace = fraud.rollout()["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    for name in moved:
        assert seen[name]["deletionGracePeriodSeconds"] == grace == fraud.workload.grace_seconds
        assert gone[name] >= datetime.fromisoformat(seen[name]["deletionTimestamp"])
    fraud.await_healthy()
    assert not world.unserved(fraud.namespace)
    programme.note(
        "(f) drain",
        f"{len(moved)} replicas left {node} in {world.now - began:.1f} s, each with {grace} s of grace;"
        f" never fewer than {least} of {wanted} ready",
    )
