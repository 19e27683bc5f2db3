"""What gateway, engines and kubelet would be asked for, driven by a rehearsal.

Owns the model of the load (requests a second, and how well each version answers them) and its exposition under
exactly the names and labels that `serving.telemetry` queries: they are read from there, never typed again. The load
follows the split that the route objects say at that moment and is carried by the replicas that are there at that
moment, so that the loop over controller, gateway and metrics is closed. Each series carries the labels that the
platform's scrape configuration gives it, and is taken over with `honor_labels`: Prometheus learns of a new replica
with the next scrape, not with the next turn of service discovery, whose five seconds cannot be scaled. Counters say
when they were counted: a scrape that a busy machine delays must not look like a burst of requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from components.workload import Workload
from serving.blueprint.schema.signals import Signal
from serving.telemetry import gateway
from serving.telemetry.engines import Kind, Series, contract_of
from serving.telemetry.gateway import Variant
from serving.telemetry.metrics import CPU_SECONDS, SERVER_CONTAINER, VARIANT_LABEL, WORKLOAD_LABEL, metric_label
from tests.cluster.rehearsals.split import Request, Rule, rule_for
from tests.cluster.rehearsals.world import World, is_ready

_FAILED, _ANSWERED = "5", "2"
_CLASS_LABEL: Final = "envoy_response_code_class"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """How one version answers.

    Attributes:
        latency_ms: Of every request.
        error_percent: Percent of the requests that fail.
        signals: What the engine says of each replica, in the signals' own units.
    """

    latency_ms: float = 20
    error_percent: float = 0
    signals: Mapping[Signal, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    """What consumers ask of a service, and how its versions answer.

    Attributes:
        rps: Requests a second, all together.
        stable: How the version answers that users get.
        canary: How the version answers that is being judged.
        headers: Headers of the requests.
    """

    rps: float
    stable: Quality = Quality()
    canary: Quality = Quality()
    headers: Mapping[str, str] = field(default_factory=dict)


class Exporter:
    """Serves the metrics of every service that it was given a load for."""

    def __init__(self, world: World, port: int) -> None:
        self._world = world
        self._workloads: dict[str, tuple[Workload, str]] = {}
        self._loads: dict[str, Load] = {}
        self._values: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[tuple[str, Labels], float] = {}
        self._lock = threading.Lock()
        self._before = time.time()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.silent = False
        """Whether nothing is answered: the metrics have vanished."""
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def serve(self, workload: Workload, host: str, load: Load) -> None:
        """Let consumers of `host` ask for so much from now on."""
        with self._lock:
            self._advance()  # what was asked until now was the load before
            self._workloads[workload.name] = (workload, host)
            self._loads[workload.name] = load

    def forget_all(self) -> None:
        """The services are gone, and their series with them."""
        with self._lock:
            self._workloads, self._values, self._gauges = {}, {}, {}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def exposition(self) -> str:
        """All series in Prometheus' text format, as they stand at this moment."""
        with self._lock:
            self._advance()
            counted, values, gauges = f" {1_000 * self._before:.0f}", dict(self._values), self._gauges
        return "".join(
            # a gauge without a moment ends with the scrape that does not have it any more: a replica that has left
            f"{name}{{{_written(labels)}}} {value:.6f}{moment}\n"
            for series, moment in ((values, counted), (gauges, ""))
            for (name, labels), value in sorted(series.items())
        )

    def _advance(self) -> None:
        """Count what happened since the last look."""
        before, self._before = self._before, time.time()
        seconds = max(self._before - before, 0)  # the clock that Prometheus has too may be set back
        self._gauges = {}
        for name, (workload, host) in self._workloads.items():
            self._advance_gateway(workload, host, self._loads[name], seconds)
            self._advance_replicas(workload, self._loads[name], seconds)

    def _advance_gateway(self, workload: Workload, host: str, load: Load, seconds: float) -> None:
        for cluster in clusters(self._world.routes(workload.namespace)):
            self._values.setdefault((gateway.REQUESTS_SENT, cluster), 0.0)
        rule = rule_for(self._world.routes(workload.namespace), Request(host, headers=load.headers))
        if rule is None:
            return
        for index, ((service, _), share) in enumerate(zip(rule.backends, rule.shares, strict=True)):
            quality = load.canary if service == workload.canary_service else load.stable
            self._answer(workload, cluster_of(rule, index), load.rps * share, quality, seconds)

    def _answer(self, workload: Workload, cluster: Labels, rps: float, quality: Quality, seconds: float) -> None:
        requests, failed = rps * seconds, rps * seconds * quality.error_percent / 100
        self._gauges[gateway.REQUESTS_ACTIVE, cluster] = rps * quality.latency_ms / 1_000
        self._add(gateway.REQUESTS_SENT, cluster, requests)
        self._add(gateway.REQUESTS, cluster, requests)
        self._add(gateway.REQUESTS_BY_CLASS, (*cluster, (_CLASS_LABEL, _FAILED)), failed)
        self._add(gateway.REQUESTS_BY_CLASS, (*cluster, (_CLASS_LABEL, _ANSWERED)), requests - failed)
        bounds = gateway.histogram_bounds_ms([workload.blueprint])
        self._observe(Series(gateway.LATENCY_MS, Kind.HISTOGRAM, bounds=bounds), cluster, quality.latency_ms, requests)

    def _advance_replicas(self, workload: Workload, load: Load, seconds: float) -> None:
        contract = contract_of(workload.model)
        offered = contract.signals if contract is not None else {}
        for pod in self._world.pods(workload.namespace, {WORKLOAD_LABEL: workload.name}):
            if not is_ready(pod):
                continue
            labels = pod_labels(pod)
            self._gauges["up", labels] = 1.0
            quality = load.canary if pod["metadata"]["labels"].get(VARIANT_LABEL) == Variant.CANARY else load.stable
            for signal, value in quality.signals.items():
                self._measure(offered[signal], labels, value, seconds)
            used = quality.signals.get(Signal.UTILIZATION, 50) / 100 * workload.model.resources.cpu
            self._add(CPU_SECONDS, _container(pod), used * seconds)

    def _measure(self, series: Series, labels: Labels, value: float, seconds: float) -> None:
        """Let an engine's metric say what it would at that value; one observation a second."""
        if series.kind is Kind.GAUGE:
            self._gauges[series.metric, labels] = value / series.scale
        elif series.kind is Kind.COUNTER:
            self._add(series.metric, labels, value / series.scale * seconds)
        else:
            self._observe(series, labels, value / series.scale, seconds)

    def _observe(self, series: Series, labels: Labels, value: float, times: float) -> None:
        for bound in series.bounds:
            self._add(f"{series.metric}_bucket", (*labels, ("le", f"{bound:g}")), times if value <= bound else 0.0)
        self._add(f"{series.metric}_bucket", (*labels, ("le", "+Inf")), times)
        self._add(f"{series.metric}_sum", labels, value * times)
        self._add(f"{series.metric}_count", labels, times)

    def _add(self, name: str, labels: Labels, amount: float) -> None:
        self._values[name, labels] = self._values.get((name, labels), 0.0) + amount


