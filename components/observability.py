"""One region's eyes and ears: metrics, rules, alerts, logs and dashboards of its services.

Owns the Prometheus workspace and what runs in it, the topic through which people are called, the log groups of
inference and the alarms of the edge. What is measured, and when it is an alert, is rendered by
`serving.telemetry`; metrics are sent here by the cluster's collector.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import yaml
from pydantic import Field

from components.alert_topic import OPERATIONS_PUBLISHERS, create_topic, topic_arn
from components.iam import arn, partition
from components.log_retention import RETENTION_DAYS, log_retention_days
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Email, Section
from serving.blueprint.schema.incidents import FailureMode
from serving.blueprint.schema.observability import LogField
from serving.telemetry import dashboards, slo

_PAGE, _TICKET = "page", "ticket"
_REPEAT = {_PAGE: "30m", _TICKET: "24h"}

# Data identifiers that Amazon CloudWatch Logs manages (aws/aws-cdk, aws-logs, class `DataIdentifier`, read 2026-11):
# what people type into prompts, and secrets that should never have been there.
_MASKED_DATA = (
    *("Address", "AwsSecretKey", "CreditCardNumber", "EmailAddress", "Name", "OpenSshPrivateKey"),
    *(f"BankAccountNumber-{country}" for country in ("DE", "ES", "FR", "GB", "IT", "US")),
    *(f"PhoneNumber-{country}" for country in ("BR", "DE", "ES", "FR", "GB", "IT", "US")),
)


SERVICES_FAIL, REGION_LOST = "services-5xx", "gateways-gone"
"""Alarms that others act on: services answer with errors; nothing in the region can answer."""


@dataclass(frozen=True, slots=True)
class _Alarm:
    """One alarm of the edge: five-minute patience, so that one slow minute calls nobody."""

    suffix: str
    description: str
    metric: str
    statistic: str
    operator: str
    threshold: float
    missing: str
    of_target_group: bool


# CloudWatch metrics of Application Load Balancers (docs/facts.md).
# Thresholds are about the edge itself; the services' objectives are judged by their own rules.
_ALARMS = (
    _Alarm(
        "edge-5xx",
        "The load balancer itself answers with errors: no gateway can be reached",
        "HTTPCode_ELB_5XX_Count",
        "Sum",
        "GreaterThanThreshold",
        10,
        "notBreaching",
        of_target_group=False,
    ),
    _Alarm(
        SERVICES_FAIL,
        "Services answer with errors",
        "HTTPCode_Target_5XX_Count",
        "Sum",
        "GreaterThanThreshold",
        100,
        "notBreaching",
        of_target_group=True,
    ),
    _Alarm(
        "gateways-unhealthy",
        "At least one gateway fails its health check",
        "UnHealthyHostCount",
        "Maximum",
        "GreaterThanThreshold",
        0,
        "notBreaching",
        of_target_group=True,
    ),
    _Alarm(
        REGION_LOST,
        "No gateway is healthy: the region serves nobody",
        "HealthyHostCount",
        "Minimum",
        "LessThanThreshold",
        1,
        "breaching",
        of_target_group=True,
    ),
)


_EDGE_RUNBOOK = f"docs/runbooks/{FailureMode.INFRASTRUCTURE_OUTAGE.value}.md"
"""The edge belongs to the platform: its runbook is the one of this repository."""


class ObservedServiceArgs(TypedDict):
    """One service that is observed.

    Attributes:
        blueprint: Its blueprint.
        namespace: Its Kubernetes namespace.
        tags: Its ownership and lineage tags.
    """

    blueprint: Any
    namespace: str
    tags: dict[str, str]


class ObservabilityArgs(TypedDict):
    """Arguments of `Observability`.

    Attributes:
        environment: Short name of the environment.
        region: Its region.
        account_id: AWS account.
        services: The region's services.
        platform_emails: Who is told of everything.
        log_retention_days: How long platform logs are kept; inference logs say it in their blueprint.
        runbook_base_url: Where the repository's files can be read; alerts link runbooks below it.
        tags: Ownership tags.
        key_arn: Key of topic and logs.
        metrics_key_arn: Key of the workspace, in its region; the service refuses multi-region keys.
        load_balancer_arn_suffix: The edge that is watched; nothing of it is watched by default.
        target_group_arn_suffix: The edge's target group.
    """

    environment: str
    region: str
    account_id: str
    services: list[ObservedServiceArgs]
    platform_emails: list[str]
    log_retention_days: NotRequired[int]
    runbook_base_url: NotRequired[str]
    tags: dict[str, str]
    key_arn: pulumi.Input[str]
    metrics_key_arn: pulumi.Input[str]
    load_balancer_arn_suffix: NotRequired[pulumi.Input[str]]
    target_group_arn_suffix: NotRequired[pulumi.Input[str]]


class ObservedServiceSpec(Section):
    """The validated form of `ObservedServiceArgs`."""

    blueprint: Blueprint
    namespace: str = Field(min_length=1, max_length=63)
    tags: dict[str, str]


class ObservabilitySpec(Section):
    """The plain part of `ObservabilityArgs`."""

    environment: str = Field(min_length=1)
    region: AwsRegion
    account_id: AccountId
    services: tuple[ObservedServiceSpec, ...]
    platform_emails: tuple[Email, ...] = Field(min_length=1)
    log_retention_days: int = Field(default=365, ge=1, le=RETENTION_DAYS[-1])
    runbook_base_url: str = ""
    tags: dict[str, str]


WIRING = frozenset({"key_arn", "metrics_key_arn", "load_balancer_arn_suffix", "target_group_arn_suffix"})


class Observability(pulumi.ComponentResource):
    """Metrics, alerts, logs and dashboards of one region."""

    workspace_arn: pulumi.Output[str]
    """ARN of the Prometheus workspace."""
    workspace_id: pulumi.Output[str]
    """Id of the Prometheus workspace."""
    prometheus_endpoint: pulumi.Output[str]
    """URL of the workspace, ending in a slash; `api/v1/remote_write` below it takes metrics."""
    topic_arn: pulumi.Output[str]
    """Topic through which people are called."""
    log_group_names: dict[str, str]
    """Service -> name of its inference log."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Observability"), name, None, opts)
        self._spec = parse_args(ObservabilitySpec, "Observability", name, args, WIRING)
        self._name, self._key_arn = name, args["key_arn"]
        topic = self._create_topic()
        workspace = self._create_workspace(args["metrics_key_arn"])
        self._create_alert_manager(workspace, topic)
        self.log_group_names = {}
        for service in self._spec.services:
            self._create_rules(workspace, service)
            self._create_inference_log(service)
        self._create_edge_watch(args, topic)
        self.workspace_arn, self.workspace_id = workspace.arn, workspace.id
        self.prometheus_endpoint, self.topic_arn = workspace.prometheus_endpoint, topic.arn
        self.register_outputs(
            {
                "workspace_arn": self.workspace_arn,
                "workspace_id": self.workspace_id,
                "prometheus_endpoint": self.prometheus_endpoint,
                "topic_arn": self.topic_arn,
                "log_group_names": self.log_group_names,
            }
        )

    @property
    def _topic_name(self) -> str:
        return physical_name(NameRule.SNS_TOPIC, self._spec.environment, "escalation")

    def _create_topic(self) -> aws.sns.Topic:
        topic = create_topic(
            self,
            f"{self._name}-topic",
            self._topic_name,
            region=self._spec.region,
            account_id=self._spec.account_id,
            display_name=f"Incidents of {self._spec.environment}",
            key_arn=self._key_arn,
            publishers=OPERATIONS_PUBLISHERS,
            tags=self._spec.tags,
        )
        for address, policy in subscriptions(self._spec.services, self._spec.platform_emails).items():
            aws.sns.TopicSubscription(
                f"{self._name}-subscription-{hashlib.sha256(address.encode()).hexdigest()[:8]}",
                region=self._spec.region,
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                filter_policy=json.dumps(policy) if policy else None,
                filter_policy_scope="MessageAttributes" if policy else None,
                opts=child_options(self),
            )
        return topic

    def _create_log_group(
        self, suffix: str, name: str, days: int, tags: Mapping[str, str], *, audited: bool
    ) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{suffix}",
            region=self._spec.region,
            name=name,
            retention_in_days=log_retention_days(days),
            kms_key_id=self._key_arn,
            tags=dict(tags),
            opts=child_options(self, stateful=audited),
        )

    def _create_workspace(self, key_arn: pulumi.Input[str]) -> aws.amp.Workspace:
        logs = self._create_log_group(
            "workspace-log",
            # the prefix of logs that AWS services deliver themselves (docs/facts.md)
            physical_name(NameRule.LOG_GROUP, "/aws/vendedlogs/prometheus", self._spec.environment, separator="/"),
            self._spec.log_retention_days,
            self._spec.tags,
            # failures of rules and notifications: it tells of operations, not of who did or asked what
            audited=False,
        )
        return aws.amp.Workspace(
            f"{self._name}-workspace",
            region=self._spec.region,
            alias=physical_name(NameRule.AMP_ALIAS, self._spec.environment, "serving"),
            kms_key_arn=key_arn,
            logging_configuration={"log_group_arn": logs.arn.apply(lambda log_arn: f"{log_arn}:*")},
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_alert_manager(self, workspace: aws.amp.Workspace, topic: aws.sns.Topic) -> None:
        services = [service.blueprint.name for service in self._spec.services]
        aws.amp.AlertManagerDefinition(
            f"{self._name}-alert-manager",
            region=self._spec.region,
            workspace_id=workspace.id,
            definition=alert_manager_definition(
                services, topic_arn(self._spec.region, self._spec.account_id, self._topic_name), self._spec.region
            ),
            # the topic is named by its ARN, which says nothing of the order
            opts=child_options(self, depends_on=[topic]),
        )

    def _create_rules(self, workspace: aws.amp.Workspace, service: ObservedServiceSpec) -> None:
        blueprint = service.blueprint
        groups = slo.rule_groups(blueprint, service.namespace, self._spec.runbook_base_url)
        aws.amp.RuleGroupNamespace(
            f"{self._name}-rules-{blueprint.name}",
            region=self._spec.region,
            workspace_id=workspace.id,
            name=physical_name(NameRule.AMP_RULE_NAMESPACE, blueprint.name),
            data=slo.to_yaml(groups),
            tags=service.tags,
            opts=child_options(self),
        )

    def _create_inference_log(self, service: ObservedServiceSpec) -> None:
        blueprint = service.blueprint
        name = physical_name(
            NameRule.LOG_GROUP, "/serving", self._spec.environment, blueprint.data_name, "inference", separator="/"
        )
        self.log_group_names[blueprint.name] = name
        days = blueprint.governance.retention.inference_log_days
        group = self._create_log_group(f"inference-log-{blueprint.data_name}", name, days, service.tags, audited=True)
        if may_hold_personal_data(blueprint):
            aws.cloudwatch.LogDataProtectionPolicy(
                f"{self._name}-inference-protection-{blueprint.data_name}",
                region=self._spec.region,
                log_group_name=group.name,
                policy_document=json.dumps(data_protection_policy(name, self._spec.region)),
                opts=child_options(self),
            )

    def _create_edge_watch(self, args: ObservabilityArgs, topic: aws.sns.Topic) -> None:
        balancer, target_group = args.get("load_balancer_arn_suffix"), args.get("target_group_arn_suffix")
        if balancer is None or target_group is None:
            return
        for alarm in _ALARMS:
            self._create_alarm(alarm, balancer, target_group, topic)
        region = self._spec.region
        alarm_arns = tuple(self._alarm_arn(alarm) for alarm in _ALARMS)
        aws.cloudwatch.Dashboard(
            f"{self._name}-edge-dashboard",
            region=region,
            # dashboards of all regions share one list of names
            dashboard_name=physical_name(NameRule.WEB_ACL, self._spec.environment, "edge", region),
            dashboard_body=pulumi.Output.all(balancer, target_group).apply(
                lambda both: json.dumps(dashboards.edge_dashboard(region, both[0], both[1], alarm_arns))
            ),
            opts=child_options(self),
        )

    def _alarm_name(self, alarm: _Alarm) -> str:
        return physical_name(NameRule.ALARM, self._spec.environment, alarm.suffix)

    def _alarm_arn(self, alarm: _Alarm) -> str:
        return edge_alarm_arn(self._spec.environment, self._spec.region, self._spec.account_id, alarm.suffix)

    def _create_alarm(
        self,
        alarm: _Alarm,
        balancer: pulumi.Input[str],
        target_group: pulumi.Input[str],
        topic: aws.sns.Topic,
    ) -> None:
        runbook = slo.runbook_link(self._spec.runbook_base_url, _EDGE_RUNBOOK)
        dimensions: dict[str, pulumi.Input[str]] = {"LoadBalancer": balancer}
        if alarm.of_target_group:
            dimensions["TargetGroup"] = target_group
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-alarm-{alarm.suffix}",
            region=self._spec.region,
            name=self._alarm_name(alarm),
            alarm_description=f"{alarm.description}. Runbook: {runbook}",
            namespace="AWS/ApplicationELB",
            metric_name=alarm.metric,
            dimensions=dimensions,
            statistic=alarm.statistic,
            comparison_operator=alarm.operator,
            threshold=alarm.threshold,
            period=60,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic.arn],
            ok_actions=[topic.arn],
            tags=self._spec.tags,
            opts=child_options(self),
        )


