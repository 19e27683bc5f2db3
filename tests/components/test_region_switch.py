"""Leaving a region by decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.region_switch import (
    WIRING,
    Pair,
    RegionSwitch,
    RegionSwitchArgs,
    RegionSwitchSpec,
    SwitchedRegionArgs,
    SwitchedRegionSpec,
    SwitchedServiceArgs,
    SwitchedServiceSpec,
    pairs,
)
from serving.blueprint.errors import InputError
from tests.components.recorder import UNKNOWN, Recorded, Recorder, Resource, document_of

ACTIVE = (("eu-west-1", "active"), ("eu-central-1", "active"))
WAITING = (("eu-west-1", "active"), ("eu-central-1", "passive"))
APPROVER = "arn:aws:iam::123456789012:role/approver"


def alarm(region: str, name: str) -> str:
    return f"arn:aws:cloudwatch:{region}:123456789012:alarm:{name}"


def run(record: Recorder, tags: dict[str, str], regions: tuple[tuple[str, str], ...] = ACTIVE, **more: Any) -> Recorded:
    identifiers = {name: name if role == "active" else "secondary" for name, role in regions}
    args: RegionSwitchArgs = {
        "environment": "prod",
        "account_id": "123456789012",
        "home_region": "eu-west-1",
        "regions": [
            {
                "name": name,
                "role": role,
                "lost_alarm_arn": alarm(name, "lost"),
                "health_alarm_arn": alarm(name, "well"),
            }
            for name, role in regions
        ],
        "services": {
            service: {"record_name": f"{service}.example.com", "record_identifiers": identifiers}
            for service in ("chat", "embedding")
        },
        "rto_minutes": 5,
        "zone_id": "Z0123456789",
        "tags": tags,
    }
    return record(lambda: RegionSwitch("switch", {**args, **more}))  # type: ignore[typeddict-item]


def workflows(plan: Resource) -> dict[tuple[str, str], list[dict[str, Any]]]:
    return {(one["workflowTargetAction"], one["workflowTargetRegion"]): one["steps"] for one in plan["workflows"]}


def specs(*roles: str) -> list[SwitchedRegionSpec]:
    return [
        SwitchedRegionSpec.model_validate(
            {"name": f"eu-west-{index}", "role": role, "lost_alarm_arn": "a", "health_alarm_arn": "b"}
        )
        for index, role in enumerate(roles, start=1)
    ]


def test_the_arguments_are_the_specs_and_the_wiring() -> None:
    assert set(RegionSwitchArgs.__annotations__) == set(RegionSwitchSpec.model_fields) | WIRING
    assert set(SwitchedRegionArgs.__annotations__) == set(SwitchedRegionSpec.model_fields)
    assert set(SwitchedServiceArgs.__annotations__) == set(SwitchedServiceSpec.model_fields)


def test_two_active_regions_can_each_be_left_and_taken_back(record: Recorder, tags: dict[str, str]) -> None:
    plan = run(record, tags).one("Plan")
    assert plan["recoveryApproach"] == "activeActive"
    assert "primaryRegion" not in plan.inputs
    assert set(workflows(plan)) == {(action, name) for action in ("activate", "deactivate") for name, _ in ACTIVE}


def test_a_waiting_region_is_activated_and_the_first_one_is_activated_again(
    record: Recorder, tags: dict[str, str]
) -> None:
    plan = run(record, tags, WAITING).one("Plan")
    assert (plan["recoveryApproach"], plan["primaryRegion"]) == ("activePassive", "eu-west-1")
    assert set(workflows(plan)) == {("activate", "eu-west-1"), ("activate", "eu-central-1")}


@pytest.mark.parametrize("regions", [ACTIVE, WAITING])
def test_a_plan_turns_health_checks_and_calls_no_control_plane(
    record: Recorder, tags: dict[str, str], regions: tuple[tuple[str, str], ...]
) -> None:
    plan = run(record, tags, regions, automatic=True, approver_role_arn=APPROVER).one("Plan")
    for steps in workflows(plan).values():
        assert {step["executionBlockType"] for step in steps} <= {"ManualApproval", "Parallel"}
        (parallel,) = [step for step in steps if step["executionBlockType"] == "Parallel"]
        (config,) = parallel["parallelConfigs"]
        assert [step["executionBlockType"] for step in config["steps"]] == ["Route53HealthCheck"] * 2


def test_every_workflow_turns_every_service_with_the_same_configuration(record: Recorder, tags: dict[str, str]) -> None:
    plan = run(record, tags).one("Plan")
    turns = {json.dumps(steps[-1], sort_keys=True) for steps in workflows(plan).values()}
    assert len(turns) == 1
    (turn,) = (json.loads(one) for one in turns)
    for step in turn["parallelConfigs"][0]["steps"]:
        (config,) = step["route53HealthCheckConfigs"]
        assert {one["region"]: one["recordSetIdentifier"] for one in config["recordSets"]} == {
            name: name for name, _ in ACTIVE
        }


def test_leaving_waits_for_nobody_and_returning_for_the_approver(record: Recorder, tags: dict[str, str]) -> None:
    for regions, leaving in ((ACTIVE, ("deactivate", "eu-west-1")), (WAITING, ("activate", "eu-central-1"))):
        flows = workflows(run(record, tags, regions, approver_role_arn=APPROVER).one("Plan"))
        assert [step["executionBlockType"] for step in flows[leaving]] == ["Parallel"]
        first = flows["activate", "eu-west-1"][0]
        assert first["executionApprovalConfigs"][0]["approvalRole"] == APPROVER


def test_no_alarm_starts_a_plan_unless_that_is_asked_for(record: Recorder, tags: dict[str, str]) -> None:
    plan = run(record, tags).one("Plan")
    assert "triggers" not in plan.inputs
    assert {one["alarmType"] for one in plan["associatedAlarms"]} == {"applicationHealth"}


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (ACTIVE, {("deactivate", "eu-west-1"), ("deactivate", "eu-central-1")}),
        (WAITING, {("activate", "eu-central-1")}),
    ],
)
def test_an_alarm_leaves_a_region_only_while_the_other_one_is_well(
    record: Recorder, tags: dict[str, str], regions: tuple[tuple[str, str], ...], expected: set[tuple[str, str]]
) -> None:
    plan = run(record, tags, regions, automatic=True).one("Plan")
    assert {(one["action"], one["targetRegion"]) for one in plan["triggers"]} == expected
    alarms = {one["mapBlockKey"]: one for one in plan["associatedAlarms"]}
    for trigger in plan["triggers"]:
        conditions = {one["condition"]: one["associatedAlarmName"] for one in trigger["conditions"]}
        assert set(conditions) == {"red", "green"}
        lost, well = conditions["red"].removeprefix("lost-"), conditions["green"].removeprefix("lost-")
        assert {lost, well} == {name for name, _ in regions}
        assert trigger["targetRegion"] == (lost if trigger["action"] == "deactivate" else well)
        assert alarms[conditions["red"]]["resourceIdentifier"] == alarm(lost, "lost")
        assert alarms[conditions["red"]]["alarmType"] == "trigger"


def test_the_role_reads_and_starts_its_own_plans_and_nothing_else(record: Recorder, tags: dict[str, str]) -> None:
    for automatic in (False, True):
        made = run(record, tags, automatic=automatic)
        assert "arc-region-switch.amazonaws.com" in made.one("Role")["assumeRolePolicy"]
        statements = {one["Sid"]: one for one in document_of(made.one("RolePolicy")["policy"])["Statement"]}
        assert ("StartByAlarm" in statements) is automatic
        plan = made.one("Plan")["name"]
        for one in statements.values():
            resources = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
            assert "*" not in resources
        assert statements["ReadPlans"]["Resource"] == f"arn:aws:arc-region-switch::123456789012:plan/{plan}:*"
        assert statements["FindRecords"]["Resource"] == "arn:aws:route53:::hostedzone/Z0123456789"


def test_every_service_has_a_health_check_in_every_region_that_is_known_when_the_plan_is(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags)
    switch = made.one("RegionSwitch")
    checks = made.outputs[switch.urn]["check_ids"]
    assert set(checks) == {f"{service}/{name}" for service in ("chat", "embedding") for name, _ in ACTIVE}
    assert set(checks.values()) == {UNKNOWN}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("active", "active"), [(1, 2)]),
        (("active", "active", "active"), [(1, 2), (3, 1)]),
        (("active", "active", "active", "active"), [(1, 2), (3, 4)]),
        (("active", "active", "passive"), [(1, 2)]),
        (("active", "passive"), [(1, 2)]),
        (("active", "passive", "passive"), []),
        (("active",), []),
    ],
)
def test_every_active_region_is_in_a_plan_and_a_further_one_costs_at_most_one(
    roles: tuple[str, ...], expected: list[tuple[int, int]]
) -> None:
    found: list[Pair] = [*pairs(specs(*roles))]
    assert [pair.names for pair in found] == [[f"eu-west-{one}", f"eu-west-{other}"] for one, other in expected]
    assert len({pair.key for pair in found}) == len(found)


def test_a_plan_needs_a_region_to_leave_and_one_to_go_to(record: Recorder, tags: dict[str, str]) -> None:
    with pytest.raises(InputError, match="two active regions, or one active and one passive"):
        run(record, tags, (*WAITING, ("eu-north-1", "passive")))
