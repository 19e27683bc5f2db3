"""What a plan deploys says the same of recovery as the documents that it was made from."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.blueprint.environment import Environment
from serving.blueprint.errors import InputError
from serving.blueprint.tags import LABEL_PREFIX
from serving.planning.recovery import Promise, Verdict, environment_facts, promise_of
from serving.preview.plan import Plan, PlanResource, from_document, to_document
from serving.preview.recovery import _share, assessments, plan_facts
from serving.preview.session import Request, preview
from serving.workspace import load_workspace
from tests.documents import ROOT, STACKS, blueprint
from tests.edits.plans import documents, plan, setting
from tests.preview.samples import plan_of


@functools.cache
def plan_of_stack(stack: str) -> Plan:
    return preview(Request(ROOT, stack))


def edited(type_: str, edit: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Plan:
    """The plan of prod, every resource of a type changed, or gone where the edit returns None."""
    plan = plan_of_stack("prod")
    changed: list[PlanResource] = []
    for resource in plan.resources:
        inputs = edit({**resource.inputs}) if resource.type.endswith(type_) else {**resource.inputs}
        if inputs is not None:
            changed.append(dataclasses.replace(resource, inputs=inputs))
    return dataclasses.replace(plan, resources=tuple(changed))


def broken(plan: Plan) -> set[str]:
    return {f"{made.service}: {made.note}" for made in assessments(plan) if made.verdict is Verdict.BROKEN}


@pytest.mark.parametrize("stack", STACKS)
def test_the_plan_deploys_what_the_documents_say(stack: str) -> None:
    workspace = load_workspace(ROOT, stack)
    promises = [promise_of(workspace.environment, one) for one in workspace.blueprints]
    expected = environment_facts(workspace.environment, workspace.blueprints)
    assert plan_facts(plan_of_stack(stack), promises) == expected


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_stacks_break_no_promise(stack: str) -> None:
    plan = plan_of_stack(stack)
    assert plan.recovery
    assert plan.broken_promises == ()
    assert not plan.refused


def test_the_table_survives_saving() -> None:
    plan = plan_of_stack("prod")
    assert from_document(to_document(plan), Path("a.json")).recovery == plan.recovery


def test_a_plan_of_before_has_no_table_and_is_read() -> None:
    document = to_document(plan_of())
    del document["recovery"]
    assert from_document(document, Path("a.json")) == plan_of()


BLOCK = {"id": "cr-0123456789abcdef0", "zone": "eu-west-1a"}


@pytest.mark.parametrize(
    "changes",
    [
        {"routing": {"kind": "accelerator"}},
        {
            "budget.allowed_instance_families": [],
            "regions.0.node_groups.2": {
                "name": "gpu-p5",
                "purpose": "gpu",
                "instance_types": ["p5.48xlarge"],
                "capacity": ["capacity-block", "on-demand"],
                "capacity_block": BLOCK,
                "min_nodes": 2,
                "max_nodes": 3,
                "disk_gib": 500,
            },
        },
    ],
    ids=["accelerator", "capacity block"],
)
def test_other_ways_to_reach_and_to_buy_are_read_from_the_plan_as_from_the_documents(
    changes: dict[str, object],
) -> None:
    edited = documents()
    setting(changes)(edited)
    environment = Environment.model_validate(edited.environment)
    services = [blueprint(name) for name in environment.services]
    promises = [promise_of(environment, one) for one in services]
    assert plan_facts(plan(edited), promises) == environment_facts(environment, services)


def test_without_health_checks_no_region_is_left() -> None:
    found = broken(edited(":HealthCheck", lambda inputs: None))
    assert len(found) == 3
    assert all("no health check" in text for text in found)


def test_slower_health_checks_break_the_quickest_promise() -> None:
    found = broken(edited(":HealthCheck", lambda inputs: inputs | {"requestInterval": 30, "failureThreshold": 5}))
    assert [text.partition(":")[0] for text in found] == ["fraud-score"]


def test_replication_without_a_promised_time_counts_as_none() -> None:
    def without_time(inputs: dict[str, Any]) -> dict[str, Any]:
        rules = [
            rule | {"destination": {k: v for k, v in rule["destination"].items() if k != "replicationTime"}}
            for rule in inputs["rules"]
        ]
        return inputs | {"rules": rules}

    found = broken(edited(":BucketReplicationConfig", without_time))
    assert any("RPO of model-store: backup interval" in text for text in found)


def test_a_store_that_no_plan_selects_has_no_backup() -> None:
    found = broken(edited(":Selection", lambda inputs: None))
    assert any("model-store has no copy to go back to" in text for text in found)


def test_fewer_nodes_than_the_peak_needs_are_a_node_start() -> None:
    found = broken(edited(":NodeGroup", lambda inputs: inputs | {"scalingConfig": {"minSize": 0}}))
    assert any(text.startswith("fraud-score") and "node 300 s" in text for text in found)


def test_a_program_that_promises_nothing_has_no_table() -> None:
    assert assessments(plan_of()) == ()


def test_an_output_of_the_name_that_holds_no_promises_is_refused() -> None:
    with pytest.raises(InputError, match=r"outputs\.recovery"):
        assessments(plan_of(outputs={"recovery": ["soon"]}))


def test_a_broken_promise_refuses_the_plan() -> None:
    promise = Promise.from_document(plan_of_stack("prod").outputs["recovery"][0])
    plan = plan_of(outputs={"recovery": [promise.to_document()]})
    judged = dataclasses.replace(plan, recovery=assessments(plan))
    assert judged.refused
    assert {made.verdict for made in judged.broken_promises} == {Verdict.BROKEN}


@pytest.mark.parametrize(
    ("label", "share"),
    [
        ("nvidia-l4", ""),
        ("nvidia-l40s", ""),
        ("nvidia-l4-time-slicing", "time-slicing"),
        ("nvidia-a100-mig-1g.5gb", "mig-1g.5gb"),
        ("", ""),
    ],
)
def test_nodes_that_share_are_told_from_those_that_do_not(label: str, share: str) -> None:
    assert _share({f"{LABEL_PREFIX}accelerator": label}) == share
