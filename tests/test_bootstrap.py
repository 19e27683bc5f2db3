"""The bootstrap stack: Pulumi's own state is private, kept in versions, copied, backed up, and its restore tested."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from components.state_backend import StateBackendArgs, StateBackendSpec
from serving.blueprint.tags import TagKey
from serving.preview.plan import Plan, PlanResource
from serving.preview.session import Request, preview

ROOT = Path(__file__).resolve().parent.parent
HOME, REPLICA = "eu-west-1", "eu-north-1"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return preview(Request(root=ROOT / "bootstrap", stack="main", pack=ROOT / "policies"))


def of_type(plan: Plan, name: str) -> list[PlanResource]:
    return [resource for resource in plan.resources if resource.type.endswith(f":{name}")]


def state_buckets(plan: Plan) -> list[PlanResource]:
    return [bucket for bucket in of_type(plan, "Bucket") if bucket.inputs["bucket"].endswith("-state")]


def test_the_arguments_are_the_spec() -> None:
    assert set(StateBackendArgs.__annotations__) == set(StateBackendSpec.model_fields)


def test_the_pack_finds_nothing_mandatory(plan: Plan) -> None:
    assert [(violation.rule, violation.urn) for violation in plan.mandatory] == []


def test_what_pulumi_is_told_is_known_before_anything_exists(plan: Plan) -> None:
    assert plan.outputs["login_url"].startswith("s3://state-444455556666-eu-west-1-state?region=eu-west-1")
    [secrets] = {a.inputs["name"] for a in of_type(plan, "Alias") if a.inputs["name"].endswith("restricted")}
    assert plan.outputs["secrets_provider"] == f"awskms://{secrets}?region={HOME}"


def test_state_is_protected_versioned_and_copied_to_another_region(plan: Plan) -> None:
    buckets = state_buckets(plan)
    assert {bucket.region for bucket in buckets} == {HOME, REPLICA}
    assert all(bucket.protected for bucket in buckets)
    versioned = {one.inputs["bucket"] for one in of_type(plan, "BucketVersioning")}
    assert {bucket.inputs["bucket"] for bucket in buckets} <= versioned
    [replication] = of_type(plan, "BucketReplicationConfig")
    assert replication.region == HOME


def test_state_can_be_rewritten_and_unlocked_so_no_object_lock_stands_in_the_way(plan: Plan) -> None:
    assert of_type(plan, "BucketObjectLockConfiguration") == []


def test_state_is_backed_up_hourly_with_a_copy_and_a_restore_test(plan: Plan) -> None:
    [backup] = [one for one in of_type(plan, "Plan") if one.type.startswith("aws:backup")]
    snapshots, continuous = backup.inputs["rules"]
    assert snapshots["schedule"] == "cron(0 * * * ? *)"
    assert f":{REPLICA}:" in snapshots["copyActions"][0]["destinationVaultArn"]
    assert continuous["enableContinuousBackup"] is True
    [selection] = of_type(plan, "Selection")
    wanted = {one["key"].rpartition("/")[2]: one["value"] for one in selection.inputs["conditions"][0]["stringEquals"]}
    assert all(wanted.items() <= bucket.inputs["tags"].items() for bucket in state_buckets(plan))
    assert of_type(plan, "RestoreTestingPlan")


def test_secrets_have_a_key_of_their_own_that_only_operators_are_granted_in_both_regions(plan: Plan) -> None:
    grants = of_type(plan, "Grant")
    assert {grant.region for grant in grants} == {HOME, REPLICA}
    for grant in grants:
        assert grant.inputs["granteePrincipal"] == "arn:aws:iam::444455556666:role/deploy"
        assert set(grant.inputs["operations"]) == {"Decrypt", "DescribeKey", "Encrypt"}


def test_what_operators_need_is_exported_and_nothing_else(plan: Plan) -> None:
    assert set(plan.outputs) == {"login_url", "operator_policy_arn", "secrets_provider"}
    assert len(of_type(plan, "Policy")) == 1


def test_owner_and_cost_center_are_those_of_the_configuration(tmp_path: Path) -> None:
    project = tmp_path / "bootstrap"
    shutil.copytree(ROOT / "bootstrap", project)
    stack = project / "Pulumi.main.yaml"
    document = yaml.safe_load(stack.read_text(encoding="utf-8"))
    document["config"] |= {"serving-bootstrap:owner": "storage-team", "serving-bootstrap:cost_center": "cc-9"}
    stack.write_text(yaml.safe_dump(document), encoding="utf-8")
    buckets = of_type(preview(Request(root=project, stack="main")), "Bucket")
    assert buckets
    for bucket in buckets:
        assert bucket.inputs["tags"].items() >= {TagKey.OWNER: "storage-team", TagKey.COST_CENTER: "cc-9"}.items()
