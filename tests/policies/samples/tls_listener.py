"""Samples of `tls-listener`."""

from __future__ import annotations

from policies.checks.tls_listener import LISTENER, LISTENER_RULE
from policies.tokens import CLASSIC_LOAD_BALANCER, DISTRIBUTION
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

BEST = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/5f7c"
FORWARD = [{"type": "forward", "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/a/1"}]
REDIRECT = [{"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}]


def https(policy: str | None = BEST, protocol: str = "HTTPS") -> Declared:
    stated = {} if policy is None else {"sslPolicy": policy}
    return Declared(
        LISTENER,
        "front",
        {"port": 443, "protocol": protocol, "certificateArn": CERTIFICATE, "defaultActions": FORWARD, **stated},
    )


def http(actions: list[Json], **changes: object) -> Declared:
    return Declared(LISTENER, "plain", {"port": 80, "protocol": "HTTP", "defaultActions": actions, **changes})


def rule(actions: list[Json], listener: str = UNKNOWN, **needs: tuple[str, ...]) -> Declared:
    return Declared(LISTENER_RULE, "rule", {"listenerArn": listener, "actions": actions}, needs)


def classic(protocol: str, port: int) -> Declared:
    listener = {"lbPort": port, "lbProtocol": protocol, "instancePort": 80, "instanceProtocol": "http"}
    return Declared(CLASSIC_LOAD_BALANCER, "old", {"listeners": [listener]})


def distribution(policy: str, certificate: Json) -> Declared:
    behavior = {"viewerProtocolPolicy": policy, "targetOriginId": "models"}
    return Declared(DISTRIBUTION, "cdn", {"defaultCacheBehavior": behavior, "viewerCertificate": certificate})


OWN = {"acmCertificateArn": CERTIFICATE, "minimumProtocolVersion": "TLSv1.2_2021", "sslSupportMethod": "sni-only"}

SAMPLES = (
    Sample(Case.ALLOWED, "post-quantum", (https(),)),
    Sample(Case.ALLOWED, "TLS 1.2 and forward secrecy", (https("ELBSecurityPolicy-FS-1-2-Res-2020-10"),)),
    Sample(Case.ALLOWED, "network load balancer", (https("ELBSecurityPolicy-TLS-1-2-2017-01", "TLS"),)),
    Sample(
        Case.ALLOWED,
        "TLS 1.3 alone",
        (https("ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04"),),
        parameters={"minimum_tls": "1.3"},
    ),
    Sample(Case.ALLOWED, "HTTP that redirects", (http(REDIRECT),)),
    Sample(
        Case.ALLOWED,
        "passed through on the port of HTTPS",
        (Declared(LISTENER, "through", {"port": 443, "protocol": "TCP", "defaultActions": FORWARD}),),
    ),
    Sample(
        Case.ALLOWED,
        "passed through on another port",
        (Declared(LISTENER, "through", {"port": 8443, "protocol": "TCP", "defaultActions": FORWARD}),),
        parameters={"passthrough_ports": [8443]},
    ),
    Sample(Case.ALLOWED, "classic", (classic("HTTPS", 443), classic("ssl", 6379))),
    Sample(Case.ALLOWED, "distribution", (distribution("redirect-to-https", OWN),)),
    Sample(Case.RESOLVED, "rule of an HTTPS listener", (https(), rule(FORWARD, listenerArn=("front",)))),
    Sample(
        Case.ALLOWED,
        "rules that need no look at their listener",
        (rule(REDIRECT), Declared(LISTENER_RULE, "login", {"actions": [{"type": "authenticate-oidc"}, *FORWARD]})),
    ),
    Sample(
        Case.DISALLOWED, "TLS 1.0", (https("ELBSecurityPolicy-TLS13-1-0-2021-06"),), ("accepts TLS older than 1.2",)
    ),
    Sample(Case.DISALLOWED, "no version in the name", (https("ELBSecurityPolicy-FS-2018-06"),), ("sslPolicy is",)),
    Sample(Case.DISALLOWED, "policy not stated", (https(None),), ("missing, so it is ELBSecurityPolicy-2016-08",)),
    Sample(
        Case.DISALLOWED,
        "TLS 1.2 where 1.3 is asked for",
        (https(),),
        ("older than 1.3",),
        parameters={"minimum_tls": "1.3"},
    ),
    Sample(Case.DISALLOWED, "HTTP", (http(FORWARD),), ("answers over HTTP",)),
    Sample(
        Case.DISALLOWED,
        "HTTP by default, and a redirect to HTTP",
        (
            Declared(
                "aws:alb/listener:Listener",
                "plain",
                {"port": 80, "defaultActions": [{"type": "redirect", "redirect": {"path": "/x"}}]},
            ),
        ),
        ("answers over HTTP",),
    ),
    Sample(
        Case.DISALLOWED,
        "a rule that undoes the redirect",
        (http(REDIRECT), rule(FORWARD, listenerArn=("plain",))),
        ("the rule lets plain requests through",),
    ),
    Sample(
        Case.DISALLOWED,
        "plain TCP",
        (Declared(LISTENER, "through", {"port": 80, "protocol": "TCP", "defaultActions": FORWARD}),),
        ("may carry plain text",),
    ),
    Sample(Case.DISALLOWED, "classic HTTP", (classic("http", 80),), ("which is not encrypted",)),
    Sample(Case.DISALLOWED, "classic TCP", (classic("tcp", 5432),), ("may carry plain text",)),
    Sample(
        Case.DISALLOWED,
        "distribution",
        (distribution("allow-all", {"cloudfrontDefaultCertificate": True}),),
        ("viewers may come without TLS", "accepts TLS 1.0"),
    ),
    Sample(
        Case.DISALLOWED,
        "distribution for old viewers",
        (distribution("https-only", {**OWN, "minimumProtocolVersion": "TLSv1.1_2016"}),),
        ("older than TLS 1.2",),
    ),
    Sample(Case.UNKNOWN, "policy", (https(UNKNOWN),), ("sslPolicy is not known",)),
    Sample(Case.UNKNOWN, "rule of nobody knows which listener", (rule(FORWARD),), ("listenerArn is not known",)),
    Sample(
        Case.NOT_APPLICABLE,
        "gateway load balancer, and a rule of a listener elsewhere",
        (
            Declared(LISTENER, "appliances", {"loadBalancerArn": "arn:x", "defaultActions": FORWARD}),
            rule(FORWARD, "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/a/1/2"),
        ),
    ),
)
