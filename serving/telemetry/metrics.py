"""How a signal of a service is asked for: PromQL for autoscaler, analysis, alerts and dashboards.

Owns the choice of source (gateway, engine, kubelet) and the shape of each query. Names of metrics are data in
`engines` and `gateway`. A blueprint whose engine version does not offer a signal is refused by
`contract_findings` before anything is rendered.

Queries rely on labels that the scrape configuration derives from pods: `WORKLOAD_LABEL` and `VARIANT_LABEL` become
metric labels (characters that Prometheus does not allow become `_`), besides `namespace` and `pod`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from serving.blueprint.delivery import WAITING_METRIC
from serving.blueprint.errors import Finding, InternalError, KeyPath
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.model import EngineName, Model
from serving.blueprint.schema.signals import Signal
from serving.blueprint.tags import LABEL_PREFIX
from serving.telemetry import gateway
from serving.telemetry.engines import Kind, Series, contract_of, known_versions, uses_cpu_only
from serving.telemetry.gateway import Variant
from serving.telemetry.promql import Matcher, duration, quantile, rate, selector

WORKLOAD_LABEL = "app.kubernetes.io/name"
"""Pod label whose value is the workload's name."""

VARIANT_LABEL = f"{LABEL_PREFIX}variant"
"""Pod label that tells canary from stable while two versions run; written by the rollout controller."""

SCRAPE_SECONDS = 15
"""How often everything is scraped; windows and polling intervals are made for it."""

SERVER_CONTAINER = "server"
"""Name of the model server's container; the operator writes it beside what it scrapes of it as `container`."""

CPU_SECONDS = "container_cpu_usage_seconds_total"
"""CPU time of a container, exposed by the kubelet (cAdvisor)."""

_LATENCY_SIGNALS = frozenset({*gateway.PERCENTILES, Signal.TIME_TO_FIRST_TOKEN_P95})
_COUNT_SIGNALS = frozenset({Signal.QUEUE_DEPTH, Signal.THROUGHPUT, Signal.CONCURRENCY})
_CUSTOM_SUFFIXES: tuple[tuple[str, Kind, float], ...] = (
    # naming conventions of Prometheus: units and `_total` at the end (docs/facts.md)
    ("_seconds_bucket", Kind.HISTOGRAM, 1000),
    ("_milliseconds_bucket", Kind.HISTOGRAM, 1),
    ("_total", Kind.COUNTER, 1),
)


class Source(StrEnum):
    """Who measures a signal."""

    GATEWAY = "gateway"
    ENGINE = "engine"
    KUBELET = "kubelet"


class MetricType(StrEnum):
    """How the autoscaler compares a value with its target (KEDA's `metricType`)."""

    AVERAGE_VALUE = "AverageValue"
    """The value is a total; the autoscaler divides it by the replicas."""
    VALUE = "Value"
    """The value is compared as it is."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose signal, over which window.

    Attributes:
        namespace: Kubernetes namespace.
        workload: Value of the pods' `WORKLOAD_LABEL`.
        variant: All replicas, or one of two versions.
        window_seconds: Length of the window.
        route: Name of the route at the gateway; the workload's by default.
        further_routes: Routes by which requests come besides, as `namespace/name`.
    """

    namespace: str
    workload: str
    variant: Variant = Variant.ALL
    window_seconds: int = 300
    route: str | None = None
    further_routes: tuple[str, ...] = ()

    @property
    def window(self) -> str:
        """The window as a PromQL duration."""
        return duration(self.window_seconds)

    @property
    def pods(self) -> tuple[Matcher, ...]:
        """Matchers of what is scraped from the pods."""
        matchers = (
            Matcher("namespace", self.namespace),
            Matcher(metric_label(WORKLOAD_LABEL), self.workload),
        )
        if self.variant is Variant.ALL:
            return matchers
        return (*matchers, Matcher(metric_label(VARIANT_LABEL), self.variant.value))

    def clusters(self, blueprint: Blueprint) -> tuple[Matcher, ...]:
        """Matchers of the gateway's clusters."""
        own = f"{self.namespace}/{self.route or self.workload}"
        return gateway.cluster(blueprint, (own, *self.further_routes), self.variant)


