"""Encryption keys: replicas, aliases, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.keys import EncryptionKeys
from serving.blueprint.errors import InputError, InternalError
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.samples import ACCOUNT, ADMIN, HOME, RECOVERY, REGIONS, SECOND, key_arn, keys_args

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: EncryptionKeys("keys", keys_args(**changes)))


def policies(recorded: Recorded) -> list[tuple[Resource, list[dict[str, Any]]]]:
    keys = recorded.of_type("Key") + recorded.of_type("ReplicaKey")
    return [(key, json.loads(key["policy"])["Statement"]) for key in keys]


def metrics_keys(recorded: Recorded) -> list[Resource]:
    aliases = [alias for alias in recorded.of_type("Alias") if alias["name"] == "alias/test/metrics"]
    return [key for alias in aliases for key in recorded.source_of(alias, "targetKeyId")]


def via_services(statements: list[dict[str, Any]]) -> set[str]:
    """AWS services through which the account's roles may use a key."""
    hosts = [s.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", []) for s in statements]
    return {host.split(".")[0] for some in hosts for host in ([some] if isinstance(some, str) else some)}


def data_policies(recorded: Recorded) -> list[tuple[Resource, list[dict[str, Any]]]]:
    """Of the keys of data classes: all but those of metrics."""
    others = {key.urn for key in metrics_keys(recorded)}
    return [(key, statements) for key, statements in policies(recorded) if key.urn not in others]


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


def test_a_policy_speaks_of_its_own_region(record: Recorder) -> None:
    for key, statements in policies(made(record)):
        others = set(REGIONS) - {key["region"]}
        text = json.dumps(statements)
        assert f".{key['region']}.amazonaws.com" in text
        assert not [region for region in others if region in text]


def test_metrics_have_a_key_that_is_not_multi_region_in_each_of_their_regions(record: Recorder) -> None:
    """Amazon Managed Service for Prometheus refuses the ARN of a multi-region key."""
    recorded = made(record)
    assert [(key["region"], key["multiRegion"]) for key in metrics_keys(recorded)] == [(HOME, False), (SECOND, False)]


def test_a_key_of_metrics_is_used_through_prometheus_and_no_other_key_is(record: Recorder) -> None:
    recorded = made(record)
    metrics = {key.urn for key in metrics_keys(recorded)}
    for key, statements in policies(recorded):
        services = via_services(statements)
        assert (services == {"aps"}) if key.urn in metrics else ("aps" not in services)


def test_whoever_makes_a_grant_through_a_service_may_retire_it_through_the_service(record: Recorder) -> None:
    for _, statements in policies(made(record)):
        of_roles = [s for s in statements if s["Principal"] == {"AWS": ROOT}]
        assert [s for s in of_roles if "kms:CreateGrant" in actions(s)]
        (retiring,) = [s for s in of_roles if "kms:RetireGrant" in actions(s)]
        assert "kms:ViaService" in retiring["Condition"]["StringEquals"]


def test_log_groups_of_this_account_may_be_encrypted(record: Recorder) -> None:
    for key, statements in data_policies(made(record)):
        (logs,) = [s for s in statements if s["Principal"] == {"Service": f"logs.{key['region']}.amazonaws.com"}]
        pattern = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        assert pattern == f"arn:aws:logs:{key['region']}:{ACCOUNT}:log-group:*"


def test_the_service_linked_role_exists_before_a_policy_names_it(record: Recorder) -> None:
    recorded = made(record, create_autoscaling_role=True)
    role = recorded.one("ServiceLinkedRole")
    naming = [key for key in recorded.of_type("Key") if "AWSServiceRoleForAutoScaling" in key["policy"]]
    assert naming
    assert all(role.urn in key.dependencies for key in naming)


def test_a_data_class_that_the_blueprint_does_not_know_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="data_classes"):
        made(record, data_classes=["secret"])


@pytest.mark.parametrize(
    "ask", [lambda keys: keys.arn("us-east-1", "internal"), lambda keys: keys.metrics_arn(RECOVERY)]
)
def test_asking_for_a_key_that_is_not_there_says_which_are(
    record: Recorder, ask: Callable[[EncryptionKeys], object]
) -> None:
    with pytest.raises(InternalError, match="eu-west-1/internal"):
        record(lambda: ask(EncryptionKeys("keys", keys_args())))


def test_only_the_key_of_node_volumes_names_the_role_that_scales_nodes_and_the_clusters(record: Recorder) -> None:
    recorded = made(record, node_regions=[HOME, SECOND])
    naming = {key.name for key, s in policies(recorded) if "AWSServiceRoleForAutoScaling" in json.dumps(s)}
    assert naming == {"keys-internal", f"keys-internal-{SECOND}"}
    clusters = {key.name for key, s in policies(recorded) if "EncryptClusterSecrets" in json.dumps(s)}
    assert clusters == naming


GRANT = {
    "name": "reports",
    "role_arn": f"arn:aws:iam::{ACCOUNT}:role/reports",
    "operations": ["Decrypt"],
    "data_class": "restricted",
    "regions": [SECOND],
}


def test_a_role_from_outside_is_granted_what_it_needs_where_it_needs_it(record: Recorder) -> None:
    recorded = made(record, grants=[GRANT])
    grant = recorded.one("Grant")
    assert (grant["granteePrincipal"], grant["operations"]) == (GRANT["role_arn"], ["Decrypt"])
    (key,) = recorded.source_of(grant, "keyId")
    assert key.name == f"keys-restricted-{SECOND}"


def test_a_key_allows_no_grant_by_role_but_those_that_are_asked_for(record: Recorder) -> None:
    for key, statements in policies(made(record, grants=[GRANT])):
        by_role = [s for s in statements if s["Sid"].startswith("GrantToRole")]
        if key.name != f"keys-restricted-{SECOND}":
            assert by_role == []
            continue
        (statement,) = by_role
        assert statement["Condition"]["StringEquals"]["kms:GranteePrincipal"] == GRANT["role_arn"]
        assert statement["Condition"]["ForAllValues:StringEquals"]["kms:GrantOperations"] == "Decrypt"


def test_nobody_may_be_granted_to_grant(record: Recorder) -> None:
    with pytest.raises(InputError, match="operations"):
        made(record, grants=[GRANT | {"operations": ["CreateGrant"]}])


def test_of_keys_that_are_there_already_nothing_is_made(record: Recorder) -> None:
    existing = {region: {"restricted": key_arn(region)} for region in REGIONS}
    recorded = made(record, existing=existing, existing_metrics={HOME: key_arn(HOME)})
    assert not [r.name for r in recorded if "restricted" in r.name or r.name.startswith(f"keys-metrics-{HOME}")]
    assert {key.name for key in recorded.of_type("Key")} == {"keys-internal", f"keys-metrics-{SECOND}"}


def test_a_key_that_is_there_already_is_given_like_one_that_is_made(record: Recorder) -> None:
    existing = {region: {"restricted": key_arn(region)} for region in REGIONS}
    recorded = made(record, existing=existing)
    arns = recorded.outputs[recorded.named("keys").urn]["key_arns"]
    assert {region: arns[f"{region}/restricted"] for region in REGIONS} == {r: key_arn(r) for r in REGIONS}
    assert f"{SECOND}/internal" in arns
