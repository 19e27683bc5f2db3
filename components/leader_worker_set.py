"""Replicas that span nodes: the LeaderWorkerSet of a workload, and what differs from replicas of one pod.

Owns groups of pods: their two templates, how they stand together, how a new version takes over. What a pod looks
like is `components.pod`; which arguments leader and followers get is the engine's (`components.engines`).

A *group* is one replica: a leader, which takes requests and answers for all, and its followers. It starts, fails and
ends as a whole. Facts: kubernetes-sigs/lws v0.10.0, `api/leaderworkerset/v1`, `pkg/controllers`, `pkg/webhooks`, read
2026-11. Why no rollout controller drives it: docs/adr/0027-replicas-that-span-nodes.md.
"""

from copy import deepcopy
from math import ceil
from typing import Any, Final

from components.manifest import Manifest
from components.node_labels import HOST_LABEL, ZONE_LABEL
from components.workload import Workload
from serving.planning.capacity import HUGE_PAGES_MIB, NODE_START_SECONDS
from serving.telemetry.metrics import SERVER_CONTAINER

_GROUP_LABEL: Final = "leaderworkerset.sigs.k8s.io/group-key"
"""Label that the controller's webhook gives all pods of a group; the value is the group's own."""

_FETCH_SLACK: Final = 2
"""A follower may fetch for twice the measured time before its leader gives up waiting."""

FETCH_CONTAINER: Final = "model-fetch"

FABRIC_RESOURCE: Final = "vpc.amazonaws.com/efa"
"""Extended resource that the EFA device plugin offers (Amazon EKS user guide, "Manage EFA devices on Amazon EKS", read
2026-11)."""


def leader_worker_set(workload: Workload, pod_template: dict[str, Any], fabric_adapters: int = 0) -> Manifest:
    """The LeaderWorkerSet. It states no replica count: that is the autoscaler's.

    Args:
        workload: A workload whose replicas span nodes.
        pod_template: The pod template of a replica of one pod.
        fabric_adapters: Elastic Fabric Adapters of each node; none where nodes talk over their ordinary network.
    """
    member = _member(workload, pod_template, fabric_adapters)
    settings = workload.blueprint.rollout
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": workload.release_metadata,
        "spec": {
            # leader and followers wait for each other: none would get ready before the other is there
            "startupPolicy": "LeaderCreated",
            # a service of its own for each group: the shared one would have the name of the stable service
            "networkConfig": {"subdomainPolicy": "UniquePerReplica"},
            "rolloutStrategy": {
                "type": "RollingUpdate",
                "rollingUpdateConfiguration": {
                    "partition": settings.held_replicas,
                    "maxSurge": f"{settings.max_surge_percent or settings.needed_surge_percent}%",
                    "maxUnavailable": 0,
                },
            },
            "leaderWorkerTemplate": {
                "size": workload.model.resources.nodes,
                # the parts of a model know each other from the start: one that comes back alone would not be let in.
                # While some of them wait for a node there is nothing to tear down: it would only be waited for again
                "restartPolicy": "RecreateGroupAfterStart",
                "leaderTemplate": _leader(workload, member),
                "workerTemplate": _follower(workload, member),
            },
        },
    }


def _member(workload: Workload, pod_template: dict[str, Any], fabric_adapters: int) -> dict[str, Any]:
    """A pod of a group: each on a node of its own, all in one zone; the rest is as in a replica of one pod."""
    template = deepcopy(pod_template)
    spec = template["spec"]
    # versions are told apart by a label that only the rollout controller gives, and a fabric ends at its zone
    del spec["topologySpreadConstraints"]
    spec["affinity"] = {
        "podAffinity": _beside_the_group(workload, ZONE_LABEL),
        "podAntiAffinity": _beside_the_group(workload, HOST_LABEL),
    }
    if fabric_adapters:
        server = _server(template)
        for kind in ("requests", "limits"):
            server["resources"][kind] |= {
                FABRIC_RESOURCE: str(fabric_adapters),
                "hugepages-2Mi": f"{HUGE_PAGES_MIB}Mi",
            }
    return template


def _beside_the_group(workload: Workload, topology_key: str) -> dict[str, Any]:
    """Rule about the pods of the same group. The first one finds none, which counts as kept."""
    term = {
        "topologyKey": topology_key,
        "labelSelector": {"matchLabels": workload.selector},
        "matchLabelKeys": [_GROUP_LABEL],
    }
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


def _leader(workload: Workload, member: dict[str, Any]) -> dict[str, Any]:
    """The pod that takes requests. It may be the first to start, and is ready only when the last one has joined."""
    template = deepcopy(member)
    probe = _server(template)["startupProbe"]
    wait_seconds = NODE_START_SECONDS + _FETCH_SLACK * workload.model.cold_start.pull_seconds
    probe["failureThreshold"] += ceil(wait_seconds / probe["periodSeconds"])
    return template


def _follower(workload: Workload, member: dict[str, Any]) -> dict[str, Any]:
    """A pod that works for its leader: nobody asks it, so it has neither ports nor probes, nor stages before it.

    Its process ends when something is wrong with the group, and with it the group; while the group's last requests
    run, it must stay: all of a group are told to stop at once.
    """
    template = deepcopy(member)
    server = _server(template)
    spec = template["spec"]
    spec["containers"] = [server]
    spec["initContainers"] = [one for one in spec["initContainers"] if one["name"] == FETCH_CONTAINER]
    for key in ("ports", "startupProbe", "readinessProbe", "livenessProbe"):
        del server[key]
    server["args"] = list(workload.server.follower_arguments)
    server["lifecycle"] = {"preStop": {"sleep": {"seconds": workload.unseen_seconds + workload.drain_seconds}}}
    return template


def _server(template: dict[str, Any]) -> dict[str, Any]:
    server: dict[str, Any] = next(one for one in template["spec"]["containers"] if one["name"] == SERVER_CONTAINER)
    return server
