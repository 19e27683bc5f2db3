"""Nodes for the control plane: those that an environment's node groups keep, as KWOK is to play them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.node_group import CAPACITY_LABEL, NODE_GROUP_LABEL
from components.node_labels import (
    ACCELERATOR_LABEL,
    GPU_RESOURCE,
    GPU_TAINT_EFFECT,
    GPU_TAINT_KEY,
    GPU_TAINT_VALUE,
    HOST_LABEL,
    PURPOSE_LABEL,
    ZONE_LABEL,
)
from serving.blueprint.environment import NodePurpose, Region
from serving.blueprint.environment.nodes import NodeGroup
from serving.planning.instances import instance_type

ALIVE = {"serving-tests/alive": "true"}
"""Label by which KWOK plays a node: without it the node's lease runs out, as if the machine were gone."""

_PODS = "110"


def nodes(region: Region, at_least: int = 0) -> list[dict[str, Any]]:
    """The nodes of a region at rest, spread over its zones.

    Args:
        region: The region.
        at_least: Fewest nodes of each group; within its maximum.
    """
    return [
        node(region, group, number)
        for group in region.node_groups
        for number in range(max(group.min_nodes, min(at_least, group.max_nodes)))
    ]


def node(region: Region, group: NodeGroup, number: int) -> dict[str, Any]:
    """One node of a group; its number decides on its zone."""
    zones = group.zones or region.zones
    zone = zones[number % len(zones)]
    name = f"{group.name}-{zone}-{number}"
    machine = instance_type(group.instance_types[0])
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                **ALIVE,
                HOST_LABEL: name,
                ZONE_LABEL: zone,
                "topology.kubernetes.io/region": region.name,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": machine.name,
                PURPOSE_LABEL: group.purpose.value,
                NODE_GROUP_LABEL: group.name,
                CAPACITY_LABEL: group.capacity[0].value,
                **({ACCELERATOR_LABEL: machine.accelerator.value} if machine.accelerators else {}),
            },
        },
        "spec": {"taints": list(_taints(group))},
        "status": {
            resources: {
                "cpu": str(machine.vcpus),
                "memory": f"{machine.memory_gib}Gi",
                "ephemeral-storage": f"{group.disk_gib}Gi",
                "pods": _PODS,
                **({GPU_RESOURCE: str(machine.accelerators)} if machine.accelerators else {}),
            }
            for resources in ("capacity", "allocatable")
        },
    }


def _taints(group: NodeGroup) -> Iterator[dict[str, str]]:
    if group.purpose is NodePurpose.GPU:
        yield {"key": GPU_TAINT_KEY, "value": GPU_TAINT_VALUE, "effect": GPU_TAINT_EFFECT}
