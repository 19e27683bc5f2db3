"""Samples of `k8s-probes-drain`."""

from __future__ import annotations

from typing import Any

from policies.tokens import DAEMON_SET, ROLLOUT, STATEFUL_SET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import container, deployment, groups, pods

PROBE = {"httpGet": {"path": "/health", "port": 8000}}
SURGING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
SLEEP = {"preStop": {"sleep": {"seconds": 15}}}


def server(**changes: object) -> Json:
    settings = {
        "ports": [{"containerPort": 8000}],
        "startupProbe": PROBE,
        "readinessProbe": PROBE,
        "livenessProbe": PROBE,
        "lifecycle": SLEEP,
        **changes,
    }
    return container(**{key: value for key, value in settings.items() if value is not None})


def chat(*containers: Json, strategy: object = SURGING, **spec: Any) -> Declared:
    return deployment(strategy=strategy, template=pods(*(containers or (server(),)), **spec))


SIDECAR = container(name="logs")

SAMPLES = (
    Sample(Case.ALLOWED, "probes and a drain", (chat(),)),
    Sample(Case.ALLOWED, "a companion without ports", (chat(server(), SIDECAR),)),
    Sample(Case.ALLOWED, "no port is named", (chat(server(ports=None), SIDECAR),)),
    Sample(Case.ALLOWED, "in percent", (chat(strategy={"rollingUpdate": {"maxUnavailable": "0%"}}),)),
    Sample(
        Case.ALLOWED,
        "canary",
        (deployment(ROLLOUT, strategy={"canary": {"maxUnavailable": 0}}, template=pods(server())),),
    ),
    Sample(
        Case.ALLOWED,
        "blue and green",
        (deployment(ROLLOUT, strategy={"blueGreen": {"activeService": "chat"}}, template=pods(server())),),
    ),
    Sample(
        Case.ALLOWED,
        "pods of a Deployment",
        (deployment(ROLLOUT, workloadRef={"name": "chat"}, strategy={"canary": {"maxUnavailable": 0}}, template=None),),
    ),
    Sample(Case.ALLOWED, "one after another", (deployment(STATEFUL_SET, template=pods(server())),)),
    Sample(
        Case.ALLOWED,
        "workers answer nobody",
        (
            groups(
                leader=pods(server()),
                rolloutStrategy={"rollingUpdateConfiguration": {"maxUnavailable": 0, "maxSurge": 1}},
            ),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "no startup probe where none is asked for",
        (chat(server(startupProbe=None, lifecycle=None)),),
        parameters={"startup_required": False, "pre_stop_required": False},
    ),
    Sample(Case.INSIDE, "grace", (chat(terminationGracePeriodSeconds=30),)),
    Sample(
        Case.OUTSIDE,
        "grace",
        (chat(terminationGracePeriodSeconds=29),),
        ("terminationGracePeriodSeconds is less than 30",),
    ),
    Sample(
        Case.OUTSIDE,
        "grace by default",
        (chat(),),
        ("terminationGracePeriodSeconds is less than 60",),
        parameters={"minimum_grace_seconds": 60},
    ),
    Sample(
        Case.DISALLOWED,
        "the hook takes all the time",
        (chat(server(lifecycle={"preStop": {"sleep": {"seconds": 30}}})),),
        ("seconds takes all of",),
    ),
    Sample(
        Case.DISALLOWED,
        "nothing",
        (chat(container()),),
        (
            "readinessProbe is missing",
            "livenessProbe is missing",
            "startupProbe is missing",
            "lifecycle.preStop is missing",
        ),
    ),
    Sample(
        Case.DISALLOWED,
        "the second port has no readiness",
        (chat(server(), server(name="metrics", readinessProbe=None)),),
        ("containers[1].readinessProbe is missing",),
    ),
    Sample(Case.DISALLOWED, "recreated", (chat(strategy={"type": "Recreate"}),), ("type is Recreate",)),
    Sample(Case.DISALLOWED, "a quarter by default", (chat(strategy=None),), ("maxUnavailable is not 0",)),
    Sample(
        Case.DISALLOWED,
        "one group by default",
        (groups(leader=pods(server())),),
        ("maxUnavailable is not 0",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown probe does not hide the missing one",
        (chat(server(readinessProbe=UNKNOWN, livenessProbe=None)),),
        ("livenessProbe is missing", "readinessProbe is not known"),
    ),
    Sample(Case.UNKNOWN, "unknown ports", (chat(server(ports=UNKNOWN, livenessProbe=UNKNOWN)),), ("not known",)),
    Sample(Case.NOT_APPLICABLE, "answers nobody", (deployment(DAEMON_SET, template=pods()),)),
)