@dataclass(frozen=True, slots=True)
class ScalingQuery:
    """A query for the autoscaler and how its value is to be read."""

    promql: str
    metric_type: MetricType


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    """Where pods expose their metrics."""

    port: int
    path: str


def metric_label(pod_label: str) -> str:
    """The metric label that a pod label becomes."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", pod_label)


def engine_metrics_endpoint(model: Model) -> MetricsEndpoint:
    """Where the model's engine exposes its metrics.

    Raises:
        InternalError: `contract_findings` would have refused the model's engine version.
    """
    if model.engine.custom is not None:
        return MetricsEndpoint(model.engine.custom.port, model.engine.custom.metrics_path)
    contract = contract_of(model)
    if contract is None:
        raise InternalError(f"no metric contract for {model.engine.name} {model.engine.version}")
    return MetricsEndpoint(contract.port, contract.path)


def source_of(blueprint: Blueprint, signal: Signal, model: Model | None = None) -> Source | None:
    """Who measures the signal; None when nobody does."""
    served = model or blueprint.model
    if _engine_series(blueprint, signal, served) is not None:
        return Source.ENGINE
    if signal in gateway.SIGNALS:
        return Source.GATEWAY
    if signal is Signal.UTILIZATION and uses_cpu_only(served):
        return Source.KUBELET
    return None


def offered_signals(blueprint: Blueprint, model: Model | None = None) -> tuple[Signal, ...]:
    """Every signal that is measured of the service."""
    return tuple(signal for signal in Signal if source_of(blueprint, signal, model) is not None)


def query(blueprint: Blueprint, signal: Signal, *, scope: Scope, model: Model | None = None) -> str:
    """PromQL of one number in the signal's own unit.

    Latency, error rate and means have no value while there is no traffic, so that nothing is judged good for
    want of requests.

    Args:
        blueprint: The service.
        signal: What is measured.
        scope: Of which replicas, over which window.
        model: The model that the workload serves; the blueprint's own by default.

    Raises:
        InternalError: nobody measures the signal; `contract_findings` would have said so.
    """
    if signal in _COUNT_SIGNALS:
        total = _total(blueprint, signal, scope, model)
        return total if _is_mean(blueprint, signal, model) else f"{total} / {replicas(scope)}"
    return _value(blueprint, signal, scope, model or blueprint.model)


def scaling_query(blueprint: Blueprint, signal: Signal, *, scope: Scope, model: Model | None = None) -> ScalingQuery:
    """PromQL for the autoscaler.

    Without traffic the value is zero as long as the source is scraped; when the source is gone there is no
    value at all, and the autoscaler's fallback holds.

    Raises:
        InternalError: nobody measures the signal; `contract_findings` would have said so.
    """
    served = model or blueprint.model
    if signal in _COUNT_SIGNALS and not _is_mean(blueprint, signal, served):
        return ScalingQuery(_total(blueprint, signal, scope, served), MetricType.AVERAGE_VALUE)
    return ScalingQuery(settled_query(blueprint, signal, scope=scope, model=served), MetricType.VALUE)


def settled_query(blueprint: Blueprint, signal: Signal, *, scope: Scope, model: Model | None = None) -> str:
    """PromQL of one number in the signal's own unit: zero while nobody asks, absent when its source is gone.

    Raises:
        InternalError: nobody measures the signal; `contract_findings` would have said so.
    """
    served = model or blueprint.model
    value = query(blueprint, signal, scope=scope, model=served)
    return f"({value}) or 0 * {_alive(blueprint, signal, scope, served)}"


def waiting_requests(scope: Scope) -> str:
    """Requests that wait to be answered later. Every replica sees the same queue; without one, nobody counts."""
    return f"max({selector(WAITING_METRIC, scope.pods)}) or vector(0)"


def replicas(scope: Scope) -> str:
    """Replicas whose server's metrics are being scraped.

    The program beside the server is scraped from its start on: by it a replica that still loads its model would count,
    and the autoscaler would take its own starts for load.
    """
    servers = (*scope.pods, Matcher("container", SERVER_CONTAINER))
    return f"count (count by (pod) ({selector('up', servers)} == 1))"


def contract_findings(blueprint: Blueprint) -> Iterator[Finding]:
    """Engine versions without a contract, and signals that nobody measures."""
    yield from _version_findings(blueprint.model, ("model",))
    fallback = blueprint.degradation.fallback
    if fallback is not None and fallback.model is not None:
        yield from _version_findings(fallback.model, ("degradation", "fallback", "model"))
    if contract_of(blueprint.model) is None and blueprint.model.engine.name is not EngineName.CUSTOM:
        return  # every further finding would only repeat that the version is unknown
    yield from _signal_findings(blueprint)
    yield from _objective_findings(blueprint)


def _version_findings(model: Model, path: KeyPath) -> Iterator[Finding]:
    if model.engine.name is EngineName.CUSTOM or contract_of(model) is not None:
        return
    yield Finding(
        (*path, "engine", "version"),
        f"{model.engine.name} {model.engine.version} has no metric contract",
        effect="autoscaler, rollout analysis and alerts would query metrics that may not exist",
        remedy="choose a version in the allowed ranges, or add its metrics to serving/telemetry/engines.py",
        allowed=known_versions(model.engine.name),
    )


def _signal_findings(blueprint: Blueprint) -> Iterator[Finding]:
    offered = offered_signals(blueprint)
    for path, signal in _used_signals(blueprint):
        if signal not in offered:
            engine = blueprint.model.engine
            yield Finding(
                path,
                f"{engine.name} {engine.version} offers no metric for '{signal}'",
                effect="the condition would never have a value",
                remedy="choose a signal that is measured"
                + (f", or state observability.metrics.{signal}" if engine.name is EngineName.CUSTOM else ""),
                allowed=offered,
            )


def _used_signals(blueprint: Blueprint) -> Iterator[tuple[KeyPath, Signal]]:
    for index, trigger in enumerate(blueprint.scaling.triggers):
        yield ("scaling", "triggers", index, "signal"), trigger.signal
    for index, metric in enumerate(blueprint.rollout.analysis):
        yield ("rollout", "analysis", index, "signal"), metric.signal
    for index, step in enumerate(blueprint.degradation.ladder):
        yield ("degradation", "ladder", index, "when", "signal"), step.when.signal
        yield ("degradation", "ladder", index, "until", "signal"), step.until.signal


def _objective_findings(blueprint: Blueprint) -> Iterator[Finding]:
    contract = contract_of(blueprint.model)
    stated = (
        (
            "time_to_first_token_ms",
            blueprint.slo.time_to_first_token_ms,
            contract is not None and Signal.TIME_TO_FIRST_TOKEN_P95 in contract.signals,
        ),
        (
            "min_tokens_per_second",
            blueprint.slo.min_tokens_per_second,
            contract is not None and contract.output_token_seconds is not None,
        ),
    )
    for key, objective, measured in stated:
        if objective is not None and not measured:
            engine = blueprint.model.engine
            yield Finding(
                ("slo", key),
                f"{engine.name} {engine.version} offers no metric for slo.{key}",
                effect="nobody would notice when the objective is missed",
                remedy="remove the objective, or choose an engine version that measures it",
            )


def _engine_series(blueprint: Blueprint, signal: Signal, model: Model) -> Series | None:
    """The engine's own metric for the signal, if it has one."""
    if model.engine.name is EngineName.CUSTOM:
        metric = blueprint.observability.metrics.get(signal)
        return _custom_series(metric, signal) if metric is not None else None
    if signal is Signal.UTILIZATION and uses_cpu_only(model):
        return None
    contract = contract_of(model)
    return contract.signals.get(signal) if contract is not None else None


