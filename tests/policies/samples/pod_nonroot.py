"""Samples of `pod-nonroot`."""

from __future__ import annotations

from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import CONTEXT, container, deployment, groups, pods, secured

OF_POD = {key: CONTEXT[key] for key in ("runAsNonRoot", "runAsUser", "seccompProfile")}
OF_CONTAINER = {key: CONTEXT[key] for key in ("allowPrivilegeEscalation", "capabilities")}

SAMPLES = (
    Sample(Case.ALLOWED, "container says all", (deployment(),)),
    Sample(
        Case.ALLOWED,
        "pod says what it can",
        (deployment(template=pods(container(securityContext=OF_CONTAINER), securityContext=OF_POD)),),
    ),
    Sample(Case.INSIDE, "lowest user", (secured(runAsUser=10_001),)),
    Sample(Case.OUTSIDE, "one below", (secured(runAsUser=10_000),), ("runAsUser is not 10001 or more",)),
    Sample(
        Case.DISALLOWED,
        "worker of a group",
        (groups(worker=pods(container(securityContext={**CONTEXT, "runAsNonRoot": False}))),),
        ("workerTemplate.spec.containers[0].securityContext.runAsNonRoot is not true",),
    ),
    Sample(Case.DISALLOWED, "root", (secured(runAsNonRoot=False),), ("runAsNonRoot is not true",)),
    Sample(Case.DISALLOWED, "escalation", (secured(allowPrivilegeEscalation=None),), ("allowPrivilegeEscalation",)),
    Sample(Case.DISALLOWED, "capabilities", (secured(capabilities={"drop": ["NET_RAW"]}),), ("capabilities.drop",)),
    Sample(Case.DISALLOWED, "seccomp", (secured(seccompProfile={"type": "Unconfined"}),), ("seccompProfile.type",)),
    Sample(
        Case.DISALLOWED,
        "init container",
        (deployment(template=pods(initContainers=[{"name": "fetch"}])),),
        ("runAsNonRoot", "runAsUser", "allowPrivilegeEscalation", "capabilities", "seccompProfile"),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown user does not hide a missing profile",
        (secured(runAsUser=UNKNOWN, seccompProfile=None),),
        ("seccompProfile", "securityContext.runAsUser is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "rollout of a deployment's pods",
        (Declared(ROLLOUT, "r", {"spec": {"workloadRef": {"name": "chat"}}}),),
    ),
)
