"""Samples of `requests-limits-gpu`."""

from __future__ import annotations

from typing import Any

from policies.tokens import CRON_JOB, ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import container, deployment, groups, pods, unspread

REQUESTS = {"cpu": "4", "memory": "16Gi"}
LIMITS = {"memory": "16Gi", "ephemeral-storage": "10Gi"}
GPU = {"nvidia.com/gpu": 1}


def claiming(requests: object = REQUESTS, limits: object = LIMITS) -> Json:
    return container(resources={"requests": requests, "limits": limits})


def chat(*containers: Json, **spec: Any) -> Declared:
    return deployment(template=pods(*(containers or (claiming(),)), **spec))


SAMPLES = (
    Sample(Case.ALLOWED, "requests and limits", (chat(),)),
    Sample(Case.ALLOWED, "limits are requests", (chat(claiming(None, {"cpu": 4, **LIMITS})),)),
    Sample(Case.ALLOWED, "GPU by its limit", (chat(claiming(REQUESTS, LIMITS | GPU)),)),
    Sample(Case.ALLOWED, "GPU by both", (chat(claiming(REQUESTS | {"nvidia.com/gpu": "1"}, LIMITS | GPU)),)),
    Sample(
        Case.ALLOWED,
        "resources of the whole pod",
        (chat(claiming(None, {"ephemeral-storage": "1Gi"}), resources={"requests": REQUESTS, "limits": LIMITS}),),
    ),
    Sample(
        Case.ALLOWED,
        "job",
        (Declared(CRON_JOB, "report", {"spec": {"jobTemplate": {"spec": {"template": pods(claiming())}}}}),),
    ),
    Sample(
        Case.ALLOWED,
        "pods of a Deployment",
        (deployment(ROLLOUT, workloadRef={"name": "chat"}, template=None),),
    ),
    Sample(
        Case.DISALLOWED,
        "nothing",
        (chat(container()),),
        ("no cpu", "no memory", "limits has no memory", "no ephemeral-storage"),
    ),
    Sample(
        Case.DISALLOWED,
        "an init container",
        (chat(claiming(), initContainers=[claiming({"memory": "1Gi"})]),),
        ("spec.initContainers[0].resources.requests has no cpu",),
    ),
    Sample(
        Case.DISALLOWED,
        "workers of a group",
        (groups(unspread(claiming()), unspread(claiming(REQUESTS, {"memory": "1Gi"}))),),
        ("workerTemplate.spec.containers[0].resources.limits has no ephemeral-storage",),
    ),
    Sample(
        Case.DISALLOWED,
        "GPU without a limit",
        (chat(claiming(REQUESTS | GPU)),),
        ("limits has no nvidia.com/gpu",),
    ),
    Sample(
        Case.DISALLOWED,
        "more GPUs than requested",
        (chat(claiming(REQUESTS | GPU, LIMITS | {"nvidia.com/gpu": 2})),),
        ("the request of nvidia.com/gpu is not its limit",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown amount does not hide the missing one",
        (chat(claiming({"memory": "1Gi"}, {"memory": UNKNOWN, "ephemeral-storage": "1Gi"})),),
        ("no cpu", "limits.memory is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("kubernetes:core/v1:Service", "chat", {}),)),
)
