"""Samples of `log-data-protection`."""

from __future__ import annotations

import json

from policies.checks.log_data_protection import ACCOUNT_POLICY, INVOCATION_LOGGING, POLICY
from policies.tokens import LOG_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

IDENTIFIERS = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
AUDIT: Json = {"DataIdentifier": IDENTIFIERS, "Operation": {"Audit": {"FindingsDestination": {}}}}
MASK: Json = {"DataIdentifier": IDENTIFIERS, "Operation": {"Deidentify": {"MaskConfig": {}}}}


def group(name: str = "/apps/chat", data_class: str = "confidential") -> Declared:
    return Declared(LOG_GROUP, "chat", {"name": name, "tags": {"data-class": data_class}, "region": "eu-west-1"})


def document(*statements: Json) -> str:
    return json.dumps({"Name": "mask", "Version": "2021-06-01", "Statement": list(statements)})


def policy(*statements: Json, name: str = "/apps/chat", **needs: tuple[str, ...]) -> Declared:
    return Declared(POLICY, "mask", {"logGroupName": name, "policyDocument": document(*statements)}, needs)


def account(kind: str = "DATA_PROTECTION_POLICY", region: str = "eu-west-1") -> Declared:
    return Declared(
        ACCOUNT_POLICY,
        "all",
        {"policyName": "all", "policyType": kind, "policyDocument": document(AUDIT, MASK), "region": region},
    )


def bedrock(name: str, **needs: tuple[str, ...]) -> Declared:
    config = {"cloudwatchConfig": {"logGroupName": name, "roleArn": "arn:aws:iam::111122223333:role/b"}}
    return Declared(INVOCATION_LOGGING, "calls", {"loggingConfig": config}, needs)


PLAIN = group("/apps/calls", "internal")
UNMASKED = "no data protection policy masks"

SAMPLES = (
    Sample(Case.ALLOWED, "masked", (group(), policy(AUDIT, MASK))),
    Sample(Case.RESOLVED, "group of the stack", (group(), policy(MASK, name=UNKNOWN, logGroupName=("chat",)))),
    Sample(Case.ALLOWED, "masked for the account", (group(), account())),
    Sample(
        Case.ALLOWED, "Bedrock and a masked group", (PLAIN, policy(MASK, name="/apps/calls"), bedrock("/apps/calls"))
    ),
    Sample(Case.ALLOWED, "Bedrock and a group elsewhere", (PLAIN, bedrock("/other/calls"))),
    Sample(Case.DISALLOWED, "no policy", (group(),), (UNMASKED,)),
    Sample(Case.DISALLOWED, "found, and not masked", (group(), policy(AUDIT)), (UNMASKED,)),
    Sample(Case.DISALLOWED, "another group's", (group(), policy(MASK, name="/apps/embed")), (UNMASKED,)),
    Sample(Case.DISALLOWED, "by its name", (group("/apps/prompts", "internal"),), (UNMASKED,)),
    Sample(
        Case.DISALLOWED,
        "endpoint of SageMaker",
        (Declared(LOG_GROUP, "endpoint", {"name": "/aws/sagemaker/Endpoints/chat"}),),
        (UNMASKED,),
    ),
    Sample(Case.DISALLOWED, "Bedrock", (PLAIN, bedrock("/apps/calls")), ("Bedrock writes prompts",)),
    Sample(
        Case.DISALLOWED,
        "Bedrock and a group of the stack",
        (PLAIN, bedrock(UNKNOWN, loggingConfig=("chat",))),
        ("Bedrock writes prompts",),
    ),
    Sample(Case.DISALLOWED, "masked in another region", (group(), account(region="eu-north-1")), (UNMASKED,)),
    Sample(
        Case.DISALLOWED, "another policy of the account", (group(), account("SUBSCRIPTION_FILTER_POLICY")), (UNMASKED,)
    ),
    Sample(
        Case.UNKNOWN,
        "a policy of nobody knows which group",
        (group(), policy(MASK, name=UNKNOWN)),
        ("logGroupName is not known",),
    ),
    Sample(Case.UNKNOWN, "Bedrock and nobody knows what", (bedrock(UNKNOWN),), ("logGroupName is not known",)),
    Sample(
        Case.NOT_APPLICABLE,
        "internal, and Bedrock with a bucket",
        (
            group(data_class="internal"),
            Declared(INVOCATION_LOGGING, "calls", {"loggingConfig": {"s3Config": {"bucketName": "acme-calls"}}}),
        ),
    ),
)
