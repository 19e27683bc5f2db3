"""Samples of `access-logs`."""

from __future__ import annotations

from policies.checks.access_logs import DELIVERY_SOURCE, STAGES
from policies.tokens import (
    BUCKET,
    BUCKET_LOGGING,
    CLASSIC_LOAD_BALANCER,
    DISTRIBUTION,
    LOAD_BALANCER,
    WEB_ACL,
    WEB_ACL_LOGGING,
)
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

MODELS = Declared(BUCKET, "models", {"bucket": "acme-models"})
LOGS = Declared(BUCKET, "logs", {"bucket": "acme-logs"})
NO_LOG = ("the bucket has no access log",)


def balancer(token: str = LOAD_BALANCER, **properties: object) -> Declared:
    return Declared(token, "edge", {"name": "edge", **properties})


def logging(**changes: object) -> Declared:
    stated: Json = {"bucket": "acme-models", "targetBucket": "acme-logs", "targetPrefix": "s3/", **changes}
    return Declared(BUCKET_LOGGING, "logging", stated)


SAMPLES = (
    Sample(Case.ALLOWED, "load balancer", (balancer(accessLogs={"enabled": True, "bucket": "acme-logs"}),)),
    Sample(
        Case.ALLOWED,
        "target of a load balancer's log",
        (LOGS, balancer(accessLogs={"enabled": True, "bucket": "acme-logs"})),
    ),
    Sample(
        Case.ALLOWED,
        "classic load balancer, on by default",
        (balancer(CLASSIC_LOAD_BALANCER, accessLogs={"bucket": "acme-logs"}),),
    ),
    Sample(Case.ALLOWED, "bucket and its target", (MODELS, LOGS, logging())),
    Sample(Case.ALLOWED, "inline", (Declared(BUCKET, "m", {"logging": {"targetBucket": "acme-logs"}}),)),
    Sample(Case.ALLOWED, "exempt by pattern", (MODELS,), parameters={"exempt_buckets": ["*::models"]}),
    Sample(
        Case.ALLOWED,
        "target of a distribution's log",
        (LOGS, Declared(DISTRIBUTION, "cdn", {"loggingConfig": {"bucket": "acme-logs.s3.amazonaws.com"}})),
    ),
    Sample(
        Case.ALLOWED,
        "firewall",
        (
            Declared(
                WEB_ACL,
                "firewall",
                {"scope": "REGIONAL", "arn": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/f/1"},
            ),
            Declared(
                WEB_ACL_LOGGING,
                "firewall-log",
                {
                    "resourceArn": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/f/1",
                    "logDestinationConfigs": ["arn:x"],
                },
            ),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "API stage",
        (
            Declared(
                STAGES[1], "api", {"accessLogSettings": {"destinationArn": "arn:x", "format": "$context.requestId"}}
            ),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "companions by dependency",
        (
            Declared(BUCKET, "models", {}),
            Declared(BUCKET, "logs", {}),
            Declared(
                BUCKET_LOGGING,
                "logging",
                {"bucket": UNKNOWN, "targetBucket": UNKNOWN},
                {"bucket": ("models",), "targetBucket": ("logs",)},
            ),
            Declared(WEB_ACL, "firewall", {}),
            Declared(WEB_ACL_LOGGING, "firewall-log", {"resourceArn": UNKNOWN}, {"resourceArn": ("firewall",)}),
            Declared(DISTRIBUTION, "cdn", {}),
            Declared(DELIVERY_SOURCE, "cdn-log", {"resourceArn": UNKNOWN}, {"resourceArn": ("cdn",)}),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "target by way of its policy",
        (
            LOGS,
            MODELS,
            Declared("aws:s3/bucketPolicy:BucketPolicy", "logs-policy", {"bucket": UNKNOWN}, {"bucket": ("logs",)}),
            Declared(
                BUCKET_LOGGING,
                "logging",
                {"bucket": "acme-models", "targetBucket": UNKNOWN},
                {"targetBucket": ("logs-policy",)},
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "load balancer, nothing stated", (balancer(),), ("accessLogs.enabled is not true",)),
    Sample(
        Case.DISALLOWED,
        "off",
        (balancer(accessLogs={"enabled": False, "bucket": "acme-logs"}),),
        ("enabled is not true",),
    ),
    Sample(
        Case.DISALLOWED, "off by default", (balancer(accessLogs={"bucket": "acme-logs"}),), ("enabled is not true",)
    ),
    Sample(Case.DISALLOWED, "nowhere", (balancer(accessLogs={"enabled": True}),), ("accessLogs.bucket is missing",)),
    Sample(Case.DISALLOWED, "classic", (balancer(CLASSIC_LOAD_BALANCER),), ("accessLogs.enabled is not true",)),
    Sample(Case.DISALLOWED, "bucket", (MODELS,), NO_LOG),
    Sample(Case.DISALLOWED, "another bucket's log", (MODELS, LOGS, logging(bucket="acme-features")), NO_LOG),
    Sample(Case.DISALLOWED, "firewall", (Declared(WEB_ACL, "firewall", {}),), ("no logging configuration",)),
    Sample(Case.DISALLOWED, "distribution", (Declared(DISTRIBUTION, "cdn", {}),), ("no logging configuration",)),
    Sample(
        Case.DISALLOWED,
        "API stage",
        (Declared(STAGES[0], "api", {"stageName": "v1"}),),
        ("accessLogSettings.destinationArn is missing",),
    ),
    Sample(Case.UNKNOWN, "a log of an unknown bucket", (MODELS, logging(bucket=UNKNOWN)), ("bucket is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown target",
        (MODELS, logging(bucket="acme-features", targetBucket=UNKNOWN)),
        ("targetBucket is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "switch",
        (balancer(accessLogs={"enabled": UNKNOWN, "bucket": "acme-logs"}),),
        ("accessLogs.enabled is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "network load balancer", (balancer(loadBalancerType="network"),)),
)
