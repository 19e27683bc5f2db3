"""Samples of `pod-no-host`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.checks.pod_no_host import PERSISTENT_VOLUME
from policies.tokens import CRON_JOB, DAEMON_SET, NAMESPACE, POD, ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import container, deployment, groups, in_namespace, pods


def mounting(path: object) -> Declared:
    return deployment(template=pods(volumes=[{"name": "node", "hostPath": {"path": path}}]))


def sharing(**spec: Any) -> Declared:
    return deployment(template=pods(**spec))


def confined(**context: object) -> Declared:
    return deployment(template=pods(container(securityContext=context)))


AGENT = deployment(DAEMON_SET, template=pods(hostNetwork=True))
PLUGINS = Declared(NAMESPACE, "plugins", {"metadata": {"name": "device-plugins"}})
EXEMPT: Json = {"exempt_namespaces": ["device-plugins"]}

SAMPLES = (
    Sample(Case.ALLOWED, "nothing of the node", (deployment(),)),
    Sample(
        Case.ALLOWED,
        "all said, and off",
        (
            deployment(
                template=pods(
                    container(
                        securityContext={"privileged": False, "procMount": "Default"}, ports=[{"containerPort": 80}]
                    ),
                    hostPID=False,
                    hostIPC=False,
                    hostNetwork=False,
                    volumes=[{"name": "scratch", "emptyDir": {}}],
                )
            ),
        ),
    ),
    Sample(Case.ALLOWED, "agent of the nodes", (in_namespace(AGENT, "kube-system"),)),
    Sample(
        Case.RESOLVED,
        "exempt namespace of the same stack",
        (PLUGINS, replace(in_namespace(AGENT, UNKNOWN), needs={"metadata": ("plugins",)})),
        parameters=EXEMPT,
    ),
    Sample(Case.DISALLOWED, "processes", (sharing(hostPID=True),), ("hostPID is true",)),
    Sample(Case.DISALLOWED, "memory", (sharing(hostIPC=True),), ("hostIPC is true",)),
    Sample(Case.DISALLOWED, "network", (AGENT,), ("hostNetwork is true",)),
    Sample(Case.DISALLOWED, "files", (mounting("/var/lib"),), ("volumes[0].hostPath is a path of the node",)),
    Sample(Case.DISALLOWED, "socket", (mounting("/run/containerd/containerd.sock"),), ("socket of the container",)),
    Sample(Case.DISALLOWED, "privileged", (confined(privileged=True),), ("containers[0].securityContext.privileged",)),
    Sample(Case.DISALLOWED, "proc", (confined(procMount="Unmasked"),), ("procMount is not Default",)),
    Sample(
        Case.DISALLOWED,
        "port",
        (deployment(template=pods(container(ports=[{"containerPort": 80, "hostPort": 80}]))),),
        ("ports[0].hostPort opens",),
    ),
    Sample(
        Case.DISALLOWED,
        "Windows",
        (sharing(securityContext={"windowsOptions": {"hostProcess": True}}),),
        ("windowsOptions.hostProcess is true",),
    ),
    Sample(
        Case.DISALLOWED,
        "init container",
        (deployment(template=pods(initContainers=[container(securityContext={"privileged": True})])),),
        ("initContainers[0].securityContext.privileged is true",),
    ),
    Sample(
        Case.DISALLOWED,
        "worker of a group",
        (groups(worker=pods(hostNetwork=True)),),
        ("workerTemplate.spec.hostNetwork is true",),
    ),
    Sample(
        Case.DISALLOWED,
        "scheduled",
        (
            Declared(
                CRON_JOB,
                "tidy",
                {"spec": {"jobTemplate": {"spec": {"template": pods(hostPID=True, hostIPC=True)}}}},
            ),
        ),
        ("hostPID is true", "hostIPC is true"),
    ),
    Sample(Case.DISALLOWED, "bare pod", (Declared(POD, "debug", pods(hostPID=True)),), ("spec.hostPID is true",)),
    Sample(
        Case.DISALLOWED,
        "volume to be claimed",
        (Declared(PERSISTENT_VOLUME, "models", {"spec": {"hostPath": {"path": "/models"}}}),),
        ("spec.hostPath is a path of the node",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown setting hides no volume",
        (
            deployment(
                template=pods(
                    container(securityContext={"privileged": UNKNOWN}),
                    volumes=[{"name": "node", "hostPath": {"path": UNKNOWN}}],
                )
            ),
        ),
        ("hostPath is a path", "privileged is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "rollout of a deployment's pods",
        (Declared(ROLLOUT, "r", {"spec": {"workloadRef": {"name": "chat"}}}),),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "volume of a driver",
        (Declared(PERSISTENT_VOLUME, "models", {"spec": {"csi": {"driver": "efs.csi.aws.com"}}}),),
    ),
)
