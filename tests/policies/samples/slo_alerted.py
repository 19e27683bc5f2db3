"""Samples of `slo-alerted`."""

from __future__ import annotations

import json

from policies.alerts import METRIC_ALARM, PYRRA, RULE_GROUPS, SIGNALS_TYPE, SLOTH
from policies.tokens import CLOUD_CONTROL
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.rulefiles import FAST, SLOW, alert, prometheus_rule, record, rule_file

SIGNALS = Declared(
    CLOUD_CONTROL, "slo", {"typeName": SIGNALS_TYPE, "desiredState": json.dumps({"Name": "chat-availability"})}
)


def alarm(dimensions: object) -> Declared:
    stated: Json = {"namespace": "AWS/ApplicationSignals", "metricName": "BurnRate", "dimensions": dimensions}
    return Declared(METRIC_ALARM, "alarm", stated)


def sloth(page: object, ticket: object) -> Declared:
    alerting = {"name": "ChatErrors", "pageAlert": {"disable": page}, "ticketAlert": {"disable": ticket}}
    spec = {"service": "chat", "slos": [{"name": "availability", "objective": 99.9, "alerting": alerting}]}
    return Declared(SLOTH, "slo", {"metadata": {"name": "slo"}, "spec": spec})


def pyrra(disabled: object) -> Declared:
    spec = {"target": "99.9", "window": "4w", "alerting": {"disabled": disabled}}
    return Declared(PYRRA, "slo", {"metadata": {"name": "chat"}, "spec": spec})


SAMPLES = (
    Sample(Case.ALLOWED, "rule file", (rule_file(record(), FAST, SLOW),)),
    Sample(Case.ALLOWED, "PrometheusRule", (prometheus_rule(record(), FAST),)),
    Sample(
        Case.ALLOWED,
        "Sloth's label",
        (
            prometheus_rule(
                record(labels={"sloth_service": "chat", "sloth_slo": "availability"}),
                alert(labels={"sloth_service": "chat", "sloth_slo": "availability"}),
            ),
        ),
    ),
    Sample(Case.ALLOWED, "Sloth", (sloth(None, True),)),
    Sample(Case.ALLOWED, "Pyrra", (pyrra(None),)),
    Sample(Case.ALLOWED, "Application Signals", (SIGNALS, alarm({"SloName": "chat-availability"}))),
    Sample(Case.DISALLOWED, "no alert", (rule_file(record()),), ("data.groups[0].rules[0]: no alert",)),
    Sample(
        Case.DISALLOWED,
        "one of two objectives",
        (prometheus_rule(record(), record("latency"), FAST),),
        ("spec.groups[0].rules[1]: no alert",),
    ),
    Sample(
        Case.DISALLOWED,
        "another service's alert",
        (rule_file(record(), alert(service="search")),),
        ("no alert carries the same",),
    ),
    Sample(Case.DISALLOWED, "Sloth without alerts", (sloth(True, True),), ("slos[0].alerting disables both",)),
    Sample(Case.DISALLOWED, "Pyrra without alerts", (pyrra(True),), ("spec.alerting.disabled is true",)),
    Sample(Case.DISALLOWED, "Application Signals", (SIGNALS,), ("no alarm has the objective",)),
    Sample(Case.DISALLOWED, "another objective", (SIGNALS, alarm({"SloName": "other"})), ("no alarm has",)),
    Sample(
        Case.DISALLOWED,
        "no YAML",
        (Declared(RULE_GROUPS, "rules", {"data": "groups: ["}),),
        ("data is not a YAML document",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file",
        (Declared(RULE_GROUPS, "rules", {"data": UNKNOWN}),),
        ("data is not known",),
    ),
    Sample(Case.UNKNOWN, "an unknown dimension", (SIGNALS, alarm({"SloName": UNKNOWN})), ("SloName is not known",)),
    Sample(
        Case.NOT_APPLICABLE,
        "no objective",
        (
            rule_file(alert(labels={"severity": "page"})),
            Declared(CLOUD_CONTROL, "any", {"typeName": "AWS::S3::Bucket"}),
        ),
    ),
)
