"""Samples of `iam-boundary`."""

from __future__ import annotations

from policies.iam import ROLE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

BOUNDARY = "arn:aws:iam::111122223333:policy/workloads"


def trust(principal: Json, **changes: object) -> Json:
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **changes}]}


PODS = trust({"Service": "pods.eks.amazonaws.com"})
IRSA = trust(
    {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A1"},
    Condition={"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/A1:sub": "system:serviceaccount:shop:chat"}},
)


def role(**properties: object) -> Declared:
    return Declared(ROLE, "chat", {"assumeRolePolicy": PODS, "permissionsBoundary": BOUNDARY, **properties})


SAMPLES = (
    Sample(Case.ALLOWED, "boundary, session not stated", (role(),)),
    Sample(Case.ALLOWED, "boundary of the same stack", (role(permissionsBoundary=UNKNOWN),)),
    Sample(Case.INSIDE, "an hour", (role(maxSessionDuration=3_600),)),
    Sample(Case.OUTSIDE, "a second more", (role(maxSessionDuration=3_601),), ("is more than 3600",)),
    Sample(
        Case.INSIDE,
        "twelve hours, by parameter",
        (role(maxSessionDuration=43_200),),
        parameters={"maximum_session_seconds": 43_200},
    ),
    Sample(
        Case.DISALLOWED,
        "no boundary",
        (Declared(ROLE, "chat", {"assumeRolePolicy": PODS}),),
        ("permissionsBoundary is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "service account, no boundary",
        (Declared(ROLE, "chat", {"assumeRolePolicy": IRSA}),),
        ("permissionsBoundary is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown session hides no missing boundary",
        (Declared(ROLE, "chat", {"assumeRolePolicy": PODS, "maxSessionDuration": UNKNOWN}),),
        ("permissionsBoundary is missing", "maxSessionDuration is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "role of a service that runs nobody's code",
        (Declared(ROLE, "backup", {"assumeRolePolicy": trust({"Service": "backup.amazonaws.com"})}),),
    ),
)