def _custom_series(metric: str, signal: Signal) -> Series:
    """A custom metric is read by its name's suffix; else it is a gauge in the signal's unit."""
    for suffix, kind, scale in _CUSTOM_SUFFIXES:
        fits = signal in (_COUNT_SIGNALS if kind is Kind.COUNTER else _LATENCY_SIGNALS)
        if metric.endswith(suffix) and fits:
            return Series(metric.removesuffix("_bucket"), kind, scale)
    return Series(metric, Kind.GAUGE)


def _is_mean(blueprint: Blueprint, signal: Signal, model: Model | None) -> bool:
    """Whether the engine's metric is a mean already, which no division by replicas may touch."""
    series = _engine_series(blueprint, signal, model or blueprint.model)
    return series is not None and series.kind is Kind.HISTOGRAM_MEAN


def _total(blueprint: Blueprint, signal: Signal, scope: Scope, model: Model | None) -> str:
    """A count signal, all replicas together."""
    served = model or blueprint.model
    series = _engine_series(blueprint, signal, served)
    if series is not None:
        return _engine_query(series, signal, scope)
    clusters = scope.clusters(blueprint)
    if signal is Signal.THROUGHPUT:
        return gateway.request_rate(clusters, scope.window)
    if signal is Signal.CONCURRENCY:
        return gateway.active(clusters, scope.window)
    raise _unmeasured(signal, served)


