"""Every AWS input of all stacks is what AWS and its provider take; and each rule refuses its bad twins."""

from __future__ import annotations

import pytest

from serving.preview.values import SECRET, UNKNOWN
from tests.outside.bad_twins import KEY_ARN, TOKENS, TWINS, Twin, policy
from tests.outside.provider_rules import RULES
from tests.outside.provider_rules.operations import OPERATIONS, RENAMED
from tests.outside.provider_rules.problem import of_aws, texts_of
from tests.outside.provider_rules.service_models import coverage, request_of
from tests.outside.resolved import PLANS, resolved_plan
from tests.preview.samples import plan_of, resource


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("stack", PLANS)
def test_every_input_of_a_stack_keeps_the_rule(stack: str, rule: str) -> None:
    assert [str(one) for one in RULES[rule](resolved_plan(stack))] == []


@pytest.mark.parametrize("twin", TWINS, ids=[f"{twin.rule}: {twin.says}" for twin in TWINS])
def test_a_bad_twin_is_found(twin: Twin) -> None:
    told = [str(one) for one in RULES[twin.rule](twin.plan)]
    assert any(twin.says in one for one in told), told


def test_every_rule_has_a_bad_twin() -> None:
    assert {twin.rule for twin in TWINS} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_good_resource_passes(rule: str) -> None:
    good = plan_of(
        resource(
            TOKENS["Bucket"], "b", {"bucket": "one.two-three", "tags": {"owner": "team a"}, "forceDestroy": False}
        ),
        resource(TOKENS["LogGroup"], "l", {"name": "/serving/logs", "kmsKeyId": KEY_ARN, "retentionInDays": 30}),
        resource(TOKENS["RolePolicy"], "p", {"role": "r", "policy": policy(Action=["s3:Get*", "kms:Decrypt"])}),
        resource(TOKENS["Vpc"], "v", {"cidrBlock": "10.0.0.0/16"}),
    )
    assert [str(one) for one in RULES[rule](good)] == []


@pytest.mark.parametrize("rule", RULES)
def test_what_is_unknown_is_no_problem(rule: str) -> None:
    vague = plan_of(
        resource(TOKENS["NodeGroup"], "n", {"nodeRoleArn": UNKNOWN, "amiType": SECRET})
        if rule != "required arguments are there"
        else resource(TOKENS["Key"], "k", {"policy": UNKNOWN}),
        resource(TOKENS["Bucket"], "b", {"bucket": UNKNOWN, "tags": {"a": UNKNOWN}}),
        resource(TOKENS["Vpc"], "v", {"cidrBlock": UNKNOWN}),
    )
    assert [str(one) for one in RULES[rule](vague)] == []


@pytest.mark.parametrize("stack", PLANS)
def test_a_resolved_plan_has_nothing_of_aws_unknown(stack: str) -> None:
    plan = resolved_plan(stack)
    assert [one.name for one in of_aws(plan) if "$unknown" in repr(dict(one.inputs))] == []


@pytest.mark.parametrize("stack", PLANS)
def test_what_is_made_up_has_the_form_of_the_real_thing(stack: str) -> None:
    """An output that `made_up` knows no form of shows by these words."""
    plan = resolved_plan(stack)
    texts = [text for one in of_aws(plan) for _, text in texts_of(dict(one.inputs)) if "made-up-" in text]
    assert texts == []


@pytest.mark.parametrize("type_", OPERATIONS)
def test_every_operation_of_the_table_exists(type_: str) -> None:
    assert request_of(type_) is not None


@pytest.mark.parametrize(("type_", "key"), RENAMED)
def test_every_renamed_input_has_a_member(type_: str, key: str) -> None:
    request = request_of(type_)
    assert request is not None
    assert RENAMED[type_, key] in request.members


def test_most_types_and_inputs_are_held_against_the_api() -> None:
    types, with_member, total = coverage(resolved_plan("prod"))
    assert len(types) >= 60
    assert with_member / total > 0.7
