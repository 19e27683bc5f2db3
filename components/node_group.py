"""Managed node groups of a cluster: machines, volumes, labels and taints.

Owns the launch template, the capacity reservation and the node group of CPU machines; what differs for
accelerators is in `components.gpu_node_group`. How many nodes a region needs is computed in
`serving.planning`; the words on the nodes are `components.node_labels`.
"""

from collections.abc import Sequence
from typing import Final, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, field_validator, model_validator

from components.naming import NameRule, physical_name
from components.node_labels import PURPOSE_LABEL
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion, CapacityType, NodePurpose, ZoneName
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
}

_ROOT_DEVICE = "/dev/xvda"  # root volume of the AL2023 images of EKS

# gp3 starts at 3,000 IOPS and 125 MiB/s and goes to 2,000 MiB/s (botocore 1.44.5, ec2, EbsBlockDevice);
# 500 MiB/s let a node unpack an image of 10 GiB in some 20 s instead of 80 s
_VOLUME_IOPS = 3_000
_VOLUME_THROUGHPUT_MIB = 500

_MAX_UNAVAILABLE_PERCENT = 25

NODE_GROUP_WIRING: Final = frozenset({"cluster_name", "node_role_arn", "subnet_ids", "key_arn"})


class NodeGroupConfigArgs(TypedDict):
    """A node group as the environment states it."""

    name: str
    """Name, unique in the region."""
    purpose: str
    """`system`, `cpu` or `gpu`."""
    instance_types: list[str]
    """Instance types of one shape, in order of preference."""
    capacity: str
    """`on-demand`, `spot` or `reserved`."""
    min_nodes: int
    """Fewest nodes."""
    max_nodes: int
    """Most nodes."""
    disk_gib: int
    """Root volume, GiB."""


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
    """Zones of the subnets; reservations are spread over them."""
    cluster_name: pulumi.Input[str]
    """Name of the cluster."""
    node_role_arn: pulumi.Input[str]
    """Role of the nodes."""
    subnet_ids: list[pulumi.Input[str]]
    """Subnets of the nodes."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the volumes."""
    tags: dict[str, str]
    """Ownership tags."""


class NodeGroupSpec(Section):
    """The plain facts of `NodeGroupArgs`."""

    environment: str = Field(min_length=1)
    account_id: str = Field(pattern=r"^\d{12}$")
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
        return self

    @property
    def machine(self) -> InstanceType:
        """The preferred machine."""
        return instance_type(self.node_group.instance_types[0])

    @property
    def spot(self) -> bool:
        """Whether nodes may be taken away; then there is nothing to reserve."""
        return self.node_group.capacity is CapacityType.SPOT


