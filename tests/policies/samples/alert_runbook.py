"""Samples of `alert-runbook`."""

from __future__ import annotations

from policies.alerts import COMPOSITE_ALARM, METRIC_ALARM, RULE_GROUPS
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.rulefiles import FAST, RUNBOOK, SLOW, alert, prometheus_rule, record, rule_file

TOPIC = "arn:aws:sns:eu-west-1:111122223333:escalation"
SCALING = "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:1:resource/ecs/service/a/b:policyName/c"
NO_LINK = ("alarmDescription links no runbook",)


def alarm(token: str = METRIC_ALARM, actions: object = (TOPIC,), **changes: object) -> Declared:
    stated: Json = {"name": "edge-5xx", "metricName": "HTTPCode_ELB_5XX_Count", **changes}
    listed = list(actions) if isinstance(actions, tuple) else actions
    return Declared(token, "alarm", {**stated, "alarmActions": listed})


SAMPLES = (
    Sample(Case.ALLOWED, "rule file", (rule_file(record(), FAST, SLOW),)),
    Sample(Case.ALLOWED, "another annotation", (prometheus_rule(alert(annotations={"runbook": "outage"})),)),
    Sample(Case.ALLOWED, "description", (alarm(alarmDescription=f"Errors at the edge: {RUNBOOK}"),)),
    Sample(Case.ALLOWED, "path", (alarm(alarmDescription="Errors; runbook: docs/runbooks/outage.md"),)),
    Sample(Case.ALLOWED, "tag", (alarm(COMPOSITE_ALARM, tags={"runbook": RUNBOOK}),)),
    Sample(Case.DISALLOWED, "no annotation", (rule_file(alert(annotations={"summary": "x"})),), ("has no annotation",)),
    Sample(
        Case.DISALLOWED,
        "empty annotation",
        (prometheus_rule(FAST, alert(annotations={"runbook_url": " "})),),
        ("spec.groups[0].rules[1]",),
    ),
    Sample(Case.DISALLOWED, "no description", (alarm(),), NO_LINK),
    Sample(Case.DISALLOWED, "a description only", (alarm(alarmDescription="Errors at the edge. Call me."),), NO_LINK),
    Sample(Case.DISALLOWED, "composite", (alarm(COMPOSITE_ALARM, (SCALING, TOPIC)),), NO_LINK),
    Sample(
        Case.DISALLOWED,
        "an unknown topic is somebody",
        (alarm(actions=[UNKNOWN]), Declared("aws:sns/topic:Topic", "topic", {})),
        NO_LINK,
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file",
        (Declared(RULE_GROUPS, "rules", {"data": UNKNOWN}),),
        ("data is not known",),
    ),
    Sample(Case.UNKNOWN, "description", (alarm(alarmDescription=UNKNOWN),), ("alarmDescription is not known",)),
    Sample(
        Case.RESOLVED,
        "an unknown policy scales",
        (
            Declared("aws:appautoscaling/policy:Policy", "policy", {}),
            Declared(METRIC_ALARM, "alarm", {"alarmActions": [UNKNOWN]}, {"alarmActions": ("policy",)}),
        ),
    ),
    Sample(Case.NOT_APPLICABLE, "scaling, and nobody", (alarm(actions=(SCALING,)), alarm(COMPOSITE_ALARM, ()))),
)
