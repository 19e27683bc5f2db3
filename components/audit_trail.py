"""Who did what in the account: every management call in every region, and every access to the data that matters.

Owns the trail and the locked bucket that it writes to. What the calls mean is judged elsewhere: signs of an
attack in `components.threat_detection`, broken rules in `components.security_posture`.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.bucket import SecureBucket, bucket_arn
from components.iam import arn
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

_WIRING = frozenset({"key_arn", "log_bucket"})

# botocore 1.44.5, cloudtrail, InsightType
_INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")


class AuditTrailArgs(TypedDict):
    """Arguments of `AuditTrail`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account that is watched."""
    region: str
    """Home region: the trail hears all regions and is kept here."""
    data_buckets: list[str]
    """Names of the buckets whose objects are watched as well, in any region."""
    insights: NotRequired[bool]
    """Whether unusual rates of calls and errors are reported; false by default."""
    lock_mode: str
    """`GOVERNANCE` or `COMPLIANCE`: how firmly records are locked."""
    retention_days: int
    """How long records are locked, and kept."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the records, in the home region."""
    log_bucket: pulumi.Input[str]
    """Bucket for access logs, in the home region."""
    tags: dict[str, str]
    """Ownership tags."""


class AuditTrailSpec(Section):
    """The plain facts of `AuditTrailArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    data_buckets: tuple[str, ...]
    insights: bool = False
    lock_mode: str = Field(pattern="^(GOVERNANCE|COMPLIANCE)$")
    retention_days: int = Field(ge=1, le=36_500)
    tags: dict[str, str]


class AuditTrail(pulumi.ComponentResource):
    """A trail of all regions, signed and encrypted, in a bucket in which records can't be changed."""

    arn: pulumi.Output[str]
    """ARN of the trail."""
    bucket_name: pulumi.Output[str]
    """Name of the bucket with the records."""

    def __init__(self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("AuditTrail"), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(AuditTrailSpec, "AuditTrail", name, args, _WIRING)
        bucket = self._create_bucket()
        trail = self._create_trail(bucket)
        self.arn, self.bucket_name = trail.arn, bucket.name
        self.register_outputs({"arn": self.arn, "bucket_name": self.bucket_name})

    def _create_bucket(self) -> SecureBucket:
        spec = self._spec
        trail = trail_arn(spec.environment, spec.account_id, spec.region)
        return SecureBucket(
            f"{self._name}-records",
            {
                "bucket": physical_name(NameRule.S3_BUCKET, spec.environment, spec.account_id, spec.region, "trail"),
                "account_id": spec.account_id,
                "region": spec.region,
                "object_lock_mode": spec.lock_mode,
                "object_lock_days": spec.retention_days,
                "expire_days": spec.retention_days,
                "noncurrent_days": 1,  # after the lock: what expired became noncurrent
                "writers": [
                    {"service": "cloudtrail", "prefix": f"AWSLogs/{spec.account_id}/", "source_arn": trail},
                ],
                "key_arn": self._args["key_arn"],
                "log_bucket": self._args["log_bucket"],
                "tags": spec.tags,
            },
            child_options(self),
        )

    def _create_trail(self, bucket: SecureBucket) -> aws.cloudtrail.Trail:
        spec = self._spec
        return aws.cloudtrail.Trail(
            f"{self._name}-trail",
            name=trail_name(spec.environment),
            s3_bucket_name=bucket.name,
            kms_key_id=self._args["key_arn"],
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            enable_logging=True,
            advanced_event_selectors=self._selectors(),
            insight_selectors=[{"insight_type": kind} for kind in _INSIGHTS] if spec.insights else None,
            region=spec.region,
            tags=spec.tags,
            # CloudTrail refuses a bucket that does not accept its records yet
            opts=child_options(self, depends_on=[bucket.policy]),
        )

    def _selectors(self) -> Sequence[aws.cloudtrail.TrailAdvancedEventSelectorArgsDict]:
        management: aws.cloudtrail.TrailAdvancedEventSelectorArgsDict = {
            "name": "Every management call",
            "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
        }
        watched = [f"{bucket_arn(bucket, self._spec.region)}/" for bucket in self._spec.data_buckets]
        if not watched:
            return [management]
        data: aws.cloudtrail.TrailAdvancedEventSelectorArgsDict = {
            "name": "Every access to models and features",
            "field_selectors": [
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                {"field": "resources.ARN", "starts_withs": watched},
            ],
        }
        return [management, data]


def trail_name(environment: str) -> str:
    """Physical name of an environment's trail."""
    return physical_name(NameRule.TRAIL, environment, "trail")


def trail_arn(environment: str, account_id: str, home_region: str) -> str:
    """ARN of an environment's trail, which key and bucket policies name before it exists."""
    return arn("cloudtrail", home_region, account_id, f"trail/{trail_name(environment)}")
