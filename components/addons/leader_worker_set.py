"""LeaderWorkerSet: replicas that are groups of pods, where a model spans nodes."""

from typing import Any, Final

from components.addons.definition import (
    CRITICAL,
    RESTRICTED,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    replicas,
    resources,
)
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS


def _values(_: AddonFacts) -> dict[str, Any]:
    """Its webhooks are asked about pods of groups only (kubernetes-sigs/lws v0.10.0, charts/lws, read 2026-11)."""
    return {
        "replicaCount": replicas(Addon.LEADER_WORKER_SET, "controller"),
        "image": {"manager": {"pullPolicy": "IfNotPresent"}},
        "resources": resources(Addon.LEADER_WORKER_SET, "controller"),
        "nodeSelector": SYSTEM_NODES,
        "priorityClassName": CRITICAL,
        "podSecurityContext": {"runAsNonRoot": True},
        "securityContext": RESTRICTED,
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.LEADER_WORKER_SET,
    chart=TESTED_VERSIONS.leader_worker_set,
    values=_values,
    api_groups=frozenset({"leaderworkerset.x-k8s.io"}),
)
