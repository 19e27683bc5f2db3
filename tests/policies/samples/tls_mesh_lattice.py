"""Samples of `tls-mesh-lattice`."""

from __future__ import annotations

import json

from policies.checks.tls_mesh_lattice import AUTH_POLICY, LISTENER, PEER_AUTHENTICATIONS, SERVICE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

CALLER = {"AWS": "arn:aws:iam::111122223333:role/caller"}
ONE = {"Effect": "Allow", "Principal": CALLER, "Action": "vpc-lattice-svcs:Invoke", "Resource": "*"}
KNOWN = {
    **ONE,
    "Principal": "*",
    "Condition": {"StringNotEqualsIgnoreCase": {"aws:PrincipalType": "anonymous"}},
}


def service(auth: str = "AWS_IAM") -> Declared:
    return Declared(SERVICE, "api", {"name": "api", "authType": auth})


def policy(*statements: Json, owner: str = UNKNOWN, **needs: tuple[str, ...]) -> Declared:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Declared(AUTH_POLICY, "callers", {"resourceIdentifier": owner, "policy": document}, needs)


def listener(protocol: str) -> Declared:
    action = {"fixedResponse": {"statusCode": 404}}
    return Declared(LISTENER, "front", {"protocol": protocol, "port": 443, "defaultAction": action})


def peers(mode: str, **ports: str) -> Declared:
    by_port = {port: {"mode": each} for port, each in ports.items()}
    return Declared(PEER_AUTHENTICATIONS[0], "all", {"spec": {"mtls": {"mode": mode}, "portLevelMtls": by_port}})


SAMPLES = (
    Sample(Case.ALLOWED, "service by name", (service(), policy(ONE, owner="api"), listener("HTTPS"))),
    Sample(Case.RESOLVED, "service of the stack", (service(), policy(KNOWN, resourceIdentifier=("api",)))),
    Sample(Case.ALLOWED, "TLS that the targets end", (listener("TLS_PASSTHROUGH"),)),
    Sample(Case.ALLOWED, "mutual TLS", (peers("STRICT", p8080="STRICT"),)),
    Sample(Case.ALLOWED, "what the mesh has by default", (Declared(PEER_AUTHENTICATIONS[1], "all", {"spec": {}}),)),
    Sample(Case.DISALLOWED, "no authentication", (service("NONE"),), ("authType is not AWS_IAM",)),
    Sample(Case.DISALLOWED, "no policy", (service(),), ("the service has no auth policy",)),
    Sample(Case.DISALLOWED, "plain", (listener("HTTP"),), ("which is not encrypted",)),
    Sample(
        Case.DISALLOWED,
        "anybody",
        (service(), policy({**ONE, "Principal": "*"}, owner="api")),
        ("the policy admits everybody",),
    ),
    Sample(Case.DISALLOWED, "mutual TLS as callers like", (peers("PERMISSIVE"),), ("may come without TLS",)),
    Sample(Case.DISALLOWED, "one port", (peers("STRICT", p8080="DISABLE"),), ("portLevelMtls.p8080.mode is",)),
    Sample(
        Case.UNKNOWN,
        "a policy of nobody knows which service",
        (service(), policy(ONE)),
        ("resourceIdentifier is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:vpclattice/targetGroup:TargetGroup", "t", {}),)),
)
