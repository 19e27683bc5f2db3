"""Autoscalers: what they scale, and between which bounds.

Owns the difference between KEDA's ScaledObject, the HorizontalPodAutoscaler, and targets of Application Auto Scaling.
It judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from policies.stack import Stack
from policies.tokens import WORKLOADS
from policies.views import Node, Resource, Undetermined
from policies.workloads import Place, object_name, place

SCALED_OBJECT: Final = "kubernetes:keda.sh/v1alpha1:ScaledObject"
POD_AUTOSCALERS: Final = tuple(
    f"kubernetes:autoscaling/{version}:HorizontalPodAutoscaler" for version in ("v2", "v1", "v2beta1", "v2beta2")
)
AUTOSCALERS: Final = (SCALED_OBJECT, *POD_AUTOSCALERS)
"""What scales pods."""
TARGET: Final = "aws:appautoscaling/target:Target"


def lower_bound(scaler: Resource) -> Node:
    """Fewest replicas, or whatever else a target counts."""
    if scaler.token == TARGET:
        return scaler["minCapacity"]
    return scaler.at("spec", "minReplicaCount" if scaler.token == SCALED_OBJECT else "minReplicas")


def upper_bound(scaler: Resource) -> Node:
    """Most replicas, or whatever else a target counts."""
    if scaler.token == TARGET:
        return scaler["maxCapacity"]
    return scaler.at("spec", "maxReplicaCount" if scaler.token == SCALED_OBJECT else "maxReplicas")


@dataclass(slots=True)
class _Autoscalers:
    """Autoscalers by what they scale. `loose` are targets that are not known before deployment."""

    by_name: dict[tuple[Place, str], Resource] = field(default_factory=dict)
    by_urn: dict[str, Resource] = field(default_factory=dict)
    loose: list[Undetermined] = field(default_factory=list)


def autoscaler_of(stack: Stack, workload: Resource) -> Resource | None:
    """The autoscaler that scales the workload.

    Raises:
        Undetermined: None does for certain, but one whose target is not known before deployment may.
    """
    scalers = stack.index("autoscalers", lambda: _index(stack))
    found = scalers.by_urn.get(workload.urn) or scalers.by_name.get((place(workload), object_name(workload)))
    if found is None and scalers.loose:
        raise scalers.loose[0]
    return found


def _index(stack: Stack) -> _Autoscalers:
    result = _Autoscalers()
    for scaler in stack.of(*AUTOSCALERS):
        target = scaler.at("spec", "scaleTargetRef", "name")
        workloads = [source for source in scaler.sources(target) if source.token in WORKLOADS]
        if target.unknown and workloads:
            result.by_urn.update((workload.urn, scaler) for workload in workloads)
            continue
        try:
            result.by_name[place(scaler), target.text() or ""] = scaler
        except Undetermined as doubt:
            result.loose.append(doubt)
    return result
