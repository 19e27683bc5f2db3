"""Signs of an attack in one region.

Owns GuardDuty's detector with its protection plans, and the alert of grave findings. Findings of all services in
one place are `components.security_posture`.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.finding_alert import create_finding_alert
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion
from serving.blueprint.schema.base import Section

FEATURES = (
    "EBS_MALWARE_PROTECTION",
    "EKS_AUDIT_LOGS",
    "LAMBDA_NETWORK_LOGS",
    "RDS_LOGIN_EVENTS",
    "RUNTIME_MONITORING",
    "S3_DATA_EVENTS",
)
"""Protection plans (botocore 1.44.5, guardduty, DetectorFeature). A plan costs by what it watches: those for what the
stack does not have cost nothing, and are there when somebody adds it. EKS_RUNTIME_MONITORING is part of
RUNTIME_MONITORING."""

# GuardDuty puts its agent on the nodes of every cluster by itself; there are no other machines here. In the order in
# which the service answers.
_AGENTS = {
    "EKS_ADDON_MANAGEMENT": "ENABLED",
    "ECS_FARGATE_AGENT_MANAGEMENT": "DISABLED",
    "EC2_AGENT_MANAGEMENT": "DISABLED",
}

# High and critical (GuardDuty user guide, "Severity levels of GuardDuty findings", read 2026-11)
GRAVE_SEVERITY = 7

_WIRING = frozenset({"topic_arn"})


class ThreatDetectionArgs(TypedDict):
    """Arguments of `ThreatDetection`."""

    environment: str
    """Environment; part of physical names."""
    region: str
    """Region that is watched."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """Topic of the region that is told of grave findings; nobody is told by default."""
    tags: dict[str, str]
    """Ownership tags."""


class ThreatDetectionSpec(Section):
    """The plain facts of `ThreatDetectionArgs`."""

    environment: str = Field(min_length=1)
    region: AwsRegion
    tags: dict[str, str]


class ThreatDetection(pulumi.ComponentResource):
    """GuardDuty in one region, with every protection plan, down to the processes on the clusters' nodes."""

    detector_id: pulumi.Output[str]
    """Id of the detector."""

    def __init__(self, name: str, args: ThreatDetectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ThreatDetection"), name, None, opts)
        self._name = name
        self._spec = parse_args(ThreatDetectionSpec, "ThreatDetection", name, args, _WIRING)
        detector = self._create_detector()
        for feature in FEATURES:
            self._create_feature(detector, feature)
        if "topic_arn" in args:
            self._create_alert(args["topic_arn"])
        self.detector_id = detector.id
        self.register_outputs({"detector_id": self.detector_id})

    def _create_detector(self) -> aws.guardduty.Detector:
        return aws.guardduty.Detector(
            f"{self._name}-detector",
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _create_feature(self, detector: aws.guardduty.Detector, feature: str) -> None:
        agents = _AGENTS if feature == "RUNTIME_MONITORING" else {}
        aws.guardduty.DetectorFeature(
            f"{self._name}-{feature.lower().replace('_', '-')}",
            detector_id=detector.id,
            name=feature,
            status="ENABLED",
            additional_configurations=[{"name": key, "status": status} for key, status in agents.items()] or None,
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_alert(self, topic_arn: pulumi.Input[str]) -> None:
        create_finding_alert(
            self,
            f"{self._name}-alert",
            physical_name(NameRule.EVENT_RULE, self._spec.environment, "threats"),
            description="Grave findings of GuardDuty",
            region=self._spec.region,
            pattern={
                "source": ["aws.guardduty"],
                "detail-type": ["GuardDuty Finding"],
                "detail": {"severity": [{"numeric": [">=", GRAVE_SEVERITY]}]},
            },
            paths={
                "title": "$.detail.title",
                "severity": "$.detail.severity",
                "region": "$.region",
                "account": "$.account",
                "id": "$.detail.id",
            },
            message="GuardDuty, severity <severity>: <title>. Region <region>, account <account>, finding <id>.",
            topic_arn=topic_arn,
            tags=self._spec.tags,
        )
