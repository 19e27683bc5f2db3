"""Address ranges as rules read them.

Owns parsing and what counts as the whole internet. It knows no resource type.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from policies.views import Node

# Wider ranges hold a large part of all addresses: 0.0.0.0/1 and 128.0.0.0/1 together are the internet.
_WORLD_PREFIX_IPV4: Final = 8  # the widest range ever delegated to one organisation
_WORLD_PREFIX_IPV6: Final = 16


def network_of(node: Node) -> IPv4Network | IPv6Network:
    """The range written at `node`. Bits beyond the prefix are ignored, as AWS does."""
    try:
        return ip_network(node.text() or "", strict=False)
    except ValueError:
        raise node.malformed("an address range such as 10.0.0.0/16") from None


def is_world(network: IPv4Network | IPv6Network) -> bool:
    """Whether the range is the internet, or so much of it that it makes no difference."""
    limit = _WORLD_PREFIX_IPV4 if network.version == 4 else _WORLD_PREFIX_IPV6
    return network.prefixlen < limit
