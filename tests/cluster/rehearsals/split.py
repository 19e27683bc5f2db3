"""Where the gateway sends a request, computed from the route objects alone.

Owns the precedence of Gateway API v1 among the matches of all routes of a host (HTTPRouteRule.matches, "Proxy or
Load Balancer routing configuration generated from HTTPRoutes MUST prioritize matches...", API reference, read
2026-11): exact path, longest path prefix, method, most headers, most query parameters; then the oldest route, the
route's name, the first rule. Where it leaves the place of regular expressions of paths to implementations, Envoy
Gateway's: after exact paths, before prefixes, the longest first (envoyproxy/gateway v1.9.0,
internal/gatewayapi/sort.go, read 2026-11). A route without `parentRefs` is attached to nothing and matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Object = dict[str, Any]

_PATHS: Final = ("Exact", "RegularExpression", "PathPrefix")
_EVERY_PATH: Final = {"type": "PathPrefix", "value": "/"}


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request a route may look at.

    Attributes:
        host: Host that the consumer asks for.
        path: Path.
        headers: Headers, names in lower case.
        method: HTTP method.
    """

    host: str
    path: str = "/"
    headers: Mapping[str, str] | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule that takes a request.

    Attributes:
        namespace: Namespace of the route.
        route: Name of the route.
        kind: `HTTPRoute` or `GRPCRoute`.
        index: Place of the rule in the route.
        backends: (service, weight) of each backend, in order.
        filters: Types of the rule's filters.
    """

    namespace: str
    route: str
    kind: str
    index: int
    backends: tuple[tuple[str, int], ...]
    filters: tuple[str, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of the requests that each backend gets."""
        whole = sum(weight for _, weight in self.backends)
        return tuple(weight / whole if whole else 0.0 for _, weight in self.backends)


def rule_for(routes: Iterable[Object], request: Request) -> Rule | None:
    """The one rule that takes the request, or none."""
    found = sorted(_matching(routes, request), key=lambda candidate: candidate[0])
    return found[0][1] if found else None


def weights(route: Object) -> list[dict[str, int]]:
    """Service -> weight, for each rule of a route that has backends."""
    rules = [{ref["name"]: ref.get("weight", 1) for ref in rule.get("backendRefs", ())} for rule in _rules(route)]
    return [rule for rule in rules if rule]


def _matching(routes: Iterable[Object], request: Request) -> Iterator[tuple[tuple[Any, ...], Rule]]:
    for route in routes:
        if not route["spec"].get("parentRefs") or request.host not in route["spec"].get("hostnames", ()):
            continue
        for index, rule in enumerate(_rules(route)):
            for match in rule.get("matches") or [{}]:
                if _matches(match, request):
                    yield _precedence(match, route, index), _taken(route, rule, index)


def _rules(route: Object) -> list[Object]:
    rules: list[Object] = route["spec"].get("rules", [])
    return rules


def _matches(match: Object, request: Request) -> bool:
    headers = request.headers or {}
    asked = all(_agrees(header, headers.get(header["name"].lower())) for header in match.get("headers", ()))
    on_path = _on_path(match.get("path", _EVERY_PATH), request.path)
    return on_path and asked and match.get("method", request.method) == request.method and "queryParams" not in match


def _on_path(path: Object, asked: str) -> bool:
    if path["type"] == "RegularExpression":
        return re.fullmatch(path["value"], asked) is not None
    prefix = path["value"].rstrip("/")
    below = path["type"] == "PathPrefix" and (asked.rstrip("/") == prefix or asked.startswith(f"{prefix}/"))
    return asked == path["value"] or below


def _agrees(header: Object, value: str | None) -> bool:
    if value is None:
        return False
    if header.get("type") == "RegularExpression":
        return re.fullmatch(header["value"], value) is not None
    return bool(value == header["value"])


def _precedence(match: Object, route: Object, index: int) -> tuple[Any, ...]:
    """Sorts the winner first."""
    path = match.get("path", _EVERY_PATH)
    metadata = route["metadata"]
    return (
        _PATHS.index(path["type"]),
        -len(path["value"]),
        "method" not in match,
        -len(match.get("headers", ())),
        metadata.get("creationTimestamp", ""),
        f"{metadata['namespace']}/{metadata['name']}",
        index,
    )


def _taken(route: Object, rule: Object, index: int) -> Rule:
    return Rule(
        namespace=route["metadata"]["namespace"],
        route=route["metadata"]["name"],
        kind=route["kind"],
        index=index,
        backends=tuple((ref["name"], ref.get("weight", 1)) for ref in rule.get("backendRefs", ())),
        filters=tuple(one["type"] for one in rule.get("filters", ())),
    )
