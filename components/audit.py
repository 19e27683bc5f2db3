"""The watch over the account, in every region of the environment.

Owns which part is made where: one trail, one bucket of configuration history, and in each region the recorder,
GuardDuty, Security Hub and, where personal data is declared, Macie. An account can have each only once, so each may
be the organisation's already: then nothing of it is made here, and nothing else here needs it.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.audit_trail import AuditTrail
from components.bucket import SecureBucket
from components.configuration_recorder import ConfigurationRecorder, ConfigurationRecorderArgs, retention_days
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from components.personal_data_discovery import PersonalDataDiscovery
from components.security_posture import SecurityPosture, SecurityPostureArgs
from components.threat_detection import ThreatDetection, ThreatDetectionArgs
from serving.blueprint.environment import AccountId, AwsRegion, Provision
from serving.blueprint.schema.base import Section

_WIRING = frozenset({"key_arn", "log_bucket", "topic_arns", "personal_data_keys"})


class AuditArgs(TypedDict):
    """Arguments of `Audit`.

    Each of the five services is `managed` (made here) or `provided` (there already).
    """

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account that is watched."""
    home_region: str
    """Region of the trail, of the configuration history and of the collected findings."""
    regions: list[str]
    """All regions of the environment, home region included."""
    trail: str
    """CloudTrail."""
    trail_insights: NotRequired[bool]
    """Whether the trail reports unusual rates of calls and errors; false by default."""
    guardduty: str
    """GuardDuty."""
    config: str
    """AWS Config."""
    create_config_role: NotRequired[bool]
    """Whether to make the service-linked role of AWS Config. Needed in an account that never recorded with it; false
    by default."""
    security_hub: str
    """Security Hub."""
    macie: str
    """Macie."""
    data_buckets: list[str]
    """Names of the buckets of which every access is recorded."""
    personal_data_buckets: dict[str, list[str]]
    """Region -> names of its buckets that are declared to hold personal data. Only these regions have Macie."""
    personal_data_keys: dict[str, dict[str, pulumi.Input[str]]]
    """Region -> data class -> key of those buckets."""
    lock_mode: str
    """`GOVERNANCE` or `COMPLIANCE`: how firmly the trail's records are locked."""
    retention_days: int
    """How long records are kept."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the records, in the home region."""
    log_bucket: pulumi.Input[str]
    """Bucket for access logs, in the home region."""
    topic_arns: dict[str, pulumi.Input[str]]
    """Region -> topic that is told of grave findings. What is found in a region without one is told in the home
    region, where Security Hub collects."""
    tags: dict[str, str]
    """Ownership tags."""


