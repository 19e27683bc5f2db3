"""Buckets, the model store and the offline part of the feature store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.access_log_bucket import AccessLogBucket
from components.bucket import SecureBucket
from components.feature_store import FeatureStore
from components.model_store import ModelStore
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.samples import (
    ACCOUNT,
    HOME,
    KEY_ARNS,
    LOG_BUCKETS,
    PUBLISHER,
    RECOVERY,
    REGIONS,
    SECOND,
    bucket_args,
    feature_store_args,
    log_bucket_args,
    model_store_args,
)


def bucket(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: SecureBucket("data", bucket_args(**changes)))


def log_bucket(record: Recorder) -> Recorded:
    return record(lambda: AccessLogBucket("logs", log_bucket_args()))


def models(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: ModelStore("models", model_store_args(**changes)))


def features(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: FeatureStore("features", feature_store_args(**changes)))


def companions(recorded: Recorded, kind: str) -> dict[str, Resource]:
    """Bucket -> its resource of a kind; each bucket has exactly one."""
    found = {source.urn: r for r in recorded.of_type(kind) for source in recorded.source_of(r, "bucket")}
    assert set(found) == {b.urn for b in recorded.of_type("aws:s3/bucket:Bucket")}
    assert len(found) == len(recorded.of_type(kind))
    return found


def statements(resource: Resource) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(resource["policy"])["Statement"]}


@pytest.mark.parametrize("make", [bucket, log_bucket, models, features])
def test_no_bucket_can_become_public(record: Recorder, make: Any) -> None:
    recorded = make(record)
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    for block in companions(recorded, "BucketPublicAccessBlock").values():
        assert all(block[flag] for flag in flags)
    for ownership in companions(recorded, "BucketOwnershipControls").values():
        assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("make", [bucket, log_bucket, models, features])
def test_every_bucket_refuses_plain_and_outdated_connections(record: Recorder, make: Any) -> None:
    for policy in companions(make(record), "BucketPolicy").values():
        rules = statements(policy)
        assert rules["RefusePlainConnections"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert rules["RefuseOutdatedTls"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


@pytest.mark.parametrize("make", [bucket, log_bucket, models, features])
def test_a_policy_speaks_of_its_own_bucket(record: Recorder, make: Any) -> None:
    recorded = make(record)
    for urn, policy in companions(recorded, "BucketPolicy").items():
        name = recorded.by_urn(urn)["bucket"]
        for statement in statements(policy).values():
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            assert all(resource.split("/")[0] == f"arn:aws:s3:::{name}" for resource in resources)


@pytest.mark.parametrize("make", [bucket, log_bucket, models, features])
def test_every_bucket_is_versioned_and_cleans_up_after_itself(record: Recorder, make: Any) -> None:
    recorded = make(record)
    for versioning in companions(recorded, "BucketVersioning").values():
        assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    for lifecycle in companions(recorded, "BucketLifecycleConfiguration").values():
        rules = {rule["id"]: rule for rule in lifecycle["rules"]}
        assert rules["abort-uploads"]["abortIncompleteMultipartUpload"]["daysAfterInitiation"] >= 1
        assert rules["expire"]["noncurrentVersionExpiration"]["noncurrentDays"] >= 1
        assert len(rules["expire"]["expiration"]) == 1


@pytest.mark.parametrize("make", [bucket, models, features])
def test_data_is_encrypted_with_the_key_of_its_region(record: Recorder, make: Any) -> None:
    for encryption in companions(make(record), "BucketServerSideEncryptionConfiguration").values():
        (rule,) = encryption["rules"]
        assert rule["bucketKeyEnabled"] is True
        assert rule["applyServerSideEncryptionByDefault"] == {
            "sseAlgorithm": "aws:kms",
            "kmsMasterKeyId": KEY_ARNS[encryption["region"]],
        }


def test_access_logs_are_encrypted_the_only_way_that_delivery_can_write(record: Recorder) -> None:
    (rule,) = log_bucket(record).one("BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_only_services_acting_for_this_account_deliver_logs(record: Recorder) -> None:
    rules = statements(log_bucket(record).one("BucketPolicy"))
    delivering = [rule for rule in rules.values() if rule["Effect"] == "Allow"]
    assert {rule["Principal"]["Service"] for rule in delivering} == {
        "logging.s3.amazonaws.com",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        "s3.amazonaws.com",
    }
    assert all(ACCOUNT in json.dumps(rule["Condition"]) for rule in delivering)


@pytest.mark.parametrize("make", [bucket, models, features])
def test_every_access_is_logged_where_delivery_is_allowed(record: Recorder, make: Any) -> None:
    recorded, allowed = make(record), statements(log_bucket(record).one("BucketPolicy"))["DeliverBucketLogs"]
    prefix = allowed["Resource"].partition("/")[2].rstrip("*")
    for urn, logging in companions(recorded, "BucketLogging").items():
        assert logging["targetPrefix"].startswith(prefix)
        assert recorded.by_urn(urn)["bucket"] in logging["targetPrefix"]


def test_other_accounts_are_refused_and_services_are_not(record: Recorder) -> None:
    rule = statements(bucket(record).one("BucketPolicy"))["RefuseOtherAccounts"]
    assert rule["Effect"] == "Deny"
    assert rule["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": ACCOUNT},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }


def test_an_object_lock_is_on_the_bucket_from_its_first_day(record: Recorder) -> None:
    recorded = bucket(record, object_lock_mode="COMPLIANCE", object_lock_days=30)
    assert recorded.one("aws:s3/bucket:Bucket")["objectLockEnabled"] is True
    rule = recorded.one("BucketObjectLockConfiguration")["rule"]
    assert rule == {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}
    assert bucket(record).of_type("BucketObjectLockConfiguration") == []


@pytest.mark.parametrize("changes", [{"object_lock_mode": "COMPLIANCE"}, {"object_lock_days": 30}])
def test_half_an_object_lock_is_refused(record: Recorder, changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match="object_lock"):
        bucket(record, **changes)


@pytest.mark.parametrize("make", [models, features])
def test_every_other_region_has_a_copy_within_minutes(record: Recorder, make: Any) -> None:
    recorded = make(record)
    replication = recorded.one("BucketReplicationConfig")
    assert replication["region"] == HOME
    for rule, region in zip(replication["rules"], (SECOND, RECOVERY), strict=True):
        destination = rule["destination"]
        assert rule["status"] == destination["replicationTime"]["status"] == destination["metrics"]["status"]
        assert destination["encryptionConfiguration"] == {"replicaKmsKeyId": KEY_ARNS[region]}
    assert {b["region"] for b in recorded.of_type("aws:s3/bucket:Bucket")} == set(REGIONS)


@pytest.mark.parametrize("make", [models, features])
def test_a_deletion_is_not_copied(record: Recorder, make: Any) -> None:
    for rule in make(record).one("BucketReplicationConfig")["rules"]:
        assert rule["deleteMarkerReplication"] == {"status": "Disabled"}


@pytest.mark.parametrize("make", [models, features])
def test_copying_starts_when_all_buckets_are_versioned_and_the_role_may(record: Recorder, make: Any) -> None:
    recorded = make(record)
    needed = recorded.of_type("BucketVersioning") + recorded.of_type("RolePolicy")
    assert {r.urn for r in needed} <= recorded.one("BucketReplicationConfig").dependencies


@pytest.mark.parametrize("make", [models, features])
def test_the_role_that_copies_reads_the_source_and_writes_the_copies_only(record: Recorder, make: Any) -> None:
    recorded = make(record)
    by_region = {b["region"]: b["bucket"] for b in recorded.of_type("aws:s3/bucket:Bucket")}
    rules = statements(recorded.one("RolePolicy"))
    assert rules["ReadSource"]["Resource"] == f"arn:aws:s3:::{by_region[HOME]}/*"
    assert rules["WriteReplicas"]["Resource"] == [f"arn:aws:s3:::{by_region[r]}/*" for r in (SECOND, RECOVERY)]
    assert rules["DecryptSource"]["Resource"] == KEY_ARNS[HOME]
    assert rules["EncryptReplicas"]["Resource"] == [KEY_ARNS[SECOND], KEY_ARNS[RECOVERY]]


@pytest.mark.parametrize("make", [models, features])
def test_one_region_needs_no_copies(record: Recorder, make: Any) -> None:
    recorded = make(record, replica_regions=[])
    assert recorded.of_type("BucketReplicationConfig") == recorded.of_type("Role") == []


def test_released_models_are_locked_in_every_region(record: Recorder) -> None:
    recorded = models(record)
    locks = companions(recorded, "BucketObjectLockConfiguration")
    assert {lock["rule"]["defaultRetention"]["mode"] for lock in locks.values()} == {"COMPLIANCE"}


def test_released_models_never_expire(record: Recorder) -> None:
    for lifecycle in models(record).of_type("BucketLifecycleConfiguration"):
        assert all("days" not in rule.get("expiration", {}) for rule in lifecycle["rules"])


def test_reading_a_model_is_allowed_below_its_prefix_only(record: Recorder) -> None:
    found: list[dict[str, Any]] = []

    def program() -> None:
        store = ModelStore("models", model_store_args())
        found.extend(s.to_json() for s in store.read_statements(SECOND, ["chat/"]))

    record(program)
    reading, decrypting = found
    assert reading["Action"] == "s3:GetObject"
    assert reading["Resource"].endswith("/chat/*")
    assert decrypting["Resource"] == KEY_ARNS[SECOND]
    assert decrypting["Condition"] == {"StringEquals": {"kms:ViaService": f"s3.{SECOND}.amazonaws.com"}}


ENDPOINTS = {HOME: ["vpce-home"], SECOND: ["vpce-second", "vpce-other"], RECOVERY: []}
PURPOSES = [(models, "models"), (features, "fraud-score-features")]


def refuses(rule: dict[str, Any], **request: str) -> bool:
    """Whether a denial is about a request, as IAM judges it: negations hold where the request lacks the key."""
    keys = {key.lower(): value for key, value in request.items()}
    for operator, conditions in rule["Condition"].items():
        for key, wanted in conditions.items():
            given = keys.get(key.removeprefix("aws:").lower())
            matches = given in (wanted if isinstance(wanted, list) else [wanted])
            if operator in {"StringNotEquals", "ArnNotEquals"}:
                holds = not matches
            else:
                assert operator == "BoolIfExists"
                holds = given is None or matches
            if not holds:
                return False
    return True


USER = {
    "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/somebody",
    "PrincipalIsAWSService": "false",
    "ViaAWSService": "false",
}


@pytest.mark.parametrize(("make", "purpose"), PURPOSES)
def test_objects_are_used_through_the_endpoint_by_services_or_by_named_roles_only(
    record: Recorder, make: Any, purpose: str
) -> None:
    recorded = make(record, endpoint_ids=ENDPOINTS, exempt_role_arns=[PUBLISHER])
    copying = f"arn:aws:iam::{ACCOUNT}:role/test-platform.{purpose}-replication"
    assert copying.endswith(recorded.one("aws:iam/role:Role")["name"])
    for policy in companions(recorded, "BucketPolicy").values():
        rule = statements(policy)["RefuseOtherWays"]
        assert rule["Effect"] == "Deny"
        assert rule["Principal"] == "*"
        assert refuses(rule, **USER)
        assert refuses(rule)  # an anonymous request
        assert refuses(rule, **USER, SourceVpce="vpce-attacker")
        for endpoint in ENDPOINTS[policy["region"]]:
            assert not refuses(rule, **USER, SourceVpce=endpoint)
        for role in (copying, PUBLISHER):
            assert not refuses(rule, **(USER | {"PrincipalArn": role}))
        assert not refuses(rule, **(USER | {"ViaAWSService": "true"}))
        assert not refuses(rule, PrincipalIsAWSService="true", ViaAWSService="false")


@pytest.mark.parametrize("make", [models, features])
def test_the_way_through_the_endpoint_is_about_objects_and_leaves_the_bucket_manageable(
    record: Recorder, make: Any
) -> None:
    for policy in companions(make(record, endpoint_ids=ENDPOINTS), "BucketPolicy").values():
        rule = statements(policy)["RefuseOtherWays"]
        assert rule["Resource"].endswith("/*")
        assert set(rule["Action"]) == {"s3:DeleteObject*", "s3:GetObject*", "s3:PutObject*"}


@pytest.mark.parametrize("make", [models, features])
def test_a_region_whose_endpoint_is_unknown_stays_open_and_the_others_do_not(record: Recorder, make: Any) -> None:
    recorded = make(record, endpoint_ids={HOME: ["vpce-home"]})
    closed = {p["region"] for p in recorded.of_type("BucketPolicy") if "RefuseOtherWays" in statements(p)}
    assert closed == {HOME}
    assert not any("RefuseOtherWays" in statements(p) for p in make(record).of_type("BucketPolicy"))


def test_every_release_is_listed_daily_where_delivery_is_allowed(record: Recorder) -> None:
    recorded, allowed = models(record), statements(log_bucket(record).one("BucketPolicy"))["DeliverInventories"]
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::test-{ACCOUNT}-{HOME}-*"},
    }
    for urn, inventory in companions(recorded, "Inventory").items():
        target = inventory["destination"]["bucket"]
        assert inventory["schedule"] == {"frequency": "Daily"}
        assert inventory["includedObjectVersions"] == "All"
        assert {"EncryptionStatus", "ObjectLockMode", "ReplicationStatus"} <= set(inventory["optionalFields"])
        assert target["bucketArn"] == f"arn:aws:s3:::{LOG_BUCKETS[inventory['region']]}"
        assert target["encryption"] == {"sseS3": {}}
        assert f"/{target['prefix']}/" in allowed["Resource"]
        name, region = recorded.by_urn(urn)["bucket"], inventory["region"]
        assert name.startswith(f"test-{ACCOUNT}-{region}-")
