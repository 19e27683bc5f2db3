"""Samples of `ns-quota`."""

from __future__ import annotations

from dataclasses import replace

from policies.checks.ns_quota import LIMIT_RANGE
from policies.tokens import NAMESPACE, RESOURCE_QUOTA
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import deployment, in_namespace

TENANT = Declared(NAMESPACE, "assistants", {"metadata": {"name": "assistants"}})
CHAT = deployment()
HARD = {"requests.cpu": "160", "requests.memory": "900Gi", "pods": 60}


def quota(hard: object = HARD, namespace: object = "assistants", **spec: object) -> Declared:
    metadata = {"name": "quota", "namespace": namespace}
    return Declared(RESOURCE_QUOTA, "quota", {"metadata": metadata, "spec": {"hard": hard, **spec}})


def limits(kind: object = "Container") -> Declared:
    spec = {"limits": [{"type": kind, "default": {"memory": "512Mi"}}]}
    return Declared(LIMIT_RANGE, "limits", {"metadata": {"namespace": "assistants"}, "spec": spec})


SAMPLES = (
    Sample(Case.ALLOWED, "quota and limits", (TENANT, CHAT, quota(), limits())),
    Sample(Case.ALLOWED, "other names of the amounts", (CHAT, quota({"cpu": 8, "memory": "8Gi"}), limits())),
    Sample(
        Case.ALLOWED, "two quotas", (CHAT, quota({"cpu": 8}), replace(quota({"memory": "1Gi"}), name="b"), limits())
    ),
    Sample(Case.ALLOWED, "the cluster's own", (in_namespace(CHAT, "kube-system"),)),
    Sample(
        Case.RESOLVED,
        "namespace of the same stack",
        (TENANT, replace(in_namespace(CHAT, UNKNOWN), needs={"metadata": ("assistants",)}), quota(), limits()),
    ),
    Sample(
        Case.DISALLOWED,
        "nothing",
        (TENANT, CHAT),
        ("bounds requests.cpu, requests.memory", "no LimitRange"),
    ),
    Sample(Case.DISALLOWED, "pods only", (TENANT, CHAT, quota({"pods": 9}), limits()), ("bounds requests.cpu",)),
    Sample(
        Case.DISALLOWED,
        "some pods only",
        (TENANT, CHAT, quota(scopes=["BestEffort"]), limits()),
        ("bounds requests.cpu, requests.memory",),
    ),
    Sample(
        Case.DISALLOWED,
        "quota of another namespace",
        (TENANT, CHAT, quota(namespace="search"), limits()),
        ("bounds requests.cpu, requests.memory",),
    ),
    Sample(Case.DISALLOWED, "limits of claims", (TENANT, CHAT, quota(), limits("Pod")), ("no LimitRange",)),
    Sample(
        Case.UNKNOWN,
        "an unknown quota does not hide the missing limits",
        (TENANT, CHAT, quota(UNKNOWN)),
        ("spec.hard is not known", "no LimitRange"),
    ),
    Sample(Case.UNKNOWN, "unknown kind of limits", (TENANT, CHAT, quota(), limits(UNKNOWN)), ("type is not known",)),
    Sample(Case.NOT_APPLICABLE, "nothing runs there", (TENANT,)),
)
