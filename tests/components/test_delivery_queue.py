"""The queue behind asynchronous delivery."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from pydantic import ValidationError

from components.access import access_policy
from components.autoscaler import scaled_object
from components.delivery_queue import RUNBOOK, DeliveryNames, DeliveryQueue, deliver_statements, delivery_settings
from serving.blueprint.delivery import WAITING_METRIC
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, HOME, delivery_queue_args, key_arn, topic_arn
from tests.components.serving_samples import workload
from tests.documents import ROOT, blueprint

NAMES = DeliveryNames("test", ACCOUNT, HOME, "embedding")


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: DeliveryQueue("delivery", delivery_queue_args(**changes)))


@functools.cache
def recorded() -> Recorded:
    return made(record_program)


def queue(name: str) -> dict[str, Any]:
    return next(one.inputs for one in recorded().of_type("aws:sqs/queue:Queue") if one.inputs["name"] == name)


def test_what_no_worker_can_make_anything_of_is_set_aside_by_the_queue() -> None:
    resource = next(one for one in recorded().of_type("aws:sqs/queue:Queue") if one.inputs["name"] == NAMES.queue)
    assert any(urn.endswith("::delivery-dead-letters") for urn in resource.property_dependencies["redrivePolicy"])


def test_only_the_queue_itself_may_set_requests_aside() -> None:
    policy = json.loads(queue(NAMES.dead_letters)["redriveAllowPolicy"])
    assert policy == {"redrivePermission": "byQueue", "sourceQueueArns": [NAMES.queue_arn]}


def test_dead_letters_wait_for_as_long_as_the_service_lets_them() -> None:
    assert queue(NAMES.dead_letters)["messageRetentionSeconds"] == 1_209_600
    assert queue(NAMES.queue)["messageRetentionSeconds"] == 86_400


@pytest.mark.parametrize("name", [NAMES.queue, NAMES.dead_letters])
def test_queues_are_encrypted_with_the_key_of_the_data_class(name: str) -> None:
    assert queue(name)["kmsMasterKeyId"] == key_arn(HOME)


def test_nobody_uses_a_queue_without_tls_or_from_another_account() -> None:
    policies = [json.loads(one.inputs["policy"]) for one in recorded().of_type("aws:sqs/queuePolicy:QueuePolicy")]
    assert len(policies) == 2
    for policy in policies:
        assert {one["Effect"] for one in policy["Statement"]} == {"Deny"}
        conditions = [one["Condition"] for one in policy["Statement"]]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
        assert {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}} in conditions


def test_tickets_are_encrypted_expire_and_are_not_deleted_by_mistake() -> None:
    table = recorded().one("Table")
    assert table.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": key_arn(HOME)}
    assert table.inputs["ttl"]["enabled"] is True
    assert table.inputs["deletionProtectionEnabled"] is True
    assert table.protect
    declared = {attribute["name"] for attribute in table.inputs["attributes"]}
    assert declared == {table.inputs["hashKey"]}


@pytest.mark.parametrize(("retention_seconds", "days"), [(60, 15), (43_200, 15), (43_201, 16), (1_209_600, 42)])
def test_payloads_are_gone_when_no_ticket_can_speak_of_them_any_more(
    record: Recorder, retention_seconds: int, days: int
) -> None:
    rules = made(record, retention_seconds=retention_seconds).one("BucketLifecycleConfiguration").inputs["rules"]
    assert days in {rule["expiration"]["days"] for rule in rules if "days" in rule.get("expiration", {})}


def test_people_are_told_of_dead_letters_and_of_requests_that_wait_too_long() -> None:
    alarms = {
        one.inputs["metricName"]: one.inputs for one in recorded().of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert alarms["ApproximateNumberOfMessagesVisible"]["dimensions"] == {"QueueName": NAMES.dead_letters}
    assert alarms["ApproximateNumberOfMessagesVisible"]["threshold"] == 0
    assert alarms["ApproximateAgeOfOldestMessage"]["dimensions"] == {"QueueName": NAMES.queue}
    assert alarms["ApproximateAgeOfOldestMessage"]["threshold"] == 600
    assert all(alarm["alarmActions"] == [topic_arn(HOME)] for alarm in alarms.values())


@pytest.mark.parametrize(
    ("base", "said"),
    [("https://git.example.com/serving/", "https://git.example.com/serving/docs/"), ("", "Runbook: docs/")],
)
def test_alarms_say_where_it_stands_what_to_do(record: Recorder, base: str, said: str) -> None:
    alarms = made(record, runbook_base_url=base).of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    page = (ROOT / RUNBOOK).read_text().lower()
    for alarm in alarms:
        text, _, anchor = alarm.inputs["alarmDescription"].partition("#")
        assert said in text
        assert f"## {anchor.replace('-', ' ')}\n" in page


def test_replicas_use_their_own_queue_table_and_payloads_and_read_no_dead_letters() -> None:
    statements = deliver_statements(NAMES, HOME, key_arn(HOME))
    by_resource = {statement.resources[0]: set(statement.actions) for statement in statements}
    payloads = f"arn:aws:s3:::{NAMES.bucket}/*"
    assert set(by_resource) == {NAMES.queue_arn, NAMES.dead_letters_arn, NAMES.table_arn, payloads, key_arn(HOME)}
    assert by_resource[NAMES.dead_letters_arn] == {"sqs:SendMessage"}
    assert not any("*" in action for statement in statements for action in statement.actions)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("visibility_timeout_seconds", 43_201),
        ("retention_seconds", 59),
        ("oldest_seconds", 0),
    ],
)
def test_what_the_service_does_not_allow_is_refused(record: Recorder, key: str, value: int) -> None:
    with pytest.raises(InputError, match=key):
        made(record, **{key: value})


def test_the_program_is_told_where_the_queue_is_as_it_was_declared() -> None:
    settings = delivery_settings(blueprint("embedding"), NAMES, "https://eu-west-1.embedding.example.com")
    assert settings.queue_url == f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT}/{NAMES.queue}"
    assert settings.dead_letters_url.endswith(f"/{NAMES.dead_letters}")
    assert (settings.table, settings.bucket) == (NAMES.table, NAMES.bucket)
    assert (settings.max_attempts, settings.visibility_timeout_seconds, settings.parallel_requests) == (4, 60, 4)
    assert settings.always is False


def test_a_contract_that_answers_later_only_takes_every_request_in() -> None:
    later = blueprint("embedding", **{"contract.delivery": ["async"]})
    assert delivery_settings(later, NAMES, "https://here").always is True


@pytest.mark.parametrize(("later", "paths"), [(["sync", "async"], {"/deliveries"}), (["sync"], set())])
def test_callers_fetch_answers_where_there_are_any(later: list[str], paths: set[str]) -> None:
    rules = access_policy(workload("embedding", **{"contract.delivery": later}), None, [])["spec"]["authorization"][
        "rules"
    ]
    found = {rule["operation"]["path"]["value"] for rule in rules if rule["operation"]["path"]["type"] == "PathPrefix"}
    assert found == paths


def test_replicas_follow_what_waits() -> None:
    triggers = scaled_object(workload("embedding"), "http://prometheus")["spec"]["triggers"]
    [trigger] = [one for one in triggers if one["name"] == "waiting-requests"]
    assert WAITING_METRIC in trigger["metadata"]["query"]
    # 40 requests a second for half of 900 seconds
    assert trigger["metadata"]["threshold"] == "18000"
    triggers = scaled_object(workload("embedding", **{"contract.delivery": ["sync"]}), "http://prometheus")["spec"][
        "triggers"
    ]
    assert not any(one["name"] == "waiting-requests" for one in triggers)


def test_messages_are_not_forgotten_before_they_were_tried_as_often_as_promised() -> None:
    queue = {"visibility_timeout_seconds": 600, "max_attempts": 10, "retention_seconds": 6_000}
    with pytest.raises(ValidationError, match="not longer than 10 attempts"):
        blueprint("embedding", **{"contract.queue": queue})


def test_an_attempt_must_fit_into_the_time_that_a_worker_has() -> None:
    changes = {"contract.stages.inference": {"timeout_ms": 50_000}, "contract.queue.visibility_timeout_seconds": 59}
    with pytest.raises(ValidationError, match="59 s, and a request may take 50 s"):
        blueprint("embedding", **changes)
    assert blueprint("embedding", **{**changes, "contract.queue.visibility_timeout_seconds": 60})
    assert blueprint("embedding", **{**changes, "contract.delivery": ["sync"]})


def test_what_waits_needs_a_replica() -> None:
    sleeping = {"scaling.scale_to_zero": True, "scaling.min_replicas": 0, "scaling.triggers": [], "identity.tier": 2}
    with pytest.raises(ValidationError, match="answers are delivered later"):
        blueprint("embedding", **sleeping)


def test_later_answers_need_the_program_that_takes_requests_in() -> None:
    with pytest.raises(ValidationError, match="no program takes requests in"):
        blueprint("embedding", **{"contract.stages": {}})