def cluster_of(rule: Rule, backend: int) -> Labels:
    """The label by which the gateway tells a backend of a rule; a test holds that it is what queries ask for."""
    name = f"{rule.kind.lower()}/{rule.namespace}/{rule.route}/rule/{rule.index}/backend/{backend}"
    return (("envoy_cluster_name", name),)


def clusters(routes: list[dict[str, Any]]) -> Iterator[Labels]:
    """Every cluster that the gateway has for attached routes, asked for or not."""
    for route in routes:
        where = (route["metadata"]["namespace"], route["metadata"]["name"], route["kind"])
        for index, rule in enumerate(route["spec"]["rules"] if route["spec"].get("parentRefs") else ()):
            for backend in range(len(rule.get("backendRefs", ()))):
                yield cluster_of(Rule(*where, index, ()), backend)


def pod_labels(pod: dict[str, Any]) -> Labels:
    """Labels of what is scraped of a replica's server: every label of the pod, besides its namespace and names."""
    metadata = pod["metadata"]
    labels = {metric_label(label): value for label, value in metadata["labels"].items()}
    place = {"namespace": metadata["namespace"], "pod": metadata["name"], "container": SERVER_CONTAINER}
    return tuple({**labels, **place}.items())


def _container(pod: dict[str, Any]) -> Labels:
    """Labels of the kubelet's series: it knows no labels of pods."""
    container = pod["spec"]["containers"][0]["name"]
    return (("namespace", pod["metadata"]["namespace"]), ("pod", pod["metadata"]["name"]), ("container", container))


def _written(labels: Labels) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels)


def _handler(exporter: Exporter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"" if exporter.silent else exporter.exposition().encode()
            self.send_response(503 if exporter.silent else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked did not wait
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Prometheus asks often; nobody reads of it."""

    return Handler
