"""Leaving a region by decision: plans of ARC Region switch, with a way there and a way back.

Owns the plans, the role that they run with and the health checks that AWS makes for them. Health checks of
`GlobalRouting` leave a region that does not answer; a plan leaves one that answers and still must not be used:
a grey failure, a drill, an evacuation. It turns health checks in Route 53's data plane and does nothing else:
capacity stands ready, so nothing is scaled, and no control plane is called on the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.iam import PLATFORM, Statement, arn, create_role, role_arn, role_name, service_trust, when_permitted
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, RegionRole, RoleArn
from serving.blueprint.schema.base import Name, Section

_SERVICE = "arc-region-switch.amazonaws.com"
_ROLE = f"{PLATFORM}region-switch"

_STEP_MINUTES = 5
"""Longest wait for a health check to turn; Route 53's checkers see it within a minute."""

_APPROVAL_MINUTES = 24 * 60
"""Longest wait for the approval of a return: nobody is without service meanwhile."""

_QUIET_MINUTES = 60
"""Least time between two executions that alarms start: a region that comes and goes is a case for people."""

_MOST_MINUTES = 10_080  # botocore 1.44.5, arc-region-switch, CreatePlanRequest, recoveryTimeObjectiveMinutes


class SwitchedServiceArgs(TypedDict):
    """The records of one service that a plan closes and opens.

    Attributes:
        record_name: Name of the records.
        record_identifiers: Region -> identifier of its record.
    """

    record_name: str
    record_identifiers: dict[str, str]


class SwitchedRegionArgs(TypedDict):
    """One region that can serve.

    Attributes:
        name: AWS region.
        role: active or passive.
        lost_alarm_arn: Alarm that is red when the region can serve nobody.
        health_alarm_arn: Alarm that is green when the region's services are well.
    """

    name: str
    role: str
    lost_alarm_arn: str
    health_alarm_arn: str


class RegionSwitchArgs(TypedDict):
    """Arguments of `RegionSwitch`.

    Attributes:
        environment: Short name of the environment.
        account_id: AWS account.
        home_region: Region whose partition the role is in.
        regions: Regions that can serve, home region first: several active ones, or one active and one passive.
        services: Service name -> its records.
        rto_minutes: Recovery time that the strictest service promises.
        automatic: Whether a plan starts when a region's alarm says that it is lost and the other one's does not.
        approver_role_arn: Role that must approve a return; nobody by default.
        zone_id: Zone of the records.
        tags: Ownership tags.
    """

    environment: str
    account_id: str
    home_region: str
    regions: list[SwitchedRegionArgs]
    services: dict[str, SwitchedServiceArgs]
    rto_minutes: int
    automatic: NotRequired[bool]
    approver_role_arn: NotRequired[str]
    zone_id: pulumi.Input[str]
    tags: dict[str, str]


class SwitchedServiceSpec(Section):
    """The validated form of `SwitchedServiceArgs`."""

    record_name: str = Field(min_length=1)
    record_identifiers: dict[AwsRegion, str] = Field(min_length=1)


class SwitchedRegionSpec(Section):
    """The validated form of `SwitchedRegionArgs`."""

    name: AwsRegion
    role: RegionRole
    lost_alarm_arn: str = Field(min_length=1)
    health_alarm_arn: str = Field(min_length=1)


class RegionSwitchSpec(Section):
    """The plain part of `RegionSwitchArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    home_region: AwsRegion
    regions: tuple[SwitchedRegionSpec, ...] = Field(min_length=2)
    services: dict[Name, SwitchedServiceSpec] = Field(min_length=1)
    rto_minutes: int = Field(ge=1)
    automatic: bool = False
    approver_role_arn: RoleArn | None = None
    tags: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> "RegionSwitchSpec":
        if not [*pairs(self.regions)]:
            raise ValueError("regions: a plan needs two active regions, or one active and one passive one")
        return self


WIRING = frozenset({"zone_id"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two regions that stand in for each other; a plan has exactly two (botocore 1.44.5, RegionList)."""

    one: SwitchedRegionSpec
    other: SwitchedRegionSpec

    @property
    def passive(self) -> bool:
        """Whether the other region waits for the first one's loss."""
        return self.other.role is RegionRole.PASSIVE

    @property
    def key(self) -> str:
        """Short name, unique among the pairs."""
        return f"{self.one.name}-{'to-' if self.passive else ''}{self.other.name}"

    @property
    def names(self) -> list[str]:
        """Both regions."""
        return [self.one.name, self.other.name]

    def both(self) -> Iterator[tuple[SwitchedRegionSpec, SwitchedRegionSpec]]:
        """Each region with the one that stands in for it."""
        yield self.one, self.other
        yield self.other, self.one


