"""Faults of what bounds growth and cost."""

from __future__ import annotations

from policies.tokens import ROLLOUT
from tests.policies.mutation.fault import Fault, drop, edit, labelled, named, put, remove

_SCALED = "kubernetes:keda.sh/v1alpha1:ScaledObject"
_POOL = "kubernetes:karpenter.sh/v1:NodePool"
_CONTAINER = "spec.template.spec.containers.0"
_GROUP = "aws:eks/nodeGroup:NodeGroup"
_BUDGET = "aws:budgets/budget:Budget"

FAULTS = (
    Fault("no upper bound", _SCALED, drop("spec.maxReplicaCount"), ("autoscale-bounded", "autoscale-capacity")),
    Fault(
        "upper bound without end",
        _SCALED,
        put("spec.maxReplicaCount", 100_000),
        ("autoscale-bounded", "autoscale-capacity"),
    ),
    Fault(
        "no lower bound",
        _SCALED,
        drop("spec.minReplicaCount"),
        ("autoscale-bounded",),
        also={"k8s-spread-pdb": labelled("serving.blueprint/tier", "0", "1")},
    ),
    Fault("replicas that each update resets", ROLLOUT, put("spec.replicas", 3), ("autoscale-bounded",)),
    Fault("pool without limit", _POOL, drop("spec.limits"), ("karpenter-limits", "cost-ceiling-static")),
    Fault("pool without budget of disruption", _POOL, drop("spec.disruption.budgets"), ("karpenter-limits",)),
    Fault("nodes for ever", _POOL, put("spec.template.spec.expireAfter", "Never"), ("karpenter-limits",)),
    Fault("no limit of memory", ROLLOUT, drop(f"{_CONTAINER}.resources.limits.memory"), ("requests-limits-gpu",)),
    Fault("no request of CPU", ROLLOUT, drop(f"{_CONTAINER}.resources.requests.cpu"), ("requests-limits-gpu",)),
    Fault("no resources", ROLLOUT, drop(f"{_CONTAINER}.resources"), ("requests-limits-gpu",)),
    # a family of which no price is known either
    Fault(
        "machines of an old family",
        _GROUP,
        put("instanceTypes", ["m1.small"]),
        ("instance-allowlist", "cost-ceiling-static"),
    ),
    Fault("nodes with accelerators for everybody", _GROUP, drop("taints"), ("instance-allowlist",), where=named("gpu")),
    Fault(
        "pool of an old family",
        _POOL,
        put("spec.template.spec.requirements.0.values", ["m1.small"]),
        ("instance-allowlist", "cost-ceiling-static"),
        where=named("gpu"),
    ),
    Fault(
        "taint of accelerators not tolerated",
        ROLLOUT,
        drop("spec.template.spec.tolerations"),
        ("gpu-isolation",),
        where=named("chat"),
    ),
    Fault(
        "all devices by a variable",
        ROLLOUT,
        edit(f"{_CONTAINER}.env", to=lambda env: [*env, {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]),
        ("gpu-isolation",),
    ),
    Fault("no quota", "kubernetes:core/v1:ResourceQuota", remove, ("ns-quota",)),
    Fault("no limit range", "kubernetes:core/v1:LimitRange", remove, ("ns-quota",)),
    Fault("images for ever", "aws:ecr/lifecyclePolicy:LifecyclePolicy", remove, ("lifecycle-ecr",)),
    Fault("no budget", _BUDGET, remove, ("cost-budget",), also={"cost-ceiling-static": named("budget-environment")}),
    Fault("nobody is told of the budget", _BUDGET, drop("notifications"), ("cost-budget",)),
    Fault("budget has no teeth", "aws:budgets/budgetAction:BudgetAction", remove, ("cost-budget",)),
    Fault(
        "no monitor of anomalies",
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        remove,
        ("cost-anomaly (undetermined)",),
    ),
    Fault(
        "nobody is told of anomalies",
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        remove,
        ("cost-anomaly",),
    ),
    Fault("more replicas than the quota holds", _SCALED, put("spec.maxReplicaCount", 90), ("autoscale-capacity",)),
    Fault(
        "quota of one pod",
        "kubernetes:core/v1:ResourceQuota",
        put("spec", "hard", "pods", "1"),
        ("autoscale-capacity",),
    ),
    Fault(
        "scaled by what nobody measures",
        _SCALED,
        put("spec.triggers.0.metadata.query", "sum(no_such_metric)"),
        ("metric-contract",),
    ),
)
