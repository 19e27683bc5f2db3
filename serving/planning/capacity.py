"""Whether the declared capacity carries the declared traffic, also after the loss of a region.

Owns the arithmetic of replicas and nodes; pure functions over blueprints and an environment. Costs and the
simulation of latency are other modules of this package.

Two questions are told apart. *Fits*: whether all that a region may have to carry finds nodes at their maximum.
*Stands*: whether what may not wait for new nodes finds those that always run; EC2 gives no machine by promise in
the hour in which a region is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from serving.blueprint.environment import (
    CapacityType,
    Environment,
    GpuSharing,
    NodeGroup,
    NodePurpose,
    NodeStarter,
    Region,
)
from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.model import Accelerator, Resources
from serving.blueprint.schema.recovery import FailoverMode, Topology
from serving.blueprint.vocabulary import Tier
from serving.planning.instances import (
    CAPACITY_BLOCK_TYPES,
    EFA_INTERFACES,
    INSTANCE_TYPES,
    MIG_PARTS,
    InstanceType,
    instance_type,
)

# What the AL2023 images of EKS keep from pods: awslabs/amazon-eks-ami, nodeadm/internal/kubelet/config.go, copy of
# 2026-07, read 2026-11. Shares of a node's first, second, third and fourth, and further cores; MiB.
_KUBELET_CORE_SHARES = ((1, 0.06), (1, 0.01), (2, 0.005), (math.inf, 0.0025))
_KUBELET_MIB, _KUBELET_MIB_PER_POD, _EVICTION_MIB = 255, 11, 100

_MACHINE_MEMORY_SHARE = 0.075
"""Share of an instance's memory that firmware and kernel keep: what Karpenter assumes (aws/karpenter-provider-aws,
`vm-memory-overhead-percent`, read 2026-11)."""

_DISK_SHARE = 0.9
"""The kubelet evicts pods when less than a tenth of the disk is free: its default (kubernetes.io, "Node-pressure
Eviction", `nodefs.available<10%`), and what it keeps from pods that ask for disk."""

_IMAGES_GIB = 20
"""What images take of a node's disk: an engine with its CUDA libraries unpacks to some 20 GiB. An estimate."""

_DAEMON_SETS_CPU, _DAEMON_SETS_MEMORY_GIB = 0.5, 0.5
"""Requests of the daemon sets of a node: network, volumes, credentials, logs, accelerators. An estimate, upwards."""

HUGE_PAGES_MIB = 5_120
"""Huge pages that a node of a fabric keeps for its adapters, outside of ordinary memory: of 5128 pages of 2 MiB (Amazon
EKS user guide, "Run machine learning training on Amazon EKS with Elastic Fabric Adapter", copy of 2024-12, read
2026-11)."""

NODE_START_SECONDS = 300
"""From a pod that finds no node to a node that takes it: an estimate, upwards. Autoscaler, launch, boot, joining and
the daemon sets of a GPU node; that the region has a machine to give is a matter of reservations."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Replicas of one kind that a region must be able to run."""

    service: str
    part: str
    """`model`, or `fallback`."""
    replicas: int
    resources: Resources
    disk_gib: int
    """What one replica takes of its node's disk, GiB."""


def surviving_active_regions(environment: Environment, blueprint: Blueprint) -> int:
    """Active regions left to carry the peak when one of those that a service uses is lost; at least one."""
    regions = len(environment.active_regions)
    if blueprint.recovery.topology is Topology.ACTIVE_ACTIVE and regions > 1:
        return regions - 1
    return 1


def replicas_for_peak(environment: Environment, blueprint: Blueprint) -> int:
    """Replicas per region that carry the peak when one active region is lost (N+1 regions).

    ceil(peak_rps / surviving regions / replica_rps), and never fewer than the blueprint's minimum.
    """
    share_rps = blueprint.scaling.traffic.peak_rps / surviving_active_regions(environment, blueprint)
    return max(blueprint.scaling.min_replicas, math.ceil(share_rps / blueprint.scaling.replica_rps))


def demands(environment: Environment, blueprint: Blueprint) -> Iterator[Demand]:
    """What one service asks of each serving region in the worst declared case."""
    yield Demand(
        service=blueprint.name,
        part="model",
        replicas=max(replicas_for_peak(environment, blueprint), blueprint.scaling.reserved_replicas),
        resources=blueprint.replica_resources(blueprint.model),
        disk_gib=blueprint.model.disk_gib,
    )
    fallback = blueprint.degradation.fallback
    if fallback is not None and fallback.model is not None:
        model = fallback.model
        yield Demand(
            blueprint.name, "fallback", fallback.min_replicas, blueprint.replica_resources(model), model.disk_gib
        )


def free_cores(instance: InstanceType) -> float:
    """Cores of a node that are left for replicas."""
    left, reserved = float(instance.vcpus), 0.0
    for cores, share in _KUBELET_CORE_SHARES:
        taken = min(left, cores)
        left, reserved = left - taken, reserved + taken * share
    return instance.vcpus - reserved - _DAEMON_SETS_CPU


def free_memory_gib(instance: InstanceType) -> float:
    """Memory of a node that is left for replicas."""
    kubelet_mib = _KUBELET_MIB + _KUBELET_MIB_PER_POD * instance.pod_addresses + _EVICTION_MIB
    return instance.memory_gib * (1 - _MACHINE_MEMORY_SHARE) - kubelet_mib / 1_024 - _DAEMON_SETS_MEMORY_GIB


def shares(sharing: GpuSharing | None, accelerator: Accelerator) -> int:
    """Replicas that one accelerator of a node group has room for; 0 if it can't be shared so."""
    if sharing is None:
        return 1
    if sharing.profile is None:
        return sharing.replicas
    return MIG_PARTS.get(accelerator, {}).get(sharing.profile, 0)


def replicas_per_node(resources: Resources, instance: InstanceType, sharing: GpuSharing | None = None) -> int:
    """How many replicas fit on one node by cores, memory and accelerators; 0 if the accelerator differs.

    Of a replica that spans nodes it is one part that is counted: it takes a node with all of its accelerators.
    """
    if resources.accelerator is not instance.accelerator:
        return 0
    if resources.spans_nodes:
        whole = resources.accelerators == instance.accelerators
        memory_gib = free_memory_gib(instance) - HUGE_PAGES_MIB / 1_024
        return int(whole and resources.cpu <= free_cores(instance) and resources.memory_gib <= memory_gib)
    fits = [
        free_cores(instance) // resources.cpu,
        free_memory_gib(instance) // resources.memory_gib,
    ]
    if resources.accelerators:
        fits.append(instance.accelerators * shares(sharing, instance.accelerator) // resources.accelerators)
    return max(0, int(min(fits)))


def replicas_per_disk(disk_gib: int, group: NodeGroup) -> int:
    """How many replicas fit on the disk of one node, beside the images."""
    return max(0, int((group.disk_gib * _DISK_SHARE - _IMAGES_GIB) // disk_gib))


def instance_findings(environment: Environment) -> Iterator[Finding]:
    """Every instance type that the planner does not know, or that is of another shape than its group's first."""
    for r, region in enumerate(environment.regions):
        for g, group in enumerate(region.node_groups):
            for i, name in enumerate(group.instance_types):
                path: KeyPath = ("regions", r, "node_groups", g, "instance_types", i)
                if name not in INSTANCE_TYPES:
                    yield Finding(
                        path,
                        f"'{name}' is not an instance type that the planner knows",
                        effect="capacity and cost could not be proven",
                        remedy="choose a known type, or add its facts to serving/planning/instances.py",
                        allowed=tuple(sorted(INSTANCE_TYPES)),
                    )
                elif i and not _same_shape(name, group.instance_types[0]):
                    yield Finding(
                        path,
                        f"'{name}' is of another shape than '{group.instance_types[0]}'",
                        effect="replicas sized for the one would not fit on the other",
                        remedy="use a node group for each shape",
                    )
                else:
                    yield from _impossible_use(path, name, group)


def _impossible_use(path: KeyPath, name: str, group: NodeGroup) -> Iterator[Finding]:
    """A machine that can't be bought or joined in the way that its group says."""
    if group.efa and name not in EFA_INTERFACES:
        yield Finding(
            path,
            f"'{name}' has no Elastic Fabric Adapter",
            effect="EC2 would refuse to start the nodes",
            remedy="choose a machine that has one, or set efa: false",
            allowed=tuple(sorted(EFA_INTERFACES)),
        )
    accelerator = INSTANCE_TYPES[name].accelerator
    if group.gpu_sharing is not None and not shares(group.gpu_sharing, accelerator):
        yield Finding(
            path,
            f"'{name}' has accelerators ({accelerator}) that can't be cut into {group.gpu_sharing.profile}",
            effect="its nodes would offer none",
            remedy="choose a profile of the accelerator, a machine that has it, or time-slicing",
            allowed=tuple(MIG_PARTS.get(accelerator, ())),
        )
    if CapacityType.CAPACITY_BLOCK in group.capacity and name not in CAPACITY_BLOCK_TYPES:
        yield Finding(
            path,
            f"'{name}' is not sold in Capacity Blocks",
            effect="EC2 would refuse to start the nodes",
            remedy="choose a machine that is, or another capacity",
            allowed=tuple(sorted(CAPACITY_BLOCK_TYPES)),
        )


def _same_shape(one: str, other: str) -> bool:
    if other not in INSTANCE_TYPES:
        return True  # reported by itself
    a, b = INSTANCE_TYPES[one], INSTANCE_TYPES[other]
    return (a.vcpus, a.accelerator, a.accelerators) == (b.vcpus, b.accelerator, b.accelerators)


def capacity_findings(environment: Environment, blueprints: Sequence[Blueprint]) -> Iterator[Finding]:
    """Every service whose peak the declared replicas or nodes can't carry; paths start at the environment."""
    possible = []
    for blueprint in blueprints:
        too_small = [*_maximum_too_small(environment, blueprint)]
        yield from too_small
        possible += [] if too_small else [blueprint]
    for index, region in enumerate(environment.regions):
        if region.serves:
            # one number at a time: what fits on no node at all need not be told to wait for none
            too_few = [*_nodes_too_few(environment, index, region, blueprints)]
            yield from too_few or _standing_nodes_too_few(environment, index, region, possible)
            yield from _disks_too_small(environment, index, region, blueprints)


def _maximum_too_small(environment: Environment, blueprint: Blueprint) -> Iterator[Finding]:
    needed = replicas_for_peak(environment, blueprint)
    if needed > blueprint.scaling.max_replicas:
        surviving = surviving_active_regions(environment, blueprint)
        yield Finding(
            ("services", blueprint.name),
            f"the peak of {blueprint.scaling.traffic.peak_rps:g} requests a second needs {needed} replicas per region"
            f" with {surviving} active region(s) left, max_replicas is {blueprint.scaling.max_replicas}",
            effect="the declared peak could not be served",
            remedy=f"raise scaling.max_replicas to at least {needed}, or add a region",
        )


def _nodes_too_few(
    environment: Environment, index: int, region: Region, blueprints: Sequence[Blueprint]
) -> Iterator[Finding]:
    """First-fit of all services' worst cases on the node groups of one region."""
    free = {group.name: float(_lasting_nodes(group)) for group in region.node_groups}
    wanted = [demand for blueprint in blueprints for demand in _most_wanted(environment, blueprint)]
    if _unbounded(environment, region):
        wanted = [demand for demand in wanted if demand.resources.accelerators]
    for demand in sorted(wanted, key=_largest_first):
        left = _place(demand, region, free)
        if left > 0:
            yield Finding(
                ("regions", index, "node_groups"),
                f"{region.name} can't hold {demand.replicas} replicas of {demand.service} ({demand.part}:"
                f" {_shape(demand.resources)}): {left} find no node",
                effect="after the loss of another region, in a scheduled peak or when metrics are missing they would"
                " wait for ever",
                remedy="raise max_nodes of a fitting node group, add one, or lower the declared peak, the schedule or"
                " the fallback",
                allowed=tuple(_fitting(demand.resources, region)),
            )


def _most_wanted(environment: Environment, blueprint: Blueprint) -> Iterator[Demand]:
    """What a service asks of a region when a known peak comes, or metrics are missing, while another region is lost."""
    model, *others = demands(environment, blueprint)
    scaling = blueprint.scaling
    held = max((peak.replicas for peak in scaling.schedule), default=0)
    yield replace(model, replicas=max(model.replicas, held, scaling.effective_fallback.replicas))
    yield from others


def _unbounded(environment: Environment, region: Region) -> bool:
    """Whether Auto Mode chooses by itself how many nodes without accelerators there are: no node group says it."""
    bounded = any(group.purpose is NodePurpose.CPU for group in region.node_groups)
    return environment.cluster.node_starter is NodeStarter.AUTO_MODE and not bounded


def _lasting_nodes(group: NodeGroup) -> int:
    """Most nodes of a group, in whichever of its capacities; what is only in a block ends with it.

    The same whoever starts them: managed node groups grow up to it, and where they keep their fewest nodes, node pools
    may start what is between (`components.node_pools`).
    """
    return 0 if group.lasting is None else group.max_nodes


def _disks_too_small(
    environment: Environment, index: int, region: Region, blueprints: Sequence[Blueprint]
) -> Iterator[Finding]:
    """Every node group whose disk holds fewer replicas of a service than its machine does."""
    wanted = [demand for blueprint in blueprints for demand in demands(environment, blueprint)]
    for g, group in enumerate(region.node_groups):
        for demand in wanted:
            fit = _per_machine(demand, group)
            held = replicas_per_disk(demand.disk_gib, group)
            if held < fit:
                needed = math.ceil((fit * demand.disk_gib + _IMAGES_GIB) / _DISK_SHARE)
                yield Finding(
                    ("regions", index, "node_groups", g, "disk_gib"),
                    f"{group.disk_gib} GiB hold {held} replicas of {demand.service} ({demand.part}:"
                    f" {demand.disk_gib} GiB each), the machine holds {fit}",
                    effect="cores and accelerators would lie idle, or pods be evicted when the disk is full",
                    remedy=f"state disk_gib: {needed} or more",
                )


def _per_machine(demand: Demand, group: NodeGroup) -> int:
    """Replicas on one node of the group by cores, memory and accelerators."""
    if not _runs_on(demand.resources, group):
        return 0
    return replicas_per_node(demand.resources, instance_type(group.instance_types[0]), group.gpu_sharing)


def new_replica_seconds(blueprint: Blueprint) -> int:
    """From the first request that no replica can take to a warm replica on a new node."""
    return NODE_START_SECONDS + blueprint.model.cold_start.total_seconds


def standing_replicas(environment: Environment, blueprint: Blueprint) -> tuple[int, str]:
    """Replicas per region whose nodes must always run, and why.

    What a blueprint reserves; and all that a failover needs where nothing may wait for new nodes: in tier 0 and 1,
    and where the recovery time is shorter than detection, names and new nodes together.
    """
    reserved = blueprint.scaling.reserved_replicas
    reason = f"scaling.reserved_replicas is {reserved}"
    recovery = blueprint.recovery
    fails_over = len(environment.serving_regions) > 1 and recovery.topology is not Topology.SINGLE_REGION
    if not fails_over or recovery.failover is not FailoverMode.AUTOMATIC:
        return reserved, reason
    peak = replicas_for_peak(environment, blueprint)
    if peak < reserved:
        return reserved, reason
    seconds = environment.routing.failover_seconds + new_replica_seconds(blueprint)
    if recovery.rto_minutes * 60 < seconds:
        return peak, (
            f"recovery.rto_minutes is {recovery.rto_minutes}, and with new nodes a failover takes {seconds} seconds"
            f" ({environment.routing.failover_seconds} until no request reaches the lost region, {NODE_START_SECONDS}"
            " for a node, the rest for a cold start)"
        )
    if blueprint.identity.tier in (Tier.USERS_STOP, Tier.USERS_NOTICE):
        return peak, (
            f"tier {blueprint.identity.tier} fails over by itself, and no control plane may be needed for it:"
            f" {peak} replicas carry the peak of {blueprint.scaling.traffic.peak_rps:g} requests a second with one"
            " region lost"
        )
    return reserved, reason


def _standing_nodes_too_few(
    environment: Environment, index: int, region: Region, blueprints: Sequence[Blueprint]
) -> Iterator[Finding]:
    """First-fit of all replicas that may not wait for new nodes on the nodes that always run.

    What runs there all the time without such a promise takes its place first.
    """
    standing = {group.name: float(_standing_nodes(group)) for group in region.node_groups}
    promised: list[tuple[Demand, str]] = []
    for blueprint in blueprints:
        model, *others = demands(environment, blueprint)
        replicas, reason = standing_replicas(environment, blueprint)
        if replicas:
            promised.append((replace(model, replicas=replicas), reason))
        else:
            others.append(replace(model, replicas=blueprint.scaling.min_replicas))
        for running in others:
            _place(running, region, standing)
    for demand, reason in sorted(promised, key=lambda one: _largest_first(one[0])):
        left = _place(demand, region, standing)
        if left > 0:
            yield Finding(
                ("regions", index, "node_groups"),
                f"{region.name} keeps nodes for {demand.replicas - left} of the {demand.replicas} replicas of"
                f" {demand.service} ({_shape(demand.resources)}) that may not wait for new ones: {reason}",
                effect="after the loss of a region they would wait for machines that EC2 may not have in that hour",
                remedy=f"raise min_nodes of an on-demand or reserved node group by {_nodes_for(demand, left, region)},"
                " or lower what is promised",
                allowed=tuple(_fitting(demand.resources, region)),
            )


def _standing_nodes(group: NodeGroup) -> int:
    """Nodes of a group that always run: its fewest, where they are not taken away or end with a block."""
    return 0 if group.lasting in (None, CapacityType.SPOT) else group.min_nodes


def _nodes_for(demand: Demand, replicas: int, region: Region) -> int:
    """Nodes of the first fitting group that hold so many replicas."""
    name = next(_fitting(demand.resources, region))
    group = next(group for group in region.node_groups if group.name == name)
    return math.ceil(replicas * demand.resources.nodes / _per_machine(demand, group))


def _place(demand: Demand, region: Region, free: dict[str, float]) -> int:
    """Take nodes from `free` for the demand; returns the replicas that found none.

    Of a replica that spans nodes all parts find room in one node group, or none does.
    """
    left, parts = demand.replicas, demand.resources.nodes
    for group in region.node_groups:
        per_node = _per_machine(demand, group)
        if left <= 0 or per_node == 0:
            continue
        taken = min(left, math.floor(free[group.name] * per_node + 1e-9) // parts)
        free[group.name] -= taken * parts / per_node
        left -= taken
    return left


def fabric_adapters(resources: Resources, region: Region) -> int:
    """Elastic Fabric Adapters for each part of a replica: all that its smallest machine has, none if it is one part."""
    if not resources.spans_nodes:
        return 0
    fitting = set(_fitting(resources, region))
    types = [name for group in region.node_groups if group.name in fitting for name in group.instance_types]
    return min((EFA_INTERFACES[name] for name in types), default=0)


def _largest_first(demand: Demand) -> tuple[int, float, str]:
    resources = demand.resources
    return (-resources.nodes * resources.accelerators, -resources.memory_gib, demand.service)


def _runs_on(resources: Resources, group: NodeGroup) -> bool:
    wanted = NodePurpose.CPU if resources.accelerator is Accelerator.NONE else NodePurpose.GPU
    share, sharing = resources.accelerator_share, group.gpu_sharing
    alike = (share.word if share else None) == (sharing.word if sharing else None)
    return group.purpose is wanted and alike and (group.efa or not resources.spans_nodes)


def _fitting(resources: Resources, region: Region) -> Iterator[str]:
    """Names of the node groups that could hold such a replica."""
    for group in region.node_groups:
        machine = instance_type(group.instance_types[0])
        if _runs_on(resources, group) and replicas_per_node(resources, machine, group.gpu_sharing):
            yield group.name


def _shape(resources: Resources) -> str:
    shape = f"{resources.cpu:g} CPU, {resources.memory_gib:g} GiB"
    if resources.accelerators:
        share = resources.accelerator_share
        shape += f", {resources.accelerators} {resources.accelerator}" + (f" ({share.word})" if share else "")
    return f"{shape} on each of {resources.nodes} nodes joined by `efa`" if resources.spans_nodes else shape
