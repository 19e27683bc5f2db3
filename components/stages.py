"""The programs of a contract's stages in a replica: what checks requests, and what works before and after the model.

Owns their containers, how they start and end, and how the settings reach the program. Nothing is rendered where the
blueprint declares nothing. How the server looks is `components.pod`'s; what the program does is `serving.stages`'s.

They are sidecars in Kubernetes' own sense, init containers that stay (`restartPolicy: Always`): all of them run before
the server starts and until it has ended, so that running requests find every stage, and they end in reverse order
(Kubernetes API, `Container.restartPolicy`; Red Hat, "Container starting and termination order in a pod"; read 2026-11).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

from components.engines import SCRATCH_DIRECTORY
from components.workload import Workload
from serving.blueprint.delivery import VARIANT_FILE
from serving.blueprint.schema.contract import Delivery, Protocol
from serving.blueprint.schema.stage_programs import ADMIN_PORT, ENTRY_PORT, StageContainer, Validation
from serving.blueprint.tags import LABEL_PREFIX
from serving.stages.rendering import settings_of
from serving.stages.settings import DeliverySettings, dump
from serving.telemetry.gateway import Variant
from serving.telemetry.metrics import VARIANT_LABEL

SETTINGS_ANNOTATION: Final = f"{LABEL_PREFIX}stage-settings"
"""The settings are part of the pod template, not an object of their own: another contract is another version of the
replicas, and one that is rolled back finds the settings that it had."""

ADMIN_PORT_NAME: Final = "stages-admin"

_SETTINGS_VOLUME, _SETTINGS_DIRECTORY, _SETTINGS_FILE = "stage-settings", "/etc/serving", "settings.json"
_SCRATCH_VOLUME: Final = "stage-scratch"
_SCRATCH_MIB: Final = 128
"""What one program may write; they have no reason to."""

_PROGRAM_START_SECONDS: Final = 15
_START_PERIOD_SECONDS: Final = 1
_START_SLACK: Final = 2
"""A start may take twice as long as measured before it counts as failed."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """Where the programs run.

    Attributes:
        tools: Reference of the image with the program.
        reference: Makes a reference of a repository and a digest.
        environment: Environment variables of whatever reads features.
        region: AWS region.
        security: Security context of every container.
    """

    tools: str
    reference: Callable[[str, str], str]
    environment: Mapping[str, str]
    region: str
    security: Mapping[str, Any]


def reads_features_itself(workload: Workload) -> bool:
    """Whether the server looks features up, because no container does it for it."""
    return workload.blueprint.contract.stages.features.container is None


def stage_containers(workload: Workload, context: StageContext) -> list[dict[str, Any]]:
    """Sidecars in the order in which they start: the stages first, then what calls them."""
    stages = workload.blueprint.contract.stages
    working = [_working(name, one, context) for name, one in stages.containers.items()]
    if stages.ingress.validation is None:
        return working
    return [*working, _ingress(stages.ingress.validation, context, noticed=_works_later(workload))]


def _is_judged(workload: Workload) -> bool:
    """Whether a new version works on nothing that waits before it was judged; groups of pods are never judged."""
    return _works_later(workload) and not workload.spans_nodes


def _works_later(workload: Workload) -> bool:
    """Whether a worker takes requests from a queue here."""
    return Delivery.ASYNC in workload.blueprint.contract.delivery


def stage_annotations(workload: Workload, delivery: DeliverySettings | None) -> dict[str, str]:
    """Annotations of the pod: the settings of the program.

    Args:
        workload: The workload.
        delivery: Where requests wait that are answered later.
    """
    blueprint = workload.blueprint
    if blueprint.contract.stages.ingress.validation is None:
        return {}
    if delivery is not None and _is_judged(workload):
        file = f"{_SETTINGS_DIRECTORY}/{VARIANT_FILE}"
        delivery = replace(delivery, variant_file=file, working_variant=Variant.STABLE.value)
    settings = settings_of(
        blueprint,
        server_port=workload.server.port,
        readiness_path=workload.server.readiness_path,
        drain_seconds=workload.drain_seconds,
        delivery=delivery,
    )
    return {SETTINGS_ANNOTATION: dump(replace(settings, request_path=_request_path(workload, settings.request_path)))}


def _request_path(workload: Workload, path: str) -> str:
    """Where the Open Inference Protocol names the model, the gateway names the stand-in's own to it."""
    if workload.blueprint.contract.protocol is not Protocol.OPEN_INFERENCE_V2:
        return path
    named = f"/v2/models/{workload.blueprint.model.name}/"
    return path.replace(named, f"/v2/models/{workload.model.name}/", 1) if path.startswith(named) else path


