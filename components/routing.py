"""How requests of consumers reach a workload: its route at the gateway.

Owns hosts, contract versions side by side, deprecation headers, the split between stable and canary at rest,
and how the gateway treats the replicas (balancing, limits, retries). While a rollout runs, the split is the
rollout controller's. A new model or engine changes nothing here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.manifest import FORCE_OWNERSHIP, Manifest
from components.workload import SERVICE_PORT, Workload
from serving.blueprint.gateway_share import parallel_requests
from serving.blueprint.headers import VERSION_HEADER, deprecation_headers
from serving.blueprint.schema.contract import Contract, Protocol
from serving.blueprint.schema.rollout import Strategy
from serving.telemetry.gateway import Variant

Headers = list[tuple[str, str]]
"""Names and values."""

ANY_VERSION: Final = {"type": "RegularExpression", "name": VERSION_HEADER, "value": ".*"}
"""Matches whoever states a version; the gateway prefers exact matches, so it is left with those that are not served."""

STAND_IN_HEADER: Final = "x-serving-stand-in"
"""By this request header probes (and whoever wants to) reach the smaller model while nothing is wrong; as a response
header it says that the smaller model answered."""

PREVIEW_HEADER: Final = "x-serving-preview"
"""By this request header checks reach a version that waits to be switched to."""

VARIANT_HEADER: Final = "x-serving-variant"
"""Tells the replica, and by being there makes the gateway count stable and canary apart."""

_PANIC_PERCENT: Final = 1
"""Below this share of good replicas the gateway asks all of them, good or not.

Replicas that start or end are no good ones to it (Envoy Gateway v1.9.0, `getIREndpointsFromEndpointSlice`; Envoy,
`core.v3.HealthStatus`: draining is interpreted as unhealthy; read 2026-11). With Envoy's own 50 percent a service that
doubles would send users to replicas that still load their model. Not 0: a version whose replicas all end is better
asked than refused, because they keep answering until the gateway has noticed.
"""

_BAD_REQUEST: Final = 400

_RETRY_PERCENT: Final = 20
"""Most retries at a time, of the requests in flight: retries of everything would double the load of a service that is
just failing under it. Envoy's own default of a retry budget (config/cluster/v3, RetryBudget, read 2026-11)."""

_MILLION: Final = 1_000_000
"""The finest share that Envoy knows (type/v3, FractionalPercent, read 2026-11)."""

_LEAST_RETRIES: Final = 3
"""Retries at a time that are always allowed: with few requests in flight a share of them would be none. Envoy's own
default too."""


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


def traffic_policy(
    workload: Workload, route_name: str | None = None, limits: Mapping[str, Any] | None = None
) -> Manifest:
    """How the gateway treats the replicas behind a route; the workload's own by default.

    Args:
        workload: The workload behind the route.
        route_name: Name of the route, and of the policy.
        limits: What else the policy states: the limit of each caller's requests (`components.access`).
    """
    grpc = workload.blueprint.contract.protocol is Protocol.GRPC
    parallel = parallel_requests(workload.blueprint, workload.gateway_proxies)
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "BackendTrafficPolicy",
        "metadata": workload.metadata(route_name),
        "spec": {
            "targetRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "GRPCRoute" if grpc else "HTTPRoute",
                    "name": route_name or workload.name,
                }
            ],
            # requests differ in length a thousandfold; taking turns would pile them up on one replica
            "loadBalancer": {"type": "LeastRequest"},
            # the service's share of each proxy (`serving.blueprint.gateway_share`)
            "circuitBreaker": {
                "maxConnections": parallel,
                "maxParallelRequests": parallel,
                "maxPendingRequests": parallel,
                "retryBudget": {
                    "percent": {"numerator": _RETRY_PERCENT},
                    "minRetryConcurrency": _LEAST_RETRIES,
                },
            },
            "timeout": {"http": {"connectionIdleTimeout": f"{workload.entry_idle_seconds}s"}},
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
            "telemetry": {"tracing": {"samplingFraction": _sampled(workload)}},
            "requestBuffer": {"limit": str(workload.blueprint.contract.max_request_bytes)},
            **(limits or {}),
        },
    }


def _sampled(workload: Workload) -> dict[str, int]:
    """Share of requests that are traced; a caller's wish to be traced is not heard (no `clientSamplingFraction`)."""
    percent = workload.blueprint.observability.traces.sample_percent
    return {"numerator": round(percent * _MILLION / 100), "denominator": _MILLION}


def _kept_at_zero(workload: Workload) -> dict[str, Any]:
    """Where no replica at all may run, requests go to the service's own address.

    Behind a service without endpoints the gateway answers by itself and keeps no count of it (Envoy Gateway v1.9.0,
    `processServiceDestinationSetting`, read 2026-11): the autoscaler would see no request, and never wake a replica.
    """
    return {"routingType": "Service"} if workload.min_replicas == 0 else {}


def _rules(workload: Workload) -> list[dict[str, Any]]:
    rules = [_rule(workload, wanted, answered) for wanted, answered in contract_versions(workload.blueprint.contract)]
    if refuses_unknown_versions(workload):
        # who states the version that everybody gets states a known one
        rules[-1]["matches"].append(_match(workload, [(VERSION_HEADER, workload.blueprint.contract.version)]))
        rules.append(_unknown_version_rule(workload))
    if workload.blueprint.rollout.strategy is Strategy.BLUE_GREEN:
        rules.append(_preview_rule(workload))
    return rules


