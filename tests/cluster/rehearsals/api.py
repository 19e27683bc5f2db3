"""A small client of the API server: the handful of calls that rehearsals make, many times a second.

Owns the connection (client certificate of a kubeconfig) and the paths of the kinds that rehearsals touch. Starting
`kubectl` for each look would cost more than what is looked at; where a person would type a command, the rehearsal
runs that command instead.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import yaml

Object = dict[str, Any]

_OWNER: Final = "rehearsal"
_TIMEOUT_SECONDS: Final = 30
_CLUSTER_WIDE: Final = frozenset({"Namespace", "Node", "PriorityClass", "APIService"})
_PLURALS: Final = {"NetworkPolicy": "networkpolicies", "PriorityClass": "priorityclasses"}


class ApiError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One API server, as one kubeconfig reaches it; usable from several threads."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        address = urlsplit(cluster["server"])
        self._host, self._port = address.hostname or "", address.port
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._tls.load_cert_chain(user["client-certificate"], user["client-key"])
        self._local = threading.local()

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object:
        """One object."""
        return self._call("GET", f"{_path(api_version, kind, namespace)}/{name}")

    def find(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """One object, or none where there is none."""
        try:
            return self.get(api_version, kind, name, namespace)
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def list(self, api_version: str, kind: str, namespace: str | None = None, **selectors: str) -> list[Object]:
        """Objects of a kind, `labelSelector="a=b"` among them."""
        query = f"?{urlencode(selectors)}" if selectors else ""
        items: list[Object] = self._call("GET", _path(api_version, kind, namespace) + query)["items"]
        return items

    def apply(self, manifest: Mapping[str, Any]) -> Object:
        """Server-side apply with strict validation, as the Pulumi provider does it."""
        metadata = manifest["metadata"]
        query = urlencode({"fieldManager": _OWNER, "force": "true", "fieldValidation": "Strict"})
        path = _path(manifest["apiVersion"], manifest["kind"], metadata.get("namespace"))
        return self._call("PATCH", f"{path}/{metadata['name']}?{query}", manifest, "application/apply-patch+yaml")

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        change: Object,
        namespace: str | None = None,
        subresource: str = "",
    ) -> Object:
        """A merge patch of an object, or of a subresource (`/status`)."""
        path = f"{_path(api_version, kind, namespace)}/{name}{subresource}"
        return self._call("PATCH", path, change, "application/merge-patch+json")

    def delete(
        self, api_version: str, kind: str, name: str, namespace: str | None = None, grace_seconds: int | None = None
    ) -> None:
        """Ask for an object's deletion; gone already is fine."""
        body = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        try:
            self._call("DELETE", f"{_path(api_version, kind, namespace)}/{name}", body)
        except ApiError as error:
            if error.status != http.client.NOT_FOUND:
                raise

    def evict(self, pod: str, namespace: str) -> bool:
        """Ask to take a pod away as a drain does; False where its disruption budget refuses."""
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
        }
        try:
            self._call("POST", f"{_path('v1', 'Pod', namespace)}/{pod}/eviction", eviction)
        except ApiError as error:
            if error.status == http.client.TOO_MANY_REQUESTS:
                return False
            raise
        return True

    def _call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Object:
        payload = None if body is None else json.dumps(body)
        for last in (False, True):
            connection = self._connection()
            try:
                connection.request(method, path, payload, {"Content-Type": content, "Accept": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                break
            except (http.client.HTTPException, ConnectionError):
                self._local.connection = None  # closed while idle: once more on a new one
                if last:
                    raise
        document: Object = json.loads(text or b"{}")
        if answer.status >= http.client.BAD_REQUEST:
            raise ApiError(answer.status, f"{method} {path}: {document.get('message', document)}")
        return document

    def _connection(self) -> http.client.HTTPSConnection:
        held: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
        if held is None:
            held = http.client.HTTPSConnection(self._host, self._port, context=self._tls, timeout=_TIMEOUT_SECONDS)
            self._local.connection = held
        return held


def _path(api_version: str, kind: str, namespace: str | None) -> str:
    root = "apis" if "/" in api_version else "api"
    where = "" if kind in _CLUSTER_WIDE or namespace is None else f"/namespaces/{namespace}"
    return f"/{root}/{api_version}{where}/{_plural(kind)}"


def _plural(kind: str) -> str:
    if kind in _PLURALS:
        return _PLURALS[kind]
    lower = kind.lower()
    if lower.endswith("y"):
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith("s") else f"{lower}s"
