"""What the program counts of itself. Requests, errors and latency as consumers see them are the gateway's."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from serving.blueprint.delivery import WAITING_METRIC

_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The counters of one program."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "serving_stages_requests", "Requests by outcome.", ["version", "outcome"], registry=self._registry
        )
        self.failures = Counter(
            "serving_stages_failures", "Calls of a stage that failed.", ["stage", "reason"], registry=self._registry
        )
        self.seconds = Histogram(
            "serving_stages_stage_seconds",
            "Time until a stage began to answer.",
            ["stage"],
            buckets=_BOUNDS_SECONDS,
            registry=self._registry,
        )
        self.checked = Counter(
            "serving_stages_checked_answers",
            "Answers that were compared with the contract.",
            ["version", "valid"],
            registry=self._registry,
        )

        self.waiting = Gauge(WAITING_METRIC, "Requests that wait to be answered later.", registry=self._registry)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
