"""What every resource of one region looked like, and when.

Owns the recorder of AWS Config, its role and its delivery. Rules over the records are Security Hub's
(`components.security_posture`); the bucket belongs to whoever makes the component.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.iam import arn
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

SERVICE_ROLE = "config.amazonaws.com/AWSServiceRoleForConfig"
"""The role that AWS keeps for Config; the control Config.1 of the Foundational Security Best Practices asks for it."""

# botocore 1.44.5, config, RetentionPeriodInDays
_LEAST_RETENTION_DAYS, _MOST_RETENTION_DAYS = 30, 2_557

_WIRING = frozenset({"bucket", "role_arn"})


class ConfigurationRecorderArgs(TypedDict):
    """Arguments of `ConfigurationRecorder`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account."""
    region: str
    """Region that is recorded."""
    global_types: NotRequired[bool]
    """Whether users, roles and policies are recorded here as well: in one region only; false by default."""
    retention_days: int
    """How long records can be asked for, days; 30 to 2,557."""
    role_arn: NotRequired[pulumi.Input[str]]
    """Role of AWS Config; its service-linked role by default, which then must be there."""
    bucket: pulumi.Input[str]
    """Bucket that takes history and snapshots, in any region; it accepts what AWS Config delivers for this account."""


class ConfigurationRecorderSpec(Section):
    """The plain facts of `ConfigurationRecorderArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    global_types: bool = False
    retention_days: int = Field(ge=_LEAST_RETENTION_DAYS, le=_MOST_RETENTION_DAYS)


class ConfigurationRecorder(pulumi.ComponentResource):
    """AWS Config in one region: all types are recorded, all the time."""

    name: pulumi.Output[str]
    """Name of the recorder; whoever takes it waits until it records."""

    def __init__(self, name: str, args: ConfigurationRecorderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ConfigurationRecorder"), name, None, opts)
        self._name = name
        self._spec = parse_args(ConfigurationRecorderSpec, "ConfigurationRecorder", name, args, _WIRING)
        role_arn = args.get("role_arn", service_role_arn(self._spec.account_id, self._spec.region))
        recorder = self._create_recorder(role_arn)
        channel = self._create_delivery(recorder, args["bucket"])
        self._create_retention(recorder)
        self.name = self._start(recorder, channel).name
        self.register_outputs({"name": self.name})

    def _create_recorder(self, role_arn: pulumi.Input[str]) -> aws.cfg.Recorder:
        spec = self._spec
        return aws.cfg.Recorder(
            f"{self._name}-recorder",
            name=physical_name(NameRule.RECORDER, spec.environment),
            role_arn=role_arn,
            recording_group={
                "all_supported": True,
                "include_global_resource_types": spec.global_types,
            },
            recording_mode={"recording_frequency": "CONTINUOUS"},
            region=spec.region,
            opts=child_options(self),
        )

    def _create_delivery(self, recorder: aws.cfg.Recorder, bucket: pulumi.Input[str]) -> aws.cfg.DeliveryChannel:
        spec = self._spec
        return aws.cfg.DeliveryChannel(
            f"{self._name}-delivery",
            name=physical_name(NameRule.RECORDER, spec.environment),
            s3_bucket_name=bucket,  # its default encryption is the key's, so that none is named here
            snapshot_delivery_properties={"delivery_frequency": "TwentyFour_Hours"},
            region=spec.region,
            opts=child_options(self, depends_on=[recorder]),
        )

    def _start(self, recorder: aws.cfg.Recorder, channel: aws.cfg.DeliveryChannel) -> aws.cfg.RecorderStatus:
        return aws.cfg.RecorderStatus(
            f"{self._name}-status",
            name=recorder.name,
            is_enabled=True,
            region=self._spec.region,
            opts=child_options(self, depends_on=[channel]),  # without delivery AWS Config refuses to start
        )

    def _create_retention(self, recorder: aws.cfg.Recorder) -> None:
        aws.cfg.RetentionConfiguration(
            f"{self._name}-retention",
            retention_period_in_days=self._spec.retention_days,
            region=self._spec.region,
            opts=child_options(self, depends_on=[recorder]),
        )


def retention_days(days: int) -> int:
    """The retention that AWS Config takes and that is nearest to the one that was asked for."""
    return min(max(days, _LEAST_RETENTION_DAYS), _MOST_RETENTION_DAYS)


def service_role_arn(account_id: str, region: str) -> str:
    """ARN of the service-linked role of AWS Config."""
    return arn("iam", "", account_id, f"role/aws-service-role/{SERVICE_ROLE}", within=region)
