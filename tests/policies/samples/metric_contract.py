"""Samples of `metric-contract`."""

from __future__ import annotations

from policies.alerts import RULE_GROUPS
from policies.checks.metric_contract import ANALYSES
from policies.scaling import SCALED_OBJECT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.rulefiles import alert, prometheus_rule, record, rule_file

WAITING = 'sum (avg_over_time(vllm:num_requests_waiting{namespace="assistants"}[1m]))'
RATIO = record(record="service_slo:bad_ratio:rate1h"), record(record="service_slo:bad_ratio:rate5m")


def scaler(query: object, kind: str = "prometheus") -> Declared:
    trigger = {"type": kind, "metadata": {"query": query, "threshold": "4"}}
    return Declared(SCALED_OBJECT, "chat", {"metadata": {"name": "chat"}, "spec": {"triggers": [trigger]}})


def analysis(query: object) -> Declared:
    metric = {"name": "errors", "provider": {"prometheus": {"query": query}}}
    return Declared(ANALYSES[0], "chat", {"metadata": {"name": "chat"}, "spec": {"metrics": [metric]}})


SAMPLES = (
    Sample(Case.ALLOWED, "of an engine", (scaler(WAITING),)),
    Sample(Case.ALLOWED, "of a gateway", (analysis("sum by (le) (rate(envoy_cluster_upstream_rq_time_bucket[2m]))"),)),
    Sample(Case.ALLOWED, "recorded", (rule_file(*RATIO, alert()),)),
    Sample(
        Case.ALLOWED, "recorded elsewhere in the stack", (prometheus_rule(alert()), rule_file(*RATIO, name="other"))
    ),
    Sample(
        Case.ALLOWED,
        "known by parameter",
        (scaler("shop_open_carts > 1"),),
        parameters={"also_known": ["shop_*"]},
    ),
    Sample(Case.ALLOWED, "a matcher of names", (scaler('{__name__="up", job="chat"}'),)),
    Sample(
        Case.DISALLOWED,
        "a slip",
        (scaler(WAITING.replace("waiting", "wating")),),
        ("triggers[0].metadata.query: nothing in the stack records vllm:num_requests_wating",),
    ),
    Sample(
        Case.DISALLOWED,
        "no name is known",
        (scaler(WAITING),),
        ("nothing in the stack records vllm:num_requests_waiting",),
        parameters={"known": []},
    ),
    Sample(Case.DISALLOWED, "nobody's", (analysis("shop_open_carts"),), ("nobody is known to expose shop_open_carts",)),
    Sample(
        Case.DISALLOWED,
        "recorded by nobody",
        (rule_file(RATIO[0], alert()),),
        ("data.groups[0].rules[1].expr: nothing in the stack records service_slo:bad_ratio:rate5m",),
    ),
    Sample(
        Case.DISALLOWED,
        "a matcher of a name that nobody exposes",
        (scaler('{__name__="shop_open_carts"}'),),
        ("nobody is known to expose shop_open_carts",),
    ),
    Sample(Case.UNKNOWN, "query", (scaler(UNKNOWN),), ("metadata.query is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown rule file may record it",
        (prometheus_rule(alert()), Declared(RULE_GROUPS, "rules", {"data": UNKNOWN})),
        ("data is not known", "data is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another source", (scaler("select count(*) from queue", "postgresql"),)),
)
