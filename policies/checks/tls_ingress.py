"""Rule `tls-ingress`: what enters a cluster, enters it over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import INGRESS
from policies.views import Node, Resource, Undetermined
from policies.workloads import namespace, object_name, place

GATEWAYS: Final = tuple(f"kubernetes:gateway.networking.k8s.io/{version}:Gateway" for version in ("v1", "v1beta1"))
ISTIO_GATEWAYS: Final = tuple(
    f"kubernetes:networking.istio.io/{version}:Gateway" for version in ("v1", "v1beta1", "v1alpha3")
)
HTTP_ROUTES: Final = tuple(f"kubernetes:gateway.networking.k8s.io/{version}:HTTPRoute" for version in ("v1", "v1beta1"))

_ALB: Final = "alb.ingress.kubernetes.io/"
_NGINX_REDIRECT: Final = "nginx.ingress.kubernetes.io/ssl-redirect"
_PLAIN_GATEWAY: Final = ("HTTP", "TCP", "UDP")
_ENCRYPTED: Final = ("HTTPS", "TLS")
_OLD_TLS: Final = ("TLSV1_0", "TLSV1_1")


class IngressTls(Parameters):
    """Parameters."""

    certificate_annotations: tuple[str, ...] = Field(
        default=(
            f"{_ALB}certificate-arn",
            "networking.gke.io/managed-certificates",
            "ingress.gcp.kubernetes.io/pre-shared-cert",
        ),
        description="Annotations of an Ingress by which its load balancer gets certificates for all of its hosts.",
    )


RouteKey = tuple[str, str, str]
"""Cluster, namespace and name of the gateway that a route is attached to."""


@dataclass(slots=True)
class _Routes:
    """Routes with the reference that attaches them. `lost` says of each other one why its gateway is not known."""

    by_gateway: dict[RouteKey, list[tuple[Resource, Node]]] = field(default_factory=dict)
    lost: list[Undetermined] = field(default_factory=list)


def check(resource: Resource, parameters: IngressTls) -> Outcomes:
    """Judge one Ingress, or one Gateway of the Gateway API or of Istio."""
    if resource.token == INGRESS:
        yield from _judge_ingress(resource, parameters)
    elif resource.token in GATEWAYS:
        yield from judge_each(resource.at("spec", "listeners").items(), partial(_judge_listener, resource))
    else:
        yield from judge_each(resource.at("spec", "servers").items(), _judge_server)


def _judge_ingress(ingress: Resource, parameters: IngressTls) -> Iterator[Outcome]:
    annotations = ingress.at("metadata", "annotations").entries()
    yield from judge_each((annotations,), _judge_redirect)
    if any(key in annotations for key in parameters.certificate_annotations) or _listens_with_tls(annotations):
        return
    entries = ingress.at("spec", "tls").items()
    if not entries:
        yield Violation("spec.tls is missing")
        return
    if any(entry["hosts"].missing for entry in entries):
        return  # the certificate of an entry without hosts is for every host
    hosts = tuple(host for entry in entries for host in entry["hosts"].items())
    rules = ingress.at("spec", "rules").items()
    yield from judge_each((rule["host"] for rule in rules), partial(_judge_host, hosts))


def _judge_redirect(annotations: dict[str, Node]) -> Iterator[Outcome]:
    """Judge what the controllers of AWS and nginx are told of plain requests."""
    ports = _listen_ports(annotations)
    if {"HTTP", "HTTPS"} <= ports and f"{_ALB}ssl-redirect" not in annotations:
        yield Violation(f"{_ALB}listen-ports opens HTTP too, without {_ALB}ssl-redirect")
    if _NGINX_REDIRECT in annotations and annotations[_NGINX_REDIRECT].truth() is False:
        yield Violation(f"{_NGINX_REDIRECT} is false, so plain requests are answered")


def _listens_with_tls(annotations: dict[str, Node]) -> bool:
    return "HTTPS" in _listen_ports(annotations)


def _listen_ports(annotations: dict[str, Node]) -> set[str]:
    """Protocols in the controller's list, such as `[{"HTTP": 80}, {"HTTPS": 443}]`."""
    node = annotations.get(f"{_ALB}listen-ports")
    return set() if node is None else {protocol for entry in node.document().items() for protocol in entry.entries()}


