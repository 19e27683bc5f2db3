from __future__ import annotations

import re
from typing import Any

import pytest

from components.pod import pod_template
from components.pod_monitor import pod_monitor
from components.rollout import rollout
from components.workload import Workload
from serving.blueprint.schema.signals import Signal
from serving.blueprint.schema.stage_programs import ADMIN_PORT
from serving.telemetry.metrics import SCRAPE_SECONDS, Scope, Variant, engine_metrics_endpoint, metric_label, query
from tests.components.serving_samples import CONTEXT, NAMES, WORKLOADS, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)


def spec(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = pod_monitor(sample)["spec"]
    return found


def endpoint(sample: Workload) -> dict[str, Any]:
    found = spec(sample)["podMetricsEndpoints"][0]
    assert isinstance(found, dict)
    return found


@every_workload
def test_metrics_are_scraped_where_the_metric_contract_says(sample: Workload) -> None:
    (server,) = pod_template(sample, CONTEXT)["spec"]["containers"]
    named = {port["name"]: port["containerPort"] for port in server["ports"]}
    contract = engine_metrics_endpoint(sample.model)
    assert (named[endpoint(sample)["port"]], endpoint(sample)["path"]) == (contract.port, contract.path)


@every_workload
def test_all_replicas_of_the_workload_are_scraped_and_no_others(sample: Workload) -> None:
    assert spec(sample)["selector"] == {"matchLabels": sample.selector}
    assert "namespaceSelector" not in spec(sample)  # its own


@every_workload
def test_no_scrape_reaches_into_the_next_one(sample: Workload) -> None:
    for one in spec(sample)["podMetricsEndpoints"]:
        assert one["interval"] == f"{SCRAPE_SECONDS}s"
        assert one["scrapeTimeout"] == one["interval"]


@every_workload
def test_the_program_of_the_ingress_stage_is_scraped_where_there_is_one(sample: Workload) -> None:
    named = {
        port["name"]: port["containerPort"]
        for container in pod_template(sample, CONTEXT)["spec"]["initContainers"]
        for port in container.get("ports", [])
    }
    further = [(named[one["port"]], one["path"]) for one in spec(sample)["podMetricsEndpoints"][1:]]
    declared = sample.blueprint.contract.stages.ingress.validation is not None
    assert further == ([(ADMIN_PORT, "/metrics")] if declared else [])


def test_every_label_that_queries_select_pods_by_is_handed_on() -> None:
    sample = workload("chat")
    scope = Scope(sample.namespace, sample.name, Variant.CANARY)
    promql = query(sample.blueprint, Signal.QUEUE_DEPTH, scope=scope)
    selected = set(re.findall(r"(\w+)=~?\"", promql)) - {"namespace", "pod", "container"}
    assert selected == {metric_label(label) for label in spec(sample)["podTargetLabels"]}


def test_labels_that_are_handed_on_are_labels_of_pods() -> None:
    sample = workload("chat")
    manifest = rollout(sample, pod_template(sample, CONTEXT))
    canary = manifest["spec"]["strategy"]["canary"]["canaryMetadata"]["labels"]
    labels = manifest["spec"]["template"]["metadata"]["labels"] | canary
    assert set(spec(sample)["podTargetLabels"]) <= set(labels)
