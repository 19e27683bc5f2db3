"""The real controllers that act on a service: started out of the cluster, beside the control plane.

Owns how each is told where the API server is, and which of its flags rehearsals need; what makes a flag necessary
was read in its source (2026-11): Argo Rollouts v1.9.0 cmd/rollouts-controller and utils/plugin, KEDA v2.20.2
cmd/operator, cmd/adapter and pkg/metricsservice/utils/tls.go, kube-apiserver pkg/util/proxy (an `ExternalName`
service is how an aggregated API may be outside of the cluster), Prometheus 2.42. Controllers that end by themselves are
started again, as in a cluster, and it is told: KEDA's operator may, where two triggers of one ScaledObject lose their
metrics at once (v2.20.2, pkg/fallback/fallback.go, `doFallback` reads what a status patch is being decoded into).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from components.rollout import GATEWAY_PLUGIN
from tests.cluster.api import Api, condition
from tests.cluster.binaries import find
from tests.cluster.certificates import Authority
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import Process, answers, free_port
from tests.cluster.rehearsals.timescale import FACTOR, SCRAPE_SECONDS

PLUGIN_VARIABLE: Final = "ROLLOUTS_GATEWAY_PLUGIN"
PLUGIN_BINARY: Final = "rollouts-plugin-trafficrouter-gatewayapi"
"""What the plugin's own release calls its binary (its Makefile, read 2026-11)."""

_STAND_IN: Final = "traffic-router"
_KEDA_NAMESPACE: Final = "keda"
_ROLLOUTS_NAMESPACE: Final = "argo-rollouts"
_START_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Router:
    """The traffic router of the rollout controller.

    Attributes:
        binary: Where it is.
        real: Whether it is Argo Rollouts' own plugin, and not the stand-in.
    """

    binary: Path
    real: bool

    def __str__(self) -> str:
        if self.real:
            return f"Argo Rollouts' Gateway API plugin ({self.binary})"
        return f"the stand-in of tests/cluster/modules/{_STAND_IN}; {PLUGIN_VARIABLE} may name the plugin's binary"


def traffic_router() -> Router:
    """The real plugin where it is at hand, or else the stand-in."""
    named = os.environ.get(PLUGIN_VARIABLE) or shutil.which(PLUGIN_BINARY)
    if named:
        assert os.access(named, os.X_OK), f"{PLUGIN_VARIABLE} names {named}, which cannot be run"
        return Router(Path(named).resolve(), real=True)
    stand_in = find(_STAND_IN)
    assert stand_in is not None, f"{_STAND_IN} is not built; `make cluster-test` does it"
    return Router(stand_in, real=False)


def start_prometheus(plane: ControlPlane, exporter_port: int) -> tuple[str, Process]:
    """Prometheus, scraping the exporter; returns its address too."""
    rhythm = f"{1_000 * SCRAPE_SECONDS // FACTOR}ms"
    configuration = {
        "global": {"scrape_interval": rhythm, "scrape_timeout": rhythm, "evaluation_interval": rhythm},
        "scrape_configs": [
            {
                "job_name": "rehearsal",
                "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{exporter_port}"]}],
            }
        ],
    }
    file = plane.folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    address = f"http://127.0.0.1:{free_port()}"
    process = plane.run(
        "prometheus",
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={plane.folder / 'prometheus'}",
        f"--web.listen-address={address.removeprefix('http://')}",
    )
    process.wait_until(answers(f"{address}/-/ready"), _START_SECONDS)
    return address, process


def start_rollouts(plane: ControlPlane, router: Router) -> Process:
    """The rollout controller, with the traffic router under the name that every Rollout states."""
    _namespace(plane.api, _ROLLOUTS_NAMESPACE)
    plugin = {
        "name": GATEWAY_PLUGIN,
        "location": f"file://{router.binary}",
        "sha256": hashlib.sha256(router.binary.read_bytes()).hexdigest(),
    }
    plane.api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "argo-rollouts-config", "namespace": _ROLLOUTS_NAMESPACE},
            "data": {"trafficRouterPlugins": yaml.safe_dump([plugin])},
        }
    )
    health = free_port()
    process = plane.run(
        "rollouts-controller",
        "rollouts-controller",
        f"--kubeconfig={plane.kubeconfig}",
        "--leader-elect=false",
        f"--healthzPort={health}",
        f"--metricsPort={free_port()}",
        # the plugin is a process of its own and finds the API server by itself
        environment={"KUBECONFIG": str(plane.kubeconfig), "POD_NAMESPACE": _ROLLOUTS_NAMESPACE},
        kept=True,
    )
    process.wait_until(answers(f"http://127.0.0.1:{health}/healthz"), _START_SECONDS)
    return process


def start_keda(plane: ControlPlane) -> tuple[Process, Process]:
    """KEDA's operator and its metrics adapter, which the API server finds as it finds any aggregated API."""
    _namespace(plane.api, _KEDA_NAMESPACE)
    certificates = _certificates(plane.folder)
    service, health, secure = free_port(), free_port(), free_port()
    environment = {
        "KUBECONFIG": str(plane.kubeconfig),
        "WATCH_NAMESPACE": "",
        "POD_NAMESPACE": _KEDA_NAMESPACE,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": _KEDA_NAMESPACE,
    }
    operator = plane.run(
        "keda-operator",
        "keda-operator",
        f"--cert-dir={certificates}",
        f"--metrics-service-bind-address=127.0.0.1:{service}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        "--enable-prometheus-metrics=false",
        environment=environment,
        kept=True,
    )
    operator.wait_until(answers(f"http://127.0.0.1:{health}/healthz"), _START_SECONDS)
    adapter = plane.run(
        "keda-metrics",
        "keda-metrics",
        f"--metrics-service-address=127.0.0.1:{service}",
        f"--cert-dir={certificates}",
        f"--tls-cert-file={certificates / 'tls.crt'}",
        f"--tls-private-key-file={certificates / 'tls.key'}",
        "--bind-address=127.0.0.1",
        f"--secure-port={secure}",
        f"--port={free_port()}",
        *(f"--{asked}-kubeconfig={plane.kubeconfig}" for asked in ("lister", "authentication", "authorization")),
        environment=environment,
        kept=True,
    )
    plane.api.apply(*_aggregated(secure))
    adapter.wait_until(lambda: _available(plane.api), _START_SECONDS)
    return operator, adapter


def leave_no_trace(api: Api) -> None:
    """An aggregated API that nobody serves any more would stand in the way of discovery."""
    for manifest in _aggregated(0):
        api.delete(manifest)


def _aggregated(port: int) -> list[dict[str, Any]]:
    name = "keda-metrics-apiserver"
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": _KEDA_NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
            "spec": {
                "service": {"name": name, "namespace": _KEDA_NAMESPACE, "port": port},
                "group": "external.metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,  # loopback; the certificate is made for this run
            },
        },
    ]


def _available(api: Api) -> bool:
    service = api.get("apiregistration.k8s.io/v1", "APIService", "v1beta1.external.metrics.k8s.io")
    return condition(service, "Available") == "True"


def _certificates(directory: Path) -> Path:
    """A folder as KEDA's secret is mounted: operator and adapter know each other by one certificate."""
    folder = directory / "keda-certificates"
    pair = Authority(folder).issue("keda-operator")
    shutil.copy(pair.certificate, folder / "tls.crt")
    shutil.copy(pair.key, folder / "tls.key")
    return folder


def _namespace(api: Api, name: str) -> None:
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
