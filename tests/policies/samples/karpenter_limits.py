"""Samples of `karpenter-limits`."""

from __future__ import annotations

from policies.nodes import NODE_POOL
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

BUDGETS = [{"nodes": "10%"}]


def pool(limits: object = {"cpu": "72"}, budgets: object = BUDGETS, age: object = "720h") -> Declared:
    spec = {
        "limits": limits,
        "disruption": {"budgets": budgets, "consolidationPolicy": "WhenEmpty"},
        "template": {"spec": {"expireAfter": age, "requirements": []}},
    }
    return Declared(NODE_POOL, "cpu", {"metadata": {"name": "cpu"}, "spec": spec})


SAMPLES = (
    Sample(Case.ALLOWED, "bounded", (pool(),)),
    Sample(Case.ALLOWED, "by nodes", (pool({"nodes": 3}),)),
    Sample(Case.ALLOWED, "two budgets", (pool(budgets=[{"nodes": "1"}, {"nodes": "0", "schedule": "@daily"}]),)),
    Sample(
        Case.ALLOWED,
        "older version",
        (
            Declared(
                "kubernetes:karpenter.sh/v1beta1:NodePool",
                "cpu",
                {"spec": {"limits": {"cpu": 8}, "disruption": {"budgets": BUDGETS, "expireAfter": "24h"}}},
            ),
        ),
    ),
    Sample(Case.INSIDE, "age", (pool(age="719h60m"),)),
    Sample(Case.OUTSIDE, "age", (pool(age="720h1s"),), ("longer than 720 hours",)),
    Sample(Case.DISALLOWED, "never", (pool(age="Never"),), ("expireAfter is",)),
    Sample(Case.DISALLOWED, "no age", (pool(age=None),), ("expireAfter is missing",)),
    Sample(Case.DISALLOWED, "no limits", (pool(None),), ("spec.limits has none of cpu, memory, nodes",)),
    Sample(Case.DISALLOWED, "GPUs only", (pool({"nvidia.com/gpu": 8}),), ("spec.limits has none",)),
    Sample(Case.DISALLOWED, "no budgets", (pool(budgets=None),), ("budgets is missing",)),
    Sample(Case.DISALLOWED, "all nodes", (pool(budgets=[{"nodes": "100%"}]),), ("all nodes may go at once",)),
    Sample(
        Case.UNKNOWN,
        "an unknown limit does not hide the age",
        (pool({"cpu": UNKNOWN}, age="Never"),),
        ("expireAfter is", "spec.limits.cpu is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("kubernetes:karpenter.k8s.aws/v1:EC2NodeClass", "c", {}),)),
)
