"""The place where services are rehearsed: nodes, the service's own objects, its load, and what is seen of them.

Owns how a shipped blueprint gets into the control plane (rendered by the component that deploys it, its rhythms
divided, applied as Pulumi applies it) and how a rehearsal waits. Which controllers act is `controllers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from components.model_service import ModelService
from components.node_labels import GPU_RESOURCE, GPU_TAINT_EFFECT, GPU_TAINT_KEY, HOST_LABEL, ZONE_LABEL
from components.priorities import priority_class_manifest
from components.routing import STAND_IN_HEADER
from components.workload import Workload
from serving.blueprint.vocabulary import Tier
from tests.cluster.api import Api, condition
from tests.cluster.control_plane import ControlPlane
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.exporter import Exporter, Load
from tests.cluster.rehearsals.kwok import PLAYED
from tests.cluster.rehearsals.timescale import scaled
from tests.cluster.rehearsals.world import World, is_ready
from tests.components.recorder import record
from tests.components.serving_samples import service_args, stand_in, workload
from tests.documents import blueprint

ZONES: Final = ("zone-a", "zone-b", "zone-c")
NODES_PER_ZONE: Final = 2

PARTS: Final = (
    "ServiceAccount",
    "Service",
    "HTTPRoute",
    "AnalysisTemplate",
    "Rollout",
    "ScaledObject",
    "PodDisruptionBudget",
)
"""Kinds that somebody acts on here. That the others are accepted is tested with the objects of both stacks."""

_SAW_TOO_LITTLE: Final = "InconclusiveAnalysisRun"

NEW_VERSION: Final = "9.9.9"

TIMELESS: Final[dict[str, object]] = {"scaling.schedule": []}
"""A peak of the calendar must not depend on the day on which it is rehearsed."""

SERVICE_LABEL: Final = "rehearsal/service"
"""Mark of nodes: whose they are."""

_NODE_NUMBERS: Final = count(1)
"""A node's name is used once, as in a cloud: Kubernetes remembers for ever when a name was last heard of.

