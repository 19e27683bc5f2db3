"""Samples of `k8s-spread-pdb`."""

from __future__ import annotations

from dataclasses import replace

from policies.checks.k8s_spread_pdb import DISRUPTION_BUDGET
from policies.scaling import SCALED_OBJECT
from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import INFERENCE, SPREAD, deployment, groups, pods, unspread

CHAT = deployment()


def budget(**spec: object) -> Declared:
    settings = {"selector": {"matchLabels": {"app": "chat"}}, **(spec or {"maxUnavailable": 1})}
    return Declared(DISRUPTION_BUDGET, "chat-budget", {"metadata": {"namespace": "assistants"}, "spec": settings})


def scaler(minimum: object, name: object = "chat", **needs: tuple[str, ...]) -> Declared:
    spec = {"scaleTargetRef": {"name": name}, "minReplicaCount": minimum}
    return Declared(SCALED_OBJECT, "scaler", {"metadata": {"namespace": "assistants"}, "spec": spec}, needs)


SAMPLES = (
    Sample(Case.ALLOWED, "two replicas", (CHAT, budget())),
    Sample(Case.ALLOWED, "rollout", (deployment(ROLLOUT), budget())),
    Sample(Case.ALLOWED, "by its autoscaler", (deployment(replicas=None), scaler(2), budget())),
    Sample(Case.ALLOWED, "groups of pods in one zone", (groups(), budget())),
    Sample(Case.ALLOWED, "percentage", (CHAT, budget(maxUnavailable="25%"))),
    Sample(
        Case.RESOLVED,
        "autoscaler of a workload whose name is not known yet",
        (deployment(replicas=None), scaler(2, UNKNOWN, spec=("chat",)), budget()),
    ),
    Sample(Case.INSIDE, "replicas", (deployment(replicas=2), budget())),
    Sample(Case.OUTSIDE, "replicas", (deployment(replicas=1), budget()), ("spec.replicas allows fewer than 2",)),
    Sample(Case.INSIDE, "disruptions", (CHAT, budget(minAvailable=1))),
    Sample(Case.OUTSIDE, "disruptions", (CHAT, budget(minAvailable=2)), ("allows no disruption",)),
    Sample(
        Case.DISALLOWED,
        "autoscaler goes to zero",
        (CHAT, scaler(None), budget()),
        ("spec.minReplicaCount allows fewer than 2",),
    ),
    Sample(Case.DISALLOWED, "no budget", (CHAT,), ("no PodDisruptionBudget",)),
    Sample(
        Case.DISALLOWED,
        "a budget for leaders alone",
        (groups(worker=unspread(labels={"app": "worker"})), budget()),
        ("no PodDisruptionBudget",),
    ),
    Sample(Case.DISALLOWED, "one group", (groups(replicas=1), budget()), ("allows fewer than 2",)),
    Sample(Case.DISALLOWED, "no disruption", (CHAT, budget(maxUnavailable=0)), ("allows no disruption",)),
    Sample(Case.DISALLOWED, "all of them", (CHAT, budget(minAvailable="100%")), ("allows no disruption",)),
    Sample(
        Case.DISALLOWED,
        "budget in another namespace",
        (CHAT, replace(budget(), properties={**budget().properties, "metadata": {"namespace": "x"}})),
        ("no PodDisruptionBudget",),
    ),
    Sample(
        Case.DISALLOWED,
        "spread if possible",
        (
            deployment(template=pods(topologySpreadConstraints=[{**SPREAD, "whenUnsatisfiable": "ScheduleAnyway"}])),
            budget(),
        ),
        ("no constraint by topology.kubernetes.io/zone",),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown replicas do not hide the missing budget",
        (deployment(replicas=UNKNOWN),),
        ("spec.replicas is not known", "no PodDisruptionBudget"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "nobody notices",
        (deployment(labels={**INFERENCE, TagKey.TIER.label: "2"}, replicas=1),),
    ),
)
