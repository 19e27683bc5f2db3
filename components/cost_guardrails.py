"""What the environment and each service may cost, who is told on the way there, and what stops growing at the end.

Owns budgets, anomaly detection, the activation of cost allocation tags and the freeze of the node count. Nothing
that runs is stopped. What happens at a service's ceiling stands in its blueprint and is done by people or by the
autoscaler's bounds: nodes are shared, and one service's ceiling must not freeze the others. Budgets and
Cost Explorer are global services of the account; only the topic has a region.
"""

import json
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.alert_topic import COST_PUBLISHERS, create_topic
from components.iam import (
    PLATFORM,
    Condition,
    Effect,
    Statement,
    arn,
    create_role,
    partition,
    readable_policy,
    role_name,
    service_trust,
    when_permitted,
)
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.environment.settings import GrowthStop, InstanceFamily
from serving.blueprint.schema.base import Email, Name, Section, Usd
from serving.blueprint.schema.cost import CostActions
from serving.blueprint.tags import TagKey

_ENVIRONMENT_PERCENTS = tuple(CostActions().by_percent())  # as every service's
_FORECAST_PERCENT = 100
_SPENT_PERCENT = 100

# Calls by which Cluster Autoscaler and Karpenter add nodes
_GROWTH_ACTIONS = ("autoscaling:SetDesiredCapacity", "ec2:CreateFleet", "ec2:RunInstances")

COST_TAGS = (TagKey.ENVIRONMENT, TagKey.SERVICE, TagKey.TENANT, TagKey.COST_CENTER)
"""Tags by which costs are told apart."""


class ServiceBudgetArgs(TypedDict):
    """What one service may cost.

    Attributes:
        monthly_ceiling_usd: Most that it may cost a month, US dollars.
        notify: Email addresses that are told.
        percents: Shares of the ceiling at which they are told.
    """

    monthly_ceiling_usd: float
    notify: list[str]
    percents: list[int]


class CostGuardrailsArgs(TypedDict):
    """Arguments of `CostGuardrails`.

    Attributes:
        environment: Short name of the environment.
        account_id: AWS account.
        region: Home region; the topic is there.
        monthly_usd: Most that the environment may cost a month, US dollars.
        notify: Email addresses that are told of the environment.
        services: Service name -> what it may cost.
        activate_cost_tags: Whether this stack activates the cost allocation tags; a member account of an
            organisation can't, and AWS knows a tag only a day after its first use.
        growth_stop: `none`, `manual` or `automatic`: what happens when the environment's budget is spent; `none` by
            default.
        growth_role_names: Roles that add nodes; they can't once growth is stopped.
        allowed_instance_families: Instance families that those roles may start; any by default.
        anomaly_usd: Smallest unexpected cost that is reported, US dollars.
        tags: Ownership tags.
        key_arn: Key of the topic.
    """

    environment: str
    account_id: str
    region: str
    monthly_usd: float
    notify: list[str]
    services: dict[str, ServiceBudgetArgs]
    activate_cost_tags: NotRequired[bool]
    growth_stop: NotRequired[str]
    growth_role_names: NotRequired[list[pulumi.Input[str]]]
    allowed_instance_families: NotRequired[list[str]]
    anomaly_usd: NotRequired[float]
    tags: dict[str, str]
    key_arn: pulumi.Input[str]


class ServiceBudgetSpec(Section):
    """The validated form of `ServiceBudgetArgs`."""

    monthly_ceiling_usd: Usd
    # limits of AWS Budgets: ten subscribers by email, ten notifications, one of them the forecast (botocore 1.44.5,
    # budgets, NotificationWithSubscribers and NotificationWithSubscribersList)
    notify: tuple[Email, ...] = Field(min_length=1, max_length=10)
    percents: tuple[int, ...] = Field(min_length=1, max_length=9)


