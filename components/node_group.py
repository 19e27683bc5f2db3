"""Managed node groups of a cluster: machines, volumes, capacity, labels and taints.

Owns the launch templates, reservations and managed node groups of one node group of the environment: one managed
node group for each way in which its nodes are bought, all alike but for that. In which order they are tried is
the autoscaler's affair (`components.cluster_addons`). What differs for accelerators is in
`components.gpu_node_group`. How many nodes a region needs is computed in `serving.planning`; the words on the
nodes are `components.node_labels`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, field_validator, model_validator

from components.naming import NameRule, physical_name
from components.node_labels import IMAGE_LABEL, PURPOSE_LABEL
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import (
    AccountId,
    AwsRegion,
    CapacityType,
    GpuSharing,
    NodeImage,
    NodePurpose,
    ZoneName,
)
from serving.blueprint.environment import NodeGroup as NodeGroupConfig
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.model import Accelerator
from serving.blueprint.tags import LABEL_PREFIX
from serving.planning.instances import INSTANCE_TYPES, InstanceType, instance_type

NODE_GROUP_LABEL: Final = f"{LABEL_PREFIX}node-group"
"""Node label; the value is the node group's name."""

CAPACITY_LABEL: Final = f"{LABEL_PREFIX}capacity"
"""Node label; the value is a `CapacityType`: what must not be interrupted keeps off spot nodes."""

_CAPACITY_TYPES = {
    CapacityType.ON_DEMAND: "ON_DEMAND",
    CapacityType.RESERVED: "ON_DEMAND",  # a reservation is used on demand, and paid for always
    CapacityType.SPOT: "SPOT",
    CapacityType.CAPACITY_BLOCK: "CAPACITY_BLOCK",
}

# AL2023 has one volume for all; Bottlerocket has its system, read-only, on the first and images and pods on the
# second (bottlerocket-os/bottlerocket, README.md, "Default Volumes", read 2026-11)
ROOT_DEVICE = "/dev/xvda"
BOTTLEROCKET_DATA_DEVICE = "/dev/xvdb"

_AMI_TYPES = {NodeImage.AL2023: "AL2023_x86_64_STANDARD", NodeImage.BOTTLEROCKET: "BOTTLEROCKET_x86_64"}

# gp3 starts at 3,000 IOPS and 125 MiB/s and goes to 2,000 MiB/s (botocore 1.44.5, ec2, EbsBlockDevice);
# 500 MiB/s let a node unpack an image of 10 GiB in some 20 s instead of 80 s
VOLUME_IOPS = 3_000
VOLUME_THROUGHPUT_MIB = 500

_MAX_UNAVAILABLE_PERCENT = 25

NODE_GROUP_WIRING: Final = frozenset({"cluster_name", "node_role_arn", "subnet_ids", "security_group_id", "key_arn"})


class CapacityBlockArgs(TypedDict):
    """A Capacity Block for ML that was bought outside of the stack."""

    id: str
    """Id of its capacity reservation."""
    zone: str
    """Its availability zone."""


class GpuSharingArgs(TypedDict):
    """How the accelerators of a node group are shared."""

    kind: str
    """`time-slicing` or `mig`."""
    replicas: NotRequired[int]
    """Replicas that take turns on an accelerator, for `time-slicing`."""
    profile: NotRequired[str]
    """The parts that each accelerator is cut into, for `mig`: 1g.10gb."""


