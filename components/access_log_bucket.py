"""The bucket that takes the access logs of a region's buckets and load balancers, and the buckets' inventories.

Owns the one kind of bucket that cannot use a customer-managed key: S3 and Application Load Balancers deliver
access logs only to buckets whose default encryption is SSE-S3 (Amazon S3 user guide, "Setting default server-side
encryption behavior", and Elastic Load Balancing user guide, "Enable access logs for your Application Load
Balancer", read 2026-11). It does not log its own access, which would never end.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.bucket import (
    BUCKET_LOGS_PREFIX,
    INVENTORY_PREFIX,
    bucket_arn,
    create_bucket_policy,
    create_lifecycle,
    create_privacy,
)
from components.iam import Condition, Principals, Statement, arn
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

BALANCER_LOGS_PREFIX = "elb/"
"""Where load balancers write."""

ACCELERATOR_LOGS_PREFIX = "accelerator/"
"""Where an accelerator writes its flow logs."""


class AccessLogBucketArgs(TypedDict):
    """Arguments of `AccessLogBucket`."""

    environment: str
    """Environment; part of the bucket's name."""
    account_id: str
    """AWS account whose buckets and load balancers may log here."""
    region: str
    """Region of the bucket and of all that logs to it."""
    retention_days: int
    """Days after which logs expire."""
    accelerator: NotRequired[bool]
    """Whether an accelerator of the account may log here; it may not by default."""
    tags: dict[str, str]
    """Ownership tags."""


class AccessLogBucketSpec(Section):
    """The plain facts of `AccessLogBucketArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    retention_days: int = Field(ge=1, le=36_500)
    accelerator: bool = False
    tags: dict[str, str]


class AccessLogBucket(pulumi.ComponentResource):
    """A bucket for server access logs, one a region."""

    name: pulumi.Output[str]
    """Name of the bucket, once it accepts logs."""
    arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(self, name: str, args: AccessLogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("AccessLogBucket"), name, None, opts)
        self._name = name
        self._spec = parse_args(AccessLogBucketSpec, "AccessLogBucket", name, args)
        spec = self._spec
        self.bucket_name: str = physical_name(
            NameRule.S3_BUCKET, spec.environment, spec.account_id, spec.region, "access-logs"
        )
        self.bucket: aws.s3.Bucket = self._create_bucket()
        create_privacy(self, name, self.bucket, spec.region)
        self._create_encryption()
        self._create_retention()
        policy = create_bucket_policy(self, name, self.bucket, self.bucket_name, spec.region, self._delivery())
        self.name = policy.bucket  # after the policy: S3 refuses a target that does not accept logs
        self.arn = self.bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _create_bucket(self) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            f"{self._name}-bucket",
            bucket=self.bucket_name,
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_encryption(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_retention(self) -> None:
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            region=self._spec.region,
            opts=child_options(self),
        )
        create_lifecycle(
            self,
            self._name,
            self.bucket,
            self._spec.region,
            expire_days=self._spec.retention_days,
            noncurrent_days=1,
            depends_on=[versioning],
        )

    def _delivery(self) -> list[Statement]:
        """S3, load balancers and accelerators of this account may write what they report, each below its own prefix."""
        spec, bucket = self._spec, bucket_arn(self.bucket_name, self._spec.region)
        # the head of the names of the environment's buckets in this region: it is never cut off
        head = physical_name(NameRule.S3_BUCKET, spec.environment, spec.account_id, spec.region)
        balancers = arn("elasticloadbalancing", spec.region, spec.account_id, "loadbalancer/*")
        return [
            Statement(
                "DeliverBucketLogs",
                ("s3:PutObject",),
                (f"{bucket}/{BUCKET_LOGS_PREFIX}*",),
                principals=Principals.service("logging.s3.amazonaws.com"),
                conditions=(Condition("StringEquals", "aws:SourceAccount", spec.account_id),),
            ),
            Statement(
                "DeliverLoadBalancerLogs",
                ("s3:PutObject",),
                (f"{bucket}/{BALANCER_LOGS_PREFIX}*",),
                principals=Principals.service("logdelivery.elasticloadbalancing.amazonaws.com"),
                conditions=(Condition("ArnLike", "aws:SourceArn", balancers),),
            ),
            Statement(
                "DeliverInventories",
                ("s3:PutObject",),
                (f"{bucket}/{INVENTORY_PREFIX}*",),
                principals=Principals.service("s3.amazonaws.com"),
                conditions=(
                    Condition("StringEquals", "aws:SourceAccount", spec.account_id),
                    Condition("ArnLike", "aws:SourceArn", f"{bucket_arn(head, spec.region)}-*"),
                ),
            ),
            *(self._accelerator_delivery() if spec.accelerator else ()),
        ]

    def _accelerator_delivery(self) -> list[Statement]:
        """An accelerator's logs come through CloudWatch's delivery, which looks at the bucket's ACL first."""
        spec, bucket = self._spec, bucket_arn(self.bucket_name, self._spec.region)
        delivery = Principals.service("delivery.logs.amazonaws.com")
        own_account = Condition("StringEquals", "aws:SourceAccount", spec.account_id)
        return [
            Statement(
                "DeliverAcceleratorLogs",
                ("s3:PutObject",),
                (f"{bucket}/{ACCELERATOR_LOGS_PREFIX}AWSLogs/{spec.account_id}/*",),
                principals=delivery,
                conditions=(own_account, Condition("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control")),
            ),
            Statement(
                "CheckAclForAcceleratorLogs",
                ("s3:GetBucketAcl",),
                (bucket,),
                principals=delivery,
                conditions=(own_account,),
            ),
        ]
