"""Samples of `gpu-isolation`."""

from __future__ import annotations

from typing import Any

from policies.checks.gpu_isolation import CLAIMS
from policies.tokens import JOB, ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import container, deployment, groups, pods

TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def asking(name: str = "nvidia.com/gpu", count: object = "1", **changes: object) -> Json:
    return container(resources={"limits": {name: count}}, **changes)


def gpu_pods(*containers: Json, **spec: Any) -> Json:
    return pods(*containers, **{"tolerations": [TOLERATION], **spec})


def workload(*containers: Json, **spec: Any) -> Declared:
    return deployment(template=gpu_pods(*containers, **spec))


def device(path: object) -> Json:
    return {"name": "device", "hostPath": {"path": path}}


def visible(value: object) -> Declared:
    return workload(asking(env=[{"name": "NVIDIA_VISIBLE_DEVICES", "value": value}]))


def claim(*requests: Json, token: str = CLAIMS[1], config: tuple[Json, ...] = ()) -> Declared:
    spec: Json = {"devices": {"requests": list(requests), "config": list(config)}}
    return Declared(token, "claim", {"spec": {"spec": spec} if token.endswith("Template") else spec})


EXACTLY = {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "allocationMode": "ExactCount", "count": 1}}
SLICES = {
    "opaque": {"driver": "gpu.nvidia.com", "parameters": {"kind": "GpuConfig", "sharing": {"strategy": "TimeSlicing"}}}
}

SAMPLES = (
    Sample(Case.ALLOWED, "limit and toleration", (workload(asking()),)),
    Sample(Case.ALLOWED, "partition", (workload(asking("nvidia.com/mig-1g.10gb")),)),
    Sample(
        Case.ALLOWED,
        "Neuron",
        (
            workload(
                asking("aws.amazon.com/neuron"), tolerations=[{"key": "aws.amazon.com/neuron", "operator": "Exists"}]
            ),
        ),
    ),
    Sample(Case.ALLOWED, "everything tolerated", (workload(asking(), tolerations=[{"operator": "Exists"}]),)),
    Sample(
        Case.ALLOWED,
        "claim",
        (claim(EXACTLY), workload(container(resources={"claims": [{"name": "gpu"}]}))),
    ),
    Sample(Case.ALLOWED, "no device visible", (visible("void"),)),
    Sample(
        Case.ALLOWED,
        "shares, by parameter",
        (workload(asking("nvidia.com/gpu.shared")), claim(EXACTLY, config=(SLICES,))),
        parameters={"sharing_allowed": True},
    ),
    Sample(
        Case.ALLOWED,
        "nodes without taint, by parameter",
        (workload(asking(), tolerations=[]),),
        parameters={"toleration_required": False},
    ),
    Sample(Case.DISALLOWED, "device file", (workload(asking(), volumes=[device("/dev/nvidia0")]),), ("hostPath.path",)),
    Sample(Case.DISALLOWED, "all devices", (workload(volumes=[device("/dev/")]),), ("is a device of the node",)),
    Sample(Case.DISALLOWED, "visible", (visible("all"),), ("env[0].value takes devices past the scheduler",)),
    Sample(
        Case.DISALLOWED,
        "time slices",
        (workload(asking("nvidia.com/gpu.shared")),),
        ("limits.nvidia.com/gpu.shared",),
    ),
    Sample(
        Case.DISALLOWED,
        "not tolerated",
        (deployment(JOB, template=pods(asking())),),
        ("tolerations tolerates no taint of nodes",),
    ),
    Sample(
        Case.DISALLOWED,
        "another taint tolerated",
        (workload(asking(), tolerations=[{"key": "team", "operator": "Exists"}]),),
        ("tolerations tolerates no taint of nodes",),
    ),
    Sample(
        Case.DISALLOWED,
        "worker of a group",
        (groups(leader=gpu_pods(asking()), worker=pods(asking())),),
        ("workerTemplate.spec.tolerations",),
    ),
    Sample(
        Case.DISALLOWED,
        "claim of all devices",
        (claim({"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "allocationMode": "All"}}),),
        ("exactly.allocationMode is All",),
    ),
    Sample(
        Case.DISALLOWED,
        "claim with admin access, older form",
        (claim({"name": "gpu", "adminAccess": True}, token=CLAIMS[4]),),
        ("requests[0].adminAccess is true",),
    ),
    Sample(
        Case.DISALLOWED,
        "claim of a share",
        (claim(EXACTLY, config=(SLICES,)),),
        ("sharing.strategy is",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown volume hides no variable",
        (workload(asking(env=[{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]), volumes=[device(UNKNOWN)]),),
        ("takes devices past the scheduler", "hostPath.path is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no accelerator", (deployment(),)),
    Sample(Case.NOT_APPLICABLE, "none asked for", (deployment(template=pods(asking(count="0"))),)),
    Sample(
        Case.NOT_APPLICABLE,
        "rollout of a deployment's pods",
        (Declared(ROLLOUT, "r", {"spec": {"workloadRef": {"name": "chat"}}}),),
    ),
)
