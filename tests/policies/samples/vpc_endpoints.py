"""Samples of `vpc-endpoints`."""

from __future__ import annotations

import json

from policies.checks.vpc_endpoints import ENDPOINT
from policies.tokens import SUBNET, VPC
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

NETWORK = Declared(VPC, "net", {"cidrBlock": "10.0.0.0/16"})
INSIDE = Declared(SUBNET, "a", {"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/20"}, {"vpcId": ("net",)})
OWN = {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}


def policy(**changes: object) -> Json:
    return {
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": OWN, **changes}
        ]
    }


def endpoint(service: str, *needs: str, document: object = None, **changes: object) -> Declared:
    properties: Json = {
        "vpcId": UNKNOWN,
        "serviceName": f"com.amazonaws.eu-west-1.{service}",
        "policy": document or policy(),
        **changes,
    }
    return Declared(ENDPOINT, service, properties, {"vpcId": needs})


ALL = tuple(endpoint(service, "net") for service in ("s3", "ecr.api", "ecr.dkr", "sts", "kms", "logs"))
ONLY_S3: Json = {"services": ["s3"]}
OPEN = ("Statement[0] allows everything to everybody",)

SAMPLES = (
    Sample(Case.ALLOWED, "policy as text", (endpoint("kms", document=json.dumps(policy())),)),
    Sample(Case.ALLOWED, "one bucket", (endpoint("s3", document=policy(Condition={}, Resource="arn:aws:s3:::m/*")),)),
    Sample(
        Case.ALLOWED, "no policy, by parameter", (endpoint("s3", policy=None),), parameters={"policy_required": False}
    ),
    Sample(Case.RESOLVED, "all", (NETWORK, INSIDE, *ALL)),
    Sample(Case.RESOLVED, "few, by parameter", (NETWORK, INSIDE, endpoint("s3", "net")), parameters=ONLY_S3),
    Sample(Case.DISALLOWED, "none", (NETWORK, INSIDE), ("no endpoint for s3, ecr.api, ecr.dkr, sts, kms, logs",)),
    Sample(Case.DISALLOWED, "one missing", (NETWORK, INSIDE, *ALL[1:]), ("the VPC has no endpoint for s3",)),
    Sample(Case.DISALLOWED, "no policy", (endpoint("s3", policy=None),), ("policy is missing",)),
    Sample(Case.DISALLOWED, "open policy", (endpoint("s3", document=policy(Condition={})),), OPEN),
    Sample(
        Case.DISALLOWED,
        "open to a service's actions",
        (endpoint("s3", document=policy(Condition={}, Principal={"AWS": "*"}, Action=["s3:*"])),),
        OPEN,
    ),
    Sample(
        Case.UNKNOWN,
        "whose endpoint",
        (NETWORK, INSIDE, endpoint("s3")),
        ("vpcId is not known",),
        parameters=ONLY_S3,
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown policy hides no missing one",
        (endpoint("s3", policy=UNKNOWN), endpoint("sts", policy=None)),
        ("policy is not known", "policy is missing"),
    ),
    Sample(Case.NOT_APPLICABLE, "nothing runs there", (NETWORK,)),
    Sample(
        Case.NOT_APPLICABLE,
        "somebody's own service",
        (endpoint("x", serviceName="com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", policy=None),),
    ),
)
