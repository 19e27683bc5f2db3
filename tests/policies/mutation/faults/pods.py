"""Faults of pods and of the namespaces they live in."""

from __future__ import annotations

from policies.tokens import NAMESPACE, ROLLOUT
from tests.policies.mutation.fault import Fault, drop, edit, labelled, named, put, without

_POD = "spec.template.spec"
_CONTEXT = f"{_POD}.containers.*.securityContext"
_ENFORCE = ("metadata", "labels", "pod-security.kubernetes.io/enforce")
_VERSION = ("metadata", "labels", "pod-security.kubernetes.io/enforce-version")


restricted = labelled(_ENFORCE[2], "restricted")  # not one of those that may do more

FAULTS = (
    Fault("privileged pods admitted", NAMESPACE, put(*_ENFORCE, "privileged"), ("pss-restricted",), where=restricted),
    Fault("baseline admitted", NAMESPACE, put(*_ENFORCE, "baseline"), ("pss-restricted",), where=restricted),
    Fault("level of security dropped", NAMESPACE, drop(*_ENFORCE), ("pss-restricted",), where=restricted),
    Fault("level of whatever version", NAMESPACE, put(*_VERSION, "latest"), ("pss-restricted",), where=restricted),
    Fault("pods may be root", ROLLOUT, put(f"{_POD}.securityContext.runAsNonRoot", False), ("pod-nonroot",)),
    Fault("pods are root", ROLLOUT, put(f"{_POD}.securityContext.runAsUser", 0), ("pod-nonroot",)),
    Fault("low user", ROLLOUT, put(f"{_POD}.securityContext.runAsUser", 1000), ("pod-nonroot",)),
    Fault("no user", ROLLOUT, drop(f"{_POD}.securityContext.runAsUser"), ("pod-nonroot",)),
    Fault("no seccomp", ROLLOUT, drop(f"{_POD}.securityContext.seccompProfile"), ("pod-nonroot",)),
    Fault("a container is root", ROLLOUT, put(f"{_CONTEXT}.runAsUser", 0), ("pod-nonroot",)),
    Fault("privileges may grow", ROLLOUT, put(f"{_CONTEXT}.allowPrivilegeEscalation", True), ("pod-nonroot",)),
    Fault("capabilities kept", ROLLOUT, drop(f"{_CONTEXT}.capabilities"), ("pod-nonroot",)),
    Fault(
        "capabilities of the start kept",
        ROLLOUT,
        drop(f"{_POD}.initContainers.*.securityContext.capabilities"),
        ("pod-nonroot",),
    ),
    Fault("privileged container", ROLLOUT, put(f"{_CONTEXT}.privileged", True), ("pod-no-host",)),
    Fault("network of the host", ROLLOUT, put(f"{_POD}.hostNetwork", True), ("pod-no-host",)),
    Fault("processes of the host", ROLLOUT, put(f"{_POD}.hostPID", True), ("pod-no-host",)),
    Fault("memory of the host", ROLLOUT, put(f"{_POD}.hostIPC", True), ("pod-no-host",)),
    Fault(
        "path of the host",
        ROLLOUT,
        edit(f"{_POD}.volumes", to=lambda volumes: [*volumes, {"name": "host", "hostPath": {"path": "/var/lib"}}]),
        ("pod-no-host",),
    ),
    Fault("port of the host", ROLLOUT, put(f"{_POD}.containers.0.ports.0.hostPort", 8080), ("pod-no-host",)),
    Fault("root file system is written", ROLLOUT, put(f"{_CONTEXT}.readOnlyRootFilesystem", False), ("pod-rofs",)),
    Fault("unbounded scratch", ROLLOUT, drop(f"{_POD}.volumes.1.emptyDir.sizeLimit"), ("pod-rofs",)),
    Fault("token in the pod", ROLLOUT, put(f"{_POD}.automountServiceAccountToken", True), ("pod-sa-token",)),
    Fault(
        "account of everybody",
        ROLLOUT,
        put(f"{_POD}.serviceAccountName", "default"),
        ("eks-pod-identity", "pod-sa-token"),
    ),
    Fault(
        "token by default",
        "kubernetes:core/v1:ServiceAccount",
        put("automountServiceAccountToken", True),
        ("pod-sa-token",),
        where=without(named("degradation")),  # its pods talk to the API, and say so
    ),
)
