"""Samples of `slo-declared`."""

from __future__ import annotations

import json

from policies.alerts import PYRRA, RULE_GROUPS, SIGNALS_TYPE, SLOTH
from policies.services import SAGEMAKER_ENDPOINT
from policies.tokens import CLOUD_CONTROL, DEPLOYMENT, ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.rulefiles import alert, prometheus_rule, record, rule_file

LABELS: Json = {
    "app.kubernetes.io/component": "inference",
    "app.kubernetes.io/name": "chat-large",
    TagKey.SERVICE.label: "chat",
}


def service(name: str = "chat", token: str = ROLLOUT, cluster: str = "", **labels: object) -> Declared:
    metadata: Json = {"name": "chat-large", "namespace": "assistants", "labels": {**LABELS, **labels}}
    return Declared(token, name, {"metadata": metadata, "spec": {}}, provider=cluster)


ENDPOINT = Declared(SAGEMAKER_ENDPOINT, "fraud", {"name": "fraud-score", "endpointConfigName": "fraud-1"})
SIGNALS = Declared(
    CLOUD_CONTROL,
    "fraud-slo",
    {"typeName": SIGNALS_TYPE, "desiredState": json.dumps({"Name": "fraud-score", "Goal": {"AttainmentGoal": 99.9}})},
)
NONE = ("no objective names the service",)
EAST, WEST = (
    "urn:pulumi:dev::shop::pulumi:providers:kubernetes::east",
    "urn:pulumi:dev::shop::pulumi:providers:kubernetes::west",
)

SAMPLES = (
    Sample(Case.ALLOWED, "rule file", (service(), rule_file(record()))),
    Sample(Case.ALLOWED, "PrometheusRule", (service(token=DEPLOYMENT), prometheus_rule(record()))),
    Sample(
        Case.ALLOWED,
        "named in an expression",
        (service(), prometheus_rule(record(labels={}, expr='sum(rate(x_total{app="chat-large"}[5m]))'))),
    ),
    Sample(
        Case.ALLOWED,
        "Sloth",
        (service(), Declared(SLOTH, "slo", {"metadata": {"name": "slo"}, "spec": {"service": "chat", "slos": []}})),
    ),
    Sample(
        Case.ALLOWED,
        "Pyrra",
        (service(), Declared(PYRRA, "slo", {"metadata": {"name": "chat"}, "spec": {"target": "99.9"}})),
    ),
    Sample(Case.ALLOWED, "Application Signals", (ENDPOINT, SIGNALS)),
    Sample(
        Case.ALLOWED,
        "two clusters, one place that measures",
        (service("east", cluster=EAST), service("west", cluster=WEST), rule_file(record())),
    ),
    Sample(
        Case.ALLOWED,
        "two clusters, two regions",
        (
            service("east", cluster=EAST),
            service("west", cluster=WEST),
            rule_file(record(), name="one"),
            rule_file(record(), name="two", region="eu-central-1"),
        ),
    ),
    Sample(Case.DISALLOWED, "nothing", (service(),), NONE),
    Sample(Case.DISALLOWED, "endpoint", (ENDPOINT,), NONE),
    Sample(Case.DISALLOWED, "another service", (ENDPOINT, rule_file(record())), NONE),
    Sample(Case.DISALLOWED, "an alert measures nothing", (service(), rule_file(alert())), NONE),
    Sample(
        Case.DISALLOWED,
        "one of two regions",
        (
            service("east", cluster=EAST),
            rule_file(record(), name="one"),
            rule_file(record(service="other", expr="up"), name="two", region="eu-central-1"),
            service("west", cluster=WEST),
        ),
        ("measured in 1 of 2 regions", "measured in 1 of 2 regions"),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file",
        (service(), Declared(RULE_GROUPS, "rules", {"workspaceId": "ws-1", "data": UNKNOWN})),
        ("data is not known",),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "no inference",
        (service(**{"app.kubernetes.io/component": "proxy"}), rule_file(record())),
    ),
)
