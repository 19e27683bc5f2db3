"""Samples of `autoscale-capacity`."""

from __future__ import annotations

from policies.nodes import NODE_POOL
from policies.scaling import POD_AUTOSCALERS, SCALED_OBJECT
from policies.tokens import DEPLOYMENT, LEADER_WORKER_SET, NODE_GROUP, RESOURCE_QUOTA, ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

GPU = "nvidia.com/gpu"


def container(cpu: object = "2", memory: str = "8Gi", gpu: str = "", **more: object) -> Json:
    devices: Json = {GPU: gpu} if gpu else {}
    limits: Json = {"memory": memory, **devices}
    return {
        "name": "server",
        "resources": {"requests": {"cpu": cpu, "memory": memory, **devices}, "limits": limits},
        **more,
    }


def workload(*containers: Json, token: str = ROLLOUT, replicas: object = None, init: tuple[Json, ...] = ()) -> Declared:
    template: Json = {"spec": {"containers": list(containers), "initContainers": list(init)}}
    metadata: Json = {"name": "chat", "namespace": "ml"}
    return Declared(token, "chat", {"metadata": metadata, "spec": {"replicas": replicas, "template": template}})


def scaler(most: object, token: str = SCALED_OBJECT) -> Declared:
    key = "maxReplicaCount" if token == SCALED_OBJECT else "maxReplicas"
    spec: Json = {"scaleTargetRef": {"name": "chat"}, key: most}
    return Declared(token, "scaler", {"metadata": {"name": "chat", "namespace": "ml"}, "spec": spec})


def quota(namespace: str = "ml", **hard: object) -> Declared:
    stated = {key.replace("_", "."): value for key, value in hard.items()}
    return Declared(
        RESOURCE_QUOTA, "quota", {"metadata": {"name": "quota", "namespace": namespace}, "spec": {"hard": stated}}
    )


def gpu_quota(most: str) -> Declared:
    return Declared(
        RESOURCE_QUOTA, "quota", {"metadata": {"namespace": "ml"}, "spec": {"hard": {f"requests.{GPU}": most}}}
    )


def pool(most: str) -> Declared:
    spec: Json = {"limits": {GPU: most}, "template": {"spec": {"requirements": []}}}
    return Declared(NODE_POOL, "gpu", {"metadata": {"name": "gpu"}, "spec": spec})


def group(size: int) -> Declared:
    """A group of pods: a leader and its workers."""
    template: Json = {"spec": {"containers": [container(gpu="8")]}}
    spec: Json = {"replicas": 2, "leaderWorkerTemplate": {"size": size, "workerTemplate": template}}
    return Declared(LEADER_WORKER_SET, "chat", {"metadata": {"name": "chat", "namespace": "ml"}, "spec": spec})


ONE = workload(container())

SAMPLES = (
    Sample(Case.ALLOWED, "it fits", (ONE, scaler(10), quota(pods="10", requests_cpu="20", limits_memory="80Gi"))),
    Sample(Case.ALLOWED, "milli", (workload(container("250m")), scaler(4), quota(cpu=1))),
    Sample(Case.ALLOWED, "without autoscaler", (workload(container(), token=DEPLOYMENT, replicas=3), quota(pods="3"))),
    Sample(Case.ALLOWED, "another namespace", (ONE, scaler(10), quota("other", pods="1"))),
    Sample(Case.ALLOWED, "what it does not count", (ONE, scaler(10), quota(**{"count/secrets": "1", "services": "1"}))),
    Sample(
        Case.ALLOWED,
        "a quota for some pods",
        (
            ONE,
            scaler(10),
            Declared(
                RESOURCE_QUOTA,
                "q",
                {"metadata": {"namespace": "ml"}, "spec": {"hard": {"pods": "1"}, "scopes": ["Terminating"]}},
            ),
        ),
    ),
    Sample(Case.ALLOWED, "groups of pods", (group(2), gpu_quota("32"))),
    Sample(Case.ALLOWED, "pools", (workload(container(gpu="1")), scaler(5), pool("5"))),
    Sample(
        Case.ALLOWED,
        "nodes that no pool brings",
        (
            workload(container(gpu="1")),
            scaler(6),
            pool("5"),
            Declared(NODE_GROUP, "gpu", {"instanceTypes": ["g6.xlarge"]}),
        ),
    ),
    Sample(
        Case.DISALLOWED,
        "pods",
        (ONE, scaler(11), quota(pods="10")),
        ('hard.pods is "10", and autoscalers may ask for 11',),
    ),
    Sample(Case.DISALLOWED, "CPU", (ONE, scaler(11), quota(requests_cpu="20")), ("may ask for 22",)),
    Sample(
        Case.DISALLOWED,
        "memory limits",
        (ONE, scaler(11, POD_AUTOSCALERS[0]), quota(limits_memory="80Gi")),
        ("limits.memory",),
    ),
    Sample(
        Case.DISALLOWED,
        "a sidecar counts",
        (workload(container(), init=(container("1", restartPolicy="Always"),)), scaler(10), quota(cpu="20")),
        ("may ask for 30",),
    ),
    Sample(
        Case.DISALLOWED,
        "a large first container counts",
        (workload(container(), init=(container("4"),)), scaler(10), quota(cpu="20")),
        ("may ask for 40",),
    ),
    Sample(Case.DISALLOWED, "KEDA's own maximum", (ONE, scaler(None), quota(pods="99")), ("may ask for 100",)),
    Sample(Case.DISALLOWED, "without autoscaler", (workload(container(), replicas=4), quota(pods="3")), ("ask for 4",)),
    Sample(Case.DISALLOWED, "groups of pods", (group(3), gpu_quota("32")), ("may ask for 48",)),
    Sample(
        Case.DISALLOWED,
        "pools",
        (workload(container(gpu="1")), scaler(6), pool("5")),
        ("pools bring 5 nvidia.com/gpu",),
    ),
    Sample(Case.DISALLOWED, "no quantity", (ONE, quota(cpu="many")), ("is not a quantity",)),
    Sample(Case.UNKNOWN, "bound", (ONE, scaler(UNKNOWN), quota(pods="10")), ("maxReplicaCount is not known",)),
    Sample(
        Case.UNKNOWN,
        "a request does not hide the pods",
        (workload(container(UNKNOWN)), scaler(11), quota(pods="10", requests_cpu="20")),
        ("hard.pods", "requests.cpu is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no quota", (ONE, scaler(1000))),
)
