"""Samples of `slo-burn-alarms`."""

from __future__ import annotations

from policies.alerts import PROMETHEUS_RULE, RULE_GROUPS
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.rulefiles import FAST, SLOW, alert, prometheus_rule, record, rule_file

NO_FAST, NO_SLOW = "no alert of the objective has a second window", "no alert of the objective has two windows"


def one_window(window: str) -> Declared:
    expression = f'service_slo:bad_ratio:rate{window}{{slo="availability"}} > 0.01'
    return rule_file(record(), alert(expr=expression))


SAMPLES = (
    Sample(Case.ALLOWED, "Google's windows", (rule_file(record(), FAST, alert("6h", "30m"), SLOW),)),
    Sample(
        Case.ALLOWED,
        "ranges, both pairs in one alert",
        (prometheus_rule(record(), alert(expr="(a[1h] > 1 and a[5m] > 1) or (a[1d] > 1 and a[2h] > 1)")),),
    ),
    Sample(Case.INSIDE, "fast", (rule_file(record(), alert("1h", "10m"), SLOW),)),
    Sample(Case.OUTSIDE, "fast", (rule_file(record(), alert("1h", "11m"), SLOW),), (NO_FAST,)),
    Sample(Case.INSIDE, "slow", (rule_file(record(), FAST, alert("24h", "2h")),)),
    Sample(Case.OUTSIDE, "slow", (rule_file(record(), FAST, alert("23h", "2h")),), (NO_SLOW,)),
    Sample(Case.DISALLOWED, "one window", (one_window("5m"),), (NO_FAST, NO_SLOW)),
    Sample(Case.DISALLOWED, "a long one", (one_window("3d"),), (NO_FAST, NO_SLOW)),
    Sample(
        Case.DISALLOWED,
        "one of two objectives",
        (prometheus_rule(record(), FAST, SLOW, record("latency"), alert(slo="latency")),),
        ("rules[3]: " + NO_SLOW,),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file",
        (Declared(RULE_GROUPS, "rules", {"data": UNKNOWN}),),
        ("data is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown expression",
        (prometheus_rule(record(), alert(expr=UNKNOWN)),),
        ("rules[1].expr is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no alert", (Declared(PROMETHEUS_RULE, "rules", {"spec": {}}), rule_file(record()))),
)