def _judge_host(hosts: tuple[Node, ...], host: Node) -> Iterator[Outcome]:
    name = host.text()
    if name is not None and not any(_covers(entry.text() or "", name) for entry in hosts):
        yield Violation(f"{host.place} is {host.shown}, for which spec.tls has no entry")


def _covers(pattern: str, host: str) -> bool:
    """Whether the certificate's name fits; a wildcard stands for one label."""
    return pattern == host or (pattern.startswith("*.") and pattern[1:] == "." + host.partition(".")[2])


def _judge_listener(gateway: Resource, listener: Node) -> Iterator[Outcome]:
    protocol, tls = listener["protocol"], listener["tls"]
    if protocol.text() in _PLAIN_GATEWAY:
        if protocol.text() != "HTTP" or not _only_redirected(gateway, listener):
            yield Violation(f"{protocol.place} is {protocol.shown}, and its routes do more than redirect to HTTPS")
    elif protocol.text() in _ENCRYPTED and tls["mode"].text() != "Passthrough":
        stated = tls["certificateRefs"].items() or tls["options"].entries()
        if not stated and (not tls.missing or listener["hostname"].missing):
            yield Violation(f"{listener.place} names no certificate")


def _only_redirected(gateway: Resource, listener: Node) -> bool:
    routes = _routes(gateway.stack)
    cluster, inside = place(gateway)
    attached = [
        route
        for route, reference in routes.by_gateway.get((cluster, inside, object_name(gateway)), [])
        if reference["sectionName"].text() in (None, listener["name"].text())
    ]
    if routes.lost:
        raise routes.lost[0]
    return bool(attached) and all(map(_redirects, attached))


def _redirects(route: Resource) -> bool:
    rules = route.at("spec", "rules").items()
    return bool(rules) and all(
        any(
            entry["type"].text() == "RequestRedirect" and entry.at("requestRedirect", "scheme").text() == "https"
            for entry in rule["filters"].items()
        )
        for rule in rules
    )


def _routes(stack: Stack) -> _Routes:
    return stack.index("routes by gateway", lambda: _index(stack))


def _index(stack: Stack) -> _Routes:
    result = _Routes()
    for route in stack.of(*HTTP_ROUTES):
        try:
            cluster, inside = route.provider.urn if route.provider else "", namespace(route)
            for reference in route.at("spec", "parentRefs").items():
                key = (cluster, reference["namespace"].text() or inside, reference["name"].text() or "")
                result.by_gateway.setdefault(key, []).append((route, reference))
        except Undetermined as doubt:
            result.lost.append(doubt)
    return result


def _judge_server(server: Node) -> Iterator[Outcome]:
    protocol, tls = server.at("port", "protocol"), server["tls"]
    if tls["minProtocolVersion"].text() in _OLD_TLS:
        yield Violation(f"{tls['minProtocolVersion'].place} is {tls['minProtocolVersion'].shown}")
    if protocol.text() not in _ENCRYPTED:
        if not tls["httpsRedirect"].truth():
            yield Violation(f"{protocol.place} is {protocol.shown}, without tls.httpsRedirect")
    elif tls["mode"].missing:
        yield Violation(f"{tls['mode'].place} is missing")


RULE = Rule(
    id="tls-ingress",
    title="Ingresses and gateways have TLS for every host, and redirect what comes without",
    description=(
        "Each host of an Ingress is covered by spec.tls, or its load balancer gets certificates by annotation; "
        "the annotations of the AWS and nginx controllers do not let plain requests through. Listeners of a "
        "Gateway use HTTPS or TLS with a certificate, or HTTP with routes that only redirect to HTTPS; servers of "
        "an Istio Gateway likewise."
    ),
    effect="prompts, answers and credentials can be read between the client and the cluster",
    remedy=(
        "add a certificate for the host (spec.tls, tls.certificateRefs, or the controller's annotation), and let "
        "plain HTTP only redirect"
    ),
    topic=Topic.ENCRYPTION_IN_TRANSIT,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(INGRESS, *GATEWAYS, *ISTIO_GATEWAYS),
    parameters=IngressTls,
    check=check,
)