class NodeGroupConfigArgs(TypedDict):
    """A node group as the environment states it."""

    name: str
    """Name, unique in the region."""
    purpose: str
    """`system`, `cpu` or `gpu`."""
    instance_types: list[str]
    """Instance types of one shape, in order of preference."""
    capacity: list[str]
    """`on-demand`, `spot`, `reserved` or `capacity-block`; of several, in the order in which they are tried."""
    capacity_block: NotRequired[CapacityBlockArgs]
    """The block, for `capacity-block`."""
    min_nodes: int
    """Fewest nodes; kept by the first capacity that never ends."""
    max_nodes: int
    """Most nodes in each capacity."""
    warm_nodes: NotRequired[int]
    """Stopped nodes beyond those, which start without a first boot; none by default."""
    disk_gib: int
    """Volume for images, weights and scratch, GiB."""
    image: NotRequired[str]
    """`al2023` (default) or `bottlerocket`."""
    zones: NotRequired[list[str]]
    """Zones that have the machines; by default all of the region."""
    efa: NotRequired[bool]
    """Whether nodes stand together in one zone, joined by Elastic Fabric Adapters."""
    gpu_sharing: NotRequired[GpuSharingArgs]
    """How accelerators are shared; each replica has whole ones by default."""


class NodeGroupArgs(TypedDict):
    """Arguments of `NodeGroup`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account."""
    region: str
    """Region of the cluster."""
    version: str
    """Kubernetes version of the nodes."""
    node_group: NodeGroupConfigArgs
    """The node group."""
    zones: list[str]
    """Zones of the subnets, in their order; reservations are spread over them."""
    cluster_name: pulumi.Input[str]
    """Name of the cluster."""
    node_role_arn: pulumi.Input[str]
    """Role of the nodes."""
    subnet_ids: list[pulumi.Input[str]]
    """Subnets of the nodes, one a zone."""
    security_group_id: NotRequired[pulumi.Input[str]]
    """Security group of nodes and control plane; needed for `efa`, EKS adds it by itself otherwise."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the volumes."""
    tags: dict[str, str]
    """Ownership tags."""


