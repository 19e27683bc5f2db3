"""The controls that rules implement.

Owns the registry of frameworks. A control stands here only after its id and meaning were checked against its
source; a mapping that nobody checked is worse than none, because an auditor believes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Framework(StrEnum):
    """Where a control comes from."""

    AWS_FSBP = "AWS Foundational Security Best Practices"
    EU_AI_ACT = "EU AI Act (Regulation (EU) 2024/1689)"
    ISO_42001 = "ISO/IEC 42001:2023"


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement of a framework."""

    framework: Framework
    id: str
    title: str


ECR_1 = Control(Framework.AWS_FSBP, "ECR.1", "ECR private repositories have image scanning configured")
ECR_2 = Control(Framework.AWS_FSBP, "ECR.2", "ECR private repositories have tag immutability configured")
EKS_1 = Control(Framework.AWS_FSBP, "EKS.1", "EKS cluster endpoints are not publicly accessible")
# Titles in our words; ids and meaning as in the AWS Security Hub user guide, "AWS Foundational Security Best Practices
# standard", read 2026-11.
API_GATEWAY_3 = Control(Framework.AWS_FSBP, "APIGateway.3", "Stages of REST APIs have X-Ray tracing on")
API_GATEWAY_9 = Control(Framework.AWS_FSBP, "APIGateway.9", "Stages of API Gateway V2 have access logging configured")
CLOUDFRONT_5 = Control(Framework.AWS_FSBP, "CloudFront.5", "CloudFront distributions have logging on")
CLOUDTRAIL_1 = Control(Framework.AWS_FSBP, "CloudTrail.1", "A multi-Region trail records all management events")
CLOUDTRAIL_2 = Control(Framework.AWS_FSBP, "CloudTrail.2", "CloudTrail is encrypted at rest")
CLOUDTRAIL_4 = Control(Framework.AWS_FSBP, "CloudTrail.4", "CloudTrail validates its log files")
CONFIG_1 = Control(Framework.AWS_FSBP, "Config.1", "AWS Config is on and records with its service-linked role")
EKS_8 = Control(Framework.AWS_FSBP, "EKS.8", "EKS clusters have audit logging on")
ELB_5 = Control(Framework.AWS_FSBP, "ELB.5", "Application and classic load balancers have logging on")
GUARDDUTY_1 = Control(Framework.AWS_FSBP, "GuardDuty.1", "GuardDuty is on")
GUARDDUTY_5 = Control(Framework.AWS_FSBP, "GuardDuty.5", "GuardDuty watches the audit logs of EKS")
GUARDDUTY_7 = Control(Framework.AWS_FSBP, "GuardDuty.7", "GuardDuty watches the nodes of EKS at run time")
S3_9 = Control(Framework.AWS_FSBP, "S3.9", "General purpose buckets have server access logging on")
# "EKS controls" and "Lambda controls" of the Security Hub user guide, read 2026-11
EKS_2 = Control(Framework.AWS_FSBP, "EKS.2", "EKS clusters run a supported Kubernetes version")
LAMBDA_2 = Control(Framework.AWS_FSBP, "Lambda.2", "Lambda functions use supported runtimes")
AI_ACT_12 = Control(Framework.EU_AI_ACT, "Article 12", "Record-keeping")
AI_ACT_19 = Control(Framework.EU_AI_ACT, "Article 19", "Automatically generated logs")
AI_ACT_26_6 = Control(Framework.EU_AI_ACT, "Article 26(6)", "Deployers keep the logs of high-risk systems")
ISO_A_7_5 = Control(Framework.ISO_42001, "A.7.5", "Data provenance")
ISO_A_6_2_8 = Control(Framework.ISO_42001, "A.6.2.8", "AI system recording of event logs")

CONTROLS: tuple[Control, ...] = (
    ECR_1,
    ECR_2,
    EKS_1,
    API_GATEWAY_3,
    API_GATEWAY_9,
    CLOUDFRONT_5,
    CLOUDTRAIL_1,
    CLOUDTRAIL_2,
    CLOUDTRAIL_4,
    CONFIG_1,
    EKS_8,
    ELB_5,
    GUARDDUTY_1,
    GUARDDUTY_5,
    GUARDDUTY_7,
    S3_9,
    EKS_2,
    LAMBDA_2,
    AI_ACT_12,
    AI_ACT_19,
    AI_ACT_26_6,
    ISO_A_7_5,
    ISO_A_6_2_8,
)
"""Every control that was checked. Coverage is counted against this list."""