class CostGuardrailsSpec(Section):
    """The plain part of `CostGuardrailsArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    monthly_usd: Usd
    notify: tuple[Email, ...] = Field(min_length=1, max_length=10)
    services: dict[Name, ServiceBudgetSpec]
    activate_cost_tags: bool = True
    growth_stop: GrowthStop = GrowthStop.NONE
    allowed_instance_families: tuple[InstanceFamily, ...] = ()
    anomaly_usd: Usd = 100
    tags: dict[str, str]


WIRING = frozenset({"growth_role_names", "key_arn"})


class CostGuardrails(pulumi.ComponentResource):
    """Budgets, anomaly detection and cost allocation tags of one environment."""

    topic_arn: pulumi.Output[str]
    """Topic that is told of costs."""
    budget_names: dict[str, pulumi.Output[str]]
    """`environment` or service -> name of its budget."""

    def __init__(self, name: str, args: CostGuardrailsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("CostGuardrails"), name, None, opts)
        self._spec = parse_args(CostGuardrailsSpec, "CostGuardrails", name, args, WIRING)
        self._name = name
        self._topic = self._create_topic(args["key_arn"])
        tags = self._create_cost_tags()
        self.budget_names = {"environment": self._create_environment_budget(tags)}
        for service, budget in self._spec.services.items():
            self.budget_names[service] = self._create_service_budget(service, budget, tags)
        self._create_anomaly_detection(tags)
        growing = args.get("growth_role_names", [])
        if growing and self._spec.growth_stop is not GrowthStop.NONE:
            self._create_growth_stop(growing)
        if growing and self._spec.allowed_instance_families:
            self._create_allow_list(growing)
        self.topic_arn = self._topic.arn
        self.register_outputs({"topic_arn": self.topic_arn, "budget_names": self.budget_names})

    def _create_topic(self, key_arn: pulumi.Input[str]) -> aws.sns.Topic:
        topic = create_topic(
            self,
            f"{self._name}-topic",
            physical_name(NameRule.SNS_TOPIC, self._spec.environment, "cost"),
            region=self._spec.region,
            account_id=self._spec.account_id,
            display_name=f"Cost of {self._spec.environment}",
            key_arn=key_arn,
            publishers=COST_PUBLISHERS,
            tags=self._spec.tags,
        )
        for index, address in enumerate(self._spec.notify):
            aws.sns.TopicSubscription(
                f"{self._name}-subscription-{index}",
                region=self._spec.region,
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=child_options(self),
            )
        return topic

    def _create_cost_tags(self) -> list[pulumi.Resource]:
        if not self._spec.activate_cost_tags:
            return []
        return [
            aws.costexplorer.CostAllocationTag(
                f"{self._name}-tag-{key.value}",
                tag_key=key.value,
                status="Active",
                opts=child_options(self),
            )
            for key in COST_TAGS
        ]

    def _create_environment_budget(self, tags: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        return self._create_budget(
            "environment",
            self._spec.monthly_usd,
            {TagKey.ENVIRONMENT: self._spec.environment},
            # those who answer for the environment hear of it by the topic, which they are subscribed to
            _notifications(_ENVIRONMENT_PERCENTS, [], self._topic.arn),
            tags,
        )

    def _create_service_budget(
        self, service: str, budget: ServiceBudgetSpec, tags: Sequence[pulumi.Resource]
    ) -> pulumi.Output[str]:
        return self._create_budget(
            f"service-{service}",
            budget.monthly_ceiling_usd,
            {TagKey.ENVIRONMENT: self._spec.environment, TagKey.SERVICE: service},
            _notifications(budget.percents, budget.notify, self._topic.arn),
            tags,
        )

    def _create_budget(
        self,
        suffix: str,
        monthly_usd: float,
        matching: dict[TagKey, str],
        notifications: Any,  # noqa: ANN401  (a TypedDict of the provider)
        tags: Sequence[pulumi.Resource],
    ) -> pulumi.Output[str]:
        budget = aws.budgets.Budget(
            f"{self._name}-budget-{suffix}",
            name=physical_name(NameRule.BUDGET, self._spec.environment, suffix),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{monthly_usd:.2f}",
            limit_unit="USD",
            metrics="UnblendedCost",
            filter_expression=_tag_filter(matching),
            notifications=notifications,
            tags=self._spec.tags,
            # a budget by a tag that is not active yet would stay at zero without a word
            opts=child_options(self, depends_on=tags),
        )
        return budget.name

    def _create_anomaly_detection(self, tags: Sequence[pulumi.Resource]) -> None:
        name = physical_name(NameRule.BUDGET, self._spec.environment, "anomalies")
        monitor = aws.costexplorer.AnomalyMonitor(
            f"{self._name}-anomaly-monitor",
            name=name,
            monitor_type="CUSTOM",
            monitor_specification=_monitored(TagKey.ENVIRONMENT, self._spec.environment),
            tags=self._spec.tags,
            opts=child_options(self, depends_on=tags),
        )
        aws.costexplorer.AnomalySubscription(
            f"{self._name}-anomaly-subscription",
            name=name,
            frequency="IMMEDIATE",
            monitor_arn_lists=[monitor.arn],
            subscribers=[{"type": "SNS", "address": self._topic.arn}],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [f"{self._spec.anomaly_usd:g}"],
                }
            },
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _create_growth_stop(self, roles: Sequence[pulumi.Input[str]]) -> None:
        """Once the budget is spent, take from the roles that add nodes what they add them by.

        Nodes that fail are still replaced: Auto Scaling keeps the count by a role of its own.
        """
        spec = self._spec
        policy = self._create_policy("growth-stop", [Statement("AddNothing", _GROWTH_ACTIONS, ("*",), Effect.DENY)])
        aws.budgets.BudgetAction(
            f"{self._name}-growth-stop",
            budget_name=self.budget_names["environment"],
            action_type="APPLY_IAM_POLICY",
            approval_model=spec.growth_stop.name,
            notification_type="ACTUAL",
            action_threshold={"action_threshold_type": "PERCENTAGE", "action_threshold_value": _SPENT_PERCENT},
            definition={"iam_action_definition": {"policy_arn": policy.arn, "roles": list(roles)}},
            execution_role_arn=self._create_execution_role(roles),
            subscribers=[{"subscription_type": "SNS", "address": self._topic.arn}],
            tags=spec.tags,
            opts=child_options(self),
        )

    def _create_execution_role(self, roles: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
        """AWS Budgets may attach the one policy to the roles that add nodes, and detach it again."""
        spec = self._spec
        any_role = arn("iam", "", spec.account_id, "role/", within=spec.region)
        any_budget = arn("budgets", "", spec.account_id, "budget/*", within=spec.region)
        role, permissions = create_role(
            self,
            f"{self._name}-growth-stop-role",
            role_name(spec.environment, f"{PLATFORM}growth-stop"),
            description="Freezes the number of nodes when the budget is spent",
            trust=service_trust(
                "budgets.amazonaws.com",
                Condition("StringEquals", "aws:SourceAccount", spec.account_id),
                Condition("ArnLike", "aws:SourceArn", any_budget),
            ),
            tags=spec.tags,
            statements=[
                Statement(
                    "FreezeNodes",
                    ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
                    tuple(pulumi.Output.concat(any_role, one) for one in roles),
                    conditions=(Condition("ArnEquals", "iam:PolicyARN", self._policy_arn("growth-stop")),),
                )
            ],
        )
        return when_permitted(role, permissions)

    def _create_allow_list(self, roles: Sequence[pulumi.Input[str]]) -> None:
        """No role that adds nodes starts a machine of another family, whatever asks it to."""
        families = [f"{family}.*" for family in self._spec.allowed_instance_families]
        statement = Statement(
            "StartOnlyAllowedFamilies",
            ("ec2:RunInstances",),
            (f"arn:{partition(self._spec.region)}:ec2:*:{self._spec.account_id}:instance/*",),
            Effect.DENY,
            conditions=(Condition("StringNotLike", "ec2:InstanceType", *families),),
        )
        policy = self._create_policy("instance-families", [statement])
        for index, role in enumerate(roles):
            aws.iam.RolePolicyAttachment(
                f"{self._name}-instance-families-{index}", role=role, policy_arn=policy.arn, opts=child_options(self)
            )

    def _policy_name(self, purpose: str) -> str:
        return physical_name(NameRule.IAM_POLICY, self._spec.environment, f"{PLATFORM}{purpose}")

    def _policy_arn(self, purpose: str) -> str:
        return arn("iam", "", self._spec.account_id, f"policy/{self._policy_name(purpose)}", within=self._spec.region)

    def _create_policy(self, purpose: str, statements: Sequence[Statement]) -> aws.iam.Policy:
        return aws.iam.Policy(
            f"{self._name}-{purpose}-policy",
            name=self._policy_name(purpose),
            description=f"Cost guardrail of {self._spec.environment}: {purpose}",
            policy=readable_policy(statements),
            tags=self._spec.tags,
            opts=child_options(self),
        )


def _notifications(
    percents: Sequence[int], emails: Sequence[str], topic_arn: pulumi.Input[str]
) -> list[dict[str, Any]]:
    """One for each share that is spent, and one when the month is forecast to end above the ceiling."""
    thresholds = [*(("ACTUAL", percent) for percent in percents), ("FORECASTED", _FORECAST_PERCENT)]
    return [
        {
            "notification_type": kind,
            "comparison_operator": "GREATER_THAN",
            "threshold": percent,
            "threshold_type": "PERCENTAGE",
            "subscriber_email_addresses": list(emails),
            "subscriber_sns_topic_arns": [topic_arn],
        }
        for kind, percent in thresholds
    ]


def _monitored(key: TagKey, value: str) -> str:
    """Costs that carry a tag, spelled as the provider reads them back: with what is not stated as null.

    A specification can't be changed, so that each difference would make a new monitor, which knows no history
    (pulumi-aws 7.51, costexplorer.AnomalyMonitor, its example).
    """
    tags = {"Key": key.value, "MatchOptions": None, "Values": [value]}
    unstated: dict[str, Any] = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
    return json.dumps(unstated | {"Tags": tags})


def _tag_filter(matching: dict[TagKey, str]) -> Any:  # noqa: ANN401  (a TypedDict of the provider)
    """Costs that carry all of the tags."""
    expressions = [{"tags": {"key": key.value, "values": [value]}} for key, value in matching.items()]
    return expressions[0] if len(expressions) == 1 else {"ands": expressions}
