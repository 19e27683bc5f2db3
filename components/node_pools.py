"""Node pools of a cluster: what Karpenter, or EKS in Auto Mode, may start beyond the nodes that always run.

Owns the NodePools and node classes of the environment's node groups: the same machines, labels, taints and volumes as
in their managed node groups (`components.node_group`), which keep the fewest nodes. A group has a pool for each way in
which its nodes are bought, tried in the order of the group. System nodes are not among them: what starts nodes runs
there. How many nodes a region needs is computed in `serving.planning`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypedDict

import pulumi
from pydantic import Field, model_validator

from components.lineage import labels
from components.manifest import Manifest, create_object, declared_dependencies
from components.naming import NameRule, physical_name
from components.node_group import (
    BOTTLEROCKET_DATA_DEVICE,
    ROOT_DEVICE,
    VOLUME_IOPS,
    VOLUME_THROUGHPUT_MIB,
    NodeGroupConfigArgs,
    node_labels,
)
from components.node_labels import (
    ACCELERATOR_LABEL,
    GPU_RESOURCE,
    GPU_TAINT_EFFECT,
    GPU_TAINT_KEY,
    GPU_TAINT_VALUE,
    PURPOSE_LABEL,
    ZONE_LABEL,
)
from components.options import parse_args, type_token
from serving.blueprint.environment import CapacityType, NodeGroup, NodeImage, NodePurpose, NodeStarter, ZoneName
from serving.blueprint.schema.base import Section
from serving.blueprint.versions import TESTED_VERSIONS
from serving.planning.instances import EFA_INTERFACES, instance_type

_CAPACITY_KEY: Final = "karpenter.sh/capacity-type"
_CAPACITIES: Final = {
    CapacityType.ON_DEMAND: "on-demand",
    CapacityType.SPOT: "spot",
    CapacityType.CAPACITY_BLOCK: "reserved",
}
"""How Karpenter calls what we call so; on-demand reservations are filled by managed node groups."""

_INSTANCE_TYPE_KEY: Final = "node.kubernetes.io/instance-type"
_ARCHITECTURE_KEY: Final = "kubernetes.io/arch"
_AUTO_CATEGORY_KEY: Final = "eks.amazonaws.com/instance-category"
_AUTO_GENERATION_KEY: Final = "eks.amazonaws.com/instance-generation"

_FIRST_WEIGHT: Final = 100
"""Of the first choices, the most that there is; further ones follow (karpenter.sh_nodepools.yaml, `weight`)."""

_IDLE_SECONDS: Final = 600
"""How long a node must have too little to do before it goes: as long as the Cluster Autoscaler waits. Shorter, and the
next peak would wait for nodes that were just given back."""

_EXPIRE_HOURS: Final = 30 * 24
"""Age at which a node is replaced by a fresh one, so that no node is older than its image's next patches."""

_BUDGETS: Final = ({"nodes": "1"},)
"""One node of a pool goes at a time, whatever the reason; disruption budgets of the services hold besides. A node that
fails or is taken away by EC2 is nobody's choice, and not counted."""


