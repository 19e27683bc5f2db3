"""Rule `ai-risk-class`: what serves a model says how dangerous it is, and is governed by that."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.tokens import SERVERS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, marks, pod_templates, serves_inference
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, RiskClass


class RiskClasses(Parameters):
    """Parameters."""

    label: str = Field(default=TagKey.RISK_CLASS.label, description="Label or annotation with the risk class.")
    classes: tuple[str, ...] = Field(
        default=tuple(str(one.value) for one in RiskClass), min_length=1, description="Risk classes that there are."
    )
    high_classes: tuple[str, ...] = Field(
        default=(str(RiskClass.HIGH.value),), description="Classes of high-risk systems, chapter III of the EU AI Act."
    )
    mandatory_when_high: tuple[str, ...] = Field(
        default=("lineage-model", "log-retention-band", "model-card-approved"),
        description="Rules that may be neither advisory nor disabled in production where a high-risk system runs.",
    )


def check(workload: Resource, parameters: RiskClasses) -> Outcomes:
    """Judge the risk class of a workload that serves a model, and what follows from it."""
    if not serves_inference(workload):
        return
    places = [workload["metadata"]]
    if not borrows_pods(workload):
        places += [template["metadata"] for template in pod_templates(workload)]
    yield from judge_each(places, lambda metadata: _judge_class(metadata, parameters))
    stated = marks(workload["metadata"]).get(parameters.label)
    if stated is not None and stated.text() in parameters.high_classes:
        yield from _judge_levels(workload, parameters)


def _judge_class(metadata: Node, parameters: RiskClasses) -> Iterator[Outcome]:
    stated = marks(metadata).get(parameters.label)
    if stated is None or stated.missing:
        yield Violation(f"{metadata.place} has no {parameters.label}")
    elif stated.text() not in parameters.classes:
        yield Violation(f"{stated.place} is {stated.shown}, which is none of {', '.join(parameters.classes)}")


def _judge_levels(workload: Resource, parameters: RiskClasses) -> Iterator[Outcome]:
    stack = workload.stack
    if stack.kind is not EnvironmentKind.PROD:
        return
    for rule in parameters.mandatory_when_high:
        if stack.levels.get(rule, Level.MANDATORY) in (Level.ADVISORY, Level.DISABLED):
            yield Violation(
                f"it is a high-risk system, and {rule} is {stack.levels[rule]}",
                remedy=f"let policies.levels.{rule} be mandatory, or waive the one resource",
            )


RULE = Rule(
    id="ai-risk-class",
    title="Whatever serves a model states its risk class, and high risk is governed strictly",
    description=(
        "Deployments, Rollouts and LeaderWorkerSets labelled `app.kubernetes.io/component: inference`, and their "
        "pods, carry a risk class of the EU AI Act that there is. Where a high-risk one runs in production, the rules "
        "that keep its records (lineage, retention of logs, model card) are mandatory there."
    ),
    effect="obligations of the EU AI Act are met by chance: nobody knows which systems they are about",
    remedy="classify the system and state the class as label serving.blueprint/risk-class",
    topic=Topic.LINEAGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=SERVERS,
    parameters=RiskClasses,
    check=check,
)
