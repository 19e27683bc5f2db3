"""Queries and findings of the metric contract."""

from __future__ import annotations

import re

import pytest
import yaml

from serving.blueprint.errors import InternalError
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.signals import Signal
from serving.telemetry import gateway
from serving.telemetry.metrics import (
    VARIANT_LABEL,
    MetricType,
    Scope,
    Source,
    Variant,
    contract_findings,
    engine_metrics_endpoint,
    metric_label,
    offered_signals,
    query,
    replicas,
    scaling_query,
    source_of,
)
from tests.documents import SERVICES, blueprint

SCOPE = Scope("tenant-a", "workload-a")


def custom(**changes: object) -> Blueprint:
    engine = {
        "name": "custom",
        "version": "1.0.0",
        "image": "own/server",
        "image_digest": f"sha256:{'a' * 64}",
        "custom": {"port": 9000, "metrics_path": "/stats"},
    }
    metrics = {"observability.metrics": {"queue-depth": "own_queue"}}
    triggers = {"scaling.triggers": [{"signal": "queue-depth", "target": 4}]}
    return blueprint("fraud-score", **{"model.engine": engine, **metrics, **triggers, **changes})


def every_query(service: str) -> list[tuple[Signal, str]]:
    one = blueprint(service)
    queries = [(signal, query(one, signal, scope=SCOPE)) for signal in offered_signals(one)]
    return queries + [(s, scaling_query(one, s, scope=SCOPE).promql) for s in offered_signals(one)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_query_selects_one_workload_of_one_namespace(service: str) -> None:
    for signal, text in every_query(service):
        for selector in re.findall(r"\{([^}]*)\}", text):
            assert "tenant-a" in selector, (signal, text)
        assert "workload-a" in text


@pytest.mark.parametrize("service", SERVICES)
def test_parentheses_and_braces_of_every_query_are_balanced(service: str) -> None:
    for signal, text in every_query(service):
        for left, right in ("()", "{}", "[]"):
            assert text.count(left) == text.count(right), (signal, text)


@pytest.mark.parametrize("service", SERVICES)
def test_a_canary_is_never_judged_by_the_stable_version(service: str) -> None:
    one = blueprint(service)
    for signal in offered_signals(one):
        stable, canary = (
            query(one, signal, scope=Scope("tenant-a", "workload-a", variant))
            for variant in (Variant.STABLE, Variant.CANARY)
        )
        assert stable != canary
        for selector in re.findall(r"\{([^}]*)\}", canary):
            told_apart = "backend/1" in selector or f'{metric_label(VARIANT_LABEL)}="canary"' in selector
            # the kubelet knows no pod labels; its series are joined with series that carry them
            assert told_apart or 'container!=""' in selector, (signal, canary)


def test_signals_that_consumers_feel_are_measured_at_the_gateway() -> None:
    for service in SERVICES:
        one = blueprint(service)
        assert {s for s in Signal if source_of(one, s) is Source.GATEWAY} == gateway.SIGNALS


def test_processor_use_is_measured_by_the_kubelet_where_no_accelerator_is_used() -> None:
    assert source_of(blueprint("fraud-score"), Signal.UTILIZATION) is Source.KUBELET
    assert source_of(blueprint("chat"), Signal.UTILIZATION) is Source.ENGINE


@pytest.mark.parametrize("signal", [Signal.THROUGHPUT, Signal.CONCURRENCY, Signal.QUEUE_DEPTH])
def test_the_autoscaler_gets_totals_and_divides_them_itself(signal: Signal) -> None:
    one = blueprint("chat")
    scaling = scaling_query(one, signal, scope=SCOPE)
    assert scaling.metric_type is MetricType.AVERAGE_VALUE
    assert query(one, signal, scope=SCOPE) == f"{scaling.promql} / {replicas(SCOPE)}"


@pytest.mark.parametrize("signal", [Signal.LATENCY_P95, Signal.ERROR_RATE, Signal.UTILIZATION])
def test_a_value_without_traffic_is_zero_only_while_its_source_is_scraped(signal: Signal) -> None:
    scaling = scaling_query(blueprint("chat"), signal, scope=SCOPE)
    assert scaling.metric_type is MetricType.VALUE
    value, _, alive = scaling.promql.rpartition(" or 0 * ")
    assert value
    assert "vector" not in scaling.promql  # a constant would hide that nothing is scraped
    assert alive.startswith(("sum (rate(", "count ("))


def test_a_mean_is_not_divided_by_the_replicas_again() -> None:
    one = blueprint("fraud-score")
    assert replicas(SCOPE) not in query(one, Signal.QUEUE_DEPTH, scope=SCOPE)
    assert scaling_query(one, Signal.QUEUE_DEPTH, scope=SCOPE).metric_type is MetricType.VALUE


def test_a_query_of_what_nobody_measures_is_a_fault_of_ours() -> None:
    with pytest.raises(InternalError, match="time-to-first-token-p95"):
        query(blueprint("fraud-score"), Signal.TIME_TO_FIRST_TOKEN_P95, scope=SCOPE)


@pytest.mark.parametrize("service", SERVICES)
def test_shipped_blueprints_ask_only_for_what_is_measured(service: str) -> None:
    assert not list(contract_findings(blueprint(service)))


def test_an_unknown_engine_version_is_one_finding_with_the_known_ranges() -> None:
    (finding,) = contract_findings(blueprint("chat", **{"model.engine.version": "0.1.0"}))
    assert finding.path == ("model", "engine", "version")
    assert all(versions.startswith("vllm >=") for versions in finding.allowed)
    assert len(finding.allowed) > 1


def test_the_fallback_model_needs_a_contract_too() -> None:
    changes = {"degradation.fallback.model.engine.version": "0.1.0"}
    paths = [finding.path for finding in contract_findings(blueprint("chat", **changes))]
    assert paths == [("degradation", "fallback", "model", "engine", "version")]


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        (
            "scaling.triggers",
            [{"signal": "time-to-first-token-p95", "target": 100}],
            ("scaling", "triggers", 0, "signal"),
        ),
        (
            "rollout.analysis",
            [{"signal": "time-to-first-token-p95", "max_value": 100}],
            ("rollout", "analysis", 0, "signal"),
        ),
    ],
)
def test_a_signal_that_the_engine_does_not_offer_is_found_where_it_is_used(
    key: str, value: object, path: tuple[str | int, ...]
) -> None:
    one = blueprint("fraud-score", **{key: value})
    (finding,) = [finding for finding in contract_findings(one) if finding.path == path]
    assert finding.allowed == offered_signals(one)


