"""The words for what is measured, shared by scaling, rollout and degradation.

A blueprint names signals, never metric names: which metric carries a signal depends on the engine and its
version, and is the business of the metric contract (`serving.telemetry`).
"""

from __future__ import annotations

from enum import StrEnum


class Signal(StrEnum):
    """What can be measured of a service. The unit of a threshold is the signal's."""

    LATENCY_P50 = "latency-p50"
    """Milliseconds."""
    LATENCY_P95 = "latency-p95"
    """Milliseconds."""
    LATENCY_P99 = "latency-p99"
    """Milliseconds."""
    TIME_TO_FIRST_TOKEN_P95 = "time-to-first-token-p95"  # noqa: S105  a metric, no secret
    """Milliseconds."""
    ERROR_RATE = "error-rate"
    """Percent of requests that fail."""
    QUEUE_DEPTH = "queue-depth"
    """Requests waiting, per replica."""
    THROUGHPUT = "throughput"
    """Requests a second, per replica."""
    CONCURRENCY = "concurrency"
    """Requests in flight, per replica."""
    UTILIZATION = "utilization"
    """Percent of the scarce resource: KV cache for LLMs, accelerator or CPU otherwise."""

    @property
    def unit(self) -> str:
        """The unit of a threshold on this signal."""
        return _UNITS[self]


_UNITS = {
    Signal.LATENCY_P50: "ms",
    Signal.LATENCY_P95: "ms",
    Signal.LATENCY_P99: "ms",
    Signal.TIME_TO_FIRST_TOKEN_P95: "ms",
    Signal.ERROR_RATE: "%",
    Signal.QUEUE_DEPTH: "requests per replica",
    Signal.THROUGHPUT: "requests per second and replica",
    Signal.CONCURRENCY: "requests per replica",
    Signal.UTILIZATION: "%",
}

PERCENT_SIGNALS = frozenset({Signal.ERROR_RATE, Signal.UTILIZATION})