def edge_alarm_arn(environment: str, region: str, account_id: str, suffix: str) -> str:
    """ARN of an alarm of a region's edge, for who acts on it."""
    return arn("cloudwatch", region, account_id, f"alarm:{physical_name(NameRule.ALARM, environment, suffix)}")


def may_hold_personal_data(blueprint: Blueprint) -> bool:
    """Whether a line of the inference log may hold what a person wrote."""
    texts = {LogField.PROMPT, LogField.ANSWER}
    return bool(texts & set(blueprint.observability.logs.fields)) or blueprint.governance.personal_data.processed


def data_protection_policy(name: str, region: str) -> dict[str, Any]:
    """Policy that finds and masks personal data and secrets in a log group."""
    identifiers = [f"arn:{partition(region)}:dataprotection::aws:data-identifier/{kind}" for kind in _MASKED_DATA]
    return {
        "Name": f"mask{name.replace('/', '-')}",
        "Description": "Masks personal data and secrets",
        "Version": "2021-06-01",
        "Statement": [
            {
                "Sid": "Find",
                "DataIdentifier": identifiers,
                "Operation": {"Audit": {"FindingsDestination": {}}},
            },
            {"Sid": "Mask", "DataIdentifier": identifiers, "Operation": {"Deidentify": {"MaskConfig": {}}}},
        ],
    }