class NodeGroupSpec(Section):
    """The plain facts of `NodeGroupArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    version: str = Field(pattern=r"^1\.\d{2}$")
    node_group: NodeGroupConfig
    zones: tuple[ZoneName, ...] = Field(min_length=1)
    tags: dict[str, str]

    @field_validator("node_group")
    @classmethod
    def _known_machines(cls, group: NodeGroupConfig) -> NodeGroupConfig:
        unknown = sorted(set(group.instance_types) - set(INSTANCE_TYPES))
        if unknown:
            raise ValueError(f"unknown instance types: {', '.join(unknown)}")
        return group

    @model_validator(mode="after")
    def _check(self) -> Self:
        group, accelerated = self.node_group, self.machine.accelerator is not Accelerator.NONE
        if accelerated != (group.purpose is NodePurpose.GPU):
            raise ValueError(f"purpose '{group.purpose}' does not go with {self.machine.name}")
        unknown = sorted(set(self.group_zones) - set(self.zones))
        if unknown:
            raise ValueError(f"no subnet in {', '.join(unknown)}; zones with one: {', '.join(self.zones)}")
        return self

    @property
    def machine(self) -> InstanceType:
        """The preferred machine."""
        return instance_type(self.node_group.instance_types[0])

    @property
    def group_zones(self) -> tuple[str, ...]:
        """Zones of the nodes whose capacity is not tied to one."""
        return self.node_group.zones or self.zones

    def zones_of(self, capacity: CapacityType) -> tuple[str, ...]:
        """Zones in which nodes of a capacity can start."""
        block = self.node_group.capacity_block
        return (block.zone,) if block is not None and capacity is CapacityType.CAPACITY_BLOCK else self.group_zones

    def size_of(self, capacity: CapacityType) -> tuple[int, int]:
        """Fewest and most nodes of a capacity.

        A reservation that others follow ends at what is reserved: more nodes of it would be bought on demand,
        and those that follow would never be asked.
        """
        group = self.node_group
        fewest = group.min_nodes if capacity is group.lasting else 0
        reserved_only = capacity is CapacityType.RESERVED and capacity is not group.capacity[-1]
        return fewest, fewest if reserved_only else group.max_nodes


class NodeGroup(pulumi.ComponentResource):
    """Nodes of one kind on CPU machines: a managed node group for each capacity, with its launch template."""

    name: pulumi.Output[str]
    """Name of the managed node group of the first capacity; whoever takes it waits for the nodes."""
    capacity_reservation_ids: list[pulumi.Output[str]]
    """Capacity reservations, one a zone; none unless the capacity is reserved."""

    def __init__(self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        component = type(self).__name__
        super().__init__(type_token(component), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(self._spec_type, component, name, args, NODE_GROUP_WIRING)
        self.capacity_reservation_ids = []
        self._placement_group = self._create_placement_group() if self._spec.node_group.efa else None
        self.node_groups: list[aws.eks.NodeGroup] = [
            self._create_node_group(capacity, self._create_launch_template(capacity))
            for capacity in self._spec.node_group.capacity
        ]
        self.name = self.node_groups[0].node_group_name
        self.register_outputs({"name": self.name, "capacity_reservation_ids": self.capacity_reservation_ids})

    # What differs between kinds of machines

    _spec_type = NodeGroupSpec

    @property
    def _ami_type(self) -> str:
        return _AMI_TYPES[self._spec.node_group.image]

    def _labels(self, capacity: CapacityType) -> dict[str, str]:
        return node_labels(self._spec.node_group, capacity)

    @property
    def _taints(self) -> Sequence[aws.eks.NodeGroupTaintArgsDict]:
        return []

    def _network_interfaces(self) -> Sequence[aws.ec2.LaunchTemplateNetworkInterfaceArgsDict] | None:
        """None: EKS makes one and puts it into the cluster's security group."""
        return None

    def _user_data(self) -> str | None:
        """Further settings of the image, base64; EKS adds its own."""
        return None

    # What is the same

    def _logical(self, capacity: CapacityType) -> str:
        """Head of the logical names of a capacity's resources; the first has the component's own."""
        return self._name if capacity is self._spec.node_group.capacity[0] else f"{self._name}-{capacity.value}"

    def _create_placement_group(self) -> aws.ec2.PlacementGroup:
        """Machines close to each other: what spans nodes waits for the slowest of its connections."""
        spec = self._spec
        return aws.ec2.PlacementGroup(
            f"{self._name}-placement-group",
            name=physical_name(NameRule.PLACEMENT_GROUP, spec.environment, spec.region, spec.node_group.name),
            strategy="cluster",
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )

    def _placement(self, capacity: CapacityType) -> aws.ec2.LaunchTemplatePlacementArgsDict | None:
        # nodes of a block stand close together by themselves (EC2 API reference, CapacityBlock, read 2026-11)
        if self._placement_group is None or capacity is CapacityType.CAPACITY_BLOCK:
            return None
        return {"group_name": self._placement_group.name}

    def _create_launch_template(self, capacity: CapacityType) -> aws.ec2.LaunchTemplate:
        spec = self._spec
        block = capacity is CapacityType.CAPACITY_BLOCK
        name = spec.node_group.managed_name(capacity)
        return aws.ec2.LaunchTemplate(
            f"{self._logical(capacity)}-launch-template",
            name=physical_name(NameRule.LAUNCH_TEMPLATE, spec.environment, spec.region, name),
            description=f"Nodes of {name}",
            update_default_version=True,
            # a block is of one type, and its template must name it (Amazon EKS user guide, "Create a managed node
            # group with Capacity Blocks for ML", read 2026-11)
            instance_type=spec.machine.name if block else None,
            instance_market_options={"market_type": "capacity-block"} if block else None,
            user_data=self._user_data(),
            block_device_mappings=self._volumes(),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # one hop: pods cannot reach the node's credentials; theirs come from EKS Pod Identity
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            monitoring={"enabled": True},
            network_interfaces=self._network_interfaces(),
            placement=self._placement(capacity),
            capacity_reservation_specification=self._capacity_reservation(capacity),
            tag_specifications=[
                {"resource_type": kind, "tags": spec.tags} for kind in ("instance", "volume", "network-interface")
            ],
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )

    def _volumes(self) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict]:
        encryption: aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
            "volume_type": "gp3",
            "encrypted": "true",
            "kms_key_id": self._args["key_arn"],
            "delete_on_termination": "true",
        }
        data: aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
            **encryption,
            "volume_size": self._spec.node_group.disk_gib,
            "iops": VOLUME_IOPS,
            "throughput": VOLUME_THROUGHPUT_MIB,
        }
        if self._spec.node_group.image is NodeImage.BOTTLEROCKET:
            # the system's volume is as large as its image
            system: aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict = {"device_name": ROOT_DEVICE, "ebs": encryption}
            return [system, {"device_name": BOTTLEROCKET_DATA_DEVICE, "ebs": data}]
        return [{"device_name": ROOT_DEVICE, "ebs": data}]

    def _create_node_group(self, capacity: CapacityType, template: aws.ec2.LaunchTemplate) -> aws.eks.NodeGroup:
        spec, group = self._spec, self._spec.node_group
        fewest, most = spec.size_of(capacity)
        # the autoscaler owns the number of nodes once they run
        adrift = pulumi.ResourceOptions(ignore_changes=["scalingConfig.desiredSize"])
        return aws.eks.NodeGroup(
            f"{self._logical(capacity)}-node-group",
            cluster_name=self._args["cluster_name"],
            # a prefix: a node group of other machines takes over before the old one is drained
            node_group_name_prefix=f"{group.managed_name(capacity)}-",
            node_role_arn=self._args["node_role_arn"],
            subnet_ids=self._subnet_ids(capacity),
            ami_type=self._ami_type,
            version=spec.version,
            capacity_type=_CAPACITY_TYPES[capacity],
            instance_types=None if capacity is CapacityType.CAPACITY_BLOCK else list(group.instance_types),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            scaling_config={"min_size": fewest, "max_size": most, "desired_size": fewest},
            warm_pool_config=self._warm_pool(capacity),
            update_config={"max_unavailable_percentage": _MAX_UNAVAILABLE_PERCENT},
            node_repair_config={"enabled": True},
            labels=self._labels(capacity),
            taints=list(self._taints),
            region=spec.region,
            tags=spec.tags,
            opts=pulumi.ResourceOptions.merge(child_options(self), adrift),
        )

    def _subnet_ids(self, capacity: CapacityType) -> list[pulumi.Input[str]]:
        zones = self._spec.zones_of(capacity)
        subnet_ids = self._args["subnet_ids"]
        if zones == self._spec.zones:
            return subnet_ids
        return [subnet_id for zone, subnet_id in zip(self._spec.zones, subnet_ids, strict=True) if zone in zones]

    def _warm_pool(self, capacity: CapacityType) -> aws.eks.NodeGroupWarmPoolConfigArgsDict | None:
        """Stopped nodes: they cost their volumes only, and start with system and volume in place.

        Images and weights are not on them: a node joins, and pulls, only when it starts (Amazon EKS user guide,
        "Warm pools", read 2026-11). Nodes that leave are not kept for reuse: a fresh one has no other tenant's
        images and a current system.
        """
        group = self._spec.node_group
        if not group.warm_nodes or capacity is not group.capacity[0]:
            return None
        return {
            "min_size": group.warm_nodes,
            "max_group_prepared_capacity": group.max_nodes,
            "pool_state": "STOPPED",
            "reuse_on_scale_in": False,
        }

    def _capacity_reservation(
        self, capacity: CapacityType
    ) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgsDict | None:
        """Aim at the reservations of this node group; without any of its own, it leaves those of others alone.

        EC2 falls back to on-demand capacity when a targeted group is used up (EC2 user guide, "Launch instances
        into an existing Capacity Reservation", read 2026-11), unless it is told not to, as it is where another
        capacity follows. Spot nodes have nothing to reserve.
        """
        group = self._spec.node_group
        if capacity is CapacityType.SPOT:
            return None
        if capacity is CapacityType.ON_DEMAND:
            return {"capacity_reservation_preference": "none"}
        if capacity is CapacityType.CAPACITY_BLOCK:
            block_id = group.capacity_block.id if group.capacity_block else None
            return {"capacity_reservation_target": {"capacity_reservation_id": block_id}}
        target: aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgsDict = {
            "capacity_reservation_resource_group_arn": self._create_reservation_group().arn
        }
        if capacity is group.capacity[-1]:
            return {"capacity_reservation_target": target}
        return {
            "capacity_reservation_preference": "capacity-reservations-only",
            "capacity_reservation_target": target,
        }

    def _create_reservation_group(self) -> aws.resourcegroups.Group:
        spec = self._spec
        parameter: aws.resourcegroups.GroupConfigurationParameterArgsDict = {
            "name": "allowed-resource-types",
            "values": ["AWS::EC2::CapacityReservation"],
        }
        group = aws.resourcegroups.Group(
            f"{self._name}-reservations",
            name=f"{spec.environment}-{spec.region}-{spec.node_group.name}",
            description=f"Capacity reserved for {spec.node_group.name}",
            configurations=[
                {"type": "AWS::EC2::CapacityReservationPool"},
                {"type": "AWS::ResourceGroups::Generic", "parameters": [parameter]},
            ],
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )
        for zone, nodes in spread(spec.node_group.min_nodes, spec.group_zones).items():
            self._create_reservation(group, zone, nodes)
        return group

    def _create_reservation(self, group: aws.resourcegroups.Group, zone: str, nodes: int) -> None:
        placement = self._placement_group
        reservation = aws.ec2.CapacityReservation(
            f"{self._name}-reservation-{zone[-1]}",
            instance_type=self._spec.machine.name,
            instance_platform="Linux/UNIX",
            availability_zone=zone,
            instance_count=nodes,
            instance_match_criteria="targeted",
            end_date_type="unlimited",
            ebs_optimized=True,
            tenancy="default",
            # a reservation outside of the placement group could not be used inside of it
            placement_group_arn=None if placement is None else placement.arn,
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self),
        )
        aws.resourcegroups.Resource(
            f"{self._name}-reservation-{zone[-1]}-member",
            group_arn=group.arn,
            resource_arn=reservation.arn,
            region=self._spec.region,
            opts=child_options(self),
        )
        self.capacity_reservation_ids.append(reservation.id)


