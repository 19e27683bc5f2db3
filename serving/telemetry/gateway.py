"""What the gateway measures of every service, whatever its engine: requests, errors, latency, concurrency.

Owns the names of Envoy's cluster metrics, how Envoy Gateway names the cluster of a route's backend, and the
histogram buckets that objectives need. The gateway itself is deployed by `components`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import yaml

from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Protocol
from serving.blueprint.schema.signals import Signal
from serving.telemetry.promql import Matcher, quantile, rate, selector


class Variant(StrEnum):
    """Which replicas of a service are meant while two versions run."""

    ALL = "all"
    STABLE = "stable"
    CANARY = "canary"


# Envoy documentation, "Cluster manager > Statistics", read 2026-11
REQUESTS = "envoy_cluster_upstream_rq_completed"
REQUESTS_BY_CLASS = "envoy_cluster_upstream_rq_xx"
REQUESTS_SENT = "envoy_cluster_upstream_rq_total"
REQUESTS_ACTIVE = "envoy_cluster_upstream_rq_active"
LATENCY_MS = "envoy_cluster_upstream_rq_time"
# Status codes that are the service's fault (grpcio 1.85, `StatusCode`): unknown, deadline exceeded, internal,
# unavailable, data loss. Envoy keeps one counter for each, in its grpc_stats filter, which Envoy Gateway adds to
# listeners with a GRPCRoute (envoyproxy/gateway v1.9.0, internal/gatewayapi/route.go, read 2026-11).
GRPC_FAILURES = tuple(f"envoy_cluster_grpc_{code}" for code in (2, 4, 13, 14, 15))

GRPC_CALL_TAG = {"tag_name": "grpc_call", "regex": r"^cluster\..+?\.grpc\.((.+)\.)[^.]+$"}
"""Makes `<package>.<service>.<method>` a label of a gRPC counter.

Envoy Gateway counts by method, and Envoy by itself takes only the first two words out of the name: what is left,
mostly the method's, would stand in the metric's name (Envoy, source/common/config/well_known_names.cc,
`GRPC_BRIDGE_METHOD`; envoyproxy/gateway v1.9.0, internal/xds/filters/wellknown.go, read 2026-11).
"""

SIGNALS = frozenset(
    {
        Signal.LATENCY_P50,
        Signal.LATENCY_P95,
        Signal.LATENCY_P99,
        Signal.ERROR_RATE,
        Signal.THROUGHPUT,
        Signal.CONCURRENCY,
    }
)
"""Signals that the gateway carries for every engine."""

PERCENTILES = {Signal.LATENCY_P50: 50, Signal.LATENCY_P95: 95, Signal.LATENCY_P99: 99}

# Envoy, source/common/stats/histogram_impl.cc, `HistogramSettingsImpl::defaultBuckets`, milliseconds, read 2026-11
DEFAULT_BOUNDS_MS = (
    *(0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000),
    *(300_000, 600_000, 1_800_000, 3_600_000),
)

# envoyproxy/gateway v1.9.0, internal/gatewayapi/helpers.go: <kind>/<namespace>/<route>/rule/<i>[/backend/<j>]; a
# cluster for each backend only where backends have filters of their own (internal/ir/xds.go,
# `NeedsClusterPerSetting`), read 2026-11
_BACKENDS = {
    Variant.ALL: "/rule/.+",
    Variant.STABLE: "/rule/[0-9]+/backend/0",
    Variant.CANARY: "/rule/[0-9]+/backend/1",
}


def cluster(blueprint: Blueprint, routes: Sequence[str], variant: Variant) -> tuple[Matcher, ...]:
    """Matchers of the Envoy clusters behind routes; backend 0 is the stable version, 1 the canary.

    Args:
        blueprint: The service.
        routes: The routes, as `namespace/name`.
        variant: Which backends of each.
    """
    kind = "grpcroute" if blueprint.contract.protocol is Protocol.GRPC else "httproute"
    named = routes[0] if len(routes) == 1 else f"({'|'.join(routes)})"
    return (Matcher("envoy_cluster_name", f"{kind}/{named}{_BACKENDS[variant]}", regex=True),)


def request_rate(clusters: tuple[Matcher, ...], window: str) -> str:
    """Requests a second, answered by replicas or by the gateway for want of one."""
    # before the first answer only the statically made counter exists; it is zero then
    return f"({rate(REQUESTS, clusters, window)} or {rate(REQUESTS_SENT, clusters, window)})"


def failure_rate(blueprint: Blueprint, clusters: tuple[Matcher, ...], window: str) -> str:
    """Failed requests a second; zero, not absent, when none failed yet."""
    if blueprint.contract.protocol is Protocol.GRPC:
        counters = [(metric, clusters) for metric in GRPC_FAILURES]
    else:
        counters = [(REQUESTS_BY_CLASS, (*clusters, Matcher("envoy_response_code_class", "5")))]
    none_yet = f"0 * {request_rate(clusters, window)}"
    return " + ".join(f"({rate(metric, matchers, window)} or {none_yet})" for metric, matchers in counters)


def error_percent(blueprint: Blueprint, clusters: tuple[Matcher, ...], window: str) -> str:
    """Percent of requests that failed; no value without traffic."""
    return f"100 * ({failure_rate(blueprint, clusters, window)}) / ({request_rate(clusters, window)} > 0)"


def latency_ms(percentile: int, clusters: tuple[Matcher, ...], window: str) -> str:
    """A percentile of the latency, milliseconds; no value without traffic (NaN is filtered)."""
    return f"{quantile(percentile, LATENCY_MS, clusters, window)} >= 0"


def active(clusters: tuple[Matcher, ...], window: str) -> str:
    """Requests in flight, averaged over the window, all replicas together."""
    return f"sum (avg_over_time({selector(REQUESTS_ACTIVE, clusters)}[{window}]))"


def histogram_bounds_ms(blueprints: Iterable[Blueprint]) -> tuple[float, ...]:
    """Bucket bounds that hold every latency objective exactly, besides Envoy's own."""
    objectives = {ms for blueprint in blueprints for ms in blueprint.slo.latency_ms.by_percentile().values()}
    return tuple(sorted({*DEFAULT_BOUNDS_MS, *objectives}))


def bootstrap_patch(blueprints: Iterable[Blueprint]) -> str:
    """YAML to merge into the gateway's Envoy bootstrap, so that objectives are judged exactly; lists are appended."""
    settings = {
        "match": {"suffix": "upstream_rq_time"},
        "buckets": list(histogram_bounds_ms(blueprints)),
    }
    stats = {"stats_tags": [GRPC_CALL_TAG], "histogram_bucket_settings": [settings]}
    return yaml.safe_dump({"stats_config": stats}, sort_keys=False)