class NodePoolsArgs(TypedDict):
    """Arguments of `NodePools`.

    Attributes:
        environment: Name of the environment.
        region: AWS region of the cluster.
        node_starter: Who starts nodes: `karpenter` or `auto-mode`.
        node_groups: The region's node groups; those of purpose `system` have no pools.
        zones: Zones of the subnets.
        subnet_ids: Subnets of the nodes, one a zone.
        security_group_id: Security group of nodes and control plane.
        key_arn: Key that encrypts the volumes.
        node_role: Instance profile of the nodes with Karpenter, name of their role in Auto Mode.
        tags: Ownership tags.
    """

    environment: str
    region: str
    node_starter: str
    node_groups: list[NodeGroupConfigArgs]
    zones: list[str]
    subnet_ids: list[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    node_role: pulumi.Input[str]
    tags: dict[str, str]


class NodePoolsSpec(Section):
    """The plain part of the arguments."""

    environment: str = Field(min_length=1)
    region: str
    node_starter: NodeStarter
    node_groups: tuple[NodeGroup, ...]
    zones: tuple[ZoneName, ...] = Field(min_length=1)
    tags: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.node_starter is NodeStarter.CLUSTER_AUTOSCALER:
            raise ValueError("the Cluster Autoscaler knows no node pools; it grows managed node groups")
        return self


WIRING: Final = frozenset({"subnet_ids", "security_group_id", "key_arn", "node_role"})


@dataclass(frozen=True, slots=True)
class _Pool:
    """What one capacity of a node group may grow by."""

    group: NodeGroup
    capacity: CapacityType
    rank: int
    nodes: int

    @property
    def name(self) -> str:
        """Its name; that of the managed node group beside it."""
        return self.group.managed_name(self.capacity)

    @property
    def accelerated(self) -> bool:
        """Whether its machines have accelerators."""
        return self.group.purpose is NodePurpose.GPU


class NodePools(pulumi.ComponentResource):
    """What may be started beyond the nodes that always run."""

    names: list[str]
    """Names of the pools."""

    def __init__(self, name: str, args: NodePoolsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("NodePools"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(NodePoolsSpec, "NodePools", name, args, WIRING)
        self._labels = {"app.kubernetes.io/part-of": "node-pools", **labels(self._spec.tags)}
        self._auto = self._spec.node_starter is NodeStarter.AUTO_MODE
        self._installed = declared_dependencies(opts)
        pools = [pool for group in self._spec.node_groups for pool in _pools(group, auto=self._auto)]
        for pool in pools:
            self._create(pool.name, self._node_class(pool), self._node_pool(pool))
        self.names = [pool.name for pool in pools]
        if self._auto and all(group.purpose is not NodePurpose.CPU for group in self._spec.node_groups):
            self._create(_ANY_CPU, self._auto_class(_ANY_CPU, None), self._any_cpu_pool())
            self.names.append(_ANY_CPU)
        self.register_outputs({"names": self.names})

    def _create(self, name: str, node_class: Manifest, node_pool: Manifest) -> None:
        created = create_object(self, f"{self._name}-{name}-class", node_class, self._installed)
        create_object(self, f"{self._name}-{name}-pool", node_pool, [created])

    # Pools

    def _node_pool(self, pool: _Pool) -> Manifest:
        group, machine = pool.group, instance_type(pool.group.instance_types[0])
        spec = self._template(pool.name, self._requirements(pool), _expiry(pool.capacity))
        node_labels_ = node_labels(group, _bought(pool.capacity))
        limits: dict[str, str] = {"nodes": str(pool.nodes), "cpu": str(pool.nodes * machine.vcpus)}
        if pool.accelerated:
            node_labels_ |= {ACCELERATOR_LABEL: machine.accelerator.value}
            spec["taints"] = [{"key": GPU_TAINT_KEY, "value": GPU_TAINT_VALUE, "effect": GPU_TAINT_EFFECT}]
            limits[GPU_RESOURCE] = str(pool.nodes * machine.accelerators)
        return self._pool_manifest(
            pool.name, node_labels_, spec, limits, _FIRST_WEIGHT - pool.rank, _consolidation(pool)
        )

    def _pool_manifest(
        self,
        name: str,
        node_labels_: Mapping[str, str],
        spec: Mapping[str, Any],
        limits: Mapping[str, str],
        weight: int,
        consolidation: str,
    ) -> Manifest:
        return {
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": {"name": name, "labels": self._labels},
            "spec": {
                "weight": weight,
                "limits": dict(limits),
                "disruption": {
                    "consolidationPolicy": consolidation,
                    "consolidateAfter": f"{_IDLE_SECONDS}s",
                    "budgets": [dict(budget) for budget in _BUDGETS],
                },
                "template": {"metadata": {"labels": dict(node_labels_)}, "spec": dict(spec)},
            },
        }

    def _template(self, node_class: str, requirements: Sequence[Mapping[str, Any]], expiry: str) -> dict[str, Any]:
        """Without a termination grace period: no budget of a service is broken for a node's age."""
        reference = (
            {"group": "eks.amazonaws.com", "kind": "NodeClass"}
            if self._auto
            else {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass"}
        )
        return {
            "nodeClassRef": {**reference, "name": node_class},
            "requirements": [dict(one) for one in requirements],
            "expireAfter": expiry,
        }

    def _requirements(self, pool: _Pool) -> list[dict[str, Any]]:
        return [
            _in(_INSTANCE_TYPE_KEY, *pool.group.instance_types),
            _in(_CAPACITY_KEY, _CAPACITIES[_bought(pool.capacity)]),
            _in(ZONE_LABEL, *self._zones_of(pool)),
            _in(_ARCHITECTURE_KEY, "amd64"),
        ]

    def _zones_of(self, pool: _Pool) -> tuple[str, ...]:
        block = pool.group.capacity_block
        if block is not None and pool.capacity is CapacityType.CAPACITY_BLOCK:
            return (block.zone,)
        return pool.group.zones or self._spec.zones

    def _any_cpu_pool(self) -> Manifest:
        """Auto Mode's own choice of machines for what needs no accelerator, where no node group says which."""
        requirements = [
            _in(_AUTO_CATEGORY_KEY, "c", "m", "r"),
            {"key": _AUTO_GENERATION_KEY, "operator": "Gt", "values": ["4"]},
            _in(_CAPACITY_KEY, "on-demand"),
            _in(ZONE_LABEL, *self._spec.zones),
            _in(_ARCHITECTURE_KEY, "amd64"),
        ]
        spec = self._template(_ANY_CPU, requirements, _expiry(CapacityType.ON_DEMAND))
        purpose = {PURPOSE_LABEL: NodePurpose.CPU.value}
        return self._pool_manifest(_ANY_CPU, purpose, spec, _ANY_CPU_LIMITS, _FIRST_WEIGHT, _UNDERUTILIZED)

    # Classes

    def _node_class(self, pool: _Pool) -> Manifest:
        return self._auto_class(pool.name, pool) if self._auto else self._ec2_class(pool)

    def _subnets(self, zones: Sequence[str]) -> list[dict[str, Any]]:
        named = zip(self._spec.zones, self._args["subnet_ids"], strict=True)
        return [{"id": subnet_id} for zone, subnet_id in named if zone in zones]

    def _auto_class(self, name: str, pool: _Pool | None) -> Manifest:
        """EKS chooses image and metadata options of its nodes, and encrypts their volumes with the account's key."""
        spec: dict[str, Any] = {
            "role": self._args["node_role"],
            "subnetSelectorTerms": self._subnets(self._spec.zones if pool is None else self._zones_of(pool)),
            "securityGroupSelectorTerms": [{"id": self._args["security_group_id"]}],
            # or policies are accepted and not kept to on its nodes; the controller that they need besides is switched
            # on by the VPC CNI add-on, in a ConfigMap (EKS User Guide, "Use Network Policies with EKS Auto Mode", read
            # 2026-11)
            "networkPolicy": "DefaultAllow",
            "tags": self._spec.tags,
        }
        if pool is not None:
            spec["ephemeralStorage"] = {
                "size": f"{pool.group.disk_gib}Gi",
                "iops": VOLUME_IOPS,
                "throughput": VOLUME_THROUGHPUT_MIB,
            }
        return {
            "apiVersion": "eks.amazonaws.com/v1",
            "kind": "NodeClass",
            "metadata": {"name": name, "labels": self._labels},
            "spec": spec,
        }

    def _ec2_class(self, pool: _Pool) -> Manifest:
        group = pool.group
        spec: dict[str, Any] = {
            "amiSelectorTerms": [{"alias": TESTED_VERSIONS.node_images[group.image.value]}],
            # not a role: the controller may make no instance profiles
            "instanceProfile": self._args["node_role"],
            "subnetSelectorTerms": self._subnets(self._zones_of(pool)),
            "securityGroupSelectorTerms": [{"id": self._args["security_group_id"]}],
            "associatePublicIPAddress": False,
            "blockDeviceMappings": self._volumes(group),
            "detailedMonitoring": True,
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpTokens": "required",
                # one hop: pods cannot reach the node's credentials; theirs come from EKS Pod Identity
                "httpPutResponseHopLimit": 1,
                "httpProtocolIPv6": "disabled",
            },
            "tags": self._spec.tags,
        }
        if pool.capacity is CapacityType.CAPACITY_BLOCK and group.capacity_block is not None:
            spec["capacityReservationSelectorTerms"] = [{"id": group.capacity_block.id}]
        if group.efa:
            spec["networkInterfaces"] = _fabric(group)
            # nodes of a block stand close together by themselves
            if pool.capacity is not CapacityType.CAPACITY_BLOCK:
                spec["placementGroupSelector"] = {"name": self._placement_group(group)}
        return {
            "apiVersion": "karpenter.k8s.aws/v1",
            "kind": "EC2NodeClass",
            "metadata": {"name": pool.name, "labels": self._labels},
            "spec": spec,
        }

    def _placement_group(self, group: NodeGroup) -> str:
        return physical_name(NameRule.PLACEMENT_GROUP, self._spec.environment, self._spec.region, group.name)

    def _volumes(self, group: NodeGroup) -> list[dict[str, Any]]:
        encryption = {
            "volumeType": "gp3",
            "encrypted": True,
            "kmsKeyID": self._args["key_arn"],
            "deleteOnTermination": True,
        }
        data = {
            **encryption,
            "volumeSize": f"{group.disk_gib}Gi",
            "iops": VOLUME_IOPS,
            "throughput": VOLUME_THROUGHPUT_MIB,
        }
        if group.image is NodeImage.BOTTLEROCKET:
            # the system's volume is as large as its image, but must be named with a size here
            system = {**encryption, "volumeSize": _BOTTLEROCKET_SYSTEM_SIZE}
            return [
                {"deviceName": ROOT_DEVICE, "ebs": system},
                {"deviceName": BOTTLEROCKET_DATA_DEVICE, "ebs": data, "rootVolume": True},
            ]
        return [{"deviceName": ROOT_DEVICE, "ebs": data}]


_ANY_CPU: Final = "cpu"
_ANY_CPU_LIMITS: Final = {"cpu": "1000"}
"""A bound against what runs wild, not a plan: quotas of tenants and the budget are narrower."""

_UNDERUTILIZED: Final = "WhenEmptyOrUnderutilized"
_BOTTLEROCKET_SYSTEM_SIZE: Final = "4Gi"  # Karpenter's own default: pkg/providers/amifamily/bottlerocket.go, v1.15.1


def _pools(group: NodeGroup, *, auto: bool) -> Iterator[_Pool]:
    """The pools of a group: what its managed node groups do not keep.

    A reservation is as large as the fewest nodes, which a managed node group keeps; nodes beyond it are bought on
    demand. In Auto Mode a block has no pool: its managed node group is filled by hand.
    """
    if group.purpose is NodePurpose.SYSTEM:
        return
    for rank, capacity in enumerate(group.capacity):
        block = capacity is CapacityType.CAPACITY_BLOCK
        followed = capacity is CapacityType.RESERVED and capacity is not group.capacity[-1]
        nodes = group.max_nodes if block else group.max_nodes - group.min_nodes
        if nodes and not followed and not (block and auto):
            yield _Pool(group, capacity, rank, nodes)


def _bought(capacity: CapacityType) -> CapacityType:
    """How nodes of a pool are bought; those beyond a reservation are bought on demand."""
    return CapacityType.ON_DEMAND if capacity is CapacityType.RESERVED else capacity


def _consolidation(pool: _Pool) -> str:
    """When a node goes: replicas on accelerators are not moved for a better fit, they take minutes to start."""
    return "WhenEmpty" if pool.accelerated else _UNDERUTILIZED


def _expiry(capacity: CapacityType) -> str:
    """EC2 ends the nodes of a block, and nobody has others to take their place."""
    return "Never" if capacity is CapacityType.CAPACITY_BLOCK else f"{_EXPIRE_HOURS}h"


def _fabric(group: NodeGroup) -> list[dict[str, Any]]:
    """The node's own interface, and one adapter on each network card; as `GpuNodeGroup` has it."""
    cards = min(EFA_INTERFACES[name] for name in group.instance_types)
    own = {"networkCardIndex": 0, "deviceIndex": 0, "interfaceType": "interface"}
    adapters = (
        {"networkCardIndex": card, "deviceIndex": 1 if card == 0 else 0, "interfaceType": "efa-only"}
        for card in range(cards)
    )
    return [own, *adapters]


def _in(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}
