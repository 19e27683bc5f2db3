"""Budgets, anomalies and cost allocation tags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.cost_guardrails import (
    COST_TAGS,
    WIRING,
    CostGuardrails,
    CostGuardrailsArgs,
    CostGuardrailsSpec,
    ServiceBudgetArgs,
    ServiceBudgetSpec,
)
from serving.blueprint.errors import InputError
from serving.blueprint.tags import TagKey
from tests.components.recorder import Recorded, Recorder, Resource, document_of

SERVICES: dict[str, ServiceBudgetArgs] = {
    name: {"monthly_ceiling_usd": 1_000.5, "notify": [f"{name}@example.com"], "percents": [50, 80, 100]}
    for name in ("chat", "fraud-score")
}


def run(record: Recorder, tags: dict[str, str], **changes: Any) -> Recorded:
    args: CostGuardrailsArgs = {
        "environment": "prod",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "monthly_usd": 20_000,
        "notify": ["platform@example.com"],
        "services": SERVICES,
        "tags": tags,
        "key_arn": "arn:key",
    }
    return record(lambda: CostGuardrails("cost", {**args, **changes}))  # type: ignore[typeddict-item]


def tag_filters(budget: Resource) -> dict[str, list[str]]:
    expression = budget["filterExpression"]
    return {one["tags"]["key"]: one["tags"]["values"] for one in expression.get("ands", [expression])}


def test_the_arguments_are_the_specs_and_the_wiring() -> None:
    assert set(CostGuardrailsArgs.__annotations__) == set(CostGuardrailsSpec.model_fields) | WIRING
    assert set(ServiceBudgetArgs.__annotations__) == set(ServiceBudgetSpec.model_fields)


def test_the_environment_and_every_service_have_a_budget_of_their_own_tags(
    record: Recorder, tags: dict[str, str]
) -> None:
    found = [tag_filters(budget) for budget in run(record, tags).of_type("Budget")]
    environment = {TagKey.ENVIRONMENT.value: ["prod"]}
    assert environment in found
    for service in SERVICES:
        assert environment | {TagKey.SERVICE.value: [service]} in found
    assert len(found) == 1 + len(SERVICES)


def test_every_share_of_the_ceiling_is_told_and_the_forecast_too(record: Recorder, tags: dict[str, str]) -> None:
    for budget in run(record, tags).of_type("Budget"):
        told = {(n["notificationType"], n["threshold"]) for n in budget["notifications"]}
        assert told == {("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
        assert all(n["subscriberSnsTopicArns"] for n in budget["notifications"])


def test_a_budget_waits_for_the_tags_that_it_filters_by(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    active = {one.urn for one in made.of_type("CostAllocationTag")}
    assert {one["tagKey"] for one in made.of_type("CostAllocationTag")} == {key.value for key in COST_TAGS}
    for budget in made.of_type("Budget"):
        assert active <= budget.dependencies


def test_tags_that_somebody_else_activates_are_left_alone(record: Recorder, tags: dict[str, str]) -> None:
    assert run(record, tags, activate_cost_tags=False).of_type("CostAllocationTag") == []


def test_the_topic_is_encrypted_and_only_the_cost_services_of_the_account_publish(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags)
    topic = made.one("Topic")
    assert topic["kmsMasterKeyId"] == "arn:key"
    allow, deny = json.loads(made.one("TopicPolicy")["policy"])["Statement"]
    assert set(allow["Principal"]["Service"]) == {"budgets.amazonaws.com", "costalerts.amazonaws.com"}
    assert allow["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"
    assert allow["Resource"].endswith(f":{topic['name']}")
    assert (deny["Effect"], deny["Condition"]["Bool"]["aws:SecureTransport"]) == ("Deny", "false")


def test_anomalies_of_the_environment_are_told_at_once(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, anomaly_usd=250)
    monitor = made.one("AnomalyMonitor")
    # as Cost Explorer answers: a monitor whose text differs is made anew
    assert json.loads(monitor["monitorSpecification"]) == {
        "And": None,
        "CostCategories": None,
        "Dimensions": None,
        "Not": None,
        "Or": None,
        "Tags": {"Key": "environment", "MatchOptions": None, "Values": ["prod"]},
    }
    subscription = made.one("AnomalySubscription")
    assert made.source_of(subscription, "monitorArnLists") == [monitor]
    # AWS tells at once only by SNS
    assert (subscription["frequency"], subscription["subscribers"][0]["type"]) == ("IMMEDIATE", "SNS")
    assert subscription["thresholdExpression"]["dimension"]["values"] == ["250"]


def test_only_what_is_regional_names_a_region(record: Recorder, tags: dict[str, str]) -> None:
    for resource in run(record, tags).managed():
        regional = resource.type.startswith("aws:sns/")
        assert (resource.get("region") == "eu-west-1") == regional, resource.type


@pytest.mark.parametrize("changes", [{"monthly_usd": 0}, {"notify": []}, {"notify": ["nobody"]}])
def test_a_budget_that_nobody_hears_of_is_refused(
    record: Recorder, tags: dict[str, str], changes: dict[str, Any]
) -> None:
    with pytest.raises(InputError):
        run(record, tags, **changes)


GROWING = ["prod-eu-west-1-platform.cluster-autoscaler", "prod-eu-central-1-platform.cluster-autoscaler"]


def frozen(record: Recorder, tags: dict[str, str], **changes: Any) -> Recorded:
    return run(record, tags, **({"growth_stop": "automatic", "growth_role_names": GROWING} | changes))


def test_a_spent_budget_takes_from_the_roles_that_add_nodes_what_they_add_them_by(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = frozen(record, tags)
    action = made.one("BudgetAction")
    definition = action["definition"]["iamActionDefinition"]
    assert definition["roles"] == GROWING
    (policy,) = [one for one in made.source_of(action, "definition") if one.type.endswith(":Policy")]
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    # nothing that takes nodes away or replaces failed ones: what runs goes on
    assert set(statement["Action"]) == {"autoscaling:SetDesiredCapacity", "ec2:CreateFleet", "ec2:RunInstances"}
    assert action["actionThreshold"] == {"actionThresholdType": "PERCENTAGE", "actionThresholdValue": 100}
    assert action["notificationType"] == "ACTUAL"
    assert action["budgetName"].endswith("environment")


@pytest.mark.parametrize(("stop", "approval"), [("manual", "MANUAL"), ("automatic", "AUTOMATIC")])
def test_who_approves_the_stop_is_a_choice(record: Recorder, tags: dict[str, str], stop: str, approval: str) -> None:
    assert frozen(record, tags, growth_stop=stop).one("BudgetAction")["approvalModel"] == approval


@pytest.mark.parametrize("changes", [{"growth_stop": "none"}, {"growth_role_names": []}])
def test_without_a_stop_or_anybody_to_stop_there_is_no_action(
    record: Recorder, tags: dict[str, str], changes: dict[str, Any]
) -> None:
    made = frozen(record, tags, **changes)
    assert made.of_type("BudgetAction") + made.of_type("Policy") == []


def test_the_service_that_stops_may_attach_one_policy_to_those_roles_and_nothing_else(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = frozen(record, tags)
    role = made.one("Role")
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"
    (statement,) = document_of(made.one("RolePolicy")["policy"])["Statement"]
    assert statement["Action"] == ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    assert statement["Resource"] == [f"arn:aws:iam::123456789012:role/{name}" for name in GROWING]
    name = made.one("aws:iam/policy:Policy")["name"]
    assert statement["Condition"]["ArnEquals"]["iam:PolicyARN"] == f"arn:aws:iam::123456789012:policy/{name}"


def test_no_role_that_adds_nodes_starts_a_machine_of_another_family(record: Recorder, tags: dict[str, str]) -> None:
    made = frozen(record, tags, growth_stop="none", allowed_instance_families=["m7i", "g6"])
    (statement,) = document_of(made.one("aws:iam/policy:Policy")["policy"])["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "ec2:RunInstances")
    # the dot: g6 does not let g6e in
    assert statement["Condition"] == {"StringNotLike": {"ec2:InstanceType": ["m7i.*", "g6.*"]}}
    assert [one["role"] for one in made.of_type("RolePolicyAttachment")] == GROWING
