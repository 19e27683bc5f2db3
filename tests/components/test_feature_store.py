"""The online part of the feature store."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from components.feature_store import FeatureStore
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, HOME, KEY_ARNS, RECOVERY, SECOND, feature_store_args


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: FeatureStore("features", feature_store_args(**changes)))


@functools.cache
def table() -> dict[str, Any]:
    return made(record_program).one("Table").inputs


def test_every_region_has_a_replica_that_is_as_safe_as_the_table() -> None:
    replicas = {replica["regionName"]: replica for replica in table()["replicas"]}
    assert set(replicas) == {SECOND, RECOVERY}
    for region, replica in replicas.items():
        assert replica["kmsKeyArn"] == KEY_ARNS[region]
        assert all(replica[key] for key in ("pointInTimeRecovery", "deletionProtectionEnabled", "propagateTags"))


def test_the_table_can_be_restored_to_any_second_and_is_not_deleted_by_mistake() -> None:
    assert table()["pointInTimeRecovery"] == {"enabled": True, "recoveryPeriodInDays": 35}
    assert table()["deletionProtectionEnabled"] is True
    assert table()["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY_ARNS[HOME]}


def test_replicas_have_the_stream_that_feeds_them() -> None:
    assert (table()["streamEnabled"], table()["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")


def test_features_expire_and_capacity_needs_no_plan() -> None:
    assert table()["ttl"]["enabled"] is True
    assert table()["billingMode"] == "PAY_PER_REQUEST"
    assert not {"readCapacity", "writeCapacity"} & set(table())


def test_key_attributes_are_declared_and_nothing_else_is() -> None:
    declared = {attribute["name"] for attribute in table()["attributes"]}
    assert declared == {table()["hashKey"], table()["rangeKey"]}


@pytest.mark.parametrize("days", [0, 36])
def test_recovery_beyond_what_the_service_keeps_is_refused(record: Recorder, days: int) -> None:
    with pytest.raises(InputError, match="recovery_days"):
        made(record, recovery_days=days)


def test_a_reader_may_read_the_replica_of_its_region_and_nothing_else(record: Recorder) -> None:
    found: list[dict[str, Any]] = []

    def program() -> None:
        store = FeatureStore("features", feature_store_args())
        found.extend(statement.to_json() for statement in store.read_statements(SECOND))

    record(program)
    statement, decrypting = found
    assert decrypting["Resource"] == KEY_ARNS[SECOND]
    assert statement["Resource"] == f"arn:aws:dynamodb:{SECOND}:{ACCOUNT}:table/{table()['name']}"
    assert not [action for action in statement["Action"] if "Put" in action or "Update" in action or "*" in action]


VIEWS = [{"name": "card-activity", "version": "v7"}, {"name": "card.activity", "version": "V7"}]


def test_every_region_catalogs_its_own_copy_of_each_view(record: Recorder) -> None:
    recorded = made(record, feature_views=VIEWS)
    buckets = {bucket["region"]: bucket["bucket"] for bucket in recorded.of_type("aws:s3/bucket:Bucket")}
    tables = recorded.of_type("CatalogTable")
    assert {database["region"] for database in recorded.of_type("CatalogDatabase")} == set(buckets)
    assert {database["name"] for database in recorded.of_type("CatalogDatabase")} == {"test_fraud_score_features"}
    assert len(tables) == len(buckets) * len(VIEWS)
    for described in tables:
        location = described["storageDescriptor"]["location"]
        assert location.startswith(f"s3://{buckets[described['region']]}/card")
        assert described["parameters"]["storage.location.template"] == f"{location}dt=${{dt}}/"
        assert described["parameters"]["projection.dt.range"] == "NOW-90DAYS,NOW"


def test_views_that_differ_only_in_what_the_catalogue_cannot_write_stay_apart(record: Recorder) -> None:
    names = {described["name"] for described in made(record, feature_views=VIEWS).of_type("CatalogTable")}
    assert len(names) == len(VIEWS)
    assert "card_activity_v7" in names


def test_another_version_of_a_view_changes_nothing_but_the_catalogue(record: Recorder) -> None:
    def stored(version: str) -> dict[str, dict[str, Any]]:
        views = [{"name": "card-activity", "version": version}]
        recorded = made(record, feature_views=views)
        return {r.urn: r.inputs for r in recorded if not r.type.startswith("aws:glue/")}

    assert stored("v7") == stored("v8")


def test_what_a_table_may_be_asked_is_bounded_only_on_request(record: Recorder) -> None:
    assert "onDemandThroughput" not in table()
    bounded = made(record, max_write_units=500).one("aws:dynamodb/table:Table")
    assert bounded["onDemandThroughput"] == {"maxWriteRequestUnits": 500}
