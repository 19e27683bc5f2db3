"""The network of one region.

Owns the VPC, its subnets (public for the edge, private for nodes, isolated for data), the ways out, the
endpoints of AWS services and the flow log. What the endpoints let through is in `network_endpoints`; load
balancers, clusters and the connections between regions are other components. A region for recovery copies only
has no network at all.

Subnets for data are isolated twice: their route table knows the network only, no NAT gateway, no gateway endpoint
and no other region; and their network ACL lets only the network's own range in and out, whatever a route may say
one day. Databases there reach S3 and the like through AWS's own network, not through their subnet. Subnets of the
other kinds keep the default ACL, which allows all: security groups, which know connections, decide there.
"""

from ipaddress import IPv4Network
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, field_validator

from components.address_plan import SLOTS, slot_of, subnet_plan
from components.iam import (
    PLATFORM,
    Condition,
    Statement,
    arn,
    create_role,
    policy_document,
    role_name,
    service_trust,
)
from components.log_retention import log_retention_days
from components.naming import NameRule, physical_name
from components.network_endpoints import endpoint_service_name, endpoint_statements
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, EncryptionControl, NatMode, ZoneName
from serving.blueprint.schema.base import Section

# The shorter of the two that EC2 offers, 60 or 600 (botocore 1.44.5, ec2, CreateFlowLogs): an incident is minutes
_FLOW_LOG_SECONDS = 60

# The default fields, then: which machine and path, whom the packet was for behind a NAT gateway or load balancer,
# and, where the network is asked, whether the flow is encrypted (Amazon VPC user guide, "Flow log records" and
# "Enforce VPC encryption in transit", read 2026-11)
_FLOW_LOG_FIELDS: Final = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets"),
    *("bytes", "start", "end", "action", "log-status"),
    *("vpc-id", "subnet-id", "instance-id", "az-id", "pkt-srcaddr", "pkt-dstaddr", "tcp-flags", "flow-direction"),
    "traffic-path",
)
_ENCRYPTION_FIELD: Final = "encryption-status"


