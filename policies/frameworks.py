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
# Titles in our words; "FSBP standard" of the Security Hub CSPM user guide, the list of its controls, read 2026-11.
EKS_3 = Control(Framework.AWS_FSBP, "EKS.3", "EKS clusters encrypt Kubernetes secrets")
BACKUP_1 = Control(Framework.AWS_FSBP, "Backup.1", "Recovery points of AWS Backup are encrypted at rest")
CLOUDFRONT_3 = Control(Framework.AWS_FSBP, "CloudFront.3", "CloudFront distributions require encryption in transit")
CLOUDFRONT_7 = Control(Framework.AWS_FSBP, "CloudFront.7", "CloudFront distributions use certificates of their own")
CLOUDFRONT_15 = Control(Framework.AWS_FSBP, "CloudFront.15", "CloudFront distributions use the recommended TLS policy")
DYNAMODB_6 = Control(Framework.AWS_FSBP, "DynamoDB.6", "DynamoDB tables have deletion protection on")
EC2_3 = Control(Framework.AWS_FSBP, "EC2.3", "Attached EBS volumes are encrypted at rest")
EC2_7 = Control(Framework.AWS_FSBP, "EC2.7", "EBS encryption by default is on")
EC2_8 = Control(Framework.AWS_FSBP, "EC2.8", "EC2 instances use IMDSv2")
EC2_18 = Control(Framework.AWS_FSBP, "EC2.18", "Security groups admit everybody on authorized ports only")
EC2_19 = Control(Framework.AWS_FSBP, "EC2.19", "Security groups do not open ports with high risk to everybody")
EC2_170 = Control(Framework.AWS_FSBP, "EC2.170", "Launch templates use IMDSv2")
EC2_181 = Control(Framework.AWS_FSBP, "EC2.181", "Launch templates encrypt attached EBS volumes")
EFS_1 = Control(Framework.AWS_FSBP, "EFS.1", "EFS encrypts file data at rest with KMS")
EFS_8 = Control(Framework.AWS_FSBP, "EFS.8", "EFS file systems are encrypted at rest")
ELB_1 = Control(Framework.AWS_FSBP, "ELB.1", "Application load balancers redirect HTTP to HTTPS")
ELB_3 = Control(Framework.AWS_FSBP, "ELB.3", "Classic load balancers listen with HTTPS or TLS")
ELB_6 = Control(Framework.AWS_FSBP, "ELB.6", "Load balancers have deletion protection on")
ELB_17 = Control(Framework.AWS_FSBP, "ELB.17", "Listeners of load balancers use recommended security policies")
ELB_18 = Control(Framework.AWS_FSBP, "ELB.18", "Listeners of load balancers use secure protocols")
ES_1 = Control(Framework.AWS_FSBP, "ES.1", "Elasticsearch domains are encrypted at rest")
KINESIS_1 = Control(Framework.AWS_FSBP, "Kinesis.1", "Kinesis streams are encrypted at rest")
OPENSEARCH_1 = Control(Framework.AWS_FSBP, "Opensearch.1", "OpenSearch domains are encrypted at rest")
RDS_7 = Control(Framework.AWS_FSBP, "RDS.7", "RDS clusters have deletion protection on")
RDS_8 = Control(Framework.AWS_FSBP, "RDS.8", "RDS instances have deletion protection on")
S3_5 = Control(Framework.AWS_FSBP, "S3.5", "General purpose buckets refuse requests without TLS")
S3_8 = Control(Framework.AWS_FSBP, "S3.8", "General purpose buckets block public access")
S3_13 = Control(Framework.AWS_FSBP, "S3.13", "General purpose buckets have a lifecycle configuration")
SQS_1 = Control(Framework.AWS_FSBP, "SQS.1", "SQS queues are encrypted at rest")
DOCUMENTDB_1 = Control(Framework.AWS_FSBP, "DocumentDB.1", "DocumentDB clusters are encrypted at rest")
ELASTICACHE_4 = Control(Framework.AWS_FSBP, "ElastiCache.4", "Replication groups of ElastiCache are encrypted at rest")
NEPTUNE_1 = Control(Framework.AWS_FSBP, "Neptune.1", "Neptune clusters are encrypted at rest")
RDS_3 = Control(Framework.AWS_FSBP, "RDS.3", "RDS instances are encrypted at rest")
RDS_27 = Control(Framework.AWS_FSBP, "RDS.27", "RDS clusters are encrypted at rest")
REDSHIFT_10 = Control(Framework.AWS_FSBP, "Redshift.10", "Redshift clusters are encrypted at rest")
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
# Titles in our words. EKS.2: "Security Hub CSPM controls for Amazon EKS" of the Security Hub user guide (copy of the
# current page); Lambda.2, IAM.21: the same guide as of 2023-03 (awsdocs/aws-security-hub-user-guide, commit 47bfe2f),
# `lambda-controls.md`, `iam-controls.md` and `fsbp-standard.md`; read 2026-11-26
EKS_2 = Control(Framework.AWS_FSBP, "EKS.2", "EKS clusters run a supported Kubernetes version")
LAMBDA_2 = Control(Framework.AWS_FSBP, "Lambda.2", "Lambda functions use supported runtimes")
IAM_21 = Control(Framework.AWS_FSBP, "IAM.21", "Customer managed policies grant no whole service by a wildcard")
# `dms-controls.md`, `rds-controls.md` and `fsbp-standard.md` of that commit; Redshift.1: the current page (copy), too
DMS_1 = Control(Framework.AWS_FSBP, "DMS.1", "Replication instances of DMS are not public")
RDS_2 = Control(Framework.AWS_FSBP, "RDS.2", "RDS instances are not publicly accessible")
REDSHIFT_1 = Control(Framework.AWS_FSBP, "Redshift.1", "Redshift clusters are not publicly accessible")
# Controls for IAM, Amazon EC2, Elastic Load Balancing and Secrets Manager of the same guide, read 2026-11
IAM_1 = Control(Framework.AWS_FSBP, "IAM.1", "No policy grants full administrative privileges")
EC2_2 = Control(Framework.AWS_FSBP, "EC2.2", "Default security groups admit no traffic and let none out")
EC2_6 = Control(Framework.AWS_FSBP, "EC2.6", "VPCs have flow logs")
EC2_15 = Control(Framework.AWS_FSBP, "EC2.15", "Subnets assign no public addresses by themselves")
ELB_16 = Control(Framework.AWS_FSBP, "ELB.16", "Application load balancers are associated with a web ACL")
SECRETS_MANAGER_1 = Control(Framework.AWS_FSBP, "SecretsManager.1", "Secrets are rotated automatically")
AI_ACT_12 = Control(Framework.EU_AI_ACT, "Article 12", "Record-keeping")
AI_ACT_19 = Control(Framework.EU_AI_ACT, "Article 19", "Automatically generated logs")
AI_ACT_26_6 = Control(Framework.EU_AI_ACT, "Article 26(6)", "Deployers keep the logs of high-risk systems")
ISO_A_7_5 = Control(Framework.ISO_42001, "A.7.5", "Data provenance")
ISO_A_6_2_8 = Control(Framework.ISO_42001, "A.6.2.8", "AI system recording of event logs")