class AuditSpec(Section):
    """The plain facts of `AuditArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    home_region: AwsRegion
    regions: tuple[AwsRegion, ...] = Field(min_length=1)
    trail: Provision
    trail_insights: bool = False
    guardduty: Provision
    config: Provision
    create_config_role: bool = False
    security_hub: Provision
    macie: Provision
    data_buckets: tuple[str, ...]
    personal_data_buckets: dict[AwsRegion, tuple[str, ...]]
    lock_mode: str = Field(pattern="^(GOVERNANCE|COMPLIANCE)$")
    retention_days: int = Field(ge=1, le=36_500)
    tags: dict[str, str]


class Audit(pulumi.ComponentResource):
    """Trail, configuration history, threats, standards and personal data of one account."""

    trail_arn: pulumi.Output[str] | None
    """ARN of the trail; none where it is provided."""
    detector_ids: dict[str, pulumi.Output[str]]
    """Region -> id of its GuardDuty detector."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Audit"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(AuditSpec, "Audit", name, args, _WIRING)
        self._topics: Mapping[str, pulumi.Input[str]] = args["topic_arns"]
        spec = self._spec
        self.trail_arn = self._create_trail().arn if spec.trail is Provision.MANAGED else None
        recorders = self._create_recorders() if spec.config is Provision.MANAGED else {}
        self.detector_ids = self._create_detectors() if spec.guardduty is Provision.MANAGED else {}
        if spec.security_hub is Provision.MANAGED:
            self._create_hubs(recorders)
        if spec.macie is Provision.MANAGED:
            self._create_discovery()
        self.register_outputs({"trail_arn": self.trail_arn, "detector_ids": self.detector_ids})

    def _create_trail(self) -> AuditTrail:
        spec = self._spec
        return AuditTrail(
            f"{self._name}-trail",
            {
                "environment": spec.environment,
                "account_id": spec.account_id,
                "region": spec.home_region,
                "data_buckets": list(spec.data_buckets),
                "insights": spec.trail_insights,
                "lock_mode": spec.lock_mode,
                "retention_days": spec.retention_days,
                "key_arn": self._args["key_arn"],
                "log_bucket": self._args["log_bucket"],
                "tags": spec.tags,
            },
            child_options(self),
        )

    def _create_history_bucket(self) -> SecureBucket:
        # without object lock: AWS Config delivers to no bucket that has it (AWS CloudFormation template reference,
        # "AWS::Config::DeliveryChannel", read 2026-11)
        spec = self._spec
        return SecureBucket(
            f"{self._name}-history",
            {
                "bucket": physical_name(
                    NameRule.S3_BUCKET, spec.environment, spec.account_id, spec.home_region, "config"
                ),
                "account_id": spec.account_id,
                "region": spec.home_region,
                "expire_days": spec.retention_days,
                "noncurrent_days": spec.retention_days,
                "writers": [{"service": "config", "prefix": f"AWSLogs/{spec.account_id}/Config/"}],
                "key_arn": self._args["key_arn"],
                "log_bucket": self._args["log_bucket"],
                "tags": spec.tags,
            },
            child_options(self),
        )

    def _create_recorders(self) -> dict[str, ConfigurationRecorder]:
        bucket, role = self._create_history_bucket(), self._create_config_role()
        return {region: self._create_recorder(region, bucket, role) for region in self._spec.regions}

    def _create_config_role(self) -> aws.iam.ServiceLinkedRole | None:
        if not self._spec.create_config_role:
            return None
        return aws.iam.ServiceLinkedRole(
            f"{self._name}-config-role",
            aws_service_name="config.amazonaws.com",
            tags=self._spec.tags,
            # recorders of other stacks and regions depend on it as well
            opts=child_options(self, stateful=True),
        )

    def _create_recorder(
        self, region: str, bucket: SecureBucket, role: aws.iam.ServiceLinkedRole | None
    ) -> ConfigurationRecorder:
        spec = self._spec
        args: ConfigurationRecorderArgs = {
            "environment": spec.environment,
            "account_id": spec.account_id,
            "region": region,
            "global_types": region == spec.home_region,
            "retention_days": retention_days(spec.retention_days),
            "bucket": bucket.policy.bucket,  # after the policy: AWS Config tries a delivery at once
        }
        if role is not None:
            args["role_arn"] = role.arn
        return ConfigurationRecorder(f"{self._name}-config-{region}", args, child_options(self))

    def _create_detectors(self) -> dict[str, pulumi.Output[str]]:
        found = {}
        for region in self._spec.regions:
            args: ThreatDetectionArgs = {
                "environment": self._spec.environment,
                "region": region,
                "tags": self._spec.tags,
            }
            if region in self._topics:
                args["topic_arn"] = self._topics[region]
            found[region] = ThreatDetection(f"{self._name}-threats-{region}", args, child_options(self)).detector_id
        return found

    def _create_hubs(self, recorders: Mapping[str, ConfigurationRecorder]) -> None:
        for region in self._spec.regions:
            args: SecurityPostureArgs = {
                "environment": self._spec.environment,
                "region": region,
                "tags": self._spec.tags,
            }
            if region == self._spec.home_region:
                self._add_collection(args)
            if region in recorders:
                args["recorder"] = recorders[region].name
            SecurityPosture(f"{self._name}-posture-{region}", args, child_options(self))

    def _add_collection(self, args: SecurityPostureArgs) -> None:
        """What the home region's hub does for all."""
        spec = self._spec
        args["collect_from"] = [region for region in spec.regions if region != spec.home_region]
        args["watched_regions"] = list(self._topics) if spec.guardduty is Provision.MANAGED else []
        if spec.home_region in self._topics:
            args["topic_arn"] = self._topics[spec.home_region]

    def _create_discovery(self) -> None:
        spec = self._spec
        for region, buckets in spec.personal_data_buckets.items():
            PersonalDataDiscovery(
                f"{self._name}-personal-data-{region}",
                {
                    "environment": spec.environment,
                    "account_id": spec.account_id,
                    "region": region,
                    "buckets": list(buckets),
                    "key_arns": self._args["personal_data_keys"].get(region, {}),
                    "tags": spec.tags,
                },
                child_options(self),
            )
