"""Samples of `lambda-code-signing`."""

from __future__ import annotations

from policies.checks.lambda_code_signing import CODE_SIGNING
from policies.tokens import FUNCTION
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import IMAGE

ARN = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0f6c334abcdea4d8b"
PUBLISHERS = {"signingProfileVersionArns": ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/code/1"]}


def function(arn: object = ARN, **needs: tuple[str, ...]) -> Declared:
    return Declared(FUNCTION, "f", {"runtime": "python3.14", "codeSigningConfigArn": arn}, needs)


def configuration(untrusted: object = "Enforce") -> Declared:
    policies = {} if untrusted is None else {"untrustedArtifactOnDeployment": untrusted}
    return Declared(CODE_SIGNING, "signing", {"allowedPublishers": PUBLISHERS, "policies": policies})


SAMPLES = (
    Sample(Case.ALLOWED, "signed", (function(), configuration())),
    Sample(
        Case.RESOLVED,
        "configuration of the stack",
        (configuration(), function(UNKNOWN, codeSigningConfigArn=("signing",))),
    ),
    Sample(Case.DISALLOWED, "no configuration", (function(None),), ("codeSigningConfigArn is missing",)),
    Sample(
        Case.DISALLOWED,
        "archive by name",
        (Declared(FUNCTION, "f", {"packageType": "Zip"}),),
        ("codeSigningConfigArn is missing",),
    ),
    Sample(Case.DISALLOWED, "warns", (configuration("Warn"),), ("untrustedArtifactOnDeployment is",)),
    Sample(Case.DISALLOWED, "default", (configuration(None),), ("which means Warn",)),
    Sample(Case.UNKNOWN, "configuration of nobody knows whom", (function(UNKNOWN),), ("codeSigningConfigArn is not",)),
    Sample(Case.NOT_APPLICABLE, "image", (Declared(FUNCTION, "f", {"packageType": "Image", "imageUri": IMAGE}),)),
)
