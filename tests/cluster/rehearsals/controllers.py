"""The real controllers that act on a service: started out of the cluster, stopped with the rehearsals.

Owns how each is told where the API server is, and which of its flags rehearsals need; what makes a flag necessary
was read in its source (2026-11): Argo Rollouts v1.9.0 cmd/rollouts-controller and utils/plugin, KEDA v2.20.2
cmd/operator, cmd/adapter and pkg/metricsservice/utils/tls.go, kube-apiserver pkg/util/proxy (an `ExternalName`
service is where an aggregated API may be outside of the cluster), Prometheus 2.42.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from components.rollout import GATEWAY_PLUGIN
from tests.cluster.rehearsals.api import Api
from tests.cluster.rehearsals.timescale import FACTOR, SCRAPE_SECONDS

PLUGIN_VARIABLE: Final = "ROLLOUTS_GATEWAY_PLUGIN"
PLUGIN_BINARY: Final = "rollouts-plugin-trafficrouter-gatewayapi"
"""What the plugin's own release calls its binary (its Makefile, read 2026-11)."""

_STAND_IN: Final = "traffic-router"
_KEDA_NAMESPACE: Final = "keda"
_ROLLOUTS_NAMESPACE: Final = "argo-rollouts"
_START_SECONDS: Final = 120
_LOG_LINES: Final = 25


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
        return f"the plugin {self.binary}" if self.real else "the stand-in tests/cluster/modules/traffic-router"


class Controller:
    """One process, with its log."""

    def __init__(
        self, name: str, command: Sequence[str | Path], directory: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = directory / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=directory,
                env={**os.environ, **(environment or {})},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # with the plugins that it starts
            )

    def await_ready(self, ready: Callable[[], bool]) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + _START_SECONDS
        while not ready():
            assert self._process.poll() is None, f"{self.name} ended:\n{self.tail()}"
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.tail()}"
            time.sleep(0.1)

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def traffic_router(binaries: Path) -> Router:
    """The real plugin where it is at hand, or else the stand-in."""
    named = os.environ.get(PLUGIN_VARIABLE) or shutil.which(PLUGIN_BINARY)
    if named:
        assert os.access(named, os.X_OK), f"{PLUGIN_VARIABLE} names {named}, which cannot be run"
        return Router(Path(named).resolve(), real=True)
    return Router(binaries / _STAND_IN, real=False)


def start_prometheus(directory: Path, exporter_port: int) -> tuple[Controller, str]:
    """Prometheus, scraping the exporter; returns its address too."""
    milliseconds = 1_000 * SCRAPE_SECONDS // FACTOR
    rhythm = f"{milliseconds}ms"
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
    file = directory / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    prometheus = Controller(
        "prometheus",
        [
            shutil.which("prometheus") or "prometheus",
            f"--config.file={file}",
            f"--storage.tsdb.path={directory / 'prometheus-data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        directory,
    )
    prometheus.await_ready(lambda: _answers(f"{address}/-/ready"))
    return prometheus, address


def start_rollouts(api: Api, kubeconfig: Path, binaries: Path, directory: Path, router: Router) -> Controller:
    """The rollout controller, with the traffic router under the name that every Rollout states."""
    _namespace(api, _ROLLOUTS_NAMESPACE)
    plugin = {
        "name": GATEWAY_PLUGIN,
        "location": f"file://{router.binary}",
        "sha256": hashlib.sha256(router.binary.read_bytes()).hexdigest(),
    }
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "argo-rollouts-config", "namespace": _ROLLOUTS_NAMESPACE},
            "data": {"trafficRouterPlugins": yaml.safe_dump([plugin])},
        }
    )
    health = free_port()
    controller = Controller(
        "rollouts-controller",
        [
            binaries / "rollouts-controller",
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            f"--healthzPort={health}",
            f"--metricsPort={free_port()}",
        ],
        directory,
        # the plugin is a process of its own and finds the API server by itself
        {"KUBECONFIG": str(kubeconfig), "POD_NAMESPACE": _ROLLOUTS_NAMESPACE},
    )
    controller.await_ready(lambda: _answers(f"http://127.0.0.1:{health}/healthz"))
    return controller


def start_keda(api: Api, kubeconfig: Path, binaries: Path, directory: Path) -> list[Controller]:
    """KEDA's operator and its metrics adapter, which the API server finds as it finds any aggregated API."""
    _namespace(api, _KEDA_NAMESPACE)
    certificates = _certificates(directory)
    service, health, metrics = free_port(), free_port(), free_port()
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "WATCH_NAMESPACE": "",
        "POD_NAMESPACE": _KEDA_NAMESPACE,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": _KEDA_NAMESPACE,
    }
    operator = Controller(
        "keda-operator",
        [
            binaries / "keda-operator",
            f"--cert-dir={certificates}",
            f"--metrics-service-bind-address=127.0.0.1:{service}",
            f"--health-probe-bind-address=127.0.0.1:{health}",
            "--enable-prometheus-metrics=false",
        ],
        directory,
        environment,
    )
    secure = free_port()
    adapter = Controller(
        "keda-metrics",
        [
            binaries / "keda-metrics",
            f"--metrics-service-address=127.0.0.1:{service}",
            f"--cert-dir={certificates}",
            f"--tls-cert-file={certificates / 'tls.crt'}",
            f"--tls-private-key-file={certificates / 'tls.key'}",
            "--bind-address=127.0.0.1",
            f"--secure-port={secure}",
            f"--port={metrics}",
            f"--lister-kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
        ],
        directory,
        environment,
    )
    operator.await_ready(lambda: _answers(f"http://127.0.0.1:{health}/healthz"))
    for manifest in _aggregated(secure):
        api.apply(manifest)
    adapter.await_ready(lambda: _available(api))
    return [operator, adapter]


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
    conditions = service.get("status", {}).get("conditions", ())
    return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)


def _certificates(directory: Path) -> Path:
    """One certificate that is its own authority: server and client of the operator's metrics service trust it."""
    folder = directory / "certificates"
    folder.mkdir(exist_ok=True)
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=keda"),
            *("-addext", names, "-addext", "extendedKeyUsage=serverAuth,clientAuth"),
            *("-keyout", folder / "tls.key", "-out", folder / "tls.crt"),
        ],
        check=True,
        capture_output=True,
    )
    shutil.copy(folder / "tls.crt", folder / "ca.crt")
    return folder


def _namespace(api: Api, name: str) -> None:
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