A node that comes under an old name is called lost until its kubelet speaks, and its pods unready, where that was longer
ago than the grace (pkg/controller/nodelifecycle, `nodeHealthMap`, from which nothing is ever taken; read 2026-11-26).
"""

_POD_CAPACITY: Final = {"cpu": "256", "memory": "4Ti", "ephemeral-storage": "16Ti", "pods": "250"}

Object = dict[str, Any]


def rendered(service: str, prometheus_url: str, **changes: object) -> list[Object]:
    """Every Kubernetes object of a shipped service, as the program registers it."""
    shipped = blueprint(service, **changes)
    recorded = record(lambda: ModelService(service, service_args(shipped, prometheus_url=prometheus_url)))
    return [dict(one.inputs) for one in recorded.managed("kubernetes:")]


@dataclass(frozen=True, slots=True)
class Performance:
    """A service on stage.

    Attributes:
        theatre: Where.
        workload: Its own model's workload.
        changes: What of the shipped blueprint is changed.
        host: Its public host.
    """

    theatre: Theatre
    workload: Workload
    host: str
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.workload.name

    @property
    def namespace(self) -> str:
        return self.workload.namespace

    def ask(self, load: Load) -> None:
        """Let consumers ask for so much."""
        self.theatre.exporter.serve(self.workload, self.host, load)

    def release(self) -> Performance:
        """Apply the blueprint with a new version of its model, as an update would."""
        model = self.workload.model.name
        changes = {
            "model.version": NEW_VERSION,
            "model.manifest.path": f"{model}/{NEW_VERSION}/manifest.json",
            "model.manifest.digest": "sha256:" + "e" * 64,
        }
        released = replace(
            self,
            workload=workload(self.name, **{**TIMELESS, **changes}),
            changes=changes,
        )
        released.apply()
        return released

    def apply(self) -> None:
        """Apply the objects, in the order in which they depend on each other."""
        objects = rendered(self.name, self.theatre.prometheus_url, **{**TIMELESS, **self.changes})
        for manifest in _parts(objects):
            self.theatre.api.apply(scaled(manifest), force=True)

    def rollout(self) -> Object:
        return self.theatre.api.get("argoproj.io/v1alpha1", "Rollout", self.name, self.namespace)

    def phase(self) -> str:
        """Phase of the rollout's present generation; empty while its controller has not seen it."""
        rollout = self.rollout()
        status = rollout.get("status", {})
        if status.get("observedGeneration") != str(rollout["metadata"]["generation"]):
            return ""
        return str(status.get("phase", ""))

    def carried_on(self) -> bool:
        """Whether the rollout waited for a person because its analysis saw too little; then it goes on, judged anew.

        On a busy machine metrics come late. Only the pause is taken away (Argo Rollouts v1.9.0, rollout/analysis.go,
        `needsNewAnalysisRun`, read 2026-11): its `promote` would skip a step, and leave the run that saw nothing.
        """
        rollout = self.rollout()
        pauses = rollout.get("status", {}).get("pauseConditions") or ()
        if not any(pause["reason"] == _SAW_TOO_LITTLE for pause in pauses):
            return False
        self.theatre.api.patch(rollout, {"status": {"pauseConditions": None}}, "status")
        programme.note(self.name, "its analysis saw too little and the rollout waited; it was let go on")
        return True

    def pods(self) -> list[Object]:
        """Replicas, all versions."""
        return self.theatre.world.pods(self.namespace, self.workload.selector)

    def ready_pods(self) -> list[Object]:
        return [pod for pod in self.pods() if is_ready(pod)]

    def nodes(self, zone: str) -> list[str]:
        """Names of the nodes that are there for the service in a zone."""
        found = self.theatre.api.list("v1", "Node", labels={SERVICE_LABEL: self.name, ZONE_LABEL: zone})
        return [node["metadata"]["name"] for node in found]

    def by_zone(self) -> dict[str, int]:
        """Ready replicas in each zone that has nodes."""
        placed = [pod["spec"]["nodeName"] for pod in self.ready_pods()]
        nodes = {zone: self.nodes(zone) for zone in ZONES}
        return {zone: sum(node in names for node in placed) for zone, names in nodes.items() if names}

    def desired(self) -> int:
        """The count that the autoscaler asks for, as last seen."""
        values = self.theatre.world.counts(self.namespace, self.name).values
        return values[-1] or 0 if values else 0

    def await_autoscaled(self) -> None:
        """Wait until the autoscaler has a say: a new rollout begins with one replica."""
        self.theatre.world.await_(f"a count for {self.name} by its metrics", self._is_autoscaled)

    def _is_autoscaled(self) -> bool:
        scaler = self.theatre.api.find("autoscaling/v2", "HorizontalPodAutoscaler", self.name, self.namespace)
        if scaler is None or condition(scaler, "ScalingActive") != "True":
            return False
        settled = scaler["status"].get("desiredReplicas") == self.desired()
        return settled and self.desired() >= self.workload.min_replicas

    def await_healthy(self) -> None:
        """Wait until all wanted replicas of one version serve."""
        self.theatre.world.await_(
            f"{self.name} healthy",
            lambda: self.phase() == "Healthy" and len(self.ready_pods()) == self.desired() > 0,
        )

    def await_count(self, count: int) -> None:
        """Wait until so many replicas are wanted and serve."""
        self.theatre.world.await_(
            f"{count} replicas of {self.name}", lambda: self.desired() == count == len(self.ready_pods())
        )

    def observe_afresh(self) -> None:
        """Forget what was seen while the service was being set up."""
        world = self.theatre.world
        world.watch(self.namespace)
        world.await_("a first look", lambda: world.looks(self.namespace) > 0)


