"""The network of a region as the other components see it, where it was there already.

Owns the translation of the typed reference in the environment into what `Network` would hand on. Nothing of such
a network is made, changed or looked up: its endpoints, flow log and isolation are its owner's.
"""

from dataclasses import dataclass

import pulumi

from serving.blueprint.environment import ExistingNetwork


@dataclass(frozen=True, slots=True)
class NetworkIds:
    """What a region's parts need of its network; the same names as the outputs of `Network`.

    Attributes:
        vpc_id: The VPC.
        public_subnet_ids: Subnets for the edge, in order of zones.
        private_subnet_ids: Subnets for nodes, in order of zones.
        data_subnet_ids: Subnets without a way out, in order of zones.
        private_route_table_ids: Zone -> route table of its nodes; a table of several zones stands at the first.
        s3_endpoint_id: Gateway endpoint of S3, where there is one.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: list[pulumi.Output[str]]
    private_subnet_ids: list[pulumi.Output[str]]
    data_subnet_ids: list[pulumi.Output[str]]
    private_route_table_ids: dict[str, pulumi.Output[str]]
    s3_endpoint_id: pulumi.Output[str] | None


def network_ids(network: ExistingNetwork) -> NetworkIds:
    """What an existing network hands on."""
    s3_endpoint_id = network.s3_endpoint_id
    return NetworkIds(
        vpc_id=pulumi.Output.from_input(network.vpc_id),
        public_subnet_ids=_in_order(network.public_subnet_ids),
        private_subnet_ids=_in_order(network.private_subnet_ids),
        data_subnet_ids=_in_order(network.data_subnet_ids),
        private_route_table_ids={
            zone: pulumi.Output.from_input(table) for zone, table in _distinct(network.private_route_table_ids).items()
        },
        s3_endpoint_id=None if s3_endpoint_id is None else pulumi.Output.from_input(s3_endpoint_id),
    )


def _in_order(ids: dict[str, str]) -> list[pulumi.Output[str]]:
    return [pulumi.Output.from_input(ids[zone]) for zone in sorted(ids)]


def _distinct(ids: dict[str, str]) -> dict[str, str]:
    """Each id once: a route can be written only once into a table."""
    found: dict[str, str] = {}
    for zone in sorted(ids):
        if ids[zone] not in found.values():
            found[zone] = ids[zone]
    return found
