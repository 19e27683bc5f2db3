"""Rule `tls-listener`: what the edge accepts, it accepts over TLS of today."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Literal

from pydantic import Field

from policies.frameworks import CLOUDFRONT_3, CLOUDFRONT_7, CLOUDFRONT_15, ELB_1, ELB_3, ELB_17, ELB_18
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import CLASSIC_LOAD_BALANCER, DISTRIBUTION
from policies.views import Node, Resource, Undetermined

LISTENER: Final = "aws:lb/listener:Listener"
LISTENER_RULE: Final = "aws:lb/listenerRule:ListenerRule"

# The name says the oldest version of TLS that is accepted; names without one accept TLS 1.0. Elastic Load
# Balancing User Guide, "Security policies for your Application Load Balancer", read 2026-11.
_POLICY: Final = re.compile(r"^ELBSecurityPolicy-(?:TLS13|TLS|FS)-1-(\d)(?:-|$)", re.ASCII)
_DEFAULT_POLICY: Final = "ELBSecurityPolicy-2016-08"  # same page: where none is stated by API
_VIEWER: Final = re.compile(r"^TLSv1\.(\d)_", re.ASCII)  # CloudFront API reference, ViewerCertificate, read 2026-11
_ENCRYPTED: Final = ("HTTPS", "TLS", "QUIC", "SSL")
_TERMINATED_ELSEWHERE: Final = ("TCP", "UDP", "TCP_UDP", "TCP_QUIC")
_VIEWER_ENCRYPTED: Final = ("https-only", "redirect-to-https")
# Actions that AWS admits on HTTPS listeners only, before the action that answers.
_HTTPS_ONLY_ACTIONS: Final = ("authenticate-cognito", "authenticate-oidc", "jwt-validation")


class ListenerTls(Parameters):
    """Parameters."""

    minimum_tls: Literal["1.2", "1.3"] = Field(default="1.2", description="Oldest version of TLS that is accepted.")
    passthrough_ports: tuple[int, ...] = Field(
        default=(443,), description="Ports on which TCP and UDP are let through because the targets end TLS themselves."
    )


Judge = Callable[[Resource, ListenerTls], Outcomes]


def check(resource: Resource, parameters: ListenerTls) -> Outcomes:
    """Judge a listener, a rule of one, a classic load balancer, or a distribution."""
    yield from _JUDGES[resource.token](resource, parameters)


def _judge_listener(listener: Resource, parameters: ListenerTls) -> Iterator[Outcome]:
    protocol = _protocol(listener)
    if protocol == "HTTP":
        if not _only_redirects(listener["defaultActions"]):
            yield Violation("the listener answers over HTTP, and does more than redirect to HTTPS")
    elif protocol in _TERMINATED_ELSEWHERE:
        yield from _judge_port(listener["protocol"], listener["port"], parameters)
    elif protocol in ("HTTPS", "TLS"):
        yield from _judge_policy(listener["sslPolicy"], parameters)


def _judge_policy(policy: Node, parameters: ListenerTls) -> Iterator[Outcome]:
    version = _POLICY.match(policy.text() or _DEFAULT_POLICY)
    if version is None or f"1.{version[1]}" < parameters.minimum_tls:
        what = f"missing, so it is {_DEFAULT_POLICY}" if policy.missing else policy.shown
        yield Violation(f"{policy.place} is {what}, which accepts TLS older than {parameters.minimum_tls}")


def _judge_port(protocol: Node, port: Node, parameters: ListenerTls) -> Iterator[Outcome]:
    if port.number() not in parameters.passthrough_ports:
        yield Violation(f"{protocol.place} is {protocol.shown} on a port that may carry plain text")


def _judge_rule(rule: Resource, parameters: ListenerTls) -> Iterator[Outcome]:
    """Judge a rule of a listener of the stack: over HTTP it may only redirect."""
    actions = rule["actions"]
    if any(action["type"].text() in _HTTPS_ONLY_ACTIONS for action in actions.items()) or _only_redirects(actions):
        return
    node = rule["listenerArn"]
    listeners = [source for source in rule.sources(node) if source.token == LISTENER]
    if node.unknown and not listeners:
        raise Undetermined(node.path, node.urn)
    if any(_protocol(listener) == "HTTP" for listener in listeners):
        yield Violation("the rule lets plain requests through to a target")


def _judge_classic(balancer: Resource, parameters: ListenerTls) -> Iterator[Outcome]:
    yield from judge_each(balancer["listeners"].items(), partial(_judge_classic_listener, parameters=parameters))


def _judge_classic_listener(listener: Node, parameters: ListenerTls) -> Iterator[Outcome]:
    protocol = listener["lbProtocol"]
    name = (protocol.text() or "").upper()
    if name in _TERMINATED_ELSEWHERE:
        yield from _judge_port(protocol, listener["lbPort"], parameters)
    elif name not in _ENCRYPTED:
        yield Violation(f"{protocol.place} is {protocol.shown}, which is not encrypted")


def _judge_distribution(distribution: Resource, parameters: ListenerTls) -> Iterator[Outcome]:
    behaviors = (distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"].items())
    yield from judge_each(behaviors, _judge_behavior)
    yield from judge_each((distribution["viewerCertificate"],), partial(_judge_viewer, parameters=parameters))


def _judge_behavior(behavior: Node) -> Iterator[Outcome]:
    policy = behavior["viewerProtocolPolicy"]
    if policy.text() not in _VIEWER_ENCRYPTED:
        yield Violation(f"{policy.place} is {policy.shown}, so viewers may come without TLS")


def _judge_viewer(certificate: Node, parameters: ListenerTls) -> Iterator[Outcome]:
    if certificate["cloudfrontDefaultCertificate"].truth():
        yield Violation(f"{certificate.place} is that of cloudfront.net, which accepts TLS 1.0")
        return
    minimum = certificate["minimumProtocolVersion"]
    version = _VIEWER.match(minimum.text() or "")
    if version is None or f"1.{version[1]}" < parameters.minimum_tls:
        yield Violation(f"{minimum.place} is {minimum.shown}, older than TLS {parameters.minimum_tls}")


def _protocol(listener: Resource) -> str | None:
    """Protocol of a listener; None for a gateway load balancer, whose listener states neither protocol nor port."""
    protocol = listener["protocol"].text()
    return "HTTP" if protocol is None and not listener["port"].missing else protocol


def _only_redirects(actions: Node) -> bool:
    nodes = actions.items()
    return bool(nodes) and all(
        action["type"].text() == "redirect" and action.at("redirect", "protocol").text() == "HTTPS" for action in nodes
    )


_JUDGES: Final[dict[str, Judge]] = {
    LISTENER: _judge_listener,
    LISTENER_RULE: _judge_rule,
    CLASSIC_LOAD_BALANCER: _judge_classic,
    DISTRIBUTION: _judge_distribution,
}

RULE = Rule(
    id="tls-listener",
    title="Load balancers and distributions accept TLS 1.2 or newer, and nothing else",
    description=(
        "Listeners of application and network load balancers use HTTPS or TLS with a security policy that accepts "
        "nothing older than the configured version (hybrid post-quantum and FIPS policies count by that version); "
        "HTTP listeners and their rules only redirect to HTTPS; TCP and UDP are let through on the configured "
        "ports only. Classic load balancers listen with HTTPS or SSL. CloudFront distributions require HTTPS of "
        "viewers, with a certificate of their own."
    ),
    effect="prompts, answers and credentials can be read on the way",
    remedy=(
        "set protocol HTTPS (TLS) and sslPolicy ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09, and let HTTP only "
        "redirect to protocol HTTPS"
    ),
    topic=Topic.ENCRYPTION_IN_TRANSIT,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=tuple(_JUDGES),
    parameters=ListenerTls,
    check=check,
    frameworks=(CLOUDFRONT_3, CLOUDFRONT_7, CLOUDFRONT_15, ELB_1, ELB_3, ELB_17, ELB_18),
)