class NetworkArgs(TypedDict):
    """Arguments of `Network`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account."""
    region: str
    """Region of the network."""
    cidr: str
    """IPv4 range, /16 to /20."""
    zones: list[str]
    """Availability zones, two to four."""
    nat: str
    """`single`, `per-zone` or `none`: how private subnets reach what has no endpoint."""
    interface_endpoints: list[str]
    """AWS services with an endpoint in the network, as `ecr.api`; each costs by the hour and zone."""
    flow_log_retention_days: int
    """How long flow logs are kept at least, days."""
    block_public_access: NotRequired[bool]
    """Whether to set the region's block of public access to VPCs; it is one per account and region, so only
    one stack of an account may. True by default."""
    encryption_control: NotRequired[str]
    """`off`, `monitor` or `enforce`: whether flows must be encrypted; costs by the hour. Off by default."""
    trusted_account_ids: NotRequired[list[str]]
    """Other accounts whose resources may be reached through the endpoints."""
    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the flow log."""
    tags: dict[str, str]
    """Ownership tags."""


class NetworkSpec(Section):
    """The plain facts of `NetworkArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    cidr: str
    zones: tuple[ZoneName, ...] = Field(min_length=2, max_length=SLOTS)
    nat: NatMode
    interface_endpoints: tuple[str, ...]
    flow_log_retention_days: int = Field(ge=1, le=3_653)
    block_public_access: bool = True
    encryption_control: EncryptionControl = EncryptionControl.OFF
    trusted_account_ids: tuple[AccountId, ...] = ()
    tags: dict[str, str]

    @field_validator("cidr")
    @classmethod
    def _has_room(cls, value: str) -> str:
        if not 16 <= IPv4Network(value).prefixlen <= 20:
            raise ValueError(f"'{value}' is not between /16 and /20")
        return value

    @field_validator("zones")
    @classmethod
    def _slots_differ(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        if len({slot_of(zone) for zone in zones}) < len(zones):
            raise ValueError(
                f"{', '.join(zones)} share a slot of the address plan; of two zones whose letters are {SLOTS} apart, "
                "use one"
            )
        return zones


class Network(pulumi.ComponentResource):
    """VPC with subnets in each zone, ways out, endpoints and a flow log."""

    vpc_id: pulumi.Output[str]
    """The VPC."""
    public_subnet_ids: list[pulumi.Output[str]]
    """Subnets for the edge, in order of zones."""
    private_subnet_ids: list[pulumi.Output[str]]
    """Subnets for nodes, in order of zones."""
    data_subnet_ids: list[pulumi.Output[str]]
    """Subnets without a way out, in order of zones."""
    private_route_table_ids: dict[str, pulumi.Output[str]]
    """Zone -> route table of its nodes, for connections to other networks."""
    s3_endpoint_id: pulumi.Output[str]
    """Gateway endpoint of S3, for bucket policies that let only it in."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Network"), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(NetworkSpec, "Network", name, args, frozenset({"logs_key_arn"}))
        self.cidr: str = self._spec.cidr
        self.zones: list[str] = sorted(self._spec.zones)
        self._vpc = self._create_vpc()
        self.vpc_id = self._vpc.id
        self._create_encryption_control()
        self._create_subnets()
        self._create_data_isolation()
        self._create_block_public_access()
        self._create_routes()
        self._create_gateway_endpoints()
        self._create_interface_endpoints()
        self._create_flow_log()
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "data_subnet_ids": self.data_subnet_ids,
                "private_route_table_ids": self.private_route_table_ids,
                "s3_endpoint_id": self.s3_endpoint_id,
            }
        )

    def _tags(self, suffix: str, extra: dict[str, str] | None = None) -> dict[str, str]:
        """The component's tags, and the name that the console shows."""
        label = f"{self._spec.environment}-{self._spec.region}-{suffix}"
        return self._spec.tags | {"Name": label} | (extra or {})

    def _create_vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=self._spec.cidr,
            enable_dns_hostnames=True,  # endpoints answer under the names of the services
            enable_dns_support=True,
            region=self._spec.region,
            tags=self._tags("vpc"),
            opts=child_options(self),
        )
        # adopted only to be emptied: without rules, what forgets to name a group can talk to nobody
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-security-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            region=self._spec.region,
            tags=self._tags("default-closed"),
            opts=child_options(self),
        )
        # likewise: a subnet that is given no table has no way out
        aws.ec2.DefaultRouteTable(
            f"{self._name}-default-route-table",
            default_route_table_id=vpc.default_route_table_id,
            routes=[],
            region=self._spec.region,
            tags=self._tags("default-closed"),
            opts=child_options(self),
        )
        return vpc

    def _create_encryption_control(self) -> None:
        mode = self._spec.encryption_control
        if mode is EncryptionControl.OFF:
            return
        # what leaves the network is encrypted by whoever speaks, which the control can't see; it may be said only
        # of the mode that refuses (pulumi-aws 7.51, `VpcEncryptionControl`)
        leaves = "enable" if mode is EncryptionControl.ENFORCE else None
        aws.ec2.VpcEncryptionControl(
            f"{self._name}-encryption-control",
            vpc_id=self.vpc_id,
            mode=mode.value,
            internet_gateway_exclusion=leaves,
            nat_gateway_exclusion=leaves if self._spec.nat is not NatMode.NONE else None,
            region=self._spec.region,
            tags=self._tags("encryption"),
            opts=child_options(self),
        )

    def _create_subnets(self) -> None:
        plan = subnet_plan(self._spec.cidr, self._spec.zones)
        # role tags: by them the load balancer controller finds its subnets (aws-load-balancer-controller v3.5.0,
        # docs/deploy/subnet_discovery.md, read 2026-11)
        edge, nodes = {"kubernetes.io/role/elb": "1"}, {"kubernetes.io/role/internal-elb": "1"}
        self._public = {zone: self._subnet("public", zone, part.public, edge) for zone, part in plan.items()}
        self._private = {zone: self._subnet("private", zone, part.private, nodes) for zone, part in plan.items()}
        self._data = {zone: self._subnet("data", zone, part.data, {}) for zone, part in plan.items()}
        self.public_subnet_ids = [subnet.id for subnet in self._public.values()]
        self.private_subnet_ids = [subnet.id for subnet in self._private.values()]
        self.data_subnet_ids = [subnet.id for subnet in self._data.values()]

    def _subnet(self, kind: str, zone: str, cidr: str, tags: dict[str, str]) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self._name}-{kind}-{zone[-1]}",
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            region=self._spec.region,
            tags=self._tags(f"{kind}-{zone[-1]}", tags),
            opts=child_options(self),
        )

    def _create_data_isolation(self) -> None:
        """Only the network's own range gets in and out of the subnets for data."""
        rule: dict[str, Any] = {
            "rule_no": 100,
            "action": "allow",
            "protocol": "-1",
            "from_port": 0,
            "to_port": 0,
            "cidr_block": self._spec.cidr,
        }
        aws.ec2.NetworkAcl(
            f"{self._name}-data-acl",
            vpc_id=self.vpc_id,
            subnet_ids=self.data_subnet_ids,
            ingress=[aws.ec2.NetworkAclIngressArgs(**rule)],
            egress=[aws.ec2.NetworkAclEgressArgs(**rule)],
            region=self._spec.region,
            tags=self._tags("data"),
            opts=child_options(self),
        )

    def _create_block_public_access(self) -> None:
        """Nothing from the internet comes in, except to the public subnets.

        `block-ingress` lets NAT gateways reach out. The exclusions let load balancers in the public subnets
        be reached; a node that got a public address by mistake stays unreachable. They are needed whoever sets
        the block, and may stand before there is one (botocore 1.44.5, ec2, `CreateVpcBlockPublicAccessExclusion`).
        """
        options: list[pulumi.Resource] = []
        if self._spec.block_public_access:
            block = aws.ec2.VpcBlockPublicAccessOptions(
                f"{self._name}-block-public-access",
                internet_gateway_block_mode="block-ingress",
                region=self._spec.region,
                opts=child_options(self),
            )
            options.append(block)
        for zone, subnet in self._public.items():
            aws.ec2.VpcBlockPublicAccessExclusion(
                f"{self._name}-edge-{zone[-1]}",
                subnet_id=subnet.id,
                internet_gateway_exclusion_mode="allow-bidirectional",
                region=self._spec.region,
                tags=self._tags(f"edge-{zone[-1]}"),
                opts=child_options(self, depends_on=options),
            )

    def _create_routes(self) -> None:
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet-gateway",
            vpc_id=self.vpc_id,
            region=self._spec.region,
            tags=self._tags("internet"),
            opts=child_options(self),
        )
        public = self._route_table("public")
        route = self._default_route("public", public, gateway_id=gateway.id)
        data = self._route_table("data")
        self.private_route_table_ids = {}
        nat = self._create_nat_gateways(route)
        for zone in self.zones:
            letter = zone[-1]
            self._associate(f"public-{letter}", self._public[zone], public)
            self._associate(f"data-{letter}", self._data[zone], data)
            # a table for each zone, also with one NAT gateway: a change of the mode then changes routes only
            private = self._route_table(f"private-{letter}")
            self._associate(f"private-{letter}", self._private[zone], private)
            if nat:
                exit_gateway = nat.get(zone) or nat[self.zones[0]]
                self._default_route(f"private-{letter}", private, nat_gateway_id=exit_gateway.id)
            self.private_route_table_ids[zone] = private.id

    def _create_nat_gateways(self, internet_route: aws.ec2.Route) -> dict[str, aws.ec2.NatGateway]:
        zones = {NatMode.NONE: [], NatMode.SINGLE: self.zones[:1], NatMode.PER_ZONE: self.zones}[self._spec.nat]
        return {zone: self._nat_gateway(zone, internet_route) for zone in zones}

    def _nat_gateway(self, zone: str, internet_route: aws.ec2.Route) -> aws.ec2.NatGateway:
        letter = zone[-1]
        address = aws.ec2.Eip(
            f"{self._name}-nat-address-{letter}",
            domain="vpc",
            region=self._spec.region,
            tags=self._tags(f"nat-{letter}"),
            opts=child_options(self),
        )
        return aws.ec2.NatGateway(
            f"{self._name}-nat-{letter}",
            allocation_id=address.id,
            subnet_id=self._public[zone].id,
            region=self._spec.region,
            tags=self._tags(f"nat-{letter}"),
            opts=child_options(self, depends_on=[internet_route]),
        )

    def _route_table(self, suffix: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-{suffix}-routes",
            vpc_id=self.vpc_id,
            region=self._spec.region,
            tags=self._tags(suffix),
            opts=child_options(self),
        )

    def _default_route(
        self,
        suffix: str,
        table: aws.ec2.RouteTable,
        *,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> aws.ec2.Route:
        return aws.ec2.Route(
            f"{self._name}-{suffix}-default-route",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            region=self._spec.region,
            opts=child_options(self),
        )

    def _associate(self, suffix: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{suffix}-association",
            subnet_id=subnet.id,
            route_table_id=table.id,
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_gateway_endpoints(self) -> None:
        self.s3_endpoint_id = self._gateway_endpoint("s3").id
        self._gateway_endpoint("dynamodb")

    def _gateway_endpoint(self, service: str) -> aws.ec2.VpcEndpoint:
        return aws.ec2.VpcEndpoint(
            f"{self._name}-{service}-endpoint",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=endpoint_service_name(self._spec.region, service),
            route_table_ids=list(self.private_route_table_ids.values()),
            policy=self._endpoint_policy(service),
            region=self._spec.region,
            tags=self._tags(service),
            opts=child_options(self),
        )

    def _create_interface_endpoints(self) -> None:
        if not self._spec.interface_endpoints:
            return
        group = self._endpoint_security_group()
        for service in self._spec.interface_endpoints:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}-endpoint",
                vpc_id=self.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=endpoint_service_name(self._spec.region, service),
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[group.id],
                private_dns_enabled=True,
                policy=self._endpoint_policy(service),
                region=self._spec.region,
                tags=self._tags(service),
                opts=child_options(self),
            )

    def _endpoint_security_group(self) -> aws.ec2.SecurityGroup:
        spec = self._spec
        group = aws.ec2.SecurityGroup(
            f"{self._name}-endpoints-security-group",
            name=physical_name(NameRule.SECURITY_GROUP, spec.environment, spec.region, "endpoints"),
            description="Interface endpoints of AWS services",
            vpc_id=self.vpc_id,
            region=spec.region,
            tags=self._tags("endpoints"),
            opts=child_options(self),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-https",
            security_group_id=group.id,
            description="HTTPS from the network",
            cidr_ipv4=spec.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            region=spec.region,
            tags=self._tags("endpoints-https"),
            opts=child_options(self),
        )
        return group

    def _endpoint_policy(self, service: str) -> pulumi.Input[str]:
        spec = self._spec
        return policy_document(endpoint_statements(service, spec.region, spec.account_id, spec.trusted_account_ids))

    def _create_flow_log(self) -> None:
        spec = self._spec
        group_name = physical_name(NameRule.LOG_GROUP, "/serving", spec.environment, spec.region, "flow", separator="/")
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow-log-group",
            name=group_name,
            retention_in_days=log_retention_days(spec.flow_log_retention_days),
            kms_key_id=self._args["logs_key_arn"],
            region=spec.region,
            tags=self._tags("flow"),
            opts=child_options(self, stateful=True),
        )
        role, permissions = self._create_flow_log_role(group_name)
        aws.ec2.FlowLog(
            f"{self._name}-flow-log",
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=_FLOW_LOG_SECONDS,
            log_format=" ".join(f"${{{field}}}" for field in self._flow_log_fields()),
            region=spec.region,
            tags=self._tags("flow"),
            # a format can't be changed, and two logs of one network into one group can't stand side by side
            opts=child_options(self, depends_on=permissions, delete_before_replace=True),
        )

    def _flow_log_fields(self) -> tuple[str, ...]:
        asked = self._spec.encryption_control is not EncryptionControl.OFF
        return (*_FLOW_LOG_FIELDS, _ENCRYPTION_FIELD) if asked else _FLOW_LOG_FIELDS

    def _create_flow_log_role(self, group_name: str) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        spec = self._spec
        group = arn("logs", spec.region, spec.account_id, f"log-group:{group_name}")
        flow_logs = arn("ec2", spec.region, spec.account_id, "vpc-flow-log/*")
        return create_role(
            self,
            f"{self._name}-flow-log-role",
            role_name(spec.environment, spec.region, f"{PLATFORM}flow-log"),
            description="Writes the flow log of the network",
            trust=service_trust(
                "vpc-flow-logs.amazonaws.com",
                Condition("StringEquals", "aws:SourceAccount", spec.account_id),
                Condition("ArnLike", "aws:SourceArn", flow_logs),
            ),
            tags=spec.tags,
            statements=[
                Statement(
                    "WriteStreams",
                    ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
                    (group, f"{group}:*"),
                ),
                # lists groups, so it works on no single one (service authorization reference, read 2026-11)
                Statement("FindGroup", ("logs:DescribeLogGroups",), ("*",)),
            ],
        )
