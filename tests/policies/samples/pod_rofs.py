"""Samples of `pod-rofs`."""

from __future__ import annotations

from policies.tokens import ROLLOUT, STATEFUL_SET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import CONTEXT, container, deployment, groups, pods

READ_ONLY = container(securityContext={**CONTEXT, "readOnlyRootFilesystem": True})
WRITABLE = container(securityContext={**CONTEXT, "readOnlyRootFilesystem": False})


def scratch(**empty_dir: object) -> Json:
    return {"name": "scratch", "emptyDir": empty_dir}


def with_volumes(*volumes: Json) -> Declared:
    return deployment(template=pods(READ_ONLY, volumes=list(volumes)))


SAMPLES = (
    Sample(Case.ALLOWED, "read only", (deployment(template=pods(READ_ONLY)),)),
    Sample(
        Case.ALLOWED,
        "bounded scratch space",
        (with_volumes(scratch(sizeLimit="20Gi"), scratch(medium="Memory", sizeLimit="2Gi")),),
    ),
    Sample(
        Case.ALLOWED, "a claim is bounded", (with_volumes({"name": "m", "persistentVolumeClaim": {"claimName": "m"}}),)
    ),
    Sample(
        Case.ALLOWED,
        "sizes, by parameter",
        (with_volumes(scratch()),),
        parameters={"sizes_required": False},
    ),
    Sample(
        Case.DISALLOWED, "writable", (deployment(template=pods(WRITABLE)),), ("readOnlyRootFilesystem is not true",)
    ),
    Sample(Case.DISALLOWED, "not stated", (deployment(),), ("readOnlyRootFilesystem is not true",)),
    Sample(
        Case.DISALLOWED,
        "second container and init container",
        (deployment(STATEFUL_SET, template=pods(READ_ONLY, WRITABLE, initContainers=[WRITABLE])),),
        ("spec.containers[1].security", "spec.initContainers[0].security"),
    ),
    Sample(
        Case.DISALLOWED,
        "worker of a group",
        (groups(leader=pods(READ_ONLY), worker=pods(WRITABLE)),),
        ("workerTemplate.spec.containers[0]",),
    ),
    Sample(
        Case.DISALLOWED,
        "unbounded scratch space",
        (with_volumes(scratch(), scratch(medium="Memory")),),
        ("volumes[0].emptyDir.sizeLimit is missing", "volumes[1].emptyDir.sizeLimit is missing"),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown container hides no volume",
        (
            deployment(
                template=pods(container(securityContext={"readOnlyRootFilesystem": UNKNOWN}), volumes=[scratch()])
            ),
        ),
        ("sizeLimit is missing", "readOnlyRootFilesystem is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "rollout of a deployment's pods",
        (Declared(ROLLOUT, "r", {"spec": {"workloadRef": {"name": "chat"}}}),),
    ),
)
