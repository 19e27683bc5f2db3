"""Samples of `ecr-signing`."""

from __future__ import annotations

import json

from policies.checks.ecr_signing import NATIVE, PROFILE, SIGNING_TYPE
from policies.tokens import CLOUD_CONTROL, REPOSITORY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

ARN = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"
REPO = Declared(REPOSITORY, "llm", {"name": "prod/llm", "region": "eu-west-1"})


def signing(pattern: str = "prod/*", region: object = "eu-west-1", **changes: object) -> Declared:
    rule = {"SigningProfileArn": ARN, "RepositoryFilters": [{"Filter": pattern, "FilterType": "WILDCARD_MATCH"}]}
    state: Json = {"typeName": SIGNING_TYPE, "desiredState": json.dumps({"Rules": [rule]}), "region": region}
    return Declared(CLOUD_CONTROL, "signing", {**state, **changes})


def profile(platform: object = "Notation-OCI-SHA384-ECDSA", name: object = "images") -> Declared:
    return Declared(PROFILE, "profile", {"name": name, "platformId": platform, "region": "eu-west-1"})


SAMPLES = (
    Sample(Case.ALLOWED, "signed", (REPO, signing(), profile())),
    Sample(Case.ALLOWED, "by a profile of another stack", (REPO, signing(), profile("AWSLambda-SHA384-ECDSA", "code"))),
    Sample(
        Case.ALLOWED,
        "aws-native",
        (
            REPO,
            Declared(
                NATIVE,
                "signing",
                {
                    "region": "eu-west-1",
                    "rules": [{"signingProfileArn": ARN, "repositoryFilters": [{"filter": "*"}]}],
                },
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "not signed", (REPO,), ("the stack sets no signing",)),
    Sample(
        Case.DISALLOWED,
        "another resource of Cloud Control",
        (REPO, signing(typeName="AWS::ECR::RegistryPolicy")),
        ("the stack sets no signing",),
    ),
    Sample(Case.DISALLOWED, "other repositories", (REPO, signing("dev/*"), profile()), ("no rule of the registry's",)),
    Sample(Case.DISALLOWED, "another region", (REPO, signing(region="eu-central-1")), ("the stack sets no signing",)),
    Sample(
        Case.DISALLOWED,
        "a profile for functions",
        (REPO, signing(), profile("AWSLambda-SHA384-ECDSA")),
        ("which signs no images",),
    ),
    Sample(Case.UNKNOWN, "rules", (REPO, signing(desiredState=UNKNOWN)), ("desiredState is not known",)),
    Sample(Case.NOT_APPLICABLE, "no repository", (profile(),)),
)
