"""The rules, run by Prometheus' own rule tester where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.telemetry import slo
from serving.telemetry.metrics import Scope, Variant, offered_signals, query, scaling_query
from tests.documents import SERVICES, blueprint

PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on PATH (Debian package prometheus)")

CLUSTER = 'envoy_cluster_name="httproute/tenant-a/fraud-score/rule/0/backend/0"'


def promtool(*arguments: str) -> None:
    assert PROMTOOL is not None
    run = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_prometheus_accepts_every_rule_and_query(service: str, tmp_path: Path) -> None:
    one = blueprint(service)
    file = slo.rule_groups(one, "tenant-a")
    expressions = [
        query(one, signal, scope=Scope("tenant-a", service, variant))
        for signal in offered_signals(one)
        for variant in Variant
    ]
    expressions += [
        scaling_query(one, signal, scope=Scope("tenant-a", service)).promql for signal in offered_signals(one)
    ]
    queries = [{"record": f"query:{index}", "expr": text} for index, text in enumerate(expressions)]
    file["groups"].append({"name": "queries", "rules": queries})
    (tmp_path / "rules.yaml").write_text(slo.to_yaml(file))
    promtool("check", "rules", str(tmp_path / "rules.yaml"))


@pytest.mark.parametrize(("failed_of_ten", "pages"), [(0, False), (10, True)])
def test_a_failing_service_pages_and_a_healthy_one_does_not(failed_of_ten: int, *, pages: bool, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(slo.to_yaml(slo.rule_groups(blueprint("fraud-score"), "tenant-a")))
    series = [
        {"series": f"envoy_cluster_upstream_rq_total{{{CLUSTER}}}", "values": "0+600x120"},
        {"series": f"envoy_cluster_upstream_rq_completed{{{CLUSTER}}}", "values": "0+600x120"},
        {
            "series": f'envoy_cluster_upstream_rq_xx{{{CLUSTER},envoy_response_code_class="5"}}',
            "values": f"0+{60 * failed_of_ten}x120",
        },
    ]
    threshold = 'ALERTS{alertname="ErrorBudgetFastBurn",alertstate="firing",slo="availability"}'
    firing: list[dict[str, Any]] = [{"labels": "{}", "value": 1}] if pages else []
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{"expr": f"count({threshold})", "eval_time": "2h", "exp_samples": firing}],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))
    promtool("test", "rules", str(tmp_path / "test.yaml"))
