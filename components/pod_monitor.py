"""How the metrics of a workload's replicas are read: its PodMonitor.

Owns where Prometheus scrapes and which labels of a pod become labels of its metrics. What is asked of them is the
business of `serving.telemetry.metrics`, whose queries select by exactly these labels.
"""

from components.manifest import Manifest
from components.workload import Workload
from serving.telemetry.metrics import SCRAPE_SECONDS, VARIANT_LABEL, WORKLOAD_LABEL, engine_metrics_endpoint


def pod_monitor(workload: Workload) -> Manifest:
    """The PodMonitor of a workload.

    The operator makes a scrape configuration of it, names the port by the container's, and writes `namespace` and
    `pod` beside the labels that are handed on; what is no letter, digit or underscore becomes an underscore
    (prometheus-operator v0.85.0, pkg/prometheus/promcfg.go, `generatePodMonitorConfig` and `sanitizeLabelName`, read
    2026-11). Labels that no query selects by stay at the pod: each would be a new series with every version.
    """
    endpoint = engine_metrics_endpoint(workload.model)
    interval = f"{SCRAPE_SECONDS}s"
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": workload.metadata(),
        "spec": {
            "selector": {"matchLabels": workload.selector},
            "podTargetLabels": [WORKLOAD_LABEL, VARIANT_LABEL],
            "podMetricsEndpoints": [
                {
                    "port": _port_name(workload, endpoint.port),
                    "path": endpoint.path,
                    "interval": interval,
                    # an answer that comes later would be counted for the next scrape
                    "scrapeTimeout": interval,
                }
            ],
        },
    }


def _port_name(workload: Workload, port: int) -> str:
    """Name of a port of the server's container."""
    return next(name for name, number in workload.server.ports.items() if number == port)