def contract_versions(contract: Contract) -> Iterator[tuple[Headers, Headers]]:
    """Every version side by side: request headers that ask for it, response headers that tell it."""
    for older in contract.supported_versions:
        version = (VERSION_HEADER, older.version)
        yield [version], [version, *deprecation_headers(older).items()]
    yield [], [(VERSION_HEADER, contract.version)]


def answered_headers(headers: Headers) -> dict[str, Any]:
    """The filter of a rule that sets response headers."""
    return {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"set": [{"name": name, "value": value} for name, value in headers]},
    }


def _rule(workload: Workload, wanted: Headers, answered: Headers) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "matches": [_match(workload, wanted)],
        "filters": [answered_headers(answered), *_renamed(workload)],
        "backendRefs": _backends(workload, canary_percent=0),
    }
    return rule | timeouts(workload)


def renaming(workload: Workload) -> dict[str, Any] | None:
    """Where paths name the model, a stand-in's name takes the place of the service's own; servers know no other.

    Returns:
        The `spec` of the filter; None where nothing is to be renamed.
    """
    contract, own = workload.blueprint.contract, workload.blueprint.model.name
    if not workload.stands_in or contract.protocol is not Protocol.OPEN_INFERENCE_V2:
        return None
    replaced = {
        "pattern": f"^/v2/models/{re.escape(own)}(/.*)?$",
        "substitution": rf"/v2/models/{workload.model.name}\1",
    }
    return {"urlRewrite": {"path": {"type": "ReplaceRegexMatch", "replaceRegexMatch": replaced}}}


def renaming_filter(workload: Workload) -> Manifest | None:
    """The filter of a stand-in's own route that renames the model in paths, where that is needed."""
    named = renaming(workload)
    return None if named is None else route_filter(workload, _renaming_name(workload), named)


def _renaming_name(workload: Workload) -> str:
    return f"{workload.name}-path"


def _renamed(workload: Workload) -> list[dict[str, Any]]:
    return [] if renaming(workload) is None else [filter_reference(_renaming_name(workload))]


def filter_reference(name: str) -> dict[str, Any]:
    """How a rule of a route names one of Envoy Gateway's own filters."""
    return {
        "type": "ExtensionRef",
        "extensionRef": {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": name},
    }


def route_filter(workload: Workload, name: str, spec: Mapping[str, Any]) -> Manifest:
    """One of Envoy Gateway's own filters."""
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "HTTPRouteFilter",
        "metadata": workload.metadata(name),
        "spec": dict(spec),
    }


def refuses_unknown_versions(workload: Workload) -> bool:
    """Whether the gateway itself answers who asks for a version that is not served: where consumers speak HTTP."""
    return not workload.stands_in and workload.blueprint.contract.protocol is not Protocol.GRPC


def unknown_version_answer(workload: Workload) -> Manifest:
    """What the gateway answers to whoever asks for a version that is not served, or no more.

    The current version would be answered in a form that they did not ask for, and they would find out by its fields.
    """
    contract = workload.blueprint.contract
    served = ", ".join([contract.version, *(older.version for older in contract.supported_versions)])
    problem = {
        "title": "Unknown contract version",
        "status": _BAD_REQUEST,
        "detail": f"{VERSION_HEADER} names a version that is not served. Served: {served}; without it the first.",
    }
    answer = {
        "statusCode": _BAD_REQUEST,
        "contentType": "application/problem+json",  # RFC 9457
        "body": {"type": "Inline", "inline": json.dumps(problem)},
    }
    return route_filter(workload, unknown_version_name(workload), {"directResponse": answer})


def unknown_version_name(workload: Workload) -> str:
    """Name of the answer to whoever asks for a version that is not served."""
    return f"{workload.name}-unknown-version"


def _unknown_version_rule(workload: Workload) -> dict[str, Any]:
    """After every exact version: the gateway prefers exact matches of a header to expressions.

    envoyproxy/gateway v1.9.0, internal/gatewayapi/sort.go, read 2026-11.
    """
    match = _match(workload, [])
    return {
        "matches": [match | {"headers": [dict(ANY_VERSION)]}],
        "filters": [filter_reference(unknown_version_name(workload))],
    }


def _preview_rule(workload: Workload) -> dict[str, Any]:
    preview = {
        "matches": [_match(workload, [(PREVIEW_HEADER, "true")])],
        "backendRefs": _backends(workload, canary_percent=100),
    }
    return preview | timeouts(workload)


def timeouts(workload: Workload) -> dict[str, Any]:
    """A GRPCRoute has no timeouts; its callers bring deadlines of their own."""
    if workload.blueprint.contract.protocol is Protocol.GRPC:
        return {}
    return {"timeouts": {"request": f"{workload.request_seconds}s"}}


def _match(workload: Workload, headers: Headers) -> dict[str, Any]:
    wanted = [*headers, *([(STAND_IN_HEADER, "true")] if workload.stands_in else [])]
    match: dict[str, Any] = {}
    if workload.blueprint.contract.protocol is not Protocol.GRPC:
        match["path"] = {"type": "PathPrefix", "value": "/"}
    if wanted:
        match["headers"] = [{"type": "Exact", "name": name, "value": value} for name, value in wanted]
    return match


def _backends(workload: Workload, canary_percent: int) -> list[dict[str, Any]]:
    """Stable first, canary second: metrics tell them apart by their place. Replicas that span nodes have no canary."""
    if workload.spans_nodes:
        return [_backend(workload.stable_service, 100, Variant.STABLE)]
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
