"""How the metrics of a workload's replicas are read: its PodMonitor.

Owns where Prometheus scrapes and which labels of a pod become labels of its metrics. What is asked of them is the
business of `serving.telemetry.metrics`, whose queries select by exactly these labels.
"""

from collections.abc import Iterator

from components.manifest import Manifest
from components.stages import ADMIN_PORT_NAME
from components.workload import Workload
from serving.telemetry.metrics import SCRAPE_SECONDS, VARIANT_LABEL, WORKLOAD_LABEL, engine_metrics_endpoint


def pod_monitor(workload: Workload) -> Manifest:
    """The PodMonitor of a workload.

    The operator makes a scrape configuration of it, names the port by the container's, and writes `namespace`, `pod`
    and `container` beside the labels that are handed on; what is no letter, digit or underscore becomes an underscore
    (prometheus-operator v0.85.0, pkg/prometheus/promcfg.go, `generatePodMonitorConfig` and `sanitizeLabelName`, read
    2026-11). Labels that no query selects by stay at the pod: each would be a new series with every version. Of a
    replica that spans nodes the leader speaks for all.
    """
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": workload.metadata(),
        "spec": {
            "selector": {"matchLabels": workload.answering},
            "podTargetLabels": [WORKLOAD_LABEL, VARIANT_LABEL],
            "podMetricsEndpoints": [_endpoint(port, path) for port, path in _scraped(workload)],
        },
    }


def _scraped(workload: Workload) -> Iterator[tuple[str, str]]:
    """Name of the port and path of everything in a replica that has metrics."""
    engine = engine_metrics_endpoint(workload.model)
    yield _port_name(workload, engine.port), engine.path
    if workload.blueprint.contract.stages.ingress.validation is not None:
        yield ADMIN_PORT_NAME, "/metrics"


def _endpoint(port: str, path: str) -> dict[str, str]:
    interval = f"{SCRAPE_SECONDS}s"
    # an answer that comes later than the next scrape would be counted for that one
    return {"port": port, "path": path, "interval": interval, "scrapeTimeout": interval}


def _port_name(workload: Workload, port: int) -> str:
    """Name of a port of the server's container."""
    return next(name for name, number in workload.server.ports.items() if number == port)
