"""What the load balancer and the gateway behind it have agreed on.

Owns the few facts that both sides must state alike: where the gateway listens, with what protocol, and what
it answers to health checks. It renders nothing.
"""

from typing import Final

GATEWAY_PORT: Final = 8443
"""Port of the gateway's listener and of the load balancer's target group; above 1023, as non-root."""

GATEWAY_PROTOCOL: Final = "HTTPS"
"""Nothing crosses the network in plain text, inside it included.

An Application Load Balancer does not verify the certificates of its targets (Elastic Load Balancing user
guide, "Target groups for your Application Load Balancers", read 2026-11), so the gateway's certificate may
be its own and needs no name that the outside world knows.
"""

GATEWAY_HEALTH_PATH: Final = "/gateway-health"
"""Answered by the gateway itself: a target is healthy when the gateway is, whatever the services behind it."""
