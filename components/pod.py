"""What one replica looks like: the pod template of a workload.

Owns containers, probes, volumes, resources, placement and pod security. It knows no engine by name: ports,
paths and arguments come from `components.engines`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any, Final

from components.engines import MODEL_DIRECTORY, SCRATCH_DIRECTORY, Server
from components.engines.server import Transport
from components.model_fetch import fetch_arguments
from components.node_labels import (
    ACCELERATOR_LABEL,
    GPU_RESOURCE,
    GPU_TAINT_EFFECT,
    GPU_TAINT_KEY,
    HOST_LABEL,
    PURPOSE_LABEL,
    SHARED_GPU_RESOURCE,
    ZONE_LABEL,
    wanted_accelerator,
)
from components.priorities import priority_class
from components.stages import StageContext, reads_features_itself, stage_annotations, stage_containers, stage_volumes
from components.workload import Workload
from serving.blueprint.environment import NodePurpose
from serving.blueprint.schema.model import Model, Resources
from serving.blueprint.vocabulary import Tier
from serving.stages.settings import DeliverySettings
from serving.telemetry.metrics import SERVER_CONTAINER

_USER: Final = 10_001
"""Above all ids that a node or an image is likely to use for somebody."""

_STARTUP_PERIOD_SECONDS: Final = 5
_STARTUP_SLACK: Final = 2
"""A start may take twice as long as measured before it counts as failed."""

_FETCH_MEMORY_MIB: Final = 1_024
_FETCH_CPU: Final = "1"

_MIB_PER_GIB: Final = 1_024
_SHARED_MEMORY_SHARE: Final = 0.25
"""Share of the replica's memory that may be shared memory; it counts towards the replica's limit."""


@dataclass(frozen=True, slots=True)
class PodContext:
    """Where a workload runs.

    Attributes:
        region: AWS region.
        registry: Registry host and prefix of all images.
        tools_image: Repository of the image that fetches models, below the registry.
        tools_image_digest: Its digest.
        model_bucket: Bucket of the model store in this region.
        environment: Further environment variables of the server.
        delivery: Where requests wait that are answered later.
    """

    region: str
    registry: str
    tools_image: str
    tools_image_digest: str
    model_bucket: str
    environment: Mapping[str, str] = field(default_factory=dict)
    delivery: DeliverySettings | None = None


def pod_template(workload: Workload, context: PodContext) -> dict[str, Any]:
    """The pod template of a workload."""
    return {
        "metadata": {
            "labels": workload.labels,
            "annotations": {**workload.annotations, **stage_annotations(workload, context.delivery)},
        },
        "spec": {
            "serviceAccountName": workload.service_account,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,  # a service called `vllm` would set variables that vLLM reads
            "priorityClassName": priority_class(workload.blueprint.identity.tier),
            "terminationGracePeriodSeconds": workload.grace_seconds,
            "securityContext": pod_security(),
            **_placement(workload),
            "initContainers": [
                _fetch_container(workload, context),
                *stage_containers(workload, _stage_context(context)),
            ],
            "containers": [_server_container(workload, context)],
            "volumes": [*_volumes(workload.model, workload.server), *stage_volumes(workload)],
        },
    }


def _stage_context(context: PodContext) -> StageContext:
    return StageContext(
        tools=image(context.registry, context.tools_image, context.tools_image_digest),
        reference=partial(image, context.registry),
        environment=context.environment,
        region=context.region,
        security=container_security(),
    )


def image(registry: str, repository: str, digest: str) -> str:
    """Reference of an image by digest."""
    return f"{registry}/{repository}@{digest}"


def pod_security() -> dict[str, Any]:
    """Security context of a pod of ours."""
    return {
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "runAsGroup": _USER,
        "fsGroup": _USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Security context of a container of ours."""
    return {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _placement(workload: Workload) -> dict[str, Any]:
    """On nodes that were bought for such replicas.

    Those without an accelerator name their purpose too: what may run anywhere would fill the nodes of the
    platform's own controllers, and would be two autoscalers' business where Auto Mode or Karpenter stands beside
    node groups.
    """
    placement: dict[str, Any] = {"topologySpreadConstraints": _spread(workload)}
    resources = workload.model.resources
    if not resources.accelerators:
        return placement | {"nodeSelector": {PURPOSE_LABEL: NodePurpose.CPU.value}}
    return placement | {
        "nodeSelector": {ACCELERATOR_LABEL: wanted_accelerator(resources)},
        "tolerations": [{"key": GPU_TAINT_KEY, "operator": "Exists", "effect": GPU_TAINT_EFFECT}],
    }


def _spread(workload: Workload) -> list[dict[str, Any]]:
    """Zones strictly where users would notice, nodes where possible; each version by itself.

    No `minDomains`: after a zone is lost the replicas must fit into those that are left.
    """
    noticed = not workload.stands_in and workload.blueprint.identity.tier is not Tier.USERS_UNAWARE
    strictness = {ZONE_LABEL: "DoNotSchedule" if noticed else "ScheduleAnyway", HOST_LABEL: "ScheduleAnyway"}
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": when,
            "labelSelector": {"matchLabels": workload.selector},
            "matchLabelKeys": ["rollouts-pod-template-hash"],
            # nodes that are gone, or that the replica may not use, are no place that could be filled
            "nodeTaintsPolicy": "Honor",
        }
        for key, when in strictness.items()
    ]


