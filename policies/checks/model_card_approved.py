"""Rule `model-card-approved`: the documentation of a model is there, and approved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.keys import key_problem
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
from policies.stack import Stack
from policies.tokens import SERVERS
from policies.views import Resource, Undetermined
from policies.workloads import marks, serves_inference
from serving.blueprint.tags import MODEL_CARD_ANNOTATION, TagKey
from serving.blueprint.vocabulary import EnvironmentKind, RiskClass

MODEL_CARD: Final = "aws:sagemaker/modelCard:ModelCard"
_RATINGS: Final = ("High", "Medium", "Low")
"""`Unknown` is allowed by SageMaker, and says that nobody thought about it (CloudFormation template reference,
"AWS::SageMaker::ModelCard IntendedUses", read 2026-11)."""


class ModelCards(Parameters):
    """Parameters."""

    required_for: tuple[str, ...] = Field(
        default=(str(RiskClass.HIGH.value),),
        description="Risk classes whose services need a card: a ModelCard of the stack, or a link to one.",
    )
    link_key: str = Field(default=MODEL_CARD_ANNOTATION, description="Annotation with the link to a model card.")


def check(resource: Resource, parameters: ModelCards) -> Outcomes:
    """Judge a model card, or whether a workload that serves a model has one."""
    if resource.token == MODEL_CARD:
        aspects: tuple[Callable[[Resource], Outcomes], ...] = (_judge_status, _judge_uses, _judge_key)
        yield from judge_each(aspects, lambda aspect: aspect(resource))
    elif serves_inference(resource):
        yield from _judge_workload(resource, parameters)


def _judge_status(card: Resource) -> Iterator[Outcome]:
    node = card["modelCardStatus"]
    if node.text() != "Approved":
        yield Violation(f"{node.place} is {'missing' if node.missing else node.shown}")


def _judge_uses(card: Resource) -> Iterator[Outcome]:
    """Judge what the card says; its content is a document of SageMaker's model card schema."""
    uses = card["content"].document()["intended_uses"]
    rating = uses["risk_rating"]
    if rating.text() not in _RATINGS:
        yield Violation(f"{rating.place} is {'missing' if rating.missing else rating.shown}")
    if not any((uses[key].text() or "").strip() for key in ("intended_uses", "purpose_of_model")):
        yield Violation(f"{uses.place} says no intended use")


def _judge_key(card: Resource) -> Iterator[Outcome]:
    problem = key_problem(card, card.at("securityConfig", "kmsKeyId"))
    if problem is not None:
        yield Violation(problem, remedy="set securityConfig.kmsKeyId to a customer managed key")


def _judge_workload(workload: Resource, parameters: ModelCards) -> Iterator[Outcome]:
    found = marks(workload["metadata"])
    risk = found.get(TagKey.RISK_CLASS.label)
    if risk is None or risk.text() not in parameters.required_for:
        return
    link = found.get(parameters.link_key)
    if link is not None and (link.text() or "").startswith("https://"):
        return
    model = found.get(TagKey.MODEL.label)
    if model is None or not _has_card(workload.stack, model.text() or ""):
        yield Violation(f"metadata has no {parameters.link_key}, and no ModelCard of the stack is of its model")


def _has_card(stack: Stack, model: str) -> bool:
    names, lost = stack.index("model cards", lambda: _index(stack))
    if model not in names and lost:
        raise lost[0]
    return model in names


def _index(stack: Stack) -> tuple[frozenset[str], list[Undetermined]]:
    """Names of the models that have a card, and of the cards themselves."""
    names: set[str] = set()
    lost: list[Undetermined] = []
    for card in stack.of(MODEL_CARD):
        try:
            names.add(card["modelCardName"].text() or "")
            names.add(card["content"].document().at("model_overview", "model_name").text() or "")
        except Undetermined as doubt:
            lost.append(doubt)
    return frozenset(names - {""}), lost


RULE = Rule(
    id="model-card-approved",
    title="Model cards are approved and complete, and high-risk models have one",
    description=(
        "Every SageMaker ModelCard is Approved, states a risk rating (High, Medium or Low) and an intended use, and is "
        "encrypted with a customer managed key. A workload labelled `app.kubernetes.io/component: inference` whose "
        "risk class needs a card has a link to it as annotation, or a ModelCard of the stack whose name or "
        "`model_overview.model_name` is its model."
    ),
    effect="users and auditors cannot learn what the model is for, what it is bad at, and who allowed it",
    remedy="write the card, have it approved, and state its link as serving.blueprint/model-card",
    topic=Topic.LINEAGE,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(MODEL_CARD, *SERVERS),
    parameters=ModelCards,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
