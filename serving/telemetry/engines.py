"""Which metric of which engine version carries which signal: the metric contract, as data.

Owns metric names, kinds and scales, and the versions for which they were read. What is asked of them
(queries, rules) is built in `metrics` and `slo`. Signals that every engine shares are measured at the gateway
and do not stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from serving.blueprint.schema.model import Accelerator, EngineName, Model
from serving.blueprint.schema.signals import Signal

Version = tuple[int, int, int]


class Kind(StrEnum):
    """What a metric is, and so how a value is made of it."""

    GAUGE = "gauge"
    """Summed over replicas (counts) or averaged (shares)."""
    COUNTER = "counter"
    """Its rate a second is the value."""
    HISTOGRAM = "histogram"
    """The signal's percentile of it is the value."""
    HISTOGRAM_MEAN = "histogram-mean"
    """The mean of what it observed is the value."""


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of an engine.

    Attributes:
        metric: Its name; of a histogram without `_bucket`.
        kind: What it is.
        scale: What its values are multiplied with to be in the signal's unit.
        bounds: Upper bounds of a histogram's buckets in its own unit, where they are fixed.
    """

    metric: str
    kind: Kind
    scale: float = 1
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineContract:
    """What a range of versions of one engine offers.

    Attributes:
        engine: The engine.
        since: First version.
        until: First version that is no longer covered.
        port: Where the metrics are exposed.
        path: Where the metrics are exposed.
        source: Where the names were read, and when.
        signals: Signal -> metric.
        output_token_seconds: Histogram of each request's mean time per output token, seconds.
    """

    engine: EngineName
    since: Version
    until: Version
    port: int
    path: str
    source: str
    signals: Mapping[Signal, Series]
    output_token_seconds: Series | None = field(default=None)

    @property
    def versions(self) -> str:
        """The range as people write it."""
        return f"{self.engine} >={_dotted(self.since)},<{_dotted(self.until)}"

    def covers(self, engine: EngineName, version: str) -> bool:
        """Whether the contract holds for that engine and version."""
        return engine is self.engine and self.since <= parse_version(version) < self.until


# vllm/v1/metrics/loggers.py of 0.8.4 to 0.20.0, vllm/v1/metrics/buckets.py of 0.32.0 and 0.33.0 (source
# distributions on PyPI, read 2026-11): the same in all of them. Those of 0.8.0 to 0.8.3 end at 10 s.
_TTFT_BOUNDS_SECONDS = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0),
    *(2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
_TOKEN_BOUNDS_SECONDS = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)

_VLLM_SIGNALS: Mapping[Signal, Series] = {
    Signal.TIME_TO_FIRST_TOKEN_P95: Series(
        "vllm:time_to_first_token_seconds", Kind.HISTOGRAM, scale=1000, bounds=_TTFT_BOUNDS_SECONDS
    ),
    Signal.QUEUE_DEPTH: Series("vllm:num_requests_waiting", Kind.GAUGE),
}
_VLLM_KV_CACHE = Series("vllm:kv_cache_usage_perc", Kind.GAUGE, scale=100)

CONTRACTS: tuple[EngineContract, ...] = (
    EngineContract(
        EngineName.VLLM,
        since=(0, 8, 4),
        until=(0, 10, 0),
        port=8000,
        path="/metrics",
        source="vllm/v1/metrics/loggers.py of 0.8.4, 0.8.5, 0.9.0, 0.9.1 and 0.9.2 (PyPI), read 2026-11",
        signals={
            **_VLLM_SIGNALS,
            Signal.UTILIZATION: Series("vllm:gpu_cache_usage_perc", Kind.GAUGE, scale=100),
        },
    ),
    EngineContract(
        EngineName.VLLM,
        # 0.9.2 and 0.10 have the old and the new name, 0.11 hides the old one by default, 0.12 has it no longer
        since=(0, 10, 0),
        until=(0, 11, 0),
        port=8000,
        path="/metrics",
        source="vllm/v1/metrics/loggers.py of 0.10.0 and 0.10.2 (PyPI), read 2026-11",
        signals={**_VLLM_SIGNALS, Signal.UTILIZATION: _VLLM_KV_CACHE},
    ),
    EngineContract(
        EngineName.VLLM,
        since=(0, 11, 0),
        until=(0, 34, 0),  # 0.33.0 was the newest release when this was read
        port=8000,
        path="/metrics",
        source="vllm/v1/metrics/loggers.py of 0.11.0, 0.12.0, 0.20.0, 0.32.0 and 0.33.0 (PyPI), read 2026-11",
        signals={**_VLLM_SIGNALS, Signal.UTILIZATION: _VLLM_KV_CACHE},
        output_token_seconds=Series(
            "vllm:request_time_per_output_token_seconds", Kind.HISTOGRAM, bounds=_TOKEN_BOUNDS_SECONDS
        ),
    ),
    EngineContract(
        EngineName.TRITON,
        since=(2, 45, 0),
        until=(3, 0, 0),
        port=8002,
        path="/metrics",
        source="triton-inference-server/server, docs/user_guide/metrics.md of v2.45.0 and v2.71.0, read 2026-11",
        signals={
            Signal.QUEUE_DEPTH: Series("nv_inference_pending_request_count", Kind.GAUGE),
            Signal.UTILIZATION: Series("nv_gpu_utilization", Kind.GAUGE, scale=100),
        },
    ),
    EngineContract(
        EngineName.MLSERVER,
        since=(1, 7, 0),
        until=(1, 8, 0),
        port=8082,
        path="/metrics",
        source="mlserver 1.7.0 and 1.7.1 (PyPI): settings.py and parallel/dispatcher.py, read 2026-11",
        # requests in flight in the worker pool, observed whenever a request is dispatched
        signals={Signal.QUEUE_DEPTH: Series("parallel_request_queue", Kind.HISTOGRAM_MEAN)},
    ),
)


def contract_of(model: Model) -> EngineContract | None:
    """The contract of the model's engine and version; none for a custom engine or an unknown version."""
    engine = model.engine
    return next((c for c in CONTRACTS if c.covers(engine.name, engine.version)), None)


def known_versions(engine: EngineName) -> tuple[str, ...]:
    """The version ranges that have a contract, as people write them."""
    return tuple(contract.versions for contract in CONTRACTS if contract.engine is engine)


def uses_cpu_only(model: Model) -> bool:
    """Whether the scarce resource of the model is the CPU."""
    return model.resources.accelerator is Accelerator.NONE


def parse_version(version: str) -> Version:
    """Major, minor and patch of a semantic version; what follows a hyphen does not order it."""
    major, minor, patch = (int(part) for part in version.split("-")[0].split("."))
    return (major, minor, patch)


def _dotted(version: Version) -> str:
    return ".".join(str(part) for part in version)
