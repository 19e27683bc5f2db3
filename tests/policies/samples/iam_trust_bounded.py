"""Samples of `iam-trust-bounded`."""

from __future__ import annotations

import json

from policies.iam import POLICY, ROLE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

OTHER = "999988887777"
GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
SUBJECT = "token.actions.githubusercontent.com:sub"
SAML = "arn:aws:iam::111122223333:saml-provider/company"


def trusting(principal: object, action: object = "sts:AssumeRole", **changes: object) -> Declared:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **changes}
    return role({key: value for key, value in statement.items() if value is not None})


def role(*statements: Json) -> Declared:
    return Declared(ROLE, "chat", {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": list(statements)}})


def when(key: str, value: object, operator: str = "StringEquals") -> Json:
    return {operator: {key: value}}


def web(condition: Json | None, provider: object = GITHUB) -> Declared:
    return trusting({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition=condition)


PODS = {"Service": "pods.eks.amazonaws.com"}
ACCOUNT = {"AWS": f"arn:aws:iam::{OTHER}:root"}

SAMPLES = (
    Sample(Case.ALLOWED, "service", (trusting(PODS, ["sts:AssumeRole", "sts:TagSession"]),)),
    Sample(
        Case.ALLOWED,
        "service with its source, by parameter",
        (trusting(PODS, Condition=when("aws:SourceAccount", "111122223333")),),
        parameters={"services_with_source": ["pods.eks.amazonaws.com"]},
    ),
    Sample(Case.ALLOWED, "named role", (trusting({"AWS": "arn:aws:iam::111122223333:role/release"}),)),
    Sample(Case.ALLOWED, "account with external id", (trusting(ACCOUNT, Condition=when("sts:ExternalId", "x-4711")),)),
    Sample(Case.ALLOWED, "own account", (trusting(ACCOUNT),), parameters={"own_accounts": [OTHER]}),
    Sample(
        Case.ALLOWED,
        "anybody of the organisation",
        (trusting("*", Condition=when("aws:PrincipalOrgID", "o-a1b2c3d4e5")),),
    ),
    Sample(Case.ALLOWED, "one repository", (web(when(SUBJECT, "repo:shop/models:*", "StringLike")),)),
    Sample(
        Case.ALLOWED,
        "company",
        (
            trusting(
                {"Federated": SAML},
                "sts:AssumeRoleWithSAML",
                Condition=when("SAML:aud", "https://signin.aws.amazon.com/saml"),
            ),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "identity pool",
        (web(when("cognito-identity.amazonaws.com:aud", "eu-west-1:x"), "cognito-identity.amazonaws.com"),),
    ),
    Sample(Case.ALLOWED, "denial", (role({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}),)),
    Sample(
        Case.RESOLVED,
        "role of the same stack",
        (
            Declared(POLICY, "other", {}),
            Declared(
                ROLE,
                "chat",
                {
                    "assumeRolePolicy": {
                        "Statement": {"Effect": "Allow", "Principal": {"AWS": UNKNOWN}, "Action": "sts:AssumeRole"}
                    }
                },
                {"assumeRolePolicy": ("other",)},
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "everybody", (trusting("*"),), ("Principal is",)),
    Sample(Case.DISALLOWED, "everybody, in a list", (trusting({"AWS": ["*"]}),), ("Principal.AWS[0] is",)),
    Sample(
        Case.DISALLOWED,
        "everybody, as text",
        (
            Declared(
                ROLE,
                "chat",
                {
                    "assumeRolePolicy": json.dumps(
                        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
                    )
                },
            ),
        ),
        ("everybody may assume the role",),
    ),
    Sample(
        Case.DISALLOWED,
        "everybody who knows an id",
        (trusting("*", Condition=when("sts:ExternalId", "x-4711")),),
        ("everybody may assume the role",),
    ),
    Sample(Case.DISALLOWED, "everybody but", (trusting(None, NotPrincipal={"AWS": OTHER}),), ("NotPrincipal",)),
    Sample(Case.DISALLOWED, "nobody named", (trusting(None),), ("Principal is missing",)),
    Sample(Case.DISALLOWED, "whole account", (trusting(ACCOUNT),), ("is a whole account",)),
    Sample(Case.DISALLOWED, "whole account, short", (trusting({"AWS": OTHER}),), ("is a whole account",)),
    Sample(
        Case.DISALLOWED,
        "role of another account",
        (trusting({"AWS": f"arn:aws:iam::{OTHER}:role/release"}),),
        ("is of another account",),
        parameters={"own_accounts": ["111122223333"]},
    ),
    Sample(
        Case.DISALLOWED, "any repository", (web(when(SUBJECT, "repo:*", "StringLike")),), ("no condition on its `sub`",)
    ),
    Sample(
        Case.DISALLOWED,
        "any subject",
        (web(when("token.actions.githubusercontent.com:aud", "sts.amazonaws.com")),),
        ("no condition on its `sub`",),
    ),
    Sample(
        Case.DISALLOWED,
        "any service account",
        (
            web(
                when("oidc.eks.eu-west-1.amazonaws.com/id/A1:sub", "system:serviceaccount:*:*", "StringLike"),
                "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A1",
            ),
        ),
        ("no condition on its `sub`",),
    ),
    Sample(
        Case.DISALLOWED,
        "company, anywhere",
        (trusting({"Federated": SAML}, "sts:AssumeRoleWithSAML"),),
        ("no condition on SAML:aud",),
    ),
    Sample(
        Case.DISALLOWED,
        "anybody who signs in",
        (web(None, "accounts.google.com"),),
        ("for whom its tokens were made",),
    ),
    Sample(Case.DISALLOWED, "any action", (trusting(PODS, "sts:*"),), ("Action is",)),
    Sample(
        Case.DISALLOWED,
        "service without source, by parameter",
        (trusting(PODS),),
        ("without a condition on aws:SourceArn",),
        parameters={"services_with_source": ["pods.eks.amazonaws.com"]},
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown statement hides no other",
        (
            role(
                {"Effect": "Allow", "Principal": {"AWS": UNKNOWN}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
            ),
        ),
        ("everybody may assume", "Principal.AWS is not known"),
    ),
    Sample(
        Case.UNKNOWN, "unknown document", (Declared(ROLE, "chat", {"assumeRolePolicy": UNKNOWN}),), ("is not known",)
    ),
    Sample(Case.NOT_APPLICABLE, "no role", (Declared(POLICY, "p", {}),)),
)
