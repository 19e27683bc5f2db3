"""How requests of consumers reach a workload: its route at the gateway.

Owns hosts, contract versions side by side, deprecation headers, the split between stable and canary at rest,
and how the gateway treats the replicas (balancing, limits, retries). While a rollout runs, the split is the
rollout controller's. A new model or engine changes nothing here but labels.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from email.utils import format_datetime
from math import ceil
from typing import Any, Final

from components.manifest import FORCE_OWNERSHIP, Manifest
from components.workload import SERVICE_PORT, Workload
from serving.blueprint.schema.contract import Protocol, SupportedVersion
from serving.blueprint.schema.rollout import Strategy
from serving.telemetry.gateway import Variant

VERSION_HEADER: Final = "x-contract-version"
"""By this request header a consumer asks for an older version; answers say by it which one they keep to."""

STAND_IN_HEADER: Final = "x-serving-stand-in"
"""By this request header probes (and whoever wants to) reach the smaller model while nothing is wrong."""

PREVIEW_HEADER: Final = "x-serving-preview"
"""By this request header checks reach a version that waits to be switched to."""

VARIANT_HEADER: Final = "x-serving-variant"
"""Tells the replica, and by being there makes the gateway count stable and canary apart."""

_LEAST_PARALLEL_REQUESTS: Final = 1_024
"""Envoy's own default of every circuit breaker threshold."""

_PANIC_PERCENT: Final = 1
"""Below this share of good replicas the gateway asks all of them, good or not.

Replicas that start or end are no good ones to it (Envoy Gateway v1.9.0, `getIREndpointsFromEndpointSlice`; Envoy,
`core.v3.HealthStatus`: draining is interpreted as unhealthy; read 2026-11). With Envoy's own 50 percent a service that
doubles would send users to replicas that still load their model. Not 0: a version whose replicas all end is better
asked than refused, because they keep answering until the gateway has noticed.
"""


def route(workload: Workload, hosts: Sequence[str], gateway: str, namespace: str, listener: str) -> Manifest:
    """The HTTPRoute or GRPCRoute of a workload, named like it.

    Args:
        workload: The workload.
        hosts: Every host under which the service is reached.
        gateway: Name of the gateway.
        namespace: Namespace of the gateway.
        listener: The gateway's listener.
    """
    grpc = workload.blueprint.contract.protocol is Protocol.GRPC
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GRPCRoute" if grpc else "HTTPRoute",
        "metadata": workload.metadata(**FORCE_OWNERSHIP),
        "spec": {
            "parentRefs": [{"name": gateway, "namespace": namespace, "sectionName": listener}],
            "hostnames": list(hosts),
            "rules": _rules(workload),
        },
    }


def traffic_policy(workload: Workload) -> Manifest:
    """How the gateway treats the replicas behind the route."""
    grpc = workload.blueprint.contract.protocol is Protocol.GRPC
    parallel = _parallel_requests(workload)
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "BackendTrafficPolicy",
        "metadata": workload.metadata(),
        "spec": {
            "targetRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "GRPCRoute" if grpc else "HTTPRoute",
                    "name": workload.name,
                }
            ],
            # requests differ in length a thousandfold; taking turns would pile them up on one replica
            "loadBalancer": {"type": "LeastRequest"},
            "circuitBreaker": {
                "maxConnections": parallel,
                "maxParallelRequests": parallel,
                "maxPendingRequests": parallel,
            },
            # only what no replica has seen is tried again: an answer may already have been paid for
            "retry": {"numRetries": 2, "retryOn": {"triggers": ["connect-failure", "refused-stream"]}},
            "healthCheck": {
                "passive": {
                    "consecutiveGatewayErrors": 5,
                    "consecutive5XxErrors": 0,
                    "interval": "5s",
                    "baseEjectionTime": "30s",
                    "maxEjectionPercent": 50,
                },
                "panicThreshold": _PANIC_PERCENT,
            },
            **_kept_at_zero(workload),
            "requestBuffer": {"limit": str(workload.blueprint.contract.max_request_bytes)},
        },
    }


