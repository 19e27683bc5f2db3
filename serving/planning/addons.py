"""How large the platform itself is: what the controllers of a cluster ask for, and whether its system nodes hold them.

Owns the sizes of the add-ons' pods, which `components.addons` renders, and the check that they fit. What a service
asks for is in its blueprint; what runs on every node is an estimate of `serving.planning.capacity`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from serving.blueprint.environment import Addon, Environment, NodeGroup, NodePurpose, NodeStarter, Region
from serving.blueprint.errors import Finding
from serving.planning.capacity import free_cores, free_memory_gib
from serving.planning.instances import instance_type


@dataclass(frozen=True, slots=True)
class PodSize:
    """What pods of one kind ask for.

    Attributes:
        replicas: How many there are.
        cpu_millicores: CPU that each asks for; it may use more.
        memory_mib: Memory that each asks for, and its limit.
    """

    replicas: int
    cpu_millicores: int
    memory_mib: int


ADDON_PODS: Final[Mapping[Addon, Mapping[str, PodSize]]] = {
    Addon.KEDA: {
        "operator": PodSize(2, 100, 512),
        "metrics-server": PodSize(2, 50, 256),
        "webhooks": PodSize(2, 20, 128),
    },
    Addon.ARGO_ROLLOUTS: {"controller": PodSize(2, 100, 512)},
    Addon.ENVOY_GATEWAY: {"controller": PodSize(2, 100, 512)},
    Addon.PROMETHEUS: {
        "operator": PodSize(1, 50, 256),
        "server": PodSize(2, 300, 3_072),
        "config-reloader": PodSize(2, 10, 64),
        "kube-state-metrics": PodSize(1, 50, 256),
    },
    Addon.LOAD_BALANCER_CONTROLLER: {"controller": PodSize(2, 100, 256)},
    Addon.CERT_MANAGER: {
        "controller": PodSize(2, 50, 256),
        "webhook": PodSize(2, 50, 128),
        "cainjector": PodSize(2, 50, 256),
    },
    Addon.LEADER_WORKER_SET: {"controller": PodSize(2, 100, 512)},
    Addon.CLUSTER_AUTOSCALER: {"controller": PodSize(2, 100, 1_024)},
    Addon.KARPENTER: {"controller": PodSize(2, 250, 1_024)},
    Addon.OPENTELEMETRY_COLLECTOR: {"collector": PodSize(2, 100, 512)},
    # three, as its project asks for where its webhook must always answer
    Addon.KYVERNO: {"admission-controller": PodSize(3, 100, 384)},
}
"""What runs on system nodes, by add-on. Sizes are for clusters of some hundred nodes and services: estimates, upwards
of the charts' own. What runs on each node instead of on system nodes (device plugin, Fluent Bit) is not here."""

_CLUSTER_PODS: Final = (
    # coredns, metrics-server and the controller of volumes (six containers), two replicas each: their manifests as
    # public repositories recorded them, read 2026-11; estimates, upwards
    PodSize(2, 100, 170),
    PodSize(2, 100, 200),
    PodSize(2, 60, 240),
    # the controller of snapshots, an estimate
    PodSize(2, 20, 128),
)
"""What EKS itself runs on whichever nodes there are first; whoever brings one of these instead runs it there too."""


def wanted_addons(environment: Environment, region: Region) -> tuple[Addon, ...]:
    """Add-ons that this stack installs in a region's cluster."""
    starter = environment.cluster.node_starter
    unwanted = {*environment.cluster.provided_addons}
    if starter is not NodeStarter.CLUSTER_AUTOSCALER:
        unwanted.add(Addon.CLUSTER_AUTOSCALER)
    if starter is not NodeStarter.KARPENTER:
        unwanted.add(Addon.KARPENTER)
    if not any(group.efa for group in region.node_groups):
        unwanted.add(Addon.LEADER_WORKER_SET)
    if not environment.registry.signature_keys:
        unwanted.add(Addon.KYVERNO)
    return tuple(addon for addon in Addon if addon not in unwanted)


def system_findings(environment: Environment) -> Iterator[Finding]:
    """Every region whose system nodes can't hold the controllers once one of them is lost; paths as the environment's.

    Only the Cluster Autoscaler makes more system nodes; with any other starter of nodes the fewest are all there are.
    """
    for index, region in enumerate(environment.regions):
        groups = [group for group in region.node_groups if group.purpose is NodePurpose.SYSTEM]
        if region.serves and groups:
            yield from _too_small(environment, index, region, groups)


def _too_small(environment: Environment, index: int, region: Region, groups: list[NodeGroup]) -> Iterator[Finding]:
    grows = environment.cluster.node_starter is NodeStarter.CLUSTER_AUTOSCALER
    sizes = [*_CLUSTER_PODS, *(size for addon in wanted_addons(environment, region) for size in _sizes(addon))]
    wanted_cores, wanted_gib = _cores(sizes), _gib(sizes)
    nodes = [instance_type(group.instance_types[0]) for group in groups for _ in range(_most(group, grows=grows))]
    # the largest is the one that is lost
    left = sorted(nodes, key=lambda one: (one.vcpus, one.memory_gib))[:-1]
    cores, gib = sum(map(free_cores, left)), sum(map(free_memory_gib, left))
    if wanted_cores > cores or wanted_gib > gib:
        key = "max_nodes" if grows else "min_nodes"
        yield Finding(
            ("regions", index, "node_groups", region.node_groups.index(groups[0]), key),
            f"with one of {len(nodes)} system nodes lost {cores:.1f} cores and {gib:.1f} GiB are left for the"
            f" controllers, which ask for {wanted_cores:.1f} cores and {wanted_gib:.1f} GiB",
            effect="some of what scales, releases and measures the services would find no node",
            remedy=f"raise {key}, choose a larger machine, or name in cluster.provided_addons what is there already",
        )


def _most(group: NodeGroup, *, grows: bool) -> int:
    return group.max_nodes if grows else group.min_nodes


def _sizes(addon: Addon) -> Iterable[PodSize]:
    return ADDON_PODS.get(addon, {}).values()


def _cores(sizes: Iterable[PodSize]) -> float:
    return sum(size.replicas * size.cpu_millicores for size in sizes) / 1_000


def _gib(sizes: Iterable[PodSize]) -> float:
    return sum(size.replicas * size.memory_mib for size in sizes) / 1_024
