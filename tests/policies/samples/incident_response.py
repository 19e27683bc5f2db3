"""Samples of `incident-response`."""

from __future__ import annotations

import yaml

from policies.alerts import COMPOSITE_ALARM, METRIC_ALARM, RULE_GROUPS
from policies.checks.incident_response import ALERT_MANAGER, CHATS, INCIDENT_MANAGER, SUBSCRIPTION
from policies.tokens import METRICS_WORKSPACE, TOPIC
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.rulefiles import FAST, record, rule_file

ARN = "arn:aws:sns:eu-west-1:111122223333:escalation"
PLAN = "arn:aws:ssm-incidents::111122223333:response-plan/outage"
TIER_0 = {TagKey.TIER.value: "0"}
ESCALATION = Declared(TOPIC, "escalation", {"name": "escalation"})
SUBSCRIBED = Declared(SUBSCRIPTION, "on-call", {"topic": UNKNOWN, "protocol": "email"}, {"topic": ("escalation",)})
PROMETHEUS = Declared(METRICS_WORKSPACE, "metrics", {"alias": "serving"})
SNS: Json = {"name": "team", "sns_configs": [{"topic_arn": ARN}]}


def alarm(actions: object = (ARN,), **changes: object) -> Declared:
    listed = list(actions) if isinstance(actions, tuple) else actions
    return Declared(METRIC_ALARM, "alarm", {"name": "edge-5xx", "tags": TIER_0, "alarmActions": listed, **changes})


def publishing() -> Declared:
    return Declared(METRIC_ALARM, "alarm", {"alarmActions": [UNKNOWN]}, {"alarmActions": ("escalation",)})


def composite(rule: object) -> Declared:
    return Declared(COMPOSITE_ALARM, "both", {"alarmName": "both", "alarmRule": rule, "alarmActions": [ARN]})


def rules() -> Declared:
    stated = {**rule_file(record(), FAST).properties, "workspaceId": UNKNOWN}
    return Declared(RULE_GROUPS, "rules", stated, {"workspaceId": ("metrics",)})


def manager(*receivers: Json) -> Declared:
    config = yaml.safe_dump({"route": {"receiver": "team"}, "receivers": list(receivers)})
    stated: Json = {"workspaceId": UNKNOWN, "definition": yaml.safe_dump({"alertmanager_config": config})}
    return Declared(ALERT_MANAGER, "manager", stated, {"workspaceId": ("metrics",)})


SAMPLES = (
    Sample(Case.ALLOWED, "a topic of another stack", (alarm(),)),
    Sample(Case.ALLOWED, "a composite alarm acts", (alarm(()), composite("ALARM(edge-5xx) AND ALARM(latency)"))),
    Sample(Case.ALLOWED, "another tier", (alarm((), tags={TagKey.TIER.value: "2"}),)),
    Sample(Case.RESOLVED, "topic with subscription", (publishing(), ESCALATION, SUBSCRIBED)),
    Sample(
        Case.RESOLVED,
        "topic with a chat",
        (
            publishing(),
            ESCALATION,
            Declared(CHATS[0], "chat", {"snsTopicArns": [UNKNOWN]}, {"snsTopicArns": ("escalation",)}),
        ),
    ),
    Sample(Case.RESOLVED, "rule file, passed on", (rules(), PROMETHEUS, manager({"name": "other"}, SNS))),
    Sample(Case.DISALLOWED, "silent", (alarm(()),), ("alarmActions is empty",)),
    Sample(Case.DISALLOWED, "another alarm's composite", (alarm(()), composite("ALARM(latency)")), ("is empty",)),
    Sample(Case.DISALLOWED, "switched off", (alarm(actionsEnabled=False),), ("actionsEnabled is false",)),
    Sample(Case.DISALLOWED, "incident", (alarm((PLAN,)),), ("starts an incident",)),
    Sample(Case.DISALLOWED, "response plan", (Declared(INCIDENT_MANAGER[1], "plan", {}),), ("ssmincidents is used",)),
    Sample(Case.DISALLOWED, "contact", (Declared(INCIDENT_MANAGER[2], "on-call", {}),), ("ssmcontacts is used",)),
    Sample(Case.DISALLOWED, "nobody has subscribed", (publishing(), ESCALATION), ("nobody has subscribed",)),
    Sample(Case.DISALLOWED, "no alert manager", (rules(), PROMETHEUS), ("no alert manager definition",)),
    Sample(
        Case.DISALLOWED,
        "a receiver without a way",
        (rules(), PROMETHEUS, manager({"name": "team"}, {**SNS, "name": "other"})),
        ("tells nobody",),
    ),
    Sample(Case.UNKNOWN, "an unknown action", (alarm([UNKNOWN]),), ("alarmActions[0] is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown alarm of an unknown tier",
        (alarm((), tags={TagKey.TIER.value: UNKNOWN}),),
        ("tags.tier is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file",
        (Declared(RULE_GROUPS, "rules", {"data": UNKNOWN}),),
        ("data is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no alert", (rule_file(record()),)),
)