@dataclass(frozen=True, slots=True)
class Theatre:
    """The controllers, and what tests do with them.

    Attributes:
        plane: The control plane.
        world: What is seen.
        exporter: What is measured.
        prometheus_url: Who is asked for it.
    """

    plane: ControlPlane
    world: World
    exporter: Exporter
    prometheus_url: str

    @property
    def api(self) -> Api:
        return self.plane.api

    def open(self, service: str, load: Load) -> Performance:
        """Deploy a shipped service on nodes in three zones, under a load, and wait until it serves."""
        planned = workload(service, **TIMELESS)
        performance = Performance(self, planned, f"{service}.example.com")
        self._prepare(performance)
        performance.ask(load)
        if performance.workload.blueprint.degradation.fallback is not None:
            asked = Load(rps=load.rps / 100, stable=load.stable, headers={STAND_IN_HEADER: "true"})  # by probes
            self.exporter.serve(stand_in(), performance.host, asked)
        performance.apply()
        performance.await_autoscaled()
        performance.await_healthy()
        # what stands in gets requests too, and starts beside it
        self.world.await_("a replica behind every weight", lambda: self.world.is_served(performance.namespace))
        performance.observe_afresh()
        return performance

    def close(self, performance: Performance) -> None:
        """Take everything away again."""
        self.exporter.forget_all()
        self.world.leave(performance.namespace)
        parts = _parts(rendered(performance.name, self.prometheus_url))
        for manifest in reversed(parts):
            self.api.delete(manifest)
        # what still waits for its finalizer would take the next rehearsal's object of that name with it
        self.world.await_("objects leave", lambda: not any(self._is_there(manifest) for manifest in parts))
        self.world.await_("replicas leave", lambda: not self._replicas_left(performance))
        for zone in ZONES:
            for name in performance.nodes(zone):
                self.api.delete(node_named(name))

    def _is_there(self, manifest: Object) -> bool:
        metadata = manifest["metadata"]
        found = self.api.find(manifest["apiVersion"], manifest["kind"], metadata["name"], metadata["namespace"])
        return found is not None

    def _replicas_left(self, performance: Performance) -> bool:
        """Nobody waits for the grace of replicas that no rehearsal needs any more."""
        left = self.api.list("v1", "Pod", performance.namespace)
        left_sets = self.api.list("apps/v1", "ReplicaSet", performance.namespace)
        for pod in () if left_sets else left:
            self.api.delete({"apiVersion": "v1", "kind": "Pod", **pod}, grace_seconds=0)
        return bool(left or left_sets)

    def _prepare(self, performance: Performance) -> None:
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": performance.namespace}})
        for tier in Tier:
            self.api.apply(priority_class_manifest(tier, {}))
        templates = [
            one["spec"]["template"]
            for one in rendered(performance.name, self.prometheus_url)
            if one["kind"] == "Rollout"
        ]
        for manifest in new_nodes(performance.name, templates):
            self.api.apply(manifest, force=True)
            self.api.patch(manifest, {"status": _capacity(manifest)}, "status")
        self.world.watch(performance.namespace)


def node_named(name: str) -> Object:
    """A reference to a node."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def _parts(objects: list[Object]) -> list[Object]:
    """What is applied, in the order in which it depends on each other."""
    return sorted((one for one in objects if one["kind"] in PARTS), key=lambda one: PARTS.index(one["kind"]))


def new_nodes(service: str, templates: list[Object]) -> Iterator[Object]:
    """Nodes in every zone that the pods of these templates ask for by selector and tolerate."""
    for template in templates:
        spec = template["spec"]
        accelerated = bool(spec.get("tolerations"))
        for zone in ZONES:
            for _ in range(NODES_PER_ZONE):
                name = f"{service}-{zone}-{next(_NODE_NUMBERS)}"
                labels = {
                    **spec.get("nodeSelector", {}),
                    ZONE_LABEL: zone,
                    HOST_LABEL: name,
                    SERVICE_LABEL: service,
                    **PLAYED,
                }
                yield _node(name, labels, accelerated)


def _node(name: str, labels: Mapping[str, str], accelerated: bool) -> Object:
    taints = [{"key": GPU_TAINT_KEY, "value": "true", "effect": GPU_TAINT_EFFECT}] if accelerated else []
    return {**node_named(name), "spec": {"taints": taints}} | {"metadata": {"name": name, "labels": dict(labels)}}


def _capacity(node: Object) -> Object:
    capacity = {**_POD_CAPACITY, **({GPU_RESOURCE: "8"} if node["spec"]["taints"] else {})}
    return {"capacity": capacity, "allocatable": capacity}