CONTROLS: tuple[Control, ...] = (
    ECR_1,
    ECR_2,
    EKS_1,
    EKS_3,
    BACKUP_1,
    CLOUDFRONT_3,
    CLOUDFRONT_7,
    CLOUDFRONT_15,
    DYNAMODB_6,
    EC2_3,
    EC2_7,
    EC2_8,
    EC2_18,
    EC2_19,
    EC2_170,
    EC2_181,
    EFS_1,
    EFS_8,
    ELB_1,
    ELB_3,
    ELB_6,
    ELB_17,
    ELB_18,
    ES_1,
    KINESIS_1,
    OPENSEARCH_1,
    RDS_7,
    RDS_8,
    S3_5,
    S3_8,
    S3_13,
    SQS_1,
    DOCUMENTDB_1,
    ELASTICACHE_4,
    NEPTUNE_1,
    RDS_3,
    RDS_27,
    REDSHIFT_10,
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
    IAM_21,
    DMS_1,
    RDS_2,
    REDSHIFT_1,
    IAM_1,
    EC2_2,
    EC2_6,
    EC2_15,
    ELB_16,
    SECRETS_MANAGER_1,
    AI_ACT_12,
    AI_ACT_19,
    AI_ACT_26_6,
    ISO_A_7_5,
    ISO_A_6_2_8,
)
"""Every control that was checked. Coverage is counted against this list."""
