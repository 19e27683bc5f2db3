"""The fair share of the gateway: how many requests of a service one proxy holds at a time.

All tenants share the proxies. What runs out first is not requests a second (more proxies are started for those) but
requests in flight: a service whose replicas answer late keeps its requests, and their connections, at every proxy. So
each service may have at a proxy what its blueprint declares, and no more; what comes beyond is refused at once, for
that service alone. There are as many proxies as it takes for the shares of all services together to fit: then whoever
keeps to what it declared is served, whatever the others do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from serving.blueprint.schema import Blueprint
from serving.blueprint.timing import request_seconds

PROXY_CPU_MILLICORES = 500
"""CPU that a proxy asks for; it may use more, and more of them are started when they are busy."""

PROXY_MEMORY_MIB = 1_024
"""Memory that a proxy asks for, and its limit."""

_BUFFER_KIB = 32

CONNECTIONS_PER_PROXY = PROXY_MEMORY_MIB * 1_024 // 2 // _BUFFER_KIB
"""Half of a proxy's memory in buffers of 32 KiB, one a connection (envoyproxy/gateway v1.9.0,
api/v1alpha1/connection_types.go, default of BufferLimit, read 2026-11). A request in flight has a connection to itself:
the load balancer speaks HTTP/1.1 to the gateway."""

SHARED_PER_PROXY = CONNECTIONS_PER_PROXY * 3 // 4
"""What services share; the rest is for connections that wait for a request, and for health checks."""

LEAST_PROXIES = 2
MOST_PROXIES = 20

GROWN_PROXIES = 3
"""Times the fewest proxies: how far they may grow when their CPU is busy."""

_MARGIN = 2
"""Times the declared peak: one of two proxies may have to carry everything."""

_LEAST_PARALLEL_REQUESTS = 128
"""Requests come in bursts: a small service must be able to be asked by a batch of its consumers at once."""


def parallel_requests(blueprint: Blueprint, proxies: int) -> int:
    """Most requests of one contract version in flight at one proxy.

    By Little's law as many as the busiest minute holds if every request takes as long as it may, with a margin, spread
    over the proxies.
    """
    in_flight = blueprint.scaling.traffic.peak_rps * request_seconds(blueprint)
    return max(_LEAST_PARALLEL_REQUESTS, math.ceil(_MARGIN * in_flight / proxies))


def claimed(blueprint: Blueprint, proxies: int) -> int:
    """Most requests of the whole service in flight at one proxy.

    The gateway counts each contract version, and the model that stands in, by itself. Stable and canary divide the
    same requests.
    """
    versions = 1 + len(blueprint.contract.supported_versions)
    fallback = blueprint.degradation.fallback
    stands_in = fallback is not None and fallback.model is not None
    return parallel_requests(blueprint, proxies) * versions * (2 if stands_in else 1)


def needed_proxies(blueprints: Iterable[Blueprint]) -> int | None:
    """Fewest proxies at which all shares fit into each; None if not even the most suffice."""
    services = list(blueprints)
    return next(
        (
            proxies
            for proxies in range(LEAST_PROXIES, MOST_PROXIES + 1)
            if sum(claimed(service, proxies) for service in services) <= SHARED_PER_PROXY
        ),
        None,
    )


def fewest_proxies(blueprints: Iterable[Blueprint]) -> int:
    """How many proxies a region always has; a fleet that needs more than the most is refused before."""
    return needed_proxies(blueprints) or MOST_PROXIES


def most_proxies(blueprints: Iterable[Blueprint]) -> int:
    """How many proxies a region may come to have."""
    return GROWN_PROXIES * fewest_proxies(blueprints)
