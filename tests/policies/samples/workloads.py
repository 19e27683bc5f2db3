"""A Deployment that breaks no rule, and how to break it: shared by the samples of workload rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.tokens import DEPLOYMENT, LEADER_WORKER_SET
from serving.blueprint.tags import LINEAGE_KEYS, TagKey
from tests.policies.harness import DIGEST, Declared, Json

IMAGE = f"registry.example.com/llm@{DIGEST}"
LINEAGE = {key.label: "x" for key in LINEAGE_KEYS}
CONTEXT = {
    "runAsNonRoot": True,
    "runAsUser": 10_001,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "DoNotSchedule",
}
INFERENCE = {"app": "chat", "app.kubernetes.io/component": "inference"}


def container(**changes: object) -> Json:
    return {"name": "server", "image": IMAGE, "securityContext": CONTEXT, **changes}


def pods(*containers: Json, labels: Json | None = None, **spec: object) -> Json:
    return {
        "metadata": {"labels": {**INFERENCE, **LINEAGE} if labels is None else labels},
        "spec": {
            "containers": list(containers) or [container()],
            "topologySpreadConstraints": [SPREAD],
            **spec,
        },
    }


def deployment(token: str = DEPLOYMENT, labels: Json | None = None, **spec: Any) -> Declared:
    metadata = {
        "name": "chat",
        "namespace": "assistants",
        "labels": {**INFERENCE, **LINEAGE, TagKey.TIER.label: "0"} if labels is None else labels,
    }
    return Declared(token, "chat", {"metadata": metadata, "spec": {"replicas": 2, "template": pods(), **spec}})


def groups(leader: Json | None = None, worker: Json | None = None, **spec: Any) -> Declared:
    """Replicas that are groups of pods; their nodes stand in one zone, so that nothing spreads them."""
    template = {"leaderTemplate": leader or unspread(), "workerTemplate": worker or unspread()}
    return deployment(LEADER_WORKER_SET, template=None, leaderWorkerTemplate=template, **spec)


def unspread(*containers: Json, **changes: Any) -> Json:
    template = pods(*containers, **changes)
    del template["spec"]["topologySpreadConstraints"]
    return template


def secured(**changes: object) -> Declared:
    """A deployment with one setting of its container's security context changed; None removes it."""
    context = {key: value for key, value in {**CONTEXT, **changes}.items() if value is not None}
    return deployment(template=pods(container(securityContext=context)))


def in_namespace(resource: Declared, namespace: object) -> Declared:
    metadata = {**resource.properties["metadata"], "namespace": namespace}
    return replace(resource, properties={**resource.properties, "metadata": metadata})
