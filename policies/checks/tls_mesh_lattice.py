"""Rule `tls-mesh-lattice`: services call each other encrypted, and say who they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

SERVICE: Final = "aws:vpclattice/service:Service"
LISTENER: Final = "aws:vpclattice/listener:Listener"
AUTH_POLICY: Final = "aws:vpclattice/authPolicy:AuthPolicy"
PEER_AUTHENTICATIONS: Final = tuple(
    f"kubernetes:security.istio.io/{version}:PeerAuthentication" for version in ("v1", "v1beta1")
)
_IAM: Final = "AWS_IAM"
_ENCRYPTED: Final = ("HTTPS", "TLS_PASSTHROUGH")
_LOOSE_MODES: Final = ("DISABLE", "PERMISSIVE")


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge a service, a listener or an auth policy of VPC Lattice, or what Istio demands of callers."""
    judge = _JUDGES[resource.token]
    yield from judge_each((resource,), judge)


def _judge_service(service: Resource) -> Iterator[Outcome]:
    if service["authType"].text() != _IAM:
        yield Violation(f"authType is not {_IAM}", remedy=f"set authType to {_IAM} and add an AuthPolicy")
        return
    if service.stack.companions(service, AUTH_POLICY, "resourceIdentifier").one_or_doubt() is None:
        yield Violation("the service has no auth policy")


def _judge_listener(listener: Resource) -> Iterator[Outcome]:
    if listener["protocol"].text() not in _ENCRYPTED:
        yield Violation(f"protocol is {listener['protocol'].shown}, which is not encrypted")


def _judge_policy(policy: Resource) -> Iterator[Outcome]:
    statements = policy["policy"].document()["Statement"]
    nodes = statements.items() if isinstance(statements.raw, list) else (statements,)
    if any(map(_admits_anybody, nodes)):
        yield Violation(
            "the policy admits everybody without a condition, anonymous callers too",
            remedy="name principals, or deny when aws:PrincipalType is anonymous",
        )


def _admits_anybody(statement: Node) -> bool:
    principal = statement["Principal"]
    node = principal["AWS"] if isinstance(principal.raw, dict) else principal
    names = node.items() if isinstance(node.raw, list) else (node,)
    if statement["Effect"].text() != "Allow" or not statement["Condition"].missing:
        return False
    return any(name.text() == "*" for name in names)


def _judge_peers(peers: Resource) -> Iterator[Outcome]:
    modes = (peers.at("spec", "mtls", "mode"), *(port["mode"] for port in _ports(peers)))
    yield from judge_each(modes, _judge_mode)


def _ports(peers: Resource) -> Iterator[Node]:
    yield from peers.at("spec", "portLevelMtls").entries().values()


def _judge_mode(mode: Node) -> Iterator[Outcome]:
    if mode.text() in _LOOSE_MODES:
        yield Violation(f"{mode.place} is {mode.shown}, so callers may come without TLS", remedy="set it to STRICT")


_JUDGES: Final[dict[str, Callable[[Resource], Outcomes]]] = {
    SERVICE: _judge_service,
    LISTENER: _judge_listener,
    AUTH_POLICY: _judge_policy,
    **dict.fromkeys(PEER_AUTHENTICATIONS, _judge_peers),
}

RULE = Rule(
    id="tls-mesh-lattice",
    title="Services of a mesh talk over TLS, and every caller proves who it is",
    description=(
        "Services of VPC Lattice have authType AWS_IAM and an auth policy, which admits nobody anonymous; their "
        "listeners use HTTPS or pass TLS through. PeerAuthentications of Istio neither disable mutual TLS nor "
        "leave it to the caller."
    ),
    effect="whoever is inside the network can read requests, and send them in anybody's name",
    remedy="set protocol HTTPS and authType AWS_IAM, and add an AuthPolicy that names the callers",
    topic=Topic.ENCRYPTION_IN_TRANSIT,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=tuple(_JUDGES),
    parameters=Parameters,
    check=check,
)