class NodeGroup(pulumi.ComponentResource):
    """A managed node group with its launch template, on CPU machines."""

    name: pulumi.Output[str]
    """Name of the node group; whoever takes it waits for the nodes."""
    capacity_reservation_ids: list[pulumi.Output[str]]
    """Capacity reservations, one a zone; none unless the capacity is reserved."""

    def __init__(self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        component = type(self).__name__
        super().__init__(type_token(component), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(self._spec_type, component, name, args, NODE_GROUP_WIRING)
        self.capacity_reservation_ids = []
        self.node_group: aws.eks.NodeGroup = self._create_node_group(self._create_launch_template())
        self.name = self.node_group.node_group_name
        self.register_outputs({"name": self.name, "capacity_reservation_ids": self.capacity_reservation_ids})

    # What differs between kinds of machines

    _spec_type = NodeGroupSpec

    @property
    def _ami_type(self) -> str:
        return "AL2023_x86_64_STANDARD"

    @property
    def _labels(self) -> dict[str, str]:
        group = self._spec.node_group
        return {
            PURPOSE_LABEL: group.purpose.value,
            NODE_GROUP_LABEL: group.name,
            CAPACITY_LABEL: group.capacity.value,
        }

    @property
    def _taints(self) -> Sequence[aws.eks.NodeGroupTaintArgsDict]:
        return []

    # What is the same

    def _create_launch_template(self) -> aws.ec2.LaunchTemplate:
        spec = self._spec
        return aws.ec2.LaunchTemplate(
            f"{self._name}-launch-template",
            name=physical_name(NameRule.LAUNCH_TEMPLATE, spec.environment, spec.region, spec.node_group.name),
            description=f"Nodes of {spec.node_group.name}",
            update_default_version=True,
            block_device_mappings=[self._root_volume()],
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # one hop: pods cannot reach the node's credentials; theirs come from EKS Pod Identity
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            monitoring={"enabled": True},
            capacity_reservation_specification=None if spec.spot else self._capacity_reservation(),
            tag_specifications=[
                {"resource_type": kind, "tags": spec.tags} for kind in ("instance", "volume", "network-interface")
            ],
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )

    def _root_volume(self) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict:
        return {
            "device_name": _ROOT_DEVICE,
            "ebs": {
                "volume_type": "gp3",
                "volume_size": self._spec.node_group.disk_gib,
                "iops": _VOLUME_IOPS,
                "throughput": _VOLUME_THROUGHPUT_MIB,
                "encrypted": "true",
                "kms_key_id": self._args["key_arn"],
                "delete_on_termination": "true",
            },
        }

    def _create_node_group(self, template: aws.ec2.LaunchTemplate) -> aws.eks.NodeGroup:
        spec, group = self._spec, self._spec.node_group
        # the autoscaler owns the number of nodes once they run
        adrift = pulumi.ResourceOptions(ignore_changes=["scalingConfig.desiredSize"])
        return aws.eks.NodeGroup(
            f"{self._name}-node-group",
            cluster_name=self._args["cluster_name"],
            # a prefix: a node group of other machines takes over before the old one is drained
            node_group_name_prefix=f"{group.name}-",
            node_role_arn=self._args["node_role_arn"],
            subnet_ids=self._args["subnet_ids"],
            ami_type=self._ami_type,
            version=spec.version,
            capacity_type=_CAPACITY_TYPES[group.capacity],
            instance_types=list(group.instance_types),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            scaling_config={
                "min_size": group.min_nodes,
                "max_size": group.max_nodes,
                "desired_size": group.min_nodes,
            },
            update_config={"max_unavailable_percentage": _MAX_UNAVAILABLE_PERCENT},
            node_repair_config={"enabled": True},
            labels=self._labels,
            taints=list(self._taints),
            region=spec.region,
            tags=spec.tags,
            opts=pulumi.ResourceOptions.merge(child_options(self), adrift),
        )

    def _capacity_reservation(self) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgsDict:
        """Aim at the reservations of this node group; beyond them, nodes are bought on demand.

        EC2 falls back to on-demand capacity when a targeted group is used up (EC2 user guide, "Launch instances
        into an existing Capacity Reservation", read 2026-11). Without reservations of its own, a node group leaves
        those of others alone.
        """
        if self._spec.node_group.capacity is not CapacityType.RESERVED:
            return {"capacity_reservation_preference": "none"}
        group = self._create_reservation_group()
        return {"capacity_reservation_target": {"capacity_reservation_resource_group_arn": group.arn}}

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
        for zone, nodes in spread(spec.node_group.min_nodes, spec.zones).items():
            self._create_reservation(group, zone, nodes)
        return group

    def _create_reservation(self, group: aws.resourcegroups.Group, zone: str, nodes: int) -> None:
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


def spread(nodes: int, zones: Sequence[str]) -> dict[str, int]:
    """Nodes over zones, as evenly as they go; zones that get none are left out."""
    share, rest = divmod(nodes, len(zones))
    counts = {zone: share + (index < rest) for index, zone in enumerate(sorted(zones))}
    return {zone: count for zone, count in counts.items() if count}
