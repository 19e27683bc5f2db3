"""What is the case in the cluster, looked at several times a second, and what changed when.

Owns the observations that rehearsals are judged by: the weights of routes, the desired count of rollouts, and
whether every service that the gateway sends requests to had a replica ready for them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeVar

import httpx

from tests.cluster.api import Api, Refused, condition
from tests.cluster.rehearsals.split import weights

Object = dict[str, Any]
Found = TypeVar("Found")

_LOOK_SECONDS: Final = 0.1
_FAILED_LOOKS: Final = 20
"""How often in a row nothing may be seen: a busy API server turns some requests away."""

_SERVICE_LABEL: Final = "kubernetes.io/service-name"


@dataclass(slots=True)
class History:
    """Values in the order in which they came to be; a value stands once until it changes.

    Attributes:
        moments: (seconds since the rehearsal began, value).
    """

    moments: list[tuple[float, Any]] = field(default_factory=list)

    def note(self, at: float, value: Any) -> None:
        """Append the value if it is another one than the last."""
        if not self.moments or self.moments[-1][1] != value:
            self.moments.append((at, value))

    @property
    def values(self) -> list[Any]:
        """The values alone."""
        return [value for _, value in self.moments]

    @property
    def turns(self) -> int:
        """How often numbers stopped rising and fell, or the other way round."""
        steps = [after - before for before, after in pairwise(self.values)]
        return sum(before * after < 0 for before, after in pairwise(steps))


@dataclass(slots=True)
class _Scene:
    """What was seen of one namespace."""

    routes: list[Object] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    weights: dict[tuple[str, str], History] = field(default_factory=dict)
    counts: dict[str, History] = field(default_factory=dict)
    fallbacks: dict[str, History] = field(default_factory=dict)
    unserved: list[str] = field(default_factory=list)
    served: bool = False
    looks: int = 0


class World:
    """Looks at the namespaces that it is told to, until it is stopped."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._scenes: dict[str, _Scene] = {}
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def watch(self, namespace: str) -> None:
        """Look at a namespace from now on; whatever was seen of it before is forgotten."""
        with self._lock:
            self._scenes[namespace] = _Scene()

    def leave(self, namespace: str) -> None:
        with self._lock:
            self._scenes.pop(namespace, None)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def now(self) -> float:
        """Seconds since the world was first looked at."""
        return time.monotonic() - self._began

    def routes(self, namespace: str) -> list[Object]:
        return self._scene(namespace).routes

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> list[Object]:
        """Pods with all of these labels."""
        wanted = (labels or {}).items()
        return [pod for pod in self._scene(namespace).pods if wanted <= pod["metadata"]["labels"].items()]

    def weights(self, namespace: str, route: str, service: str) -> History:
        """The weight of a service in every rule of a route that has it; `None` while rules disagree."""
        return self._scene(namespace).weights.setdefault((route, service), History())

    def counts(self, namespace: str, rollout: str) -> History:
        """The desired count of a rollout."""
        return self._scene(namespace).counts.setdefault(rollout, History())

    def fallbacks(self, namespace: str, scaler: str) -> int:
        """How often metrics were missing for so long that the fallback count held."""
        return self._scene(namespace).fallbacks.get(scaler, History()).values.count("True")

    def unserved(self, namespace: str) -> list[str]:
        """Every moment at which requests went to a service without a ready replica."""
        return self._scene(namespace).unserved

    def is_served(self, namespace: str) -> bool:
        """Whether there was a ready replica behind every weight when it was last looked."""
        return self._scene(namespace).served

    def looks(self, namespace: str) -> int:
        """How often it was looked."""
        return self._scene(namespace).looks

    def await_(self, what: str, seen: Callable[[], Found | None], seconds: float = 600) -> Found:
        """Wait until something is seen, and return it; the deadline only keeps a failure from lasting for ever."""
        deadline = time.monotonic() + seconds
        while True:
            self._check()
            found = seen()
            if found:
                return found
            assert time.monotonic() < deadline, f"not seen within {seconds:g} s: {what}"
            time.sleep(_LOOK_SECONDS)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _scene(self, namespace: str) -> _Scene:
        with self._lock:
            return self._scenes.get(namespace) or _Scene()

    def _run(self) -> None:
        failed = 0
        while not self._stop.wait(_LOOK_SECONDS):
            with self._lock:
                scenes = dict(self._scenes)
            try:
                for namespace, scene in scenes.items():
                    self._look(namespace, scene)
                failed = 0
            except (Refused, httpx.HTTPError) as error:
                failed += 1
                if failed == _FAILED_LOOKS:
                    self._failure = error  # told to whoever waits for something
                    return

    def _look(self, namespace: str, scene: _Scene) -> None:
        before = self._routes(namespace)
        slices = self._api.list("discovery.k8s.io/v1", "EndpointSlice", namespace)
        scene.routes = self._routes(namespace)
        scene.pods = self._api.list("v1", "Pod", namespace)
        for rollout in self._api.list("argoproj.io/v1alpha1", "Rollout", namespace):
            counts = scene.counts.setdefault(rollout["metadata"]["name"], History())
            counts.note(self.now, rollout["spec"].get("replicas"))
        for scaler in self._api.list("keda.sh/v1alpha1", "ScaledObject", namespace):
            fallbacks = scene.fallbacks.setdefault(scaler["metadata"]["name"], History())
            fallbacks.note(self.now, condition(scaler, "Fallback"))
        for place, stated in _weights(scene.routes).items():
            agreed = next(iter(stated)) if len(stated) == 1 else None
            scene.weights.setdefault(place, History()).note(self.now, agreed)
        # judged only when the routes said the same before and after the endpoints were read
        if _versions(before) == _versions(scene.routes):
            missing = _without_replica(scene.routes, slices)
            scene.unserved += [f"{self.now:.1f} s: {service}" for service in missing]
            scene.served = not missing
            scene.looks += 1

    def _routes(self, namespace: str) -> list[Object]:
        kind = "HTTPRoute"
        items = self._api.list("gateway.networking.k8s.io/v1", kind, namespace)
        return [{"kind": kind, **item} for item in items]  # items of a list do not say their kind


def is_ready(pod: Object) -> bool:
    """Whether requests may be sent to a pod."""
    return "deletionTimestamp" not in pod["metadata"] and any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod.get("status", {}).get("conditions", ())
    )


def _versions(routes: Iterable[Object]) -> list[str]:
    return [route["metadata"]["resourceVersion"] for route in routes]


def _weights(routes: Iterable[Object]) -> dict[tuple[str, str], set[int]]:
    """(route, service) -> what the route's rules say."""
    stated: dict[tuple[str, str], set[int]] = {}
    for route in routes:
        for rule in weights(route):
            for service, weight in rule.items():
                stated.setdefault((route["metadata"]["name"], service), set()).add(weight)
    return stated


def _without_replica(routes: Iterable[Object], slices: Iterable[Object]) -> list[str]:
    ready = {
        one["metadata"]["labels"][_SERVICE_LABEL]
        for one in slices
        if any(endpoint["conditions"].get("ready") for endpoint in one.get("endpoints") or ())
    }
    attached = [route for route in routes if route["spec"].get("parentRefs")]
    used = {service for route in attached for rule in weights(route) for service, weight in rule.items() if weight}
    return sorted(used - ready)