def _kept_at_zero(workload: Workload) -> dict[str, Any]:
    """Where no replica at all may run, requests go to the service's own address.

    Behind a service without endpoints the gateway answers by itself and keeps no count of it (Envoy Gateway v1.9.0,
    `processServiceDestinationSetting`, read 2026-11): the autoscaler would see no request, and never wake a replica.
    """
    return {"routingType": "Service"} if workload.min_replicas == 0 else {}


def _parallel_requests(workload: Workload) -> int:
    """Twice what the busiest minute holds if every request takes as long as it may."""
    traffic = workload.blueprint.scaling.traffic
    return max(_LEAST_PARALLEL_REQUESTS, ceil(2 * traffic.peak_rps * workload.request_seconds))


def _rules(workload: Workload) -> list[dict[str, Any]]:
    contract = workload.blueprint.contract
    rules = [
        *(
            _rule(workload, older.version, [(VERSION_HEADER, older.version)], older)
            for older in contract.supported_versions
        ),
        _rule(workload, contract.version, []),
    ]
    if workload.blueprint.rollout.strategy is Strategy.BLUE_GREEN:
        rules.append(_preview_rule(workload))
    return rules


def _rule(
    workload: Workload,
    version: str,
    headers: list[tuple[str, str]],
    deprecated: SupportedVersion | None = None,
) -> dict[str, Any]:
    answered = [{"name": VERSION_HEADER, "value": version}]
    if deprecated is not None:
        answered += deprecation_headers(deprecated)
    rule: dict[str, Any] = {
        "matches": [_match(workload, headers)],
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": answered}}],
        "backendRefs": _backends(workload, canary_percent=0),
    }
    return rule | _timeouts(workload)


def _preview_rule(workload: Workload) -> dict[str, Any]:
    preview = {
        "matches": [_match(workload, [(PREVIEW_HEADER, "true")])],
        "backendRefs": _backends(workload, canary_percent=100),
    }
    return preview | _timeouts(workload)


def _timeouts(workload: Workload) -> dict[str, Any]:
    """A GRPCRoute has no timeouts; its callers bring deadlines of their own."""
    if workload.blueprint.contract.protocol is Protocol.GRPC:
        return {}
    return {"timeouts": {"request": f"{workload.request_seconds}s"}}


def _match(workload: Workload, headers: list[tuple[str, str]]) -> dict[str, Any]:
    wanted = [*headers, *([(STAND_IN_HEADER, "true")] if workload.stands_in else [])]
    match: dict[str, Any] = {}
    if workload.blueprint.contract.protocol is not Protocol.GRPC:
        match["path"] = {"type": "PathPrefix", "value": "/"}
    if wanted:
        match["headers"] = [{"type": "Exact", "name": name, "value": value} for name, value in wanted]
    return match


def _backends(workload: Workload, canary_percent: int) -> list[dict[str, Any]]:
    """Stable first, canary second: metrics tell them apart by their place."""
    return [
        _backend(workload.stable_service, 100 - canary_percent, Variant.STABLE),
        _backend(workload.canary_service, canary_percent, Variant.CANARY),
    ]


def _backend(service: str, weight: int, variant: Variant) -> dict[str, Any]:
    return {
        "group": "",
        "kind": "Service",
        "name": service,
        "port": SERVICE_PORT,
        "weight": weight,
        "filters": [
            {
                "type": "RequestHeaderModifier",
                "requestHeaderModifier": {"set": [{"name": VARIANT_HEADER, "value": variant.value}]},
            }
        ],
    }


def deprecation_headers(version: SupportedVersion) -> list[dict[str, str]]:
    """`Deprecation` (RFC 9745, a structured date) and `Sunset` (RFC 8594, an HTTP date)."""
    return [
        {"name": "deprecation", "value": f"@{int(_midnight(version.deprecated_on).timestamp())}"},
        {"name": "sunset", "value": format_datetime(_midnight(version.removed_on), usegmt=True)},
    ]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
