"""Samples of `ai-risk-class`."""

from __future__ import annotations

from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import INFERENCE, deployment, pods

LABEL = TagKey.RISK_CLASS.label
OWN = {"mandatory_when_high": ["ai-risk-class"]}


def serving(of_workload: object = "limited", of_pods: object = "limited") -> Declared:
    labels = INFERENCE if of_workload is None else {**INFERENCE, LABEL: of_workload}
    in_pods = INFERENCE if of_pods is None else {**INFERENCE, LABEL: of_pods}
    return deployment(ROLLOUT, labels=labels, template=pods(labels=in_pods))


SAMPLES = (
    Sample(Case.ALLOWED, "limited", (serving(),)),
    Sample(Case.ALLOWED, "high, with strict rules", (serving("high", "high"),), parameters=OWN),
    Sample(
        Case.ALLOWED,
        "limited, with lax rules",
        (serving(),),
        parameters=OWN,
        written={"levels": {"ai-risk-class": "advisory"}},
    ),
    Sample(Case.ALLOWED, "classes of one's own", (serving("A", "A"),), parameters={"classes": ["A", "B"]}),
    Sample(Case.DISALLOWED, "no class", (serving(None),), (f"metadata has no {LABEL}",)),
    Sample(
        Case.DISALLOWED, "pods without class", (serving(of_pods=None),), (f"spec.template.metadata has no {LABEL}",)
    ),
    Sample(
        Case.DISALLOWED,
        "class that there is not",
        (serving("harmless", "limited"),),
        ('is "harmless", which is none of minimal, limited, high',),
    ),
    Sample(
        Case.DISALLOWED,
        "high, with lax rules",
        (serving("high", "high"),),
        ("it is a high-risk system, and ai-risk-class is advisory",),
        parameters=OWN,
        written={"levels": {"ai-risk-class": "advisory"}},
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown class does not hide that of the pods",
        (serving(UNKNOWN, "harmless"),),
        ("risk-class is not known", 'is "harmless"'),
    ),
    Sample(Case.NOT_APPLICABLE, "serves no model", (deployment(labels={"app": "web"}, template=pods(labels={})),)),
)
