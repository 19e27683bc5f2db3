"""Samples of `tls-ingress`."""

from __future__ import annotations

from policies.checks.tls_ingress import GATEWAYS, HTTP_ROUTES, ISTIO_GATEWAYS
from policies.tokens import INGRESS, NAMESPACE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

ALB = "alb.ingress.kubernetes.io"


def ingress(*hosts: str | None, tls: tuple[Json, ...] = (), token: str = INGRESS, **annotations: str) -> Declared:
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    rules = [{"http": paths} if host is None else {"host": host, "http": paths} for host in hosts]
    spec: Json = {"rules": rules, **({"tls": list(tls)} if tls else {})}
    named = {key.replace("__", "/"): value for key, value in annotations.items()}
    return Declared(token, "api", {"metadata": {"name": "api", "annotations": named}, "spec": spec})


def alb(ports: str, **more: str) -> Declared:
    annotations = {f"{ALB}/listen-ports": ports, **{f"{ALB}/{key.replace('_', '-')}": v for key, v in more.items()}}
    return Declared(
        INGRESS,
        "api",
        {"metadata": {"name": "api", "annotations": annotations}, "spec": {"rules": [{"host": "a.example.com"}]}},
    )


def gateway(*listeners: Json, **metadata: str) -> Declared:
    return Declared(
        GATEWAYS[0],
        "front",
        {
            "metadata": {"name": "front", "namespace": "edge", **metadata},
            "spec": {"gatewayClassName": "envoy", "listeners": list(listeners)},
        },
    )


def route(*filters: Json, name: str = "one", section: str | None = None) -> Declared:
    parent = {"name": "front", "namespace": "edge", **({"sectionName": section} if section else {})}
    return Declared(
        HTTP_ROUTES[0],
        name,
        {
            "metadata": {"name": name, "namespace": "apps"},
            "spec": {"parentRefs": [parent], "rules": [{"filters": list(filters)}]},
        },
    )


def istio(**server: object) -> Declared:
    return Declared(ISTIO_GATEWAYS[0], "mesh", {"spec": {"selector": {"istio": "ingress"}, "servers": [server]}})


SECRET_A = {"hosts": ["a.example.com"], "secretName": "a-tls"}
HTTPS = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "front-tls"}]}}
HTTP = {"name": "http", "port": 80, "protocol": "HTTP"}
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}

SAMPLES = (
    Sample(Case.ALLOWED, "host with its certificate", (ingress("a.example.com", tls=(SECRET_A,)),)),
    Sample(
        Case.ALLOWED,
        "wildcard",
        (ingress("a.example.com", "b.example.com", tls=({"hosts": ["*.example.com"], "secretName": "all"},)),),
    ),
    Sample(Case.ALLOWED, "one certificate for every host", (ingress("a.b", None, tls=({"secretName": "all"},)),)),
    Sample(Case.ALLOWED, "certificate of the load balancer", (alb('[{"HTTPS": 443}]'),)),
    Sample(Case.ALLOWED, "redirect of the load balancer", (alb('[{"HTTP": 80}, {"HTTPS": 443}]', ssl_redirect="443"),)),
    Sample(Case.ALLOWED, "certificate by annotation", (alb('[{"HTTP": 80}]', certificate_arn="arn:aws:acm:x"),)),
    Sample(Case.ALLOWED, "gateway", (gateway(HTTPS),)),
    Sample(
        Case.ALLOWED,
        "gateway that passes through, and one whose certificate is found by the host",
        (
            gateway(
                {"name": "t", "port": 443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
                {"name": "h", "port": 8443, "protocol": "HTTPS", "hostname": "a.example.com"},
            ),
        ),
    ),
    Sample(Case.ALLOWED, "gateway that redirects", (gateway(HTTPS, HTTP), route(REDIRECT, section="http"))),
    Sample(
        Case.ALLOWED,
        "routes of another listener do not count",
        (gateway(HTTPS, HTTP), route(REDIRECT, section="http"), route(name="app", section="https")),
    ),
    Sample(
        Case.ALLOWED,
        "mesh",
        (
            istio(port={"number": 443, "name": "https", "protocol": "HTTPS"}, hosts=["*"], tls={"mode": "SIMPLE"}),
            istio(port={"number": 80, "name": "http", "protocol": "HTTP"}, hosts=["*"], tls={"httpsRedirect": True}),
        ),
    ),
    Sample(Case.DISALLOWED, "no TLS", (ingress("a.example.com"),), ("spec.tls is missing",)),
    Sample(
        Case.DISALLOWED,
        "older group",
        (ingress("a.example.com", token="kubernetes:extensions/v1beta1:Ingress"),),
        ("spec.tls is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "one host forgotten",
        (ingress("a.example.com", "b.example.com", tls=(SECRET_A,)),),
        ("for which spec.tls has no entry",),
    ),
    Sample(
        Case.DISALLOWED,
        "a wildcard covers one label",
        (ingress("x.a.example.com", tls=({"hosts": ["*.example.com"], "secretName": "all"},)),),
        ("for which spec.tls has no entry",),
    ),
    Sample(
        Case.DISALLOWED,
        "load balancer without redirect",
        (alb('[{"HTTP": 80}, {"HTTPS": 443}]'),),
        ("without alb.ingress.kubernetes.io/ssl-redirect",),
    ),
    Sample(Case.DISALLOWED, "plain load balancer", (alb('[{"HTTP": 80}]'),), ("spec.tls is missing",)),
    Sample(
        Case.DISALLOWED,
        "nginx that answers plain requests",
        (ingress("a.example.com", tls=(SECRET_A,), **{"nginx.ingress.kubernetes.io__ssl-redirect": "false"}),),
        ("ssl-redirect is false",),
    ),
    Sample(Case.DISALLOWED, "plain gateway", (gateway(HTTP),), ("do more than redirect",)),
    Sample(
        Case.DISALLOWED,
        "a route beside the redirect",
        (gateway(HTTP), route(REDIRECT), route(name="app")),
        ("do more than redirect",),
    ),
    Sample(Case.DISALLOWED, "gateway without certificate", (gateway({**HTTPS, "tls": {}}),), ("names no certificate",)),
    Sample(Case.DISALLOWED, "plain TCP", (gateway({**HTTP, "protocol": "TCP"}),), ("do more than redirect",)),
    Sample(
        Case.DISALLOWED,
        "plain mesh",
        (istio(port={"number": 80, "name": "http", "protocol": "HTTP"}, hosts=["*"]),),
        ("without tls.httpsRedirect",),
    ),
    Sample(
        Case.DISALLOWED,
        "mesh with old TLS",
        (
            istio(
                port={"number": 443, "name": "https", "protocol": "HTTPS"},
                tls={"mode": "SIMPLE", "minProtocolVersion": "TLSV1_0"},
            ),
        ),
        ("minProtocolVersion is",),
    ),
    Sample(
        Case.DISALLOWED,
        "mesh without mode",
        (istio(port={"number": 443, "name": "https", "protocol": "HTTPS"}),),
        ("tls.mode is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown host does not hide a forgotten one",
        (ingress(UNKNOWN, "b.example.com", tls=(SECRET_A,)),),
        ("for which spec.tls has no entry", "host is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "a route of nobody knows which gateway",
        (
            gateway(HTTP),
            Declared(HTTP_ROUTES[0], "r", {"metadata": {"namespace": "apps"}, "spec": {"parentRefs": UNKNOWN}}),
        ),
        ("parentRefs is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no way in", (Declared(NAMESPACE, "apps", {"metadata": {"name": "apps"}}),)),
)
