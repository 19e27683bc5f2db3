"""How large the platform itself is: which add-ons a cluster has, what they ask for, whether its system nodes hold them.

Owns which add-ons are wanted and the sizes of their pods, both rendered by `components`, and the check that they fit
together with the gateway's proxies, which run beside them (`serving.blueprint.gateway_share` says how large and how
many). What a service asks for is in its blueprint; what runs on every node is an estimate of
`serving.planning.capacity`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from serving.blueprint.environment import Addon, Environment, NodeGroup, NodeImage, NodePurpose, NodeStarter, Region
from serving.blueprint.errors import Finding
from serving.blueprint.gateway_share import PROXY_CPU_MILLICORES, PROXY_MEMORY_MIB, most_proxies
from serving.blueprint.schema import Blueprint
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

_DRAINER: Final = (10, 32)
"""Millicores and MiB that the container beside each proxy asks for, which drains it: not ours to say
(envoyproxy/gateway v1.9.0, api/v1alpha1/shared_types.go, DefaultShutdownManager...ResourceRequests, read 2026-11)."""


@dataclass(frozen=True, slots=True)
class AddonNeeds:
    """What decides which add-ons are installed in a cluster.

    Attributes:
        node_starter: What starts nodes.
        gpu: Whether there are nodes with accelerators whose image offers them to nobody by itself.
        accelerators: Whether there are nodes with accelerators.
        spanning: Whether models span nodes.
        signed: Whether images must carry signatures.
        logged: Whether lines of services are collected.
        provided: What is there already.
    """

    node_starter: NodeStarter
    gpu: bool
    accelerators: bool
    spanning: bool
    signed: bool
    logged: bool
    provided: Sequence[Addon] = ()


def addon_needs(environment: Environment, region: Region, blueprints: Sequence[Blueprint]) -> AddonNeeds:
    """The needs of a region's cluster in which these services run."""
    groups = [group for group in region.node_groups if group.purpose is NodePurpose.GPU]
    return AddonNeeds(
        node_starter=environment.cluster.node_starter,
        gpu=any(group.image is NodeImage.AL2023 for group in groups),
        accelerators=bool(groups),
        spanning=any(blueprint.model.resources.spans_nodes for blueprint in blueprints),
        signed=bool(environment.registry.signature_keys),
        logged=bool(blueprints),
        provided=environment.cluster.provided_addons,
    )


def wanted_addons(needs: AddonNeeds) -> tuple[Addon, ...]:
    """Add-ons that are installed where this is needed."""
    unneeded: dict[Addon, bool] = {
        Addon.NVIDIA_DEVICE_PLUGIN: not needs.gpu,
        Addon.DCGM_EXPORTER: not needs.accelerators,
        Addon.LEADER_WORKER_SET: not needs.spanning,
        Addon.EFA_DEVICE_PLUGIN: not needs.spanning,
        # a webhook that nobody needs can only stand in the way
        Addon.KYVERNO: not needs.signed,
        Addon.FLUENT_BIT: not needs.logged,
        # one pod must never be waited for by two that start nodes
        Addon.CLUSTER_AUTOSCALER: needs.node_starter is not NodeStarter.CLUSTER_AUTOSCALER,
        Addon.KARPENTER: needs.node_starter is not NodeStarter.KARPENTER,
    }
    return tuple(addon for addon in Addon if addon not in needs.provided and not unneeded.get(addon, False))


def system_findings(environment: Environment, blueprints: Sequence[Blueprint]) -> Iterator[Finding]:
    """Every region whose system nodes can't hold controllers and proxies once one of them is lost.

    Paths are the environment's. Proxies are counted as many as there may be: when there are most, they are needed most.
    Only the Cluster Autoscaler makes more system nodes; with any other starter of nodes the fewest are all there are.
    """
    for index, region in enumerate(environment.regions):
        if region.serves:
            yield from _too_small(environment, index, region, [*_system_pods(environment, region, blueprints)])


def _system_pods(environment: Environment, region: Region, blueprints: Sequence[Blueprint]) -> Iterator[PodSize]:
    yield from _CLUSTER_PODS
    for addon in wanted_addons(addon_needs(environment, region, blueprints)):
        yield from ADDON_PODS.get(addon, {}).values()
    yield _proxies(blueprints)


def _proxies(blueprints: Sequence[Blueprint]) -> PodSize:
    cpu_millicores, memory_mib = _DRAINER
    return PodSize(most_proxies(blueprints), PROXY_CPU_MILLICORES + cpu_millicores, PROXY_MEMORY_MIB + memory_mib)


def _too_small(environment: Environment, index: int, region: Region, sizes: Sequence[PodSize]) -> Iterator[Finding]:
    grows = environment.cluster.node_starter is NodeStarter.CLUSTER_AUTOSCALER
    groups = [group for group in region.node_groups if group.purpose is NodePurpose.SYSTEM]
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
            f" controllers and the most proxies, which ask for {wanted_cores:.1f} cores and {wanted_gib:.1f} GiB",
            effect="some of what scales, releases and measures the services, or lets requests in, would find no node",
            remedy=f"raise {key}, choose a larger machine, or name in cluster.provided_addons what is there already",
        )


def _most(group: NodeGroup, *, grows: bool) -> int:
    return group.max_nodes if grows else group.min_nodes


def _cores(sizes: Iterable[PodSize]) -> float:
    return sum(size.replicas * size.cpu_millicores for size in sizes) / 1_000


def _gib(sizes: Iterable[PodSize]) -> float:
    return sum(size.replicas * size.memory_mib for size in sizes) / 1_024
