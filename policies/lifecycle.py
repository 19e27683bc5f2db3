"""Services of AWS that end: when they were closed to new customers, and when they stop.

Owns the table, and which entry a resource falls under, by whatever package it was declared. It judges nothing. A
date stands here only if AWS states it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from policies.tokens import CLOUD_CONTROL
from policies.views import Resource


@dataclass(frozen=True, slots=True)
class Ending:
    """How a service ends.

    Attributes:
        service: Its name.
        instead: What to use instead.
        closed: First day on which new customers are refused; None if it stays open until it ends.
        ended: Day after which nothing of it can be reached; None if existing customers keep it.
    """

    service: str
    instead: str
    closed: date | None = None
    ended: date | None = None


_JULY_2024: Final = date(2024, 7, 25)
_NOVEMBER_2025: Final = date(2025, 11, 7)
_APRIL_2026: Final = date(2026, 4, 30)
# botocore 1.44.8, bedrock-agent; it states no day: the one on which it was read
BEDROCK_AGENTS: Final = Ending("Amazon Bedrock Agents Classic", "Amazon Bedrock AgentCore", closed=date(2026, 11, 26))
_LAUNCH_CONFIGURATIONS: Final = Ending("EC2 launch configurations", "a launch template", closed=date(2024, 10, 1))
_TIMESTREAM: Final = Ending("Amazon Timestream for LiveAnalytics", "Timestream for InfluxDB", closed=date(2025, 6, 20))
_WAF_CLASSIC: Final = Ending("AWS WAF Classic", "AWS WAF (aws:wafv2)", ended=date(2025, 9, 30))

# Source of each line, unless said otherwise: the notice that heads the service's own guide or API reference on
# docs.aws.amazon.com ("... is no longer open to new customers", "End of support notice"), read 2026-11. botocore 1.44.8
# says the same of Cloud9 (without a day), CloudTrail Lake and WAF Classic, and nothing of the others (read 2026-11-26).
# Incident Manager is judged by the rule `incident-response`.
ENDINGS: Final[dict[str, Ending]] = {
    "apprunner": Ending("AWS App Runner", "Amazon ECS or EKS", closed=_APRIL_2026),
    "appmesh": Ending("AWS App Mesh", "VPC Lattice or ECS Service Connect", ended=date(2026, 9, 30)),
    "auditmanager": Ending("AWS Audit Manager", "AWS Config conformance packs", closed=_APRIL_2026),
    "autoscaling/launchconfiguration": _LAUNCH_CONFIGURATIONS,
    "bedrock/agent": BEDROCK_AGENTS,
    "bedrock/agentagent": BEDROCK_AGENTS,
    # AWS DevOps blog, "How to migrate from AWS Cloud9 to AWS IDE Toolkits or AWS CloudShell"
    "cloud9": Ending("AWS Cloud9", "AWS CloudShell or an IDE toolkit", closed=_JULY_2024),
    # the notice states no day: the one on which it was read
    "cloudsearch": Ending("Amazon CloudSearch", "Amazon OpenSearch Service", closed=date(2026, 11, 1)),
    "cloudtrail/eventdatastore": Ending("AWS CloudTrail Lake", "a trail", closed=date(2026, 5, 31)),
    "codecatalyst": Ending("Amazon CodeCatalyst", "another code host", closed=_NOVEMBER_2025),
    # AWS Big Data blog, "Migrate workloads from AWS Data Pipeline"
    "datapipeline": Ending("AWS Data Pipeline", "AWS Glue, Step Functions or MWAA", closed=_JULY_2024),
    "ec2/launchconfiguration": _LAUNCH_CONFIGURATIONS,
    "elastictranscoder": Ending("Amazon Elastic Transcoder", "MediaConvert", ended=date(2025, 11, 13)),
    "evidently": Ending("Amazon CloudWatch Evidently", "AWS AppConfig feature flags", ended=date(2025, 10, 16)),
    "finspace": Ending("Amazon FinSpace", "a partner's product on EC2 or EKS", ended=date(2026, 10, 7)),
    "inspector": Ending("Amazon Inspector Classic", "Amazon Inspector (aws:inspector2)", ended=date(2026, 5, 20)),
    "kendra": Ending("Amazon Kendra", "Amazon Bedrock Knowledge Bases", closed=date(2026, 7, 30)),
    "kinesis/analyticsapplication": Ending(
        "Amazon Kinesis Data Analytics for SQL", "Managed Service for Apache Flink", ended=date(2026, 1, 27)
    ),
    "m2": Ending("AWS Mainframe Modernization (managed runtime)", "AWS Transform", closed=_NOVEMBER_2025),
    "mediastore": Ending("AWS Elemental MediaStore", "Amazon S3", ended=date(2025, 11, 13)),
    "opsworks": Ending("AWS OpsWorks Stacks", "Systems Manager", ended=date(2024, 5, 26)),
    "pinpoint": Ending("Amazon Pinpoint", "AWS End User Messaging", ended=date(2026, 10, 30)),
    "qbusiness": Ending("Amazon Q Business", "Amazon Quick", closed=date(2026, 7, 31)),
    "qldb": Ending("Amazon QLDB", "Amazon Aurora PostgreSQL", ended=date(2025, 7, 31)),
    "s3control/objectlambdaaccesspoint": Ending(
        "Amazon S3 Object Lambda", "a function in front of the bucket", closed=_NOVEMBER_2025
    ),
    "s3objectlambda": Ending("Amazon S3 Object Lambda", "a function in front of the bucket", closed=_NOVEMBER_2025),
    "timestream": _TIMESTREAM,
    "timestreamquery": _TIMESTREAM,
    "timestreamwrite": _TIMESTREAM,
    "waf": _WAF_CLASSIC,
    "wafregional": _WAF_CLASSIC,
    "workmail": Ending("Amazon WorkMail", "another mail service", ended=date(2027, 3, 31)),
}
"""Module, or module and type, in lower case."""


def ending(resource: Resource) -> Ending | None:
    """The entry that a resource falls under; None if its service goes on."""
    module, kind = _names(resource)
    return ENDINGS.get(f"{module}/{kind}") or ENDINGS.get(module)


def _names(resource: Resource) -> tuple[str, str]:
    """Module and type as `aws`, `aws-native` or the Cloud Control API name them, in lower case."""
    package, _, rest = resource.token.partition(":")
    if resource.token == CLOUD_CONTROL:
        _, _, rest = (resource["typeName"].text() or "").lower().partition("::")
        module, _, kind = rest.partition("::")
    elif package == "aws":
        module, _, kind = rest.partition(":")[0].partition("/")
    elif package == "aws-native":
        module, _, kind = rest.partition(":")
    else:
        return "", ""
    return module.lower(), kind.lower()
