"""A connection between the networks of two regions.

Owns the peering of two VPCs, its acceptance, the names that both resolve, and the routes between the subnets of
the nodes. Cells need no connection to serve; one is made only where an environment names a region's peers.

Subnets for data take no part: what must hold data of another region replicates it (a global table, a bucket's
replication), so that no database is reached across regions. Who may talk to whom stays the business of security
groups, which open themselves to the other region's range: a group of another region can't be named in a rule.
"""

from collections.abc import Iterator, Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, field_validator, model_validator

from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion
from serving.blueprint.environment.scalars import network_of
from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section


class NetworkPeeringArgs(TypedDict):
    """Arguments of `NetworkPeering`."""

    environment: str
    """Environment; part of the names that the console shows."""
    region: str
    """Region that asks for the connection."""
    cidr: str
    """IPv4 range of its network."""
    peer_region: str
    """Region that accepts."""
    peer_cidr: str
    """IPv4 range of its network."""
    vpc_id: pulumi.Input[str]
    """Network that asks."""
    route_table_ids: dict[str, pulumi.Input[str]]
    """Zone -> route table of the nodes."""
    peer_vpc_id: pulumi.Input[str]
    """Network that accepts."""
    peer_route_table_ids: dict[str, pulumi.Input[str]]
    """Zone -> route table of the nodes."""
    tags: dict[str, str]
    """Ownership tags."""


class NetworkPeeringSpec(Section):
    """The plain facts of `NetworkPeeringArgs`."""

    environment: str = Field(min_length=1)
    region: AwsRegion
    cidr: str
    peer_region: AwsRegion
    peer_cidr: str
    tags: dict[str, str]

    @field_validator("cidr", "peer_cidr")
    @classmethod
    def _is_network(cls, value: str) -> str:
        return str(network_of(value))

    @model_validator(mode="after")
    def _check(self) -> "NetworkPeeringSpec":
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if self.region == self.peer_region:
            yield Finding(
                ("peer_region",),
                f"'{self.peer_region}' is the region that asks",
                effect="there would be nothing to connect",
                remedy="name another region",
            )
        if network_of(self.cidr).overlaps(network_of(self.peer_cidr)):
            yield Finding(
                ("peer_cidr",),
                f"{self.peer_cidr} overlaps {self.cidr}",
                effect="AWS refuses the connection: an address would be in both networks",
                remedy="give every region a range of its own",
            )


WIRING = frozenset({"vpc_id", "route_table_ids", "peer_vpc_id", "peer_route_table_ids"})


class NetworkPeering(pulumi.ComponentResource):
    """Two regions' networks as neighbours: nodes reach nodes, over AWS's own network and encrypted."""

    connection_id: pulumi.Output[str]
    """The connection, once it is accepted."""

    def __init__(self, name: str, args: NetworkPeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("NetworkPeering"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(NetworkPeeringSpec, "NetworkPeering", name, args, WIRING)
        connection = self._create_connection()
        accepter = self._create_accepter(connection)
        self.connection_id = accepter.vpc_peering_connection_id
        self._create_options(accepter)
        spec = self._spec
        self._create_routes("asking", spec.region, spec.peer_cidr, args["route_table_ids"])
        self._create_routes("accepting", spec.peer_region, spec.cidr, args["peer_route_table_ids"])
        self.register_outputs({"connection_id": self.connection_id})

    def _tags(self) -> dict[str, str]:
        spec = self._spec
        return spec.tags | {"Name": f"{spec.environment}-{spec.region}-{spec.peer_region}"}

    def _create_connection(self) -> aws.ec2.VpcPeeringConnection:
        return aws.ec2.VpcPeeringConnection(
            f"{self._name}-connection",
            vpc_id=self._args["vpc_id"],
            peer_vpc_id=self._args["peer_vpc_id"],
            peer_region=self._spec.peer_region,
            auto_accept=False,  # the other region accepts for itself
            region=self._spec.region,
            tags=self._tags(),
            opts=child_options(self),
        )

    def _create_accepter(self, connection: aws.ec2.VpcPeeringConnection) -> aws.ec2.VpcPeeringConnectionAccepter:
        return aws.ec2.VpcPeeringConnectionAccepter(
            f"{self._name}-accepter",
            vpc_peering_connection_id=connection.id,
            auto_accept=True,
            region=self._spec.peer_region,
            tags=self._tags(),
            opts=child_options(self),
        )

    def _create_options(self, accepter: aws.ec2.VpcPeeringConnectionAccepter) -> None:
        """Names of one network resolve to private addresses in the other; each side can be set only from its region."""
        aws.ec2.PeeringConnectionOptions(
            f"{self._name}-asking-options",
            vpc_peering_connection_id=accepter.vpc_peering_connection_id,
            requester=aws.ec2.PeeringConnectionOptionsRequesterArgs(allow_remote_vpc_dns_resolution=True),
            region=self._spec.region,
            opts=child_options(self, depends_on=[accepter]),
        )
        aws.ec2.PeeringConnectionOptions(
            f"{self._name}-accepting-options",
            vpc_peering_connection_id=accepter.vpc_peering_connection_id,
            accepter=aws.ec2.PeeringConnectionOptionsAccepterArgs(allow_remote_vpc_dns_resolution=True),
            region=self._spec.peer_region,
            opts=child_options(self, depends_on=[accepter]),
        )

    def _create_routes(self, side: str, region: str, destination: str, tables: Mapping[str, pulumi.Input[str]]) -> None:
        for zone, table in ((zone, tables[zone]) for zone in sorted(tables)):
            aws.ec2.Route(
                f"{self._name}-{side}-route-{zone[-1]}",
                route_table_id=table,
                destination_cidr_block=destination,
                vpc_peering_connection_id=self.connection_id,
                region=region,
                opts=child_options(self),
            )
