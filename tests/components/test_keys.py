"""Encryption keys: replicas, aliases, and who may do what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.keys import EncryptionKeys
from serving.blueprint.errors import InputError, InternalError
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.samples import ACCOUNT, ADMIN, HOME, RECOVERY, REGIONS, SECOND, keys_args

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: EncryptionKeys("keys", keys_args(**changes)))


def policies(recorded: Recorded) -> list[tuple[Resource, list[dict[str, Any]]]]:
    keys = recorded.of_type("Key") + recorded.of_type("ReplicaKey")
    return [(key, json.loads(key["policy"])["Statement"]) for key in keys]


def actions(statement: dict[str, Any]) -> set[str]:
    action = statement["Action"]
    return {action} if isinstance(action, str) else set(action)


def test_each_data_class_has_one_primary_and_a_replica_in_every_other_region(record: Recorder) -> None:
    recorded = made(record)
    for data_class in ("internal", "restricted"):
        primary = recorded.named(f"keys-{data_class}")
        assert (primary["region"], primary["multiRegion"]) == (HOME, True)
        replicas = [r for r in recorded.of_type("ReplicaKey") if recorded.source_of(r, "primaryKeyArn") == [primary]]
        assert {replica["region"] for replica in replicas} == {SECOND, RECOVERY}


def test_keys_rotate_and_a_deletion_can_be_noticed(record: Recorder) -> None:
    for key in made(record).of_type("Key"):
        assert key["enableKeyRotation"] is True
        assert key["rotationPeriodInDays"] <= 365
    for key, _ in policies(made(record)):
        assert key["deletionWindowInDays"] == 30


def test_one_alias_means_the_same_key_in_every_region(record: Recorder) -> None:
    recorded = made(record)
    aliases = [alias for alias in recorded.of_type("Alias") if alias["name"] == "alias/test/restricted"]
    assert {alias["region"] for alias in aliases} == set(REGIONS)
    for alias in aliases:
        (key,) = recorded.source_of(alias, "targetKeyId")
        assert key["region"] == alias["region"]
        assert key["tags"]["data-class"] == "restricted"


def test_nobody_may_both_manage_and_use_a_key_by_one_statement(record: Recorder) -> None:
    use = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
    manage = {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey"}
    for key, statements in policies(made(record)):
        for statement in statements:
            assert not (actions(statement) & use and actions(statement) & manage), (key.name, statement["Sid"])


def test_only_named_administrators_may_destroy_a_key(record: Recorder) -> None:
    for _, statements in policies(made(record)):
        destroying = [s for s in statements if "kms:ScheduleKeyDeletion" in actions(s)]
        assert [statement["Principal"] for statement in destroying] == [{"AWS": ADMIN}]


def test_without_administrators_nobody_may_destroy_a_key(record: Recorder) -> None:
    for _, statements in policies(made(record, admin_role_arns=[])):
        assert not [s for s in statements if "kms:ScheduleKeyDeletion" in actions(s)]


def test_somebody_may_always_change_the_policy(record: Recorder) -> None:
    """KMS refuses a policy after which its author could not change it, and so do we."""
    for _, statements in policies(made(record, admin_role_arns=[])):
        assert [s["Principal"] for s in statements if "kms:PutKeyPolicy" in actions(s)] == [{"AWS": ROOT}]


def test_no_statement_has_a_wildcard_principal_or_action(record: Recorder) -> None:
    for _, statements in policies(made(record)):
        for statement in statements:
            assert "*" not in json.dumps(statement["Principal"])
            assert not [action for action in actions(statement) if "*" in action]


def test_the_accounts_roles_use_a_key_only_under_a_condition(record: Recorder) -> None:
    for _, statements in policies(made(record)):
        for statement in statements:
            if statement["Principal"] == {"AWS": ROOT} and "kms:Decrypt" in actions(statement):
                (condition,) = [c for c in statement["Condition"].values() if "kms:CallerAccount" not in c] or [
                    statement["Condition"]["StringEquals"]
                ]
                assert {"kms:ViaService", "aws:PrincipalArn"} & set(condition)


def test_the_policy_of_a_replica_speaks_of_its_own_region(record: Recorder) -> None:
    for key, statements in policies(made(record)):
        others = set(REGIONS) - {key["region"]}
        text = json.dumps(statements)
        assert f"s3.{key['region']}.amazonaws.com" in text
        assert not [region for region in others if region in text]


def test_log_groups_of_this_account_may_be_encrypted(record: Recorder) -> None:
    for key, statements in policies(made(record)):
        (logs,) = [s for s in statements if s["Principal"] == {"Service": f"logs.{key['region']}.amazonaws.com"}]
        pattern = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        assert pattern == f"arn:aws:logs:{key['region']}:{ACCOUNT}:log-group:*"


def test_the_service_linked_role_exists_before_a_policy_names_it(record: Recorder) -> None:
    recorded = made(record, create_autoscaling_role=True)
    role = recorded.one("ServiceLinkedRole")
    assert all(role.urn in key.dependencies for key in recorded.of_type("Key"))


def test_a_data_class_that_the_blueprint_does_not_know_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="data_classes"):
        made(record, data_classes=["secret"])


def test_asking_for_a_key_that_is_not_there_says_which_are(record: Recorder) -> None:
    def program() -> None:
        EncryptionKeys("keys", keys_args()).arn("us-east-1", "internal")

    with pytest.raises(InternalError, match="eu-west-1/internal"):
        record(program)