def gpu_sharing_args(sharing: GpuSharing) -> GpuSharingArgs:
    """A sharing of the environment in the words of the components."""
    args: GpuSharingArgs = {"kind": sharing.kind.value}
    if sharing.profile is None:
        args["replicas"] = sharing.replicas
    else:
        args["profile"] = sharing.profile
    return args


def node_labels(group: NodeGroupConfig, capacity: CapacityType) -> dict[str, str]:
    """Labels of a group's nodes, whoever starts them."""
    labels = {
        PURPOSE_LABEL: group.purpose.value,
        NODE_GROUP_LABEL: group.name,
        CAPACITY_LABEL: capacity.value,
    }
    # AL2023 is what a node without the label runs
    return labels if group.image is NodeImage.AL2023 else labels | {IMAGE_LABEL: group.image.value}


def spread(nodes: int, zones: Sequence[str]) -> dict[str, int]:
    """Nodes over zones, as evenly as they go; zones that get none are left out."""
    share, rest = divmod(nodes, len(zones))
    counts = {zone: share + (index < rest) for index, zone in enumerate(sorted(zones))}
    return {zone: count for zone, count in counts.items() if count}


def capacity_ranks(groups: Iterable[NodeGroupConfig]) -> list[list[str]]:
    """Names of managed node groups by their place in the order of their group: first choices, second choices, ..."""
    names = [[group.managed_name(capacity) for capacity in group.capacity] for group in groups]
    longest = max(map(len, names), default=0)
    return [[one[rank] for one in names if rank < len(one)] for rank in range(longest)]
