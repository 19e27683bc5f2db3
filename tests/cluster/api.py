"""A small client of the Kubernetes API: what the tests ask, typed.

Owns server-side apply with strict validation, under which an unknown or a doubled field is refused, and that a warning
of the server is an error. Plain HTTP, because the client libraries either hide the warnings or bring classes for kinds
that custom resources do not have.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.cluster.certificates import Pair

Object = dict[str, Any]
Manifest = Mapping[str, Any]
_T = TypeVar("_T")

MANAGER = "serving-tests"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"
_POLL_SECONDS = 0.2


class Refused(Exception):  # noqa: N818
    """The server did not do what was asked; carries the status and what the server said."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status}: {message}")


class Warned(Exception):  # noqa: N818
    """The server did it, with a warning: a deprecated field, a pod that breaks the namespace's standard..."""


@dataclass(frozen=True, slots=True)
class _Resource:
    path: str
    plural: str
    namespaced: bool


class Api:
    """The API of one server, as one user."""

    def __init__(self, url: str, authority: Path, user: Pair) -> None:
        context = ssl.create_default_context(cafile=authority)
        context.load_cert_chain(user.certificate, user.key)
        self.url = url
        self.http = httpx.Client(base_url=url, verify=context, timeout=120)
        self._resources: dict[tuple[str, str], _Resource] = {}

    def apply(self, *objects: Manifest, manager: str = MANAGER, force: bool = False, dry_run: bool = False) -> Object:
        """Apply objects in order, server-side and strictly; returns the last as the server has it.

        Args:
            objects: Manifests that name themselves and their namespace.
            manager: The field manager.
            force: Take over fields that another manager owns.
            dry_run: Only ask.

        Raises:
            Refused: The server says no.
            Warned: The server says yes, but.
        """
        applied: Object = {}
        for one in objects:
            parameters = {"fieldManager": manager, "fieldValidation": "Strict", "force": str(force).lower()}
            parameters |= {"dryRun": "All"} if dry_run else {}
            path = self.path(one["apiVersion"], one["kind"], _namespace(one), one["metadata"]["name"])
            applied = self._send("PATCH", path, one, parameters, _APPLY)
        return applied

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object:
        """One object.

        Raises:
            Refused: With status 404 if there is none.
        """
        return self._send("GET", self.path(api_version, kind, namespace, name))

    def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None."""
        try:
            return self.get(api_version, kind, name, namespace)
        except Refused as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def list(
        self, api_version: str, kind: str, namespace: str = "", labels: Mapping[str, str] | None = None
    ) -> list[Object]:
        """The objects of a kind, in one namespace or in all."""
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        parameters = {"labelSelector": selector} if selector else {}
        return list(self._send("GET", self.path(api_version, kind, namespace), None, parameters)["items"])

    def create(self, manifest: Manifest, subresource: str = "") -> Object:
        """Create an object, or post to a subresource of one (`eviction`)."""
        name = manifest["metadata"]["name"] if subresource else ""
        version, kind = ("v1", "Pod") if subresource == "eviction" else (manifest["apiVersion"], manifest["kind"])
        path = self.path(version, kind, _namespace(manifest), name) + (f"/{subresource}" if subresource else "")
        return self._send("POST", path, manifest, {"fieldManager": MANAGER, "fieldValidation": "Strict"})

    def patch(self, manifest: Manifest, changes: Manifest, subresource: str = "") -> Object:
        """Change fields of the object that a manifest names (JSON merge patch), or of its `status`."""
        path = self.path(*_reference(manifest)) + (f"/{subresource}" if subresource else "")
        return self._send("PATCH", path, changes, {"fieldManager": MANAGER}, _MERGE)

    def delete(self, manifest: Manifest, grace_seconds: int | None = None) -> None:
        """Delete the object that a manifest names; it need not be there."""
        parameters = {"propagationPolicy": "Background"}
        parameters |= {} if grace_seconds is None else {"gracePeriodSeconds": str(grace_seconds)}
        try:
            self._send("DELETE", self.path(*_reference(manifest)), None, parameters)
        except Refused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    def catch_up(self, manifest: Manifest) -> None:
        """Wait until the API server's own cache knows the newest version of the object that a manifest names.

        A change is first judged by the object in the cache. Where that is old, the change is judged again by the
        stored one, which decides; but a warning about the old one is sent all the same (k8s.io/apiserver v0.35.5,
        pkg/storage/cacher/delegator.go and pkg/storage/etcd3/store.go, `GuaranteedUpdate`, read 2026-11).

        Raises:
            Refused: It is still behind after the three seconds that the server waits for it.
        """
        path = self.path(*_reference(manifest))
        newest = self._send("GET", path)["metadata"]["resourceVersion"]
        self._send("GET", path, None, {"resourceVersion": newest})

    def wait(self, what: str, ask: Callable[[], _T | None], within_seconds: float = 60) -> _T:
        """Ask again and again until something other than None or False is answered.

        Raises:
            TimeoutError: It did not come about; `what` says what.
        """
        end = time.monotonic() + within_seconds
        while True:
            answer = ask()
            if answer is not None and answer is not False:
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"after {within_seconds:g} s still not: {what}")
            time.sleep(_POLL_SECONDS)

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """The URL's path of a kind or of an object."""
        resource = self._resource(api_version, kind)
        inside = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
        return f"{resource.path}{inside}/{resource.plural}" + (f"/{name}" if name else "")

    def is_namespaced(self, api_version: str, kind: str) -> bool:
        """Whether objects of a kind are in namespaces."""
        return self._resource(api_version, kind).namespaced

    def _resource(self, api_version: str, kind: str) -> _Resource:
        key = (api_version, kind)
        if key not in self._resources:
            root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            for entry in self._send("GET", root)["resources"]:
                if "/" not in entry["name"]:
                    found = _Resource(root, entry["name"], entry["namespaced"])
                    self._resources[api_version, entry["kind"]] = found
        if key not in self._resources:
            raise Refused(httpx.codes.NOT_FOUND, f"the server knows no {kind} in {api_version}")
        return self._resources[key]

    def _send(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        parameters: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        headers = {"Content-Type": content_type} if body is not None else {}
        response = self.http.request(method, path, params=dict(parameters or {}), json=body, headers=headers)
        said: Object = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        if not response.is_success:
            raise Refused(response.status_code, str(said.get("message", response.text)))
        warnings = response.headers.get_list("Warning")
        if warnings and method != "GET":
            raise Warned(f"{path}: {'; '.join(warnings)}")
        return said


def condition(item: Manifest, kind: str) -> str:
    """Status of a condition of an object: `True`, `False`, `Unknown`, or empty if it has none."""
    conditions: Iterable[Manifest] = item.get("status", {}).get("conditions") or ()
    return next((str(one["status"]) for one in conditions if one["type"] == kind), "")


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def _reference(manifest: Manifest) -> tuple[str, str, str, str]:
    return manifest["apiVersion"], manifest["kind"], _namespace(manifest), manifest["metadata"]["name"]