def subscriptions(services: Sequence[ObservedServiceSpec], platform_emails: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Address -> filter of what it is told; an empty filter lets everything through.

    A topic knows each address once, so what one address is told for several services is one filter.
    """
    wanted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for service in services:
        for address, severity in _told(service.blueprint):
            wanted[address].append({"service": [service.blueprint.name], "severity": [severity]})
    merged = {address: one[0] if len(one) == 1 else {"$or": one} for address, one in wanted.items()}
    return merged | {address: {} for address in platform_emails}


def _told(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    contacts = blueprint.identity.contacts
    yield contacts.on_call or contacts.email, _PAGE
    yield contacts.email, _TICKET


def alert_manager_definition(services: Sequence[str], topic: str, region: str) -> str:
    """Routes every alert to the topic, with its service and severity for the subscribers' filters."""
    kinds = [(service, severity) for service in services for severity in (_PAGE, _TICKET)]
    config = {
        "route": {
            "receiver": "platform",
            "group_by": ["service", "alertname", "slo"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": _REPEAT[_TICKET],
            "routes": [
                {
                    "receiver": f"{service}-{severity}",
                    "matchers": [f'service="{service}"', f'severity="{severity}"'],
                    "repeat_interval": _REPEAT[severity],
                }
                for service, severity in kinds
            ],
        },
        "receivers": [
            _receiver("platform", topic, region, {}),
            *(
                _receiver(f"{service}-{severity}", topic, region, {"service": service, "severity": severity})
                for service, severity in kinds
            ),
        ],
    }
    return yaml.safe_dump({"alertmanager_config": yaml.safe_dump(config, sort_keys=False)}, sort_keys=False)


def _receiver(name: str, topic: str, region: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    sns: dict[str, Any] = {"topic_arn": topic, "sigv4": {"region": region}, "send_resolved": True}
    if attributes:
        sns["attributes"] = dict(attributes)
    return {"name": name, "sns_configs": [sns]}
