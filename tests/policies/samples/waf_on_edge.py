"""Samples of `waf-on-edge`."""

from __future__ import annotations

import json

from policies.checks.waf_on_edge import ASSOCIATION, GRAPHQL, REST_API, WEB_ACL_RULE
from policies.tokens import API_STAGE, DISTRIBUTION, INGRESS, LOAD_BALANCER, WEB_ACL, WEB_ACL_LOGGING
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

ACL_ARN = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/edge/0f1e2d3c"
RATE = {"name": "rate", "action": {"block": {}}, "statement": {"rateBasedStatement": {"limit": 2000}}}
SIZE = {
    "name": "size",
    "action": {"block": {}},
    "statement": {"orStatement": {"statements": [{"sizeConstraintStatement": {"size": 8192}}]}},
}
COMMON = {
    "name": "common",
    "overrideAction": {"none": {}},
    "statement": {"managedRuleGroupStatement": {"name": "AWSManagedRulesCommonRuleSet", "vendorName": "AWS"}},
}
COUNTED = {**RATE, "action": {"count": {}}}
JSON_RATE = {"Name": "rate", "Action": {"Block": {}}, "Statement": {"RateBasedStatement": {"Limit": 2000}}}
JSON_SIZE = {"Name": "size", "Action": {"Block": {}}, "Statement": {"SizeConstraintStatement": {"Size": 8192}}}


def balancer(**properties: object) -> Declared:
    return Declared(LOAD_BALANCER, "edge", {"name": "edge", **properties})


def acl(*rules: Json, **properties: object) -> Declared:
    return Declared(WEB_ACL, "acl", {"rules": list(rules), "scope": "REGIONAL", **properties})


def attached(owner: str = "edge", arn: object = UNKNOWN) -> Declared:
    needs = {"resourceArn": (owner,) if owner else (), "webAclArn": ("acl",) if arn == UNKNOWN else ()}
    return Declared(ASSOCIATION, "attached", {"resourceArn": UNKNOWN, "webAclArn": arn}, needs)


LOGS = Declared(
    WEB_ACL_LOGGING, "logs", {"resourceArn": UNKNOWN, "logDestinationConfigs": []}, {"resourceArn": ("acl",)}
)
EDGE = balancer(internal=False, loadBalancerType="application")
FULL = acl(RATE, SIZE)


def ingress(**annotations: str) -> Declared:
    named = {f"alb.ingress.kubernetes.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return Declared(INGRESS, "web", {"metadata": {"name": "web", "annotations": named}})


SAMPLES = (
    Sample(Case.ALLOWED, "firewall of another stack", (EDGE, attached(arn=ACL_ARN))),
    Sample(Case.ALLOWED, "ingress", (ingress(scheme="internet-facing", wafv2_acl_arn=ACL_ARN),)),
    Sample(Case.RESOLVED, "rate, size and logs", (EDGE, attached(), FULL, LOGS)),
    Sample(Case.RESOLVED, "common rule set", (EDGE, attached(), acl(RATE, COMMON), LOGS)),
    Sample(
        Case.RESOLVED,
        "rules as JSON",
        (
            EDGE,
            attached(),
            Declared(WEB_ACL, "acl", {"ruleJson": json.dumps([JSON_RATE, JSON_SIZE]), "scope": "REGIONAL"}),
            LOGS,
        ),
    ),
    Sample(
        Case.RESOLVED,
        "a rule of its own",
        (
            EDGE,
            attached(),
            acl(SIZE),
            Declared(WEB_ACL_RULE, "rate", {**RATE, "webAclArn": UNKNOWN}, {"webAclArn": ("acl",)}),
            LOGS,
        ),
    ),
    Sample(
        Case.RESOLVED,
        "distribution",
        (Declared(DISTRIBUTION, "cdn", {"webAclId": UNKNOWN}, {"webAclId": ("acl",)}), FULL, LOGS),
    ),
    Sample(
        Case.RESOLVED,
        "nothing asked of the firewall, by parameter",
        (EDGE, attached(), acl()),
        parameters={"rate_rule_required": False, "size_rule_required": False, "logging_required": False},
    ),
    Sample(Case.DISALLOWED, "no firewall", (EDGE,), ("no WebAclAssociation",)),
    Sample(Case.DISALLOWED, "no firewall, defaults", (balancer(),), ("no WebAclAssociation",)),
    Sample(Case.DISALLOWED, "stage", (Declared(API_STAGE, "v1", {"restApi": "a1b2c3"}),), ("no WebAclAssociation",)),
    Sample(Case.DISALLOWED, "GraphQL", (Declared(GRAPHQL, "api", {"name": "api"}),), ("no WebAclAssociation",)),
    Sample(Case.DISALLOWED, "distribution without", (Declared(DISTRIBUTION, "cdn", {}),), ("webAclId is missing",)),
    Sample(Case.DISALLOWED, "ingress without", (ingress(scheme="internet-facing"),), ("wafv2-acl-arn is missing",)),
    Sample(
        Case.DISALLOWED,
        "empty firewall",
        (EDGE, attached(), acl()),
        ("asks too often", "too large", "no logging configuration"),
    ),
    Sample(Case.DISALLOWED, "rate is counted", (EDGE, attached(), acl(COUNTED, SIZE), LOGS), ("asks too often",)),
    Sample(Case.DISALLOWED, "no size", (EDGE, attached(), acl(RATE), LOGS), ("too large",)),
    Sample(Case.DISALLOWED, "no logs", (EDGE, attached(), FULL), ("no logging configuration",)),
    Sample(Case.UNKNOWN, "before what it stands", (EDGE, attached(""), FULL, LOGS), ("resourceArn is not known",)),
    Sample(
        Case.UNKNOWN,
        "unknown rules hide no missing log",
        (EDGE, attached(), Declared(WEB_ACL, "acl", {"rules": UNKNOWN})),
        ("rules is not known", "no logging configuration"),
    ),
    Sample(Case.NOT_APPLICABLE, "internal", (balancer(internal=True),)),
    Sample(Case.NOT_APPLICABLE, "of connections", (balancer(loadBalancerType="network"),)),
    Sample(Case.NOT_APPLICABLE, "internal ingress", (ingress(scheme="internal"),)),
    Sample(
        Case.NOT_APPLICABLE,
        "private API",
        (
            Declared(REST_API, "api", {"endpointConfiguration": {"types": "PRIVATE"}}),
            Declared(API_STAGE, "v1", {"restApi": UNKNOWN}, {"restApi": ("api",)}),
        ),
    ),
)
