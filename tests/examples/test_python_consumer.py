"""The Python consumer: a program that is not ours, under the embedded preview and the pack."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.preview.plan import Plan
from serving.preview.recording import Kind
from serving.preview.session import Request, preview

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return preview(Request(root=ROOT / "examples/python-consumer", stack="dev", pack=ROOT / "policies"))


def test_the_pack_finds_nothing_mandatory(plan: Plan) -> None:
    assert [(violation.rule, violation.urn) for violation in plan.mandatory] == []


def test_every_resource_belongs_to_a_component_and_gets_the_named_provider(plan: Plan) -> None:
    managed = [resource for resource in plan.resources if resource.kind is Kind.CUSTOM]
    provider = next(resource.urn for resource in plan.resources if resource.kind is Kind.PROVIDER)
    assert managed
    assert {resource.provider for resource in managed} == {provider}
    assert all("serving-blueprints:index:" in resource.parent for resource in managed)


def test_what_holds_data_is_protected(plan: Plan) -> None:
    stateful = ("aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")
    holding = [resource for resource in plan.resources if resource.type in stateful]
    assert {resource.type for resource in holding} == set(stateful)
    assert all(resource.protected for resource in holding)


def test_the_names_of_the_buckets_are_known_before_they_exist(plan: Plan) -> None:
    assert set(plan.outputs["buckets"]) == {"eu-west-1", "eu-central-1"}
    assert all("111122223333" in name for name in plan.outputs["buckets"].values())
