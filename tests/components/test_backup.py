"""Backups, copies and restore tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.backup import (
    CONTINUOUS_DAYS,
    REGION_WIRING,
    WIRING,
    Backup,
    BackupArgs,
    BackupPlanArgs,
    BackupPlanSpec,
    BackupRegionArgs,
    BackupRegionSpec,
    BackupSpec,
    plans_of,
)
from serving.blueprint.errors import InputError
from serving.blueprint.schema.recovery import StatefulPart
from serving.blueprint.tags import TagKey
from serving.planning.backups import backup_class, strictest
from tests.components.recorder import Recorded, Recorder, Resource
from tests.documents import SERVICES, blueprint

DATA_REGIONS, COPIES = ("eu-west-1", "eu-central-1"), "eu-north-1"


def run(record: Recorder, tags: dict[str, str], **changes: Any) -> Recorded:
    regions: list[BackupRegionArgs] = [
        {"name": region, "key_arn": f"arn:key:{region}", "alert_topic_arn": f"arn:topic:{region}"}
        for region in (*DATA_REGIONS, COPIES)
    ]
    args: BackupArgs = {
        "environment": "prod",
        "account_id": "123456789012",
        "regions": regions,
        "copy_to": COPIES,
        "plans": plans_of([blueprint(service) for service in SERVICES]),
        "restore_test_every_days": 30,
        "lock_changeable_for_days": 3,
        "tags": tags,
    }
    return record(lambda: Backup("backup", {**args, **changes}))  # type: ignore[typeddict-item]


def rules(made: Recorded, name: str) -> list[tuple[Resource, dict[str, Any]]]:
    return [(p, rule) for p in made.of_type("Plan") for rule in p["rules"] if rule["ruleName"] == name]


def test_the_arguments_are_the_specs_and_the_wiring() -> None:
    assert set(BackupArgs.__annotations__) == set(BackupSpec.model_fields) | WIRING
    assert set(BackupRegionArgs.__annotations__) == set(BackupRegionSpec.model_fields) | REGION_WIRING
    assert set(BackupPlanArgs.__annotations__) == set(BackupPlanSpec.model_fields)


def test_every_region_has_a_locked_encrypted_vault_that_nobody_can_empty(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags)
    for region in (*DATA_REGIONS, COPIES):
        (vault,) = [v for v in made.of_type("Vault") if v["region"] == region]
        assert vault.protect
        assert vault["forceDestroy"] is False
        assert vault["kmsKeyArn"] == f"arn:key:{region}"
        (lock,) = [one for one in made.of_type("VaultLockConfiguration") if one["region"] == region]
        assert lock["changeableForDays"] == 3
        assert made.source_of(lock, "backupVaultName") == [vault]
        (policy,) = [one for one in made.of_type("VaultPolicy") if one["region"] == region]
        (statement,) = json.loads(policy["policy"])["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert "backup:DeleteRecoveryPoint" in statement["Action"]


def test_every_region_with_data_copies_every_class_to_the_recovery_region(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags)
    snapshots = rules(made, "snapshots")
    assert {plan["region"] for plan, _ in snapshots} == set(DATA_REGIONS)
    for plan, snapshot in snapshots:
        (copy,) = snapshot["copyActions"]
        assert copy["destinationVaultArn"].split(":")[3] == COPIES
        assert copy["lifecycle"] == snapshot["lifecycle"]
        (vault,) = [v for v in made.of_type("Vault") if v["region"] == COPIES]
        assert vault.urn in plan.dependencies


def test_without_a_recovery_region_nothing_is_copied(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, copy_to=None)
    assert {plan["region"] for plan in made.of_type("Plan")} == {*DATA_REGIONS, COPIES}
    assert all("copyActions" not in snapshot for _, snapshot in rules(made, "snapshots"))


def test_without_a_date_the_lock_can_be_lifted_by_an_administrator(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, lock_changeable_for_days=None)
    assert all("changeableForDays" not in lock.inputs for lock in made.of_type("VaultLockConfiguration"))


def test_a_plan_selects_what_carries_its_name_in_its_own_environment(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    names = {plan["name"] for plan in plans_of([blueprint(service) for service in SERVICES])}
    for region in DATA_REGIONS:
        chosen = set()
        for selection in [s for s in made.of_type("Selection") if s["region"] == region]:
            wanted = {c["key"]: c["value"] for c in selection["conditions"][0]["stringEquals"]}
            assert wanted[f"aws:ResourceTag/{TagKey.ENVIRONMENT}"] == "prod"
            chosen.add(wanted[f"aws:ResourceTag/{TagKey.BACKUP_PLAN}"])
        assert chosen == names


def test_a_selection_waits_for_the_permissions_of_its_role(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    permissions = {one.urn for one in made.of_type("RolePolicyAttachment")}
    assert permissions
    for selection in made.of_type("Selection"):
        assert permissions <= selection.dependencies


def test_only_the_account_itself_lends_its_role_to_the_service(record: Recorder, tags: dict[str, str]) -> None:
    (trust,) = json.loads(run(record, tags).one("Role")["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "backup.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"


def test_restores_are_tested_in_every_region_with_data(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    plans = made.of_type("RestoreTestingPlan")
    assert {plan["region"] for plan in plans} == set(DATA_REGIONS)
    for plan in plans:
        assert plan["name"].replace("_", "").isalnum()
        tested = {
            s["protectedResourceType"] for s in made.of_type("RestoreTestingSelection") if s["region"] == plan["region"]
        }
        assert tested == {"DynamoDB", "S3"}


def test_failed_jobs_are_told(record: Recorder, tags: dict[str, str]) -> None:
    for one in run(record, tags).of_type("VaultNotifications"):
        assert one["snsTopicArn"] == f"arn:topic:{one['region']}"
        assert any("FAILED" in event for event in one["backupVaultEvents"])


def test_continuous_backups_end_with_what_the_service_can_keep(record: Recorder, tags: dict[str, str]) -> None:
    plan: BackupPlanArgs = {"name": "c", "every_minutes": 5, "retention_days": 400, "continuous": True}
    made = run(record, tags, plans=[plan])
    continuous, snapshots = rules(made, "continuous"), rules(made, "snapshots")
    assert len(continuous) == len(snapshots) == len(DATA_REGIONS)
    for _, one in continuous:
        assert one["enableContinuousBackup"] is True
        assert one["lifecycle"]["deleteAfter"] == CONTINUOUS_DAYS
    assert all(one["lifecycle"]["deleteAfter"] == 400 for _, one in snapshots)
    assert {one["schedule"] for _, one in continuous}.isdisjoint(one["schedule"] for _, one in snapshots)


def test_more_often_than_hourly_needs_a_continuous_backup(record: Recorder, tags: dict[str, str]) -> None:
    plan: BackupPlanArgs = {"name": "c", "every_minutes": 5, "retention_days": 40}
    with pytest.raises(InputError, match="continuous: true"):
        run(record, tags, plans=[plan])


def test_every_class_that_a_resource_may_be_tagged_with_has_a_plan() -> None:
    blueprints = [blueprint(service) for service in SERVICES]
    names = {plan["name"] for plan in plans_of(blueprints)}
    rules = [one for b in blueprints for one in b.recovery.backups]
    shared = [one for one in rules if one.part is StatefulPart.MODEL_STORE]
    assert backup_class(strictest(shared)) in names
    assert {backup_class(one) for one in rules if one.part is StatefulPart.FEATURE_STORE} <= names


def test_copies_go_to_vaults_of_other_accounts_too(record: Recorder, tags: dict[str, str]) -> None:
    vault = "arn:aws:backup:eu-north-1:999988887777:backup-vault:copies"
    for _, rule in rules(run(record, tags, copy_vault_arns=[vault]), "snapshots"):
        destinations = [copy["destinationVaultArn"] for copy in rule["copyActions"]]
        assert destinations[-1] == vault
        assert len(destinations) == 2


def air_gapped_plan(**changes: Any) -> BackupPlanArgs:
    return {"name": "c", "every_minutes": 60, "retention_days": 35, "air_gapped": True, **changes}  # type: ignore[typeddict-item]


def test_only_what_stops_users_is_copied_to_a_vault_that_nobody_can_empty(
    record: Recorder, tags: dict[str, str]
) -> None:
    plain: BackupPlanArgs = {"name": "plain", "every_minutes": 60, "retention_days": 5}
    made = run(record, tags, plans=[air_gapped_plan(), plain])
    vault = made.one("LogicallyAirGappedVault")
    assert vault.protect
    assert (vault["region"], vault["minRetentionDays"], vault["maxRetentionDays"]) == (COPIES, 7, 3_650)
    for plan, rule in rules(made, "snapshots"):
        destinations = {copy["destinationVaultArn"].rpartition(":")[2] for copy in rule["copyActions"]}
        assert (vault["name"] in destinations) is plan["name"].endswith("-c")
        assert vault.urn in plan.dependencies


def test_the_key_of_the_air_gap_is_nobodys_here_unless_one_is_named(record: Recorder, tags: dict[str, str]) -> None:
    key = "arn:aws:kms:eu-north-1:999988887777:key/0a1b2c3d-0000-4000-8000-000000000000"
    made = run(record, tags, plans=[air_gapped_plan()])
    assert "encryptionKeyArn" not in made.one("LogicallyAirGappedVault").inputs
    made = run(record, tags, plans=[air_gapped_plan()], air_gap_key_arn=key)
    assert made.one("LogicallyAirGappedVault")["encryptionKeyArn"] == key


def test_without_a_wish_there_is_no_air_gapped_vault(record: Recorder, tags: dict[str, str]) -> None:
    assert run(record, tags).of_type("LogicallyAirGappedVault") == []


@pytest.mark.parametrize(
    ("changes", "plan", "message"),
    [({"copy_to": None}, {}, "copy_to"), ({}, {"retention_days": 6}, "less than an air-gapped vault takes")],
)
def test_an_air_gap_that_could_not_be_filled_is_refused(
    record: Recorder, tags: dict[str, str], changes: dict[str, Any], plan: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(record, tags, plans=[air_gapped_plan(**plan)], **changes)


def test_the_classes_of_tier_0_services_are_those_that_their_stores_are_tagged_with() -> None:
    blueprints = [blueprint(service) for service in SERVICES]
    fraud = blueprint("fraud-score")
    assert fraud.identity.tier == 0
    models = strictest([one for b in blueprints for one in b.recovery.backups if one.part is StatefulPart.MODEL_STORE])
    features = [one for one in fraud.recovery.backups if one.part is StatefulPart.FEATURE_STORE]
    expected = {backup_class(models), *map(backup_class, features)}
    assert {plan["name"] for plan in plans_of(blueprints, air_gap=True) if plan["air_gapped"]} == expected
    assert not any(plan.get("air_gapped") for plan in plans_of(blueprints))


def test_regions_are_opted_in_only_by_the_stack_that_says_so(record: Recorder, tags: dict[str, str]) -> None:
    assert run(record, tags).of_type("RegionSettings") == []


def test_what_is_backed_up_is_opted_in_everywhere(record: Recorder, tags: dict[str, str]) -> None:
    settings = run(record, tags, manage_region_settings=True).of_type("RegionSettings")
    assert {one["region"] for one in settings} == {*DATA_REGIONS, COPIES}
    for one in settings:
        assert set(one["resourceTypeOptInPreference"]) == {"DynamoDB", "EBS", "EKS", "S3"}
        assert one["resourceTypeManagementPreference"] == {"DynamoDB": True}


def test_what_a_region_answers_beyond_what_is_asked_of_it_is_no_change(record: Recorder, tags: dict[str, str]) -> None:
    for one in run(record, tags, manage_region_settings=True).of_type("RegionSettings"):
        asked = {key for key, value in one.inputs.items() if isinstance(value, dict)}
        assert set(one.ignore_changes) == asked