def test_a_condition_of_the_ladder_must_be_measured() -> None:
    signal = "time-to-first-token-p95"
    when, until = {"signal": signal, "above": 100}, {"signal": signal, "below": 50}
    step = {"action": "shed-low-priority", "when": when, "until": until}
    findings = list(contract_findings(blueprint("fraud-score", **{"degradation.ladder": [step]})))
    assert {finding.path[-2] for finding in findings} == {"when", "until"}


def test_an_objective_that_the_engine_version_cannot_measure_is_refused() -> None:
    changes = {"model.engine.version": "0.9.2", "slo.min_tokens_per_second": 20}
    paths = [finding.path for finding in contract_findings(blueprint("chat", **changes))]
    assert ("slo", "min_tokens_per_second") in paths


def test_a_custom_engine_is_asked_by_the_names_of_its_blueprint() -> None:
    one = custom()
    assert not list(contract_findings(one))
    assert "own_queue{" in query(one, Signal.QUEUE_DEPTH, scope=SCOPE)
    endpoint = engine_metrics_endpoint(one.model)
    assert (endpoint.port, endpoint.path) == (9000, "/stats")


@pytest.mark.parametrize(
    ("signal", "metric", "expected"),
    [
        ("queue-depth", "own_queue", "avg_over_time(own_queue{"),
        ("throughput", "own_requests_total", "rate(own_requests_total{"),
        ("latency-p95", "own_latency_seconds_bucket", "1000 * histogram_quantile(0.95"),
    ],
)
def test_the_suffix_of_a_custom_metric_says_how_it_is_read(signal: str, metric: str, expected: str) -> None:
    one = custom(**{"observability.metrics": {"queue-depth": "own_queue", signal: metric}})
    assert expected in query(one, Signal(signal), scope=SCOPE)


def test_grpc_failures_are_counted_by_status_and_not_by_http_class() -> None:
    changes = {
        "contract.protocol": "grpc",
        "contract.stages": {},
        "contract.request": {"type": "object"},
        "contract.response": {"type": "object"},
    }
    errors = query(blueprint("fraud-score", **changes), Signal.ERROR_RATE, scope=SCOPE)
    assert "grpcroute/tenant-a/workload-a" in errors
    assert all(counter in errors for counter in gateway.GRPC_FAILURES)
    assert "response_code_class" not in errors


@pytest.mark.parametrize("call", ["Ranker.Rank", "inference.GRPCInferenceService.ModelInfer", "a.b.v1.Ranker.Rank"])
@pytest.mark.parametrize("counter", ["13", "total"])
def test_the_name_of_a_grpc_counter_does_not_depend_on_package_and_method(call: str, counter: str) -> None:
    stat = f"cluster.grpcroute/tenant-a/ranker/rule/0/backend/1.grpc.{call}.{counter}"
    found = re.search(gateway.GRPC_CALL_TAG["regex"], stat)
    assert found is not None
    assert found[2] == call
    # Envoy takes the first group out of the name
    assert stat[: found.start(1)] + stat[found.end(1) :] == stat.replace(f"{call}.", "")


def test_counters_of_http_carry_no_grpc_call() -> None:
    assert not re.search(gateway.GRPC_CALL_TAG["regex"], "cluster.httproute/tenant-a/chat/rule/0.upstream_rq_total")


def test_the_gateway_has_a_bucket_at_every_latency_objective() -> None:
    blueprints = [blueprint(service) for service in SERVICES]
    bounds = gateway.histogram_bounds_ms(blueprints)
    assert list(bounds) == sorted(set(bounds))
    for one in blueprints:
        assert set(one.slo.latency_ms.by_percentile().values()) <= set(bounds)


def test_the_patch_of_the_gateway_brings_bounds_and_the_grpc_label() -> None:
    stats = yaml.safe_load(gateway.bootstrap_patch([blueprint(service) for service in SERVICES]))["stats_config"]
    assert gateway.GRPC_CALL_TAG in stats["stats_tags"]
    [settings] = stats["histogram_bucket_settings"]
    assert gateway.LATENCY_MS.endswith(settings["match"]["suffix"])