def pairs(regions: Sequence[SwitchedRegionSpec]) -> Iterator[Pair]:
    """The plans' regions: active ones two by two, an odd last one with the first; or the active with the passive.

    Each region is closed by the first plan that has it, so that a further region costs at most one plan.
    """
    active = [region for region in regions if region.role is RegionRole.ACTIVE]
    passive = [region for region in regions if region.role is RegionRole.PASSIVE]
    if len(active) == 1 and len(passive) == 1:
        yield Pair(active[0], passive[0])
    elif len(active) > 1:
        for start in range(0, len(active) - 1, 2):
            yield Pair(active[start], active[start + 1])
        if len(active) % 2:
            yield Pair(active[-1], active[0])


class RegionSwitch(pulumi.ComponentResource):
    """Plans by which people, or alarms, leave a region and return to it."""

    plan_arns: dict[str, pulumi.Output[str]]
    """`<region>-<region>` -> ARN of the plan."""
    check_ids: dict[str, pulumi.Output[str]]
    """`<service>/<region>` -> health check that the plan turns."""

    def __init__(self, name: str, args: RegionSwitchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("RegionSwitch"), name, None, opts)
        self._spec = parse_args(RegionSwitchSpec, "RegionSwitch", name, args, WIRING)
        self._name, self._zone_id = name, args["zone_id"]
        self._pairs = [*pairs(self._spec.regions)]
        execution_role = self._create_role()
        plans = {pair.key: self._create_plan(pair, execution_role) for pair in self._pairs}
        self.plan_arns = {key: plan.arn for key, plan in plans.items()}
        self.check_ids = dict(self._checks(plans))
        self.register_outputs({"plan_arns": self.plan_arns, "check_ids": self.check_ids})

    def _plan_name(self, pair: Pair) -> str:
        return physical_name(NameRule.REGION_SWITCH_PLAN, self._spec.environment, pair.key)

    def _create_role(self) -> pulumi.Output[str]:
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-role",
            role_name(spec.environment, _ROLE),
            description="Plans that leave a region and return to it",
            trust=service_trust(_SERVICE),
            tags=spec.tags,
            statements=[*self._statements()],
        )
        return when_permitted(role, permissions)

    def _statements(self) -> Iterator[Statement]:
        """What the sample policies of the guide ask for these blocks, on these resources."""
        spec = self._spec
        zone = pulumi.Output.concat(arn("route53", "", "", "hostedzone/", within=spec.home_region), self._zone_id)
        yield Statement("FindRecords", ("route53:ListResourceRecordSets",), (zone,))
        alarms = tuple(alarm for region in spec.regions for alarm in (region.lost_alarm_arn, region.health_alarm_arn))
        yield Statement("ReadAlarms", ("cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"), alarms)
        # AWS appends six characters to a plan's name
        plans = tuple(self._plan_pattern(pair) for pair in self._pairs)
        yield Statement(
            "ReadPlans",
            ("arc-region-switch:GetPlan", "arc-region-switch:GetPlanExecution", "arc-region-switch:ListPlanExecutions"),
            plans,
        )
        if spec.automatic:
            yield Statement("StartByAlarm", ("arc-region-switch:StartPlanExecution",), plans)
        own = role_arn(spec.environment, spec.account_id, spec.home_region, _ROLE)
        yield Statement("EvaluateItself", ("iam:SimulatePrincipalPolicy",), (own,))

    def _plan_pattern(self, pair: Pair) -> str:
        resource = f"plan/{self._plan_name(pair)}:*"
        return arn("arc-region-switch", "", self._spec.account_id, resource, within=self._spec.home_region)

    def _create_plan(self, pair: Pair, execution_role: pulumi.Output[str]) -> aws.arcregionswitch.Plan:
        # a plan is global; the provider's `region` for it is deprecated
        return aws.arcregionswitch.Plan(
            f"{self._name}-plan-{pair.key}",
            name=self._plan_name(pair),
            description="Leaves a region and returns to it by turning health checks; capacity stands ready",
            recovery_approach="activePassive" if pair.passive else "activeActive",
            regions=pair.names,
            primary_region=pair.one.name if pair.passive else None,
            execution_role=execution_role,
            recovery_time_objective_minutes=min(self._spec.rto_minutes, _MOST_MINUTES),
            associated_alarms=[*self._alarms(pair)],
            triggers=[*self._triggers(pair)] if self._spec.automatic else None,
            workflows=[*self._workflows(pair)],
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _alarms(self, pair: Pair) -> "Iterator[aws.arcregionswitch.PlanAssociatedAlarmArgsDict]":
        for region in (pair.one, pair.other):
            yield {
                "map_block_key": f"health-{region.name}",
                "alarm_type": "applicationHealth",
                "resource_identifier": region.health_alarm_arn,
            }
            if self._spec.automatic:
                yield {
                    "map_block_key": f"lost-{region.name}",
                    "alarm_type": "trigger",
                    "resource_identifier": region.lost_alarm_arn,
                }

    def _triggers(self, pair: Pair) -> "Iterator[aws.arcregionswitch.PlanTriggerArgsDict]":
        """A region is left by itself only when the one that stands in for it is known to be well."""
        for lost, well in pair.both():
            if pair.passive and lost is not pair.one:
                continue  # the return is a decision of people
            yield {
                "description": f"{lost.name} has no gateway and {well.name} has",
                "action": "activate" if pair.passive else "deactivate",
                "target_region": well.name if pair.passive else lost.name,
                "conditions": [
                    {"associated_alarm_name": f"lost-{lost.name}", "condition": "red"},
                    {"associated_alarm_name": f"lost-{well.name}", "condition": "green"},
                ],
                "min_delay_minutes_between_executions": _QUIET_MINUTES,
            }

    def _workflows(self, pair: Pair) -> "Iterator[aws.arcregionswitch.PlanWorkflowArgsDict]":
        """Both directions of both regions."""
        for region in (pair.one, pair.other):
            returning = region is pair.one or not pair.passive
            yield {
                "workflow_target_action": "activate",
                "workflow_target_region": region.name,
                "workflow_description": f"Let {region.name} serve",
                "steps": [*(self._approval() if returning else ()), self._turn(pair)],
            }
            if not pair.passive:
                yield {
                    "workflow_target_action": "deactivate",
                    "workflow_target_region": region.name,
                    "workflow_description": f"Leave {region.name}",
                    "steps": [self._turn(pair)],
                }

    def _approval(self) -> "Iterator[aws.arcregionswitch.PlanWorkflowStepArgsDict]":
        if self._spec.approver_role_arn is not None:
            yield {
                "name": "approve-return",
                "description": "Somebody has seen that the region is well",
                "execution_block_type": "ManualApproval",
                "execution_approval_configs": [
                    {"approval_role": self._spec.approver_role_arn, "timeout_minutes": _APPROVAL_MINUTES}
                ],
            }

    def _turn(self, pair: Pair) -> "aws.arcregionswitch.PlanWorkflowStepArgsDict":
        """All services at once; the guide wants the same configuration in all workflows of a record."""
        return {
            "name": "turn-health-checks",
            "description": "Turn the health checks of all services",
            "execution_block_type": "Parallel",
            "parallel_configs": [
                {
                    "steps": [
                        {
                            "name": service,
                            "execution_block_type": "Route53HealthCheck",
                            "route53_health_check_configs": [
                                {
                                    "hosted_zone_id": self._zone_id,
                                    "record_name": records.record_name,
                                    "record_sets": [
                                        {"record_set_identifier": identifier, "region": region}
                                        for region, identifier in records.record_identifiers.items()
                                        if region in pair.names
                                    ],
                                    "timeout_minutes": _STEP_MINUTES,
                                }
                            ],
                        }
                        for service, records in self._spec.services.items()
                    ]
                }
            ],
        }

    def _checks(self, plans: dict[str, aws.arcregionswitch.Plan]) -> Iterator[tuple[str, pulumi.Output[str]]]:
        """The health checks that AWS makes for a plan; they are known once the plan exists.

        This asks for a part of our own plan, never before the plan is there: a first preview asks nothing.
        """
        seen: set[str] = set()
        for pair in self._pairs:
            made = aws.arcregionswitch.get_route53_health_checks_output(
                plan_arn=plans[pair.key].arn, opts=pulumi.InvokeOutputOptions(parent=self)
            ).health_checks
            for region in pair.names:
                if region in seen:
                    continue
                seen.add(region)
                for service, records in self._spec.services.items():
                    if region in records.record_identifiers:
                        yield f"{service}/{region}", _check_of(made, records.record_name, region)


def _check_of(
    made: "pulumi.Output[Sequence[aws.arcregionswitch.outputs.GetRoute53HealthChecksHealthCheckResult]]",
    record_name: str,
    region: str,
) -> pulumi.Output[str]:
    def find(checks: "Sequence[aws.arcregionswitch.outputs.GetRoute53HealthChecksHealthCheckResult]") -> str:
        for check in checks:
            if check.region == region and check.record_name.rstrip(".") == record_name and check.health_check_id:
                return check.health_check_id
        pulumi.log.warn(
            f"the region switch has no health check for {record_name} in {region} yet: until the next update the plan"
            " can't close that record; run `pulumi up` again"
        )
        return ""  # as if it had not been stated: the record is open

    return made.apply(find)