def _fetch_container(workload: Workload, context: PodContext) -> dict[str, Any]:
    memory = f"{_FETCH_MEMORY_MIB}Mi"
    storage = f"{workload.model.copy_gib}Gi"
    return {
        "name": "model-fetch",
        "image": image(context.registry, context.tools_image, context.tools_image_digest),
        "imagePullPolicy": "IfNotPresent",
        "args": fetch_arguments(workload.model, context.model_bucket),
        "env": _variables({"AWS_REGION": context.region, "HOME": SCRATCH_DIRECTORY}),
        "resources": {
            "requests": {"cpu": _FETCH_CPU, "memory": memory, "ephemeral-storage": storage},
            "limits": {"memory": memory, "ephemeral-storage": storage},
        },
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "model", "mountPath": MODEL_DIRECTORY},
            {"name": "scratch", "mountPath": SCRATCH_DIRECTORY},
        ],
    }


def _server_container(workload: Workload, context: PodContext) -> dict[str, Any]:
    server, engine = workload.server, workload.model.engine
    environment = {
        "AWS_REGION": context.region,
        "HOME": SCRATCH_DIRECTORY,
        **server.environment,
        **(context.environment if reads_features_itself(workload) else {}),
    }
    container: dict[str, Any] = {
        "name": SERVER_CONTAINER,
        "image": image(context.registry, engine.image, engine.image_digest),
        "imagePullPolicy": "IfNotPresent",
        "args": list(server.arguments),
        "env": _variables(environment),
        "ports": _ports(server),
        **_probes(workload, server),
        "lifecycle": {"preStop": {"sleep": {"seconds": _seconds_before_stop(workload, server)}}},
        "resources": _resources(workload.model),
        "securityContext": container_security(),
        "volumeMounts": _mounts(server),
    }
    return container | ({"command": list(server.command)} if server.command else {})


def _seconds_before_stop(workload: Workload, server: Server) -> int:
    """Time in which a replica that is to end goes on as if nothing were: until nobody sends it requests any more.

    A server that drops what runs when it is told to stop is told only after the longest request has ended.
    """
    return workload.unseen_seconds + (0 if server.drains else workload.drain_seconds)


def _variables(environment: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(environment.items())]


def _ports(server: Server) -> list[dict[str, Any]]:
    return [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in server.ports.items()]


def _probes(workload: Workload, server: Server) -> dict[str, Any]:
    """Started within twice the measured time; out of service at the second missed answer; restarted late.

    Fetching is not part of it: it happens before the server starts, and ends by itself.
    """
    cold_start = workload.model.cold_start
    budget = _STARTUP_SLACK * (cold_start.load_seconds + cold_start.warm_up_seconds)
    ready, alive = _asked(server, server.readiness_path), _asked(server, server.liveness_path)
    return {
        "startupProbe": {
            **ready,
            "periodSeconds": _STARTUP_PERIOD_SECONDS,
            "timeoutSeconds": 3,
            "failureThreshold": max(6, ceil(budget / _STARTUP_PERIOD_SECONDS)),
        },
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
        # a busy server answers late: a restart would cost a whole cold start
        "livenessProbe": {**alive, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def _asked(server: Server, path: str) -> dict[str, Any]:
    """The question of a probe; servers that speak only gRPC answer the gRPC health protocol."""
    if server.transport is Transport.GRPC and server.probe_port == server.port:
        return {"grpc": {"port": server.port}}
    return {"httpGet": {"path": path, "port": server.probe_port, "scheme": "HTTP"}}


def _resources(model: Model) -> dict[str, Any]:
    """Requests equal limits but for CPU: idle cores may be used, and throttling would only cost latency."""
    resources = model.resources
    fixed: dict[str, Any] = {
        "memory": _quantity(resources.memory_gib),
        # what is written to volumes counts towards the limits of the containers
        "ephemeral-storage": f"{model.disk_gib}Gi",
    }
    if resources.accelerators:
        fixed[SHARED_GPU_RESOURCE if resources.time_sliced else GPU_RESOURCE] = str(resources.accelerators)
    return {"requests": {"cpu": f"{round(resources.cpu * 1_000)}m", **fixed}, "limits": dict(fixed)}


def _quantity(gib: float) -> str:
    return f"{round(gib * _MIB_PER_GIB)}Mi"


def _volumes(model: Model, server: Server) -> list[dict[str, Any]]:
    volumes = [
        {"name": "model", "emptyDir": {"sizeLimit": f"{model.copy_gib}Gi"}},
        {"name": "scratch", "emptyDir": {"sizeLimit": f"{ceil(model.resources.ephemeral_storage_gib)}Gi"}},
    ]
    if server.shared_memory:
        volumes.append(
            {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": _shared_memory(model.resources)}}
        )
    return volumes


def _shared_memory(resources: Resources) -> str:
    return _quantity(resources.memory_gib * _SHARED_MEMORY_SHARE)


def _mounts(server: Server) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"name": "model", "mountPath": MODEL_DIRECTORY, "readOnly": True},
        {"name": "scratch", "mountPath": SCRATCH_DIRECTORY},
    ]
    if server.shared_memory:
        mounts.append({"name": "shared-memory", "mountPath": "/dev/shm"})  # noqa: S108
    return mounts