def stage_volumes(workload: Workload) -> list[dict[str, Any]]:
    """Volumes of the programs."""
    stages = workload.blueprint.contract.stages
    if stages.ingress.validation is None:
        return []
    programs = 1 + len(stages.containers)
    # of this the kubelet follows changes: the label says which version the replica belongs to at the moment
    label = {"fieldRef": {"fieldPath": f"metadata.labels['{VARIANT_LABEL}']"}}
    variant = [{"path": VARIANT_FILE, **label}] if _is_judged(workload) else []
    setting = {"path": _SETTINGS_FILE, "fieldRef": {"fieldPath": f"metadata.annotations['{SETTINGS_ANNOTATION}']"}}
    return [
        {"name": _SETTINGS_VOLUME, "downwardAPI": {"items": [setting, *variant]}},
        {"name": _SCRATCH_VOLUME, "emptyDir": {"sizeLimit": f"{programs * _SCRATCH_MIB}Mi"}},
    ]


def _ingress(validation: Validation, context: StageContext, *, noticed: bool) -> dict[str, Any]:
    return {
        "name": "ingress",
        "image": context.tools,
        "command": ["python", "-m", "serving.stages"],
        "args": [f"--settings={_SETTINGS_DIRECTORY}/{_SETTINGS_FILE}"],
        "ports": [_port("entry", ENTRY_PORT), _port(ADMIN_PORT_NAME, ADMIN_PORT)],
        **_probes(ADMIN_PORT, "/ready", "/live", _PROGRAM_START_SECONDS),
        **(_END_NOTICE if noticed else {}),
        **_sidecar(validation.cpu, validation.memory_mib, context, {"PYTHONDONTWRITEBYTECODE": "1"}),
    } | {"volumeMounts": [{"name": _SETTINGS_VOLUME, "mountPath": _SETTINGS_DIRECTORY, "readOnly": True}, _SCRATCH]}


def _working(stage: str, one: StageContainer, context: StageContext) -> dict[str, Any]:
    environment = {"AWS_REGION": context.region, "PORT": str(one.port)}
    if stage == "features":
        environment |= context.environment
    return {
        "name": stage,
        "image": context.reference(one.image, one.image_digest),
        "args": list(one.arguments),
        "ports": [_port(stage, one.port)],
        **_probes(one.port, one.readiness_path, one.liveness_path, one.start_seconds),
        **_sidecar(one.cpu, one.memory_mib, context, environment),
    }


def _sidecar(cpu: float, memory_mib: int, context: StageContext, environment: Mapping[str, str]) -> dict[str, Any]:
    """What is the same for all of them."""
    variables = {**environment, "HOME": SCRATCH_DIRECTORY}
    fixed = {"memory": f"{memory_mib}Mi", "ephemeral-storage": f"{_SCRATCH_MIB}Mi"}
    return {
        "restartPolicy": "Always",
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "value": value} for name, value in sorted(variables.items())],
        "resources": {"requests": {"cpu": f"{round(cpu * 1_000)}m", **fixed}, "limits": dict(fixed)},
        "securityContext": dict(context.security),
        "volumeMounts": [_SCRATCH],
    }


def _probes(port: int, readiness: str, liveness: str, seconds: int) -> dict[str, Any]:
    ready = {"httpGet": {"path": readiness, "port": port, "scheme": "HTTP"}}
    alive = {"httpGet": {"path": liveness, "port": port, "scheme": "HTTP"}}
    return {
        # the next container starts when this one has: asked often, because the whole replica waits
        "startupProbe": {
            **ready,
            "periodSeconds": _START_PERIOD_SECONDS,
            "timeoutSeconds": 3,
            "failureThreshold": ceil(_START_SLACK * seconds / _START_PERIOD_SECONDS),
        },
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
        "livenessProbe": {**alive, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def _port(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


_END_NOTICE: Final = {
    "lifecycle": {"preStop": {"exec": {"command": ["python", "-c", "import os, signal; os.kill(1, signal.SIGUSR1)"]}}}
}
"""Tells the worker that the replica is to end, while the server still answers. The kubelet runs the preStop hooks of
all containers at once; only their signals wait for their turn (kubernetes v1.35.4, `killContainer`, read 2026-11)."""

_SCRATCH: Final = {"name": _SCRATCH_VOLUME, "mountPath": SCRATCH_DIRECTORY}
