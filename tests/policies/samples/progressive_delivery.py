"""Samples of `progressive-delivery`."""

from __future__ import annotations

from policies.checks.progressive_delivery import FLAGGER_CANARY
from policies.tokens import DEPLOYMENT, ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import INFERENCE, deployment

STEPS = [{"setWeight": 5}, {"pause": {"duration": "600s"}}]
ANALYSIS = {"templates": [{"templateName": "chat"}]}
PLACE = {"name": "one", "namespace": "assistants"}
NO_ANALYSIS = ("has no analysis that decides",)


def rollout(**strategy: object) -> Declared:
    return deployment(ROLLOUT, strategy=strategy)


def canary(steps: object = STEPS, analysis: Json | None = ANALYSIS) -> Declared:
    return rollout(canary={"steps": steps, **({} if analysis is None else {"analysis": analysis})})


SAMPLES = (
    Sample(Case.ALLOWED, "canary", (canary(),)),
    Sample(Case.ALLOWED, "analysis as a step", (canary([*STEPS, {"analysis": ANALYSIS}], None),)),
    Sample(Case.ALLOWED, "one metric is dry", (canary(analysis={**ANALYSIS, "dryRun": [{"metricName": "cost"}]}),)),
    Sample(Case.ALLOWED, "blue-green", (rollout(blueGreen={"prePromotionAnalysis": ANALYSIS}),)),
    Sample(
        Case.ALLOWED,
        "deployment that a rollout leads",
        (
            deployment(),
            Declared(
                ROLLOUT, "r", {"metadata": PLACE, "spec": {"workloadRef": {"name": "chat", "kind": "Deployment"}}}
            ),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "deployment that Flagger leads",
        (deployment(), Declared(FLAGGER_CANARY, "c", {"metadata": PLACE, "spec": {"targetRef": {"name": "chat"}}})),
    ),
    Sample(Case.DISALLOWED, "deployment", (deployment(),), ("no Rollout and no Canary leads",)),
    Sample(
        Case.DISALLOWED,
        "recreated, in any tier",
        (deployment(labels=INFERENCE, strategy={"type": "Recreate"}),),
        ("spec.strategy.type is Recreate",),
    ),
    Sample(Case.DISALLOWED, "no strategy", (rollout(),), ("has neither canary nor blueGreen",)),
    Sample(Case.DISALLOWED, "no steps", (canary([]),), ("all of the traffic at once",)),
    Sample(Case.DISALLOWED, "all at once", (canary([{"setWeight": 100}]),), ("all of the traffic at once",)),
    Sample(Case.DISALLOWED, "no analysis", (canary(analysis=None),), NO_ANALYSIS),
    Sample(
        Case.DISALLOWED,
        "analysis that is dry",
        (canary(analysis={**ANALYSIS, "dryRun": [{"metricName": ".*"}]}),),
        NO_ANALYSIS,
    ),
    Sample(
        Case.DISALLOWED, "blue-green without analysis", (rollout(blueGreen={"activeService": "chat"}),), NO_ANALYSIS
    ),
    Sample(
        Case.UNKNOWN,
        "unknown steps do not hide the missing analysis",
        (canary([{"setWeight": UNKNOWN}], None),),
        ("setWeight is not known", "has no analysis that decides"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "users notice, but go on",
        (deployment(labels={**INFERENCE, TagKey.TIER.label: "1"}),),
    ),
    Sample(Case.NOT_APPLICABLE, "serves no model", (Declared(DEPLOYMENT, "web", {"metadata": {"name": "web"}}),)),
)
