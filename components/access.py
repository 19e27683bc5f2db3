"""Who gets through the gateway to a service, and how often: its access policy and its limit of requests.

Owns the SecurityPolicy of a service, which holds for all of its routes, those included that are attached only while it
is degraded, and the rate limit inside the traffic policy of a route. Facts: envoyproxy/gateway v1.9.0,
`api/v1alpha1/securitypolicy_types.go`, `authorization_types.go`, `jwt_types.go`, `ratelimit_types.go`, read 2026-11.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, Final

from components.manifest import Manifest
from components.routing import PREVIEW_HEADER, STAND_IN_HEADER
from components.workload import Workload
from serving.blueprint.delivery import DELIVERIES_PATH
from serving.blueprint.environment import Callers
from serving.blueprint.headers import CALLER_HEADER
from serving.blueprint.schema.contract import Delivery, Protocol
from serving.blueprint.schema.limits import Limits

_PROVIDER: Final = "environment"
_AUTHORIZATION: Final = "Authorization"
_BEARER: Final = "Bearer "
_ANYBODY: Final[dict[str, Any]] = {"clientCIDRs": ["0.0.0.0/0", "::/0"]}
_PART_OF: Final = "app.kubernetes.io/part-of"
_SECONDS_PER_MINUTE: Final = 60


def access_policy(workload: Workload, callers: Callers | None, readiness_paths: Sequence[str]) -> Manifest:
    """What callers may ask of a service; all else is denied.

    Args:
        workload: The service's own workload.
        callers: The identity provider; without one, or where others verify, anybody may call.
        readiness_paths: Where health checks ask; they carry no token, and must see what users would see.
    """
    grpc = workload.blueprint.contract.protocol is Protocol.GRPC
    verified = callers if callers is not None and callers.verified else None
    rules = [*_health_checks(readiness_paths), *(_open(workload) if verified is None else _known(workload, verified))]
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "SecurityPolicy",
        "metadata": workload.metadata(),
        "spec": {
            # by label, so that no route of the service can be forgotten
            "targetSelectors": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "GRPCRoute" if grpc else "HTTPRoute",
                    "matchLabels": {_PART_OF: workload.labels[_PART_OF]},
                }
            ],
            **({} if verified is None else {"jwt": _tokens(verified)}),
            "authorization": {"defaultAction": "Deny", "rules": rules},
        },
    }


def rate_limit(limits: Limits, proxies: int, callers: Callers | None) -> dict[str, Any]:
    """The part of a traffic policy that limits each caller; empty where nothing is limited.

    Args:
        limits: What the contract states.
        proxies: Fewest proxies of the gateway: each is given its share of the limit, and counts by itself.
        callers: The identity provider; callers are told apart by address where the gateway knows no names.
    """
    per_minute = limits.requests_per_minute_per_caller
    if per_minute is None:
        return {}
    if callers is not None and callers.verified:
        named = {"headers": [{"type": "Distinct", "name": CALLER_HEADER}]}
        # all whose tokens lack the claim are one caller; health checks, which carry no token, are not counted
        unnamed = {"type": "RegularExpression", "name": CALLER_HEADER, "value": ".+", "invert": True}
        verified = {"type": "RegularExpression", "name": _AUTHORIZATION, "value": f"{_BEARER}.+"}
        told_apart = [named, {"headers": [unnamed, verified]}]
    else:
        told_apart = [{"sourceCIDR": {"type": "Distinct", "value": "0.0.0.0/0"}}]
    share = _share(per_minute, proxies)
    rules = [{"clientSelectors": [selected], "limit": share} for selected in told_apart]
    return {"rateLimit": {"local": {"rules": rules}}}


def _share(per_minute: int, proxies: int) -> dict[str, Any]:
    """One proxy's share, rounded up. What comes in one unit of time may come at once, so it is the shorter one."""
    share = per_minute / proxies
    if share >= _SECONDS_PER_MINUTE:
        return {"requests": ceil(share / _SECONDS_PER_MINUTE), "unit": "Second"}
    return {"requests": ceil(share), "unit": "Minute"}


def _tokens(callers: Callers) -> dict[str, Any]:
    provider = {
        "name": _PROVIDER,
        "issuer": callers.issuer,
        "audiences": list(callers.audiences),
        "remoteJWKS": {"uri": callers.jwks_uri},
        "claimToHeaders": [{"header": CALLER_HEADER, "claim": callers.caller_claim}],
        # by default a token is also taken from the query, which ends up in access logs
        "extractFrom": {"headers": [{"name": _AUTHORIZATION, "valuePrefix": _BEARER}]},
    }
    # a request without a token gets as far as the rules, of which only that for health checks lets it through
    return {"optional": True, "providers": [provider]}


def _health_checks(paths: Sequence[str]) -> Iterator[dict[str, Any]]:
    for path in sorted(set(paths)):
        yield _rule("Allow", _ANYBODY, _operation("GET", path))


def _open(workload: Workload) -> Iterator[dict[str, Any]]:
    for operation in _operations(workload):
        yield _rule("Allow", _ANYBODY, operation)


def _known(workload: Workload, callers: Callers) -> Iterator[dict[str, Any]]:
    """The first rule that fits decides: what is not yet for users is closed before users are let in."""
    blueprint = workload.blueprint
    operations = _operations(workload)
    for header in (PREVIEW_HEADER, STAND_IN_HEADER):
        asked = {"headers": [{"name": header, "values": ["true"]}]}
        for operation in operations:
            yield _rule("Allow", {**asked, **_groups(callers, blueprint.deployers)}, operation)
        yield _rule("Deny", asked)
    for operation in operations:
        yield _rule("Allow", _groups(callers, blueprint.callers), operation)


def _groups(callers: Callers, groups: Sequence[str]) -> dict[str, Any]:
    """Somebody with one of the groups; with any valid token where none is named."""
    claim: dict[str, Any] = {"name": "iss", "valueType": "String", "values": [callers.issuer]}
    if groups:
        claim = {"name": callers.groups_claim, "valueType": "StringArray", "values": sorted(groups)}
    return {"jwt": {"provider": _PROVIDER, "claims": [claim]}}


def _operations(workload: Workload) -> list[dict[str, Any] | None]:
    """What the contract offers; everything where it does not say on which path that is."""
    contract = workload.blueprint.contract
    if contract.request_path is None:
        return [None]
    return [
        _operation("POST", contract.request_path),
        *(_operation("GET", path) for path in contract.read_paths),
        *([_deliveries()] if Delivery.ASYNC in contract.delivery else []),
    ]


def _deliveries() -> dict[str, Any]:
    """Where answers are fetched; the program gives each to the caller who asked."""
    return {"methods": ["GET"], "path": {"type": "PathPrefix", "value": DELIVERIES_PATH}}


def _operation(method: str, path: str) -> dict[str, Any]:
    return {"methods": [method], "path": {"type": "Exact", "value": path}}


def _rule(action: str, principal: dict[str, Any], operation: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"action": action, "principal": principal, **({} if operation is None else {"operation": operation})}
