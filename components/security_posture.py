"""How well one region keeps the standards, and the findings of all services in one place.

Owns Security Hub, its standards, and, in the home region, the collection of all regions' findings and the alert of
grave ones. The controls read what AWS Config records (`components.configuration_recorder`).
"""

from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.finding_alert import create_finding_alert
from components.iam import arn
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion
from serving.blueprint.schema.base import Section

_WIRING = frozenset({"recorder", "topic_arn"})


class Standard(Enum):
    """Standards that Security Hub can judge by (pulumi-aws 7.51, securityhub.StandardsSubscription)."""

    FOUNDATIONAL = "aws-foundational-security-best-practices/v/1.0.0"
    CIS = "cis-aws-foundations-benchmark/v/3.0.0"
    NIST_800_53 = "nist-800-53/v/5.0.0"
    PCI_DSS = "pci-dss/v/4.0.1"


class SecurityPostureArgs(TypedDict):
    """Arguments of `SecurityPosture`."""

    environment: str
    """Environment; part of physical names."""
    region: str
    """Region that is judged."""
    standards: NotRequired[list[str]]
    """Standards, each `<name>/v/<version>`; the Foundational Security Best Practices of AWS by default."""
    collect_from: NotRequired[list[str]]
    """Other regions whose findings are collected here; none by default."""
    watched_regions: NotRequired[list[str]]
    """Regions in which GuardDuty tells of its findings itself, so that nobody is told twice; none by default."""
    recorder: NotRequired[pulumi.Input[str]]
    """Name of the region's recorder, which the standards wait for; by default it is there already."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """Topic of the region that is told of grave findings; nobody is told by default."""
    tags: dict[str, str]
    """Ownership tags."""


class SecurityPostureSpec(Section):
    """The plain facts of `SecurityPostureArgs`."""

    environment: str = Field(min_length=1)
    region: AwsRegion
    standards: tuple[Standard, ...] = Field(default=(Standard.FOUNDATIONAL,), min_length=1)
    collect_from: tuple[AwsRegion, ...] = ()
    watched_regions: tuple[AwsRegion, ...] = ()
    tags: dict[str, str]


class SecurityPosture(pulumi.ComponentResource):
    """Security Hub in one region."""

    hub_arn: pulumi.Output[str]
    """ARN of the hub."""

    def __init__(self, name: str, args: SecurityPostureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("SecurityPosture"), name, None, opts)
        self._name = name
        self._spec = parse_args(SecurityPostureSpec, "SecurityPosture", name, args, _WIRING)
        hub = self._create_hub()
        for standard in self._spec.standards:
            self._create_standard(hub, standard, args.get("recorder", ""))
        self._create_collection(hub)
        if "topic_arn" in args:
            self._create_alert(args["topic_arn"])
        self.hub_arn = hub.arn
        self.register_outputs({"hub_arn": self.hub_arn})

    def _create_hub(self) -> aws.securityhub.Account:
        return aws.securityhub.Account(
            f"{self._name}-hub",
            enable_default_standards=False,  # they are named instead, so that a preview shows them
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",  # one finding a control, however many standards have it
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_standard(self, hub: aws.securityhub.Account, standard: Standard, recorder: pulumi.Input[str]) -> None:
        standard_arn = arn("securityhub", self._spec.region, "", f"standards/{standard.value}")
        aws.securityhub.StandardsSubscription(
            f"{self._name}-{standard.name.lower().replace('_', '-')}",
            # after the recorder: controls that find none fail at once, and somebody would be called for it
            standards_arn=pulumi.Output.from_input(recorder).apply(lambda _: standard_arn),
            region=self._spec.region,
            opts=child_options(self, depends_on=[hub]),
        )

    def _create_collection(self, hub: aws.securityhub.Account) -> None:
        if not self._spec.collect_from:
            return
        aws.securityhub.FindingAggregator(
            f"{self._name}-collection",
            linking_mode="SPECIFIED_REGIONS",
            specified_regions=list(self._spec.collect_from),
            region=self._spec.region,
            opts=child_options(self, depends_on=[hub]),
        )

    def _create_alert(self, topic_arn: pulumi.Input[str]) -> None:
        create_finding_alert(
            self,
            f"{self._name}-alert",
            physical_name(NameRule.EVENT_RULE, self._spec.environment, "findings"),
            description="Grave findings of Security Hub",
            region=self._spec.region,
            pattern={
                "source": ["aws.securityhub"],
                "detail-type": ["Security Hub Findings - Imported"],
                "detail": {"findings": self._grave()},
            },
            paths={
                "title": "$.detail.findings[0].Title",
                "severity": "$.detail.findings[0].Severity.Label",
                "product": "$.detail.findings[0].ProductName",
                "region": "$.detail.findings[0].Region",
                "account": "$.detail.findings[0].AwsAccountId",
            },
            message="<product>, severity <severity>: <title>. Region <region>, account <account>.",
            topic_arn=topic_arn,
            tags=self._spec.tags,
        )

    def _grave(self) -> dict[str, Any]:
        """New findings that somebody must look at, without those that GuardDuty tells of itself."""
        findings: dict[str, Any] = {
            "Severity": {"Label": ["CRITICAL", "HIGH"]},
            "Workflow": {"Status": ["NEW"]},
            "RecordState": ["ACTIVE"],
        }
        if self._spec.watched_regions:
            findings["$or"] = [
                {"ProductName": [{"anything-but": ["GuardDuty"]}]},
                {"Region": [{"anything-but": list(self._spec.watched_regions)}]},
            ]
        return findings
