"""The address plan of a network: which part of a region's range each subnet has."""

from dataclasses import dataclass
from ipaddress import IPv4Network

SLOTS = 4
"""Subnets of a kind that the address plan has room for. Fixed, so that a further zone moves no address."""


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
        for slot in [slot_of(zone)]
    }


def slot_of(zone: str) -> int:
    """Which of the slots a zone has; two zones of one network must not share one."""
    return (ord(zone[-1]) - ord("a")) % SLOTS