def _value(blueprint: Blueprint, signal: Signal, scope: Scope, model: Model) -> str:
    """A signal that is no count."""
    series = _engine_series(blueprint, signal, model)
    if series is not None:
        return _engine_query(series, signal, scope)
    clusters = scope.clusters(blueprint)
    if signal is Signal.ERROR_RATE:
        return gateway.error_percent(blueprint, clusters, scope.window)
    if signal in gateway.PERCENTILES:
        return gateway.latency_ms(gateway.PERCENTILES[signal], clusters, scope.window)
    if signal is Signal.UTILIZATION and uses_cpu_only(model):
        return _cpu_percent(scope, model)
    raise _unmeasured(signal, model)


def _engine_query(series: Series, signal: Signal, scope: Scope) -> str:
    scale = f"{series.scale:g} * " if series.scale != 1 else ""
    if series.kind is Kind.HISTOGRAM:
        percentile = int(signal.value.rsplit("-p", 1)[1])
        return f"{scale}{quantile(percentile, series.metric, scope.pods, scope.window)} >= 0"
    if series.kind is Kind.HISTOGRAM_MEAN:
        observed = rate(f"{series.metric}_count", scope.pods, scope.window)
        return f"{scale}{rate(f'{series.metric}_sum', scope.pods, scope.window)} / ({observed} > 0)"
    if series.kind is Kind.COUNTER:
        return f"{scale}{rate(series.metric, scope.pods, scope.window)}"
    # a spike between two evaluations must neither be missed nor scale alone: the window's mean is taken
    values = f"avg_over_time({selector(series.metric, scope.pods)}[{scope.window}])"
    return f"{scale}{'sum' if signal in _COUNT_SIGNALS else 'avg'} ({values})"


def _cpu_percent(scope: Scope, model: Model) -> str:
    """Used share of the CPU that the replicas asked for.

    The kubelet's metrics carry no pod labels; they are joined with those that the pods' own scrape carries.
    """
    containers = (Matcher("namespace", scope.namespace), Matcher("container", "", negate=True))
    used = rate(CPU_SECONDS, containers, scope.window, by="namespace, pod")
    ours = f"max by (namespace, pod) ({selector('up', scope.pods)} == 1)"
    return f"100 * avg ({used} * on (namespace, pod) {ours}) / {model.resources.cpu:g}"


def _alive(blueprint: Blueprint, signal: Signal, scope: Scope, model: Model) -> str:
    """Something that has a value exactly while the signal's source is scraped."""
    if source_of(blueprint, signal, model) is Source.GATEWAY:
        return rate(gateway.REQUESTS_SENT, scope.clusters(blueprint), scope.window)
    return replicas(scope)


def _unmeasured(signal: Signal, model: Model) -> InternalError:
    return InternalError(f"nobody measures '{signal}' of {model.engine.name} {model.engine.version}")


__all__ = [
    "SCRAPE_SECONDS",
    "SERVER_CONTAINER",
    "VARIANT_LABEL",
    "WORKLOAD_LABEL",
    "MetricType",
    "MetricsEndpoint",
    "ScalingQuery",
    "Scope",
    "Source",
    "Variant",
    "contract_findings",
    "engine_metrics_endpoint",
    "metric_label",
    "offered_signals",
    "query",
    "replicas",
    "scaling_query",
    "settled_query",
    "source_of",
]
