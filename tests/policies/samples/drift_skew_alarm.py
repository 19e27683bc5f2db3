"""Samples of `drift-skew-alarm`."""

from __future__ import annotations

from policies.alerts import METRIC_ALARM, RULE_GROUPS
from policies.services import SAGEMAKER_ENDPOINT
from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.rulefiles import FAST, alert, prometheus_rule, record, rule_file

LABELS: Json = {"app.kubernetes.io/component": "inference", "app.kubernetes.io/name": "chat"}
CHAT = Declared(ROLLOUT, "chat", {"metadata": {"name": "chat", "labels": LABELS}, "spec": {}})
FRAUD = Declared(SAGEMAKER_ENDPOINT, "fraud", {"name": "fraud-score"})
DRIFT = alert(
    alert="InputDrift", expr='max(serving_input_drift_psi{service="chat"}) > 0.2', labels={"severity": "ticket"}
)
NONE = ("no alert on drift or skew names the service",)


def alarm(metric: object, endpoint: object = "fraud-score") -> Declared:
    stated: Json = {
        "name": "fraud",
        "namespace": "aws/sagemaker/Endpoints/data-metrics",
        "metricName": metric,
        "dimensions": {"Endpoint": endpoint},
    }
    return Declared(METRIC_ALARM, "alarm", stated)


SAMPLES = (
    Sample(Case.ALLOWED, "rule file", (CHAT, rule_file(record(), FAST, DRIFT))),
    Sample(Case.ALLOWED, "PrometheusRule", (CHAT, prometheus_rule(DRIFT))),
    Sample(Case.ALLOWED, "alarm", (FRAUD, alarm("feature_baseline_drift_amount"))),
    Sample(Case.ALLOWED, "another word", (FRAUD, alarm("kl_divergence")), parameters={"words": ["divergence"]}),
    Sample(Case.DISALLOWED, "nothing", (CHAT,), NONE),
    Sample(Case.DISALLOWED, "an objective is no drift", (CHAT, rule_file(record(), FAST)), NONE),
    Sample(Case.DISALLOWED, "another service", (FRAUD, rule_file(DRIFT)), NONE),
    Sample(Case.DISALLOWED, "another endpoint", (FRAUD, alarm("feature_baseline_drift_amount", "chat")), NONE),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file",
        (CHAT, Declared(RULE_GROUPS, "rules", {"data": UNKNOWN})),
        ("data is not known",),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "no inference",
        (
            Declared(
                ROLLOUT, "proxy", {"metadata": {"name": "proxy", "labels": {"app.kubernetes.io/component": "proxy"}}}
            ),
        ),
    ),
)
