"""Connections between regions: both sides, both ways, and no more than was asked for."""

from __future__ import annotations

import pytest

from components.network_peering import NetworkPeering
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder
from tests.components.samples import HOME, SECOND, peering_args


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: NetworkPeering("pair", peering_args(**changes)))


def test_each_side_is_made_in_its_own_region(record: Recorder) -> None:
    recorded = made(record)
    connection, accepter = recorded.one("VpcPeeringConnection"), recorded.one("VpcPeeringConnectionAccepter")
    assert (connection["region"], connection["peerRegion"], connection["autoAccept"]) == (HOME, SECOND, False)
    assert (accepter["region"], accepter["autoAccept"]) == (SECOND, True)
    assert recorded.source_of(accepter, "vpcPeeringConnectionId") == [connection]


def test_every_zone_of_both_sides_finds_the_other(record: Recorder) -> None:
    recorded = made(record)
    there = {(r["region"], r["routeTableId"], r["destinationCidrBlock"]) for r in recorded.of_type("Route")}
    assert there == {
        *((HOME, f"rtb-1111111{letter}", "10.16.0.0/16") for letter in "abc"),
        *((SECOND, f"rtb-2222222{letter}", "10.0.0.0/16") for letter in "ab"),
    }


def test_nothing_is_routed_before_the_connection_is_accepted(record: Recorder) -> None:
    recorded = made(record)
    accepter = recorded.one("VpcPeeringConnectionAccepter")
    for late in [*recorded.of_type("Route"), *recorded.of_type("PeeringConnectionOptions")]:
        assert accepter in recorded.source_of(late, "vpcPeeringConnectionId")


def test_names_resolve_to_private_addresses_on_both_sides(record: Recorder) -> None:
    options = {r["region"]: r for r in made(record).of_type("PeeringConnectionOptions")}
    assert options[HOME]["requester"] == {"allowRemoteVpcDnsResolution": True}
    assert options[SECOND]["accepter"] == {"allowRemoteVpcDnsResolution": True}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peer_cidr": "10.0.128.0/20"}, "overlaps"),
        ({"peer_region": HOME}, "region that asks"),
        ({"peer_cidr": "10.0.0"}, "not an IPv4 network"),
    ],
)
def test_networks_that_cannot_be_connected_are_refused(
    record: Recorder, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        made(record, **changes)
