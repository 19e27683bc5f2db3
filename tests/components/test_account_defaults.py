"""What holds in an account for everything that somebody forgets to say."""

from __future__ import annotations

from collections import Counter

import pytest

from components.account_defaults import AccountDefaults
from tests.components.recorder import Recorded, Recorder
from tests.components.samples import ACCOUNT, HOME, KEY_ARNS, REGIONS, account_args


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: AccountDefaults("account", account_args(**changes)))


def test_volumes_that_name_no_key_are_encrypted_by_the_key_of_their_region(record: Recorder) -> None:
    recorded = made(record)
    assert {one["region"]: one["keyArn"] for one in recorded.of_type("DefaultKmsKey")} == KEY_ARNS
    assert {one["region"]: one["enabled"] for one in recorded.of_type("EncryptionByDefault")} == dict.fromkeys(
        REGIONS, True
    )


def test_instances_answer_metadata_only_to_the_second_version_and_one_hop(record: Recorder) -> None:
    for one in made(record).of_type("InstanceMetadataDefaults"):
        assert (one["httpTokens"], one["httpPutResponseHopLimit"]) == ("required", 1)


def test_no_snapshot_image_or_bucket_is_public(record: Recorder) -> None:
    recorded = made(record)
    assert {one["state"] for one in recorded.of_type("SnapshotBlockPublicAccess")} == {"block-all-sharing"}
    assert {one["state"] for one in recorded.of_type("ImageBlockPublicAccess")} == {"block-new-sharing"}
    block = recorded.one("AccountPublicAccessBlock")
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert [block[flag] for flag in flags] == [True] * 4
    assert block["accountId"] == ACCOUNT


def test_an_analyzer_watches_each_region(record: Recorder) -> None:
    analyzers = made(record).of_type("Analyzer")
    assert {one["region"] for one in analyzers} == set(REGIONS)
    assert {one["type"] for one in analyzers} == {"ACCOUNT"}


def test_every_region_has_the_same(record: Recorder) -> None:
    regional = [one for one in made(record).managed() if one.get("region")]
    types = [{one.type for one in regional if one["region"] == region} for region in REGIONS]
    assert all(one == types[0] for one in types)
    assert set(Counter(one["region"] for one in regional).values()) == {len(types[0])}


@pytest.mark.parametrize("regions", [[HOME], list(REGIONS)])
def test_what_is_global_is_made_once(record: Recorder, regions: list[str]) -> None:
    assert [one.type for one in made(record, regions=regions).managed() if "region" not in one.inputs] == [
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
    ]
