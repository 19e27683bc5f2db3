"""One region's metrics, alerts, logs and dashboards."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from components.log_retention import RETENTION_DAYS, log_retention_days
from components.observability import (
    WIRING,
    Observability,
    ObservabilityArgs,
    ObservabilitySpec,
    ObservedServiceArgs,
    ObservedServiceSpec,
    may_hold_personal_data,
    subscriptions,
)
from serving.blueprint.schema import Blueprint
from serving.telemetry import slo
from tests.components.recorder import UNKNOWN, Recorded, Recorder
from tests.documents import SERVICES, blueprint

REGION, ACCOUNT = "eu-west-1", "123456789012"


def observed(one: Blueprint) -> ObservedServiceArgs:
    return {"blueprint": one, "namespace": one.identity.tenant, "tags": {"service": one.name}}


def run(record: Recorder, tags: dict[str, str], **changes: Any) -> Recorded:
    args: ObservabilityArgs = {
        "environment": "prod",
        "region": REGION,
        "account_id": ACCOUNT,
        "services": [observed(blueprint(service)) for service in SERVICES],
        "platform_emails": ["platform@example.com"],
        "tags": tags,
        "key_arn": "arn:key",
        "metrics_key_arn": "arn:metrics-key",
        "load_balancer_arn_suffix": "app/edge/1",
        "target_group_arn_suffix": "targetgroup/gateway/2",
    }
    return record(lambda: Observability("eyes", {**args, **changes}))  # type: ignore[typeddict-item]


def specs(*blueprints: Blueprint) -> list[ObservedServiceSpec]:
    return [ObservedServiceSpec.model_validate(observed(one)) for one in blueprints]


def test_the_arguments_are_the_specs_and_the_wiring() -> None:
    assert set(ObservabilityArgs.__annotations__) == set(ObservabilitySpec.model_fields) | WIRING
    assert set(ObservedServiceArgs.__annotations__) == set(ObservedServiceSpec.model_fields)


def test_everything_is_in_the_region(record: Recorder, tags: dict[str, str]) -> None:
    assert {resource["region"] for resource in run(record, tags).managed()} == {REGION}


def test_topic_and_logs_are_encrypted_with_the_key_and_metrics_with_their_own(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags)
    assert made.one("Workspace")["kmsKeyArn"] == "arn:metrics-key"
    assert made.one("Workspace").protect
    assert made.one("Topic")["kmsMasterKeyId"] == "arn:key"
    assert {group["kmsKeyId"] for group in made.of_type("LogGroup")} == {"arn:key"}


def test_the_logs_of_what_models_were_asked_outlive_the_program(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    for service in SERVICES:
        log = made.named(f"eyes-inference-log-{service}")
        assert (log.protect, log.retain_on_delete) == (True, True)


def test_every_service_has_its_rules_in_the_workspace(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    workspace = made.one("Workspace")
    for service in SERVICES:
        rules = made.named(f"eyes-rules-{service}")
        one = blueprint(service)
        assert yaml.safe_load(rules["data"]) == slo.rule_groups(one, one.identity.tenant)
        assert made.source_of(rules, "workspaceId") == [workspace]
        assert rules["tags"] == {"service": service}


def test_every_alert_reaches_a_receiver_that_names_service_and_severity(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    definition = made.one("AlertManagerDefinition")
    config = yaml.safe_load(yaml.safe_load(definition["definition"])["alertmanager_config"])
    receivers = {receiver["name"]: receiver["sns_configs"][0] for receiver in config["receivers"]}
    assert config["route"]["receiver"] in receivers
    for service in SERVICES:
        for severity in ("page", "ticket"):
            (route,) = [
                route
                for route in config["route"]["routes"]
                if route["matchers"] == [f'service="{service}"', f'severity="{severity}"']
            ]
            target = receivers[route["receiver"]]
            assert target["attributes"] == {"service": service, "severity": severity}
            assert target["topic_arn"] == f"arn:aws:sns:{REGION}:{ACCOUNT}:{made.one('Topic')['name']}"
    assert made.one("Topic").urn in definition.dependencies


def test_an_address_subscribes_once_whatever_it_is_told(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    addresses = [one["endpoint"] for one in made.of_type("TopicSubscription")]
    assert len(addresses) == len(set(addresses))
    assert "platform@example.com" in addresses


def test_who_is_on_call_gets_pages_and_the_team_gets_tickets() -> None:
    changes = {"identity.contacts": {"email": "team@example.com", "on_call": "oncall@example.com"}}
    told = subscriptions(specs(blueprint("chat", **changes)), ["platform@example.com"])
    assert told == {
        "oncall@example.com": {"service": ["chat"], "severity": ["page"]},
        "team@example.com": {"service": ["chat"], "severity": ["ticket"]},
        "platform@example.com": {},
    }


def test_a_mailbox_that_is_told_of_several_things_is_told_of_each_of_them() -> None:
    changes = {"identity.contacts": {"email": "team@example.com"}}
    told = subscriptions(specs(*(blueprint(s, **changes) for s in ("chat", "fraud-score"))), [])
    assert len(told["team@example.com"]["$or"]) == 4


def test_inference_logs_are_kept_at_least_as_long_as_the_blueprint_asks(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    for service in SERVICES:
        days = made.named(f"eyes-inference-log-{service}")["retentionInDays"]
        assert days >= blueprint(service).governance.retention.inference_log_days
        assert days in RETENTION_DAYS


@pytest.mark.parametrize("at_least", [1, 2, 183, 365, 366, 3_653])
def test_retention_is_rounded_up_and_never_down(at_least: int) -> None:
    days = log_retention_days(at_least)
    assert days >= at_least
    assert not [known for known in RETENTION_DAYS if at_least <= known < days]


def test_a_retention_longer_than_cloudwatch_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="3653"):
        log_retention_days(3_654)


@pytest.mark.parametrize(
    ("changes", "masked"),
    [
        ({"governance.personal_data.processed": False, "observability.logs.fields": ["status"]}, False),
        ({"governance.personal_data.processed": False, "observability.logs.fields": ["prompt"]}, True),
    ],
)
def test_logs_that_may_hold_what_people_wrote_are_masked(
    record: Recorder, tags: dict[str, str], changes: dict[str, Any], *, masked: bool
) -> None:
    one = blueprint("chat", **changes)
    assert may_hold_personal_data(one) is masked
    made = run(record, tags, services=[observed(one)])
    policies = made.of_type("LogDataProtectionPolicy")
    assert bool(policies) is masked
    for policy in policies:
        find, mask = json.loads(policy["policyDocument"])["Statement"]
        assert find["DataIdentifier"] == mask["DataIdentifier"]  # AWS refuses two different lists
        assert mask["Operation"]["Deidentify"] == {"MaskConfig": {}}


def test_prometheus_may_publish_to_the_topic_and_read_what_it_is(record: Recorder, tags: dict[str, str]) -> None:
    statements = json.loads(run(record, tags).one("TopicPolicy")["policy"])["Statement"]
    allowed = {s["Action"] for s in statements if "aps.amazonaws.com" in str(s["Principal"]) and s["Effect"] == "Allow"}
    assert allowed == {"sns:Publish", "sns:GetTopicAttributes"}


def test_the_edge_calls_for_help_through_the_topic(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    topic = made.one("Topic")
    alarms = made.of_type("MetricAlarm")
    assert {"HTTPCode_ELB_5XX_Count", "UnHealthyHostCount"} <= {alarm["metricName"] for alarm in alarms}
    for alarm in alarms:
        assert made.source_of(alarm, "alarmActions") == [topic]
        assert alarm["dimensions"]["LoadBalancer"] == "app/edge/1"
        assert alarm["datapointsToAlarm"] <= alarm["evaluationPeriods"]
        assert alarm["alarmDescription"].endswith("docs/runbooks/infrastructure-outage.md")
    body = json.loads(made.one("Dashboard")["dashboardBody"])
    (shown,) = [widget for widget in body["widgets"] if widget["type"] == "alarm"]
    names = {arn.rsplit("alarm:", 1)[1] for arn in shown["properties"]["alarms"]}
    assert names == {alarm["name"] for alarm in alarms}


def test_without_an_edge_nothing_of_it_is_watched(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, load_balancer_arn_suffix=None, target_group_arn_suffix=None)
    assert made.of_type("MetricAlarm") == []
    assert made.of_type("Dashboard") == []


def test_the_workspace_writes_its_faults_to_a_log_group_that_it_may_write_to(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags)
    workspace = made.one("Workspace")
    (log,) = made.source_of(workspace, "loggingConfiguration")
    assert log["name"].startswith("/aws/vendedlogs/")
    assert workspace["loggingConfiguration"]["logGroupArn"] is UNKNOWN
