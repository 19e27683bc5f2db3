"""Samples of `model-card-approved`."""

from __future__ import annotations

import json

from policies.checks.model_card_approved import MODEL_CARD
from policies.keys import KMS_KEY
from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import MODEL_CARD_ANNOTATION, TagKey
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample
from tests.policies.samples.workloads import INFERENCE, deployment, pods

USES = {"risk_rating": "High", "intended_uses": "scores of card payments", "purpose_of_model": "fraud"}
HIGH = {**INFERENCE, TagKey.RISK_CLASS.label: "high", TagKey.MODEL.label: "fraud-gbm"}
LINK = {MODEL_CARD_ANNOTATION: "https://docs.example.com/model-cards/fraud-gbm"}


def card(uses: Json | None = None, **changes: object) -> Declared:
    content = {"model_overview": {"model_name": "fraud-gbm"}, "intended_uses": USES if uses is None else uses}
    properties: Json = {
        "modelCardName": "fraud",
        "modelCardStatus": "Approved",
        "content": json.dumps(content),
        "securityConfig": {"kmsKeyId": KEY_ARN},
        **changes,
    }
    return Declared(MODEL_CARD, "card", properties)


def serving(labels: Json) -> Declared:
    return deployment(ROLLOUT, labels=labels)


SAMPLES = (
    Sample(Case.ALLOWED, "approved", (card(),)),
    Sample(Case.ALLOWED, "a service with a link", (serving({**HIGH, **LINK}),)),
    Sample(Case.ALLOWED, "a service with a card of the stack", (card(), serving(HIGH))),
    Sample(
        Case.RESOLVED,
        "key of the stack",
        (
            Declared(KMS_KEY, "key", {}),
            Declared(
                MODEL_CARD,
                "card",
                card(securityConfig={"kmsKeyId": UNKNOWN}).properties,
                {"securityConfig": ("key",)},
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "draft", (card(modelCardStatus="Draft"),), ("modelCardStatus is",)),
    Sample(Case.DISALLOWED, "no rating", (card({**USES, "risk_rating": "Unknown"}),), ("risk_rating is",)),
    Sample(Case.DISALLOWED, "no use", (card({"risk_rating": "Low"}),), ("says no intended use",)),
    Sample(Case.DISALLOWED, "no key", (card(securityConfig=None),), ("securityConfig.kmsKeyId is missing",)),
    Sample(Case.DISALLOWED, "no document", (card(content="approved by Jane"),), ("content is not a JSON document",)),
    Sample(Case.DISALLOWED, "high risk without a card", (serving(HIGH),), ("no ModelCard of the stack",)),
    Sample(
        Case.DISALLOWED,
        "card of another model",
        (card(), serving({**HIGH, TagKey.MODEL.label: "chat"})),
        ("no ModelCard of the stack",),
    ),
    Sample(
        Case.DISALLOWED,
        "link that is none",
        (serving({**HIGH, MODEL_CARD_ANNOTATION: "see wiki"}),),
        ("no ModelCard of the stack",),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown content does not hide the status",
        (card(content=UNKNOWN, modelCardStatus="Draft"),),
        ("modelCardStatus is", "content is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "lower risk", (serving({**HIGH, TagKey.RISK_CLASS.label: "limited"}),)),
    Sample(Case.NOT_APPLICABLE, "serves no model", (deployment(labels={"app": "web"}, template=pods(labels={})),)),
)
