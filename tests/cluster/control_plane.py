"""A Kubernetes control plane made of real parts, on loopback, for as long as the tests run.

Owns the processes and how they are set up: etcd, kube-apiserver with RBAC and every admission plugin that is on by
default (Pod Security, ValidatingAdmissionPolicy, quotas, limits among them), kube-controller-manager and
kube-scheduler. Times that only make tests wait are shortened: the autoscaler looks every second, a node is lost after
seconds. What it does not have: nodes (rehearsals bring theirs), a network, containers, and web hooks of charts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from components.admission_policy import watch_manifests
from tests.cluster.api import Api, condition
from tests.cluster.binaries import find
from tests.cluster.certificates import Authority, Pair
from tests.cluster.crds import definitions
from tests.cluster.processes import Process, answers, free_port

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""What `start` starts."""

NODE_LOST_SECONDS = 40
"""How long a node may be silent; Kubernetes has 50, and KWOK's nodes speak after 25 seconds at most. A pod that was
called unready because its node was silent stays so: there is no kubelet to say otherwise."""

_SERVICE_RANGE = "10.0.0.0/16"
# Debian's etcd (3.4) cannot tell the progress of a watch, for which these wait, seconds at every call. They are about
# the speed of lists.
_FOR_OLD_ETCD = (
    "DetectCacheInconsistency=false,ListFromCacheSnapshot=false,SizeBasedListCostEstimate=false,WatchList=false"
)
# Of its own, because tests remove what a stack leaves behind.
_KEEP_CONFIG_MAPS_WATCHED = watch_manifests({}, "serving-tests-config-maps-watched")


class ControlPlane:
    """The running parts. Use `api` to talk to it; `run` to add a controller.

    Attributes:
        folder: Where its files and logs are.
        api: The API, as an administrator.
        kubeconfig: The same for programs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[Process] = []
        self._authority = Authority(folder / "certificates")
        self._admin = self._authority.issue("admin", ["system:masters"])
        self.url = f"https://127.0.0.1:{free_port()}"
        self.api = Api(self.url, self._authority.certificate, self._admin)
        self.kubeconfig = self._kubeconfig("admin", self._admin)

    # Life

    def start(self) -> None:
        """Start everything and wait until it works.

        Raises:
            RuntimeError: A part does not start; with the end of its log.
        """
        self._start_api_server(self._start_etcd())
        self._start_controllers()
        self.api.wait(
            "service account of the default namespace",
            lambda: self.api.find("v1", "ServiceAccount", "default", "default"),
        )
        self.api.apply(*_KEEP_CONFIG_MAPS_WATCHED)

    def stop(self) -> None:
        """End everything, last started first."""
        for process in reversed(self._processes):
            process.stop()
        self.api.http.close()

    def run(
        self,
        name: str,
        program: str | Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        kept: bool = False,
    ) -> Process:
        """Start one more program; it ends with the control plane, or by `stop()` of what is returned.

        Args:
            name: Names the log file.
            program: A program of `binaries`, or a path.
            arguments: Its arguments.
            environment: Variables beyond those of the tests.
            kept: Whether it is started again when it ends by itself.
        """
        path = program if isinstance(program, Path) else find(program)
        if path is None:
            raise RuntimeError(f"{program} is not there; `make cluster-test` builds it")
        process = Process(name, [str(path), *arguments], self.folder, environment, kept=kept)
        self._processes.append(process)
        return process

    # What clusters have

    def install_definitions(self) -> None:
        """Install every custom resource definition that the platform's charts bring, and wait until they serve."""
        wanted = definitions()
        with ThreadPoolExecutor(max_workers=8) as pool:  # created: an apply of megabytes of schema takes seconds
            list(pool.map(self.api.create, wanted))
        waiting = {one["metadata"]["name"] for one in wanted}
        end = time.monotonic() + 300
        while waiting and time.monotonic() < end:
            served = self.api.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
            waiting -= {one["metadata"]["name"] for one in served if condition(one, "Established") == "True"}
        if waiting:
            raise RuntimeError(f"definitions that do not serve: {', '.join(sorted(waiting))}")

    def credentials(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig of a user of these groups."""
        return self._kubeconfig(user.replace(":", "-"), self._authority.issue(user, groups))

    def administrator(self) -> tuple[str, str, str]:
        """Certificate of the authority, certificate and key of an administrator, as text."""
        files = (self._authority.certificate, self._admin.certificate, self._admin.key)
        authority, certificate, key = (path.read_text(encoding="utf-8") for path in files)
        return authority, certificate, key

    # Parts

    def _start_etcd(self) -> str:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        process = self.run(
            "etcd",
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        )
        process.wait_until(answers(f"{client}/health"))
        return client

    def _start_api_server(self, etcd: str) -> None:
        server, accounts = self._authority.issue("kube-apiserver"), self._authority.issue("service-accounts")
        proxy = self._authority.issue("front-proxy-client")
        process = self.run(
            "kube-apiserver",
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.url.rpartition(':')[2]}",
            f"--tls-cert-file={server.certificate}",
            f"--tls-private-key-file={server.key}",
            f"--client-ca-file={self._authority.certificate}",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            f"--feature-gates={_FOR_OLD_ETCD}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={accounts.certificate}",
            f"--service-account-signing-key-file={accounts.key}",
            f"--service-cluster-ip-range={_SERVICE_RANGE}",
            f"--requestheader-client-ca-file={self._authority.certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={proxy.certificate}",
            f"--proxy-client-key-file={proxy.key}",
        )
        process.wait_until(answers(f"{self.url}/readyz", self.api.http), within_seconds=600)
        self._accounts = accounts

    def _start_controllers(self) -> None:
        self.run(
            "kube-controller-manager",
            "kube-controller-manager",
            f"--kubeconfig={self.credentials('system:kube-controller-manager')}",
            "--leader-elect=false",
            "--secure-port=0",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self._accounts.key}",
            f"--root-ca-file={self._authority.certificate}",
            "--horizontal-pod-autoscaler-sync-period=1s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=0s",
            "--node-monitor-period=1s",
            f"--node-monitor-grace-period={NODE_LOST_SECONDS}s",
        )
        self.run(
            "kube-scheduler",
            "kube-scheduler",
            f"--kubeconfig={self.credentials('system:kube-scheduler')}",
            "--leader-elect=false",
            "--secure-port=0",
        )

    def _kubeconfig(self, user: str, pair: Pair) -> Path:
        path = self.folder / f"{user}.kubeconfig"
        content: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [
                {
                    "name": "tests",
                    "cluster": {"server": self.url, "certificate-authority": str(self._authority.certificate)},
                }
            ],
            "users": [
                {
                    "name": user,
                    "user": {"client-certificate": str(pair.certificate), "client-key": str(pair.key)},
                }
            ],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": user}}],
        }
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path
