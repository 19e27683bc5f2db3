"""The network of one region.

Owns the VPC, its subnets (public for the edge, private for nodes, isolated for data), the ways out, the
endpoints of AWS services and the flow log. Load balancers, clusters and the connections between regions are
other components. A region for recovery copies only has no network at all.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, field_validator

from components.iam import (
    PLATFORM,
    Condition,
    Principals,
    Statement,
    arn,
    create_role,
    dns_suffix,
    policy_document,
    role_name,
    service_trust,
)
from components.log_retention import log_retention_days
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion, NatMode, ZoneName
from serving.blueprint.schema.base import Section

ESSENTIAL_ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "eks-auth", "kms", "logs", "sts")
"""Interface endpoints without which the way to images, identities, keys and logs leads over the internet."""

ALL_ENDPOINTS: Final = (
    *ESSENTIAL_ENDPOINTS,
    "aps-workspaces",
    "autoscaling",
    "ec2",
    "eks",
    "elasticloadbalancing",
    "monitoring",
    "secretsmanager",
    "sqs",
)
"""Interface endpoints for all that the platform's controllers call."""

SLOTS = 4
"""Subnets of a kind that the address plan has room for. Fixed, so that a further zone moves no address."""

# The shorter of the two that EC2 offers, 60 or 600 (botocore 1.44.5, ec2, CreateFlowLogs): an incident is minutes
_FLOW_LOG_SECONDS = 60

# ECR keeps image layers, and Amazon Linux its packages, in buckets of AWS. Names: as in endpoint policies of public
# repositories, the second for us-east-1 and eu-central-1 (and for us-east-1 in the Amazon EMR management guide,
# "Sample policies for private subnets that access Amazon S3"), read 2026-11
_AWS_BUCKETS = ("prod-{region}-starport-layer-bucket", "al2023-repos-{region}-de612dc2")

_IAM_PREFIXES = {"eks-auth": "eks-auth", "aps-workspaces": "aps", "monitoring": "cloudwatch"}
"""IAM prefix of an endpoint's actions, where it is not the first part of the endpoint's name."""


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """The address ranges of one zone."""

    private: str
    public: str
    data: str


def subnet_plan(cidr: str, zones: tuple[str, ...]) -> dict[str, SubnetPlan]:
    """Carve a region's range into the subnets of its zones.

    Half of the range is for nodes and pods, a quarter each for the edge and for data; each part has `SLOTS`
    equal slots. A zone's slot comes from its letter, not from its place in a list: adding, removing or
    sorting zones never moves the subnets of the others.
    """
    nodes, rest = IPv4Network(cidr).subnets(prefixlen_diff=1)
    edge, data = rest.subnets(prefixlen_diff=1)
    private, public, isolated = (list(part.subnets(prefixlen_diff=2)) for part in (nodes, edge, data))
    return {
        zone: SubnetPlan(str(private[slot]), str(public[slot]), str(isolated[slot]))
        for zone in sorted(zones)
        for slot in [_slot(zone)]
    }


def _slot(zone: str) -> int:
    return (ord(zone[-1]) - ord("a")) % SLOTS


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
    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the flow log."""
    tags: dict[str, str]
    """Ownership tags."""


class NetworkSpec(Section):
    """The plain facts of `NetworkArgs`."""

    environment: str = Field(min_length=1)
    account_id: str = Field(pattern=r"^\d{12}$")
    region: AwsRegion
    cidr: str
    zones: tuple[ZoneName, ...] = Field(min_length=2, max_length=SLOTS)
    nat: NatMode
    interface_endpoints: tuple[str, ...]
    flow_log_retention_days: int = Field(ge=1, le=3_653)
    block_public_access: bool = True
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
        if len({_slot(zone) for zone in zones}) < len(zones):
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
    s3_endpoint_id: pulumi.Output[str] | None
    """Gateway endpoint of S3, for bucket policies that let only it in; none where a network from outside
    names none."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Network"), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(NetworkSpec, "Network", name, args, frozenset({"logs_key_arn"}))
        self.cidr: str = self._spec.cidr
        self.zones: list[str] = sorted(self._spec.zones)
        self._vpc = self._create_vpc()
        self.vpc_id = self._vpc.id
        self._create_subnets()
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
        return vpc

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

    def _create_block_public_access(self) -> None:
        """Nothing from the internet comes in, except to the public subnets.

        `block-ingress` lets NAT gateways reach out. The exclusions let load balancers in the public subnets
        be reached; a node that got a public address by mistake stays unreachable.
        """
        if not self._spec.block_public_access:
            return
        options = aws.ec2.VpcBlockPublicAccessOptions(
            f"{self._name}-block-public-access",
            internet_gateway_block_mode="block-ingress",
            region=self._spec.region,
            opts=child_options(self),
        )
        for zone, subnet in self._public.items():
            aws.ec2.VpcBlockPublicAccessExclusion(
                f"{self._name}-edge-{zone[-1]}",
                subnet_id=subnet.id,
                internet_gateway_exclusion_mode="allow-bidirectional",
                region=self._spec.region,
                tags=self._tags(f"edge-{zone[-1]}"),
                opts=child_options(self, depends_on=[options]),
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
        self._route_tables = [data]
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
            self._route_tables.append(private)

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
        self.s3_endpoint_id = self._gateway_endpoint("s3", [self._own_account("s3"), self._aws_buckets()]).id
        self._gateway_endpoint("dynamodb", [self._own_account("dynamodb")])

    def _gateway_endpoint(self, service: str, statements: list[Statement]) -> aws.ec2.VpcEndpoint:
        return aws.ec2.VpcEndpoint(
            f"{self._name}-{service}-endpoint",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=self._service_name(service),
            route_table_ids=[table.id for table in self._route_tables],
            policy=policy_document(statements),
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
                service_name=self._service_name(service),
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[group.id],
                private_dns_enabled=True,
                policy=policy_document([self._own_account(service)]),
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

    def _service_name(self, service: str) -> str:
        """Name of an AWS service as endpoints call it: the domain of its region, backwards."""
        domain = ".".join(reversed(dns_suffix(self._spec.region).split(".")))
        return f"{domain}.{self._spec.region}.{service}"

    def _own_account(self, service: str) -> Statement:
        """Only identities of this account pass; what each of them may do is its own policy's business."""
        prefix = _IAM_PREFIXES.get(service, service.partition(".")[0])
        return Statement(
            "OwnAccount",
            (f"{prefix}:*",),
            ("*",),
            principals=Principals.anyone(),
            conditions=(Condition("StringEquals", "aws:PrincipalAccount", self._spec.account_id),),
        )

    def _aws_buckets(self) -> Statement:
        region = self._spec.region
        buckets = [bucket.format(region=region) for bucket in _AWS_BUCKETS]
        resources = tuple(arn("s3", "", "", f"{bucket}/*", within=region) for bucket in buckets)
        return Statement("ImagesAndPackages", ("s3:GetObject",), resources, principals=Principals.anyone())

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
            region=spec.region,
            tags=self._tags("flow"),
            opts=child_options(self, depends_on=permissions),
        )

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
