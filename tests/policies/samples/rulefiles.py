"""Rule files, as the samples of the rules about alerts and objectives need them."""

from __future__ import annotations

import yaml

from policies.alerts import PROMETHEUS_RULE, RULE_GROUPS
from tests.policies.harness import Declared, Json

BAD, RATIO = "service_slo:bad:rate5m", "service_slo:bad_ratio:rate"
RUNBOOK = "https://git.example.com/ml/serving/docs/runbooks/outage.md"


def record(slo: str = "availability", service: str = "chat", **changes: object) -> Json:
    expression = 'sum (rate(envoy_cluster_upstream_rq_xx{envoy_cluster_name=~"httproute/assistants/chat/rule/.+"}[5m]))'
    return {"record": BAD, "expr": expression, "labels": {"service": service, "slo": slo}, **changes}


def alert(
    long: str = "1h", short: str = "5m", slo: str = "availability", service: str = "chat", **changes: object
) -> Json:
    series = f'{{service="{service}",slo="{slo}"}}'
    return {
        "alert": f"ErrorBudget{long}",
        "expr": f"{RATIO}{long}{series} > 0.01 and {RATIO}{short}{series} > 0.01",
        "labels": {"service": service, "slo": slo, "severity": "page"},
        "annotations": {"summary": "the budget burns", "runbook_url": RUNBOOK},
        **changes,
    }


FAST, SLOW = alert(), alert("3d", "6h")


def rule_file(*rules: Json, name: str = "rules", region: str = "eu-west-1", **changes: object) -> Declared:
    """A rule file of Amazon Managed Service for Prometheus."""
    data = yaml.safe_dump({"groups": [{"name": "chat", "interval": "1m", "rules": list(rules)}]})
    stated: Json = {"name": "chat", "workspaceId": "ws-1", "region": region, "data": data, **changes}
    return Declared(RULE_GROUPS, name, stated)


def prometheus_rule(*rules: Json, name: str = "rules", provider: str = "") -> Declared:
    """The same as a custom resource."""
    spec = {"groups": [{"name": "chat", "rules": list(rules)}]}
    return Declared(
        PROMETHEUS_RULE, name, {"metadata": {"name": name, "namespace": "ml"}, "spec": spec}, provider=provider
    )
