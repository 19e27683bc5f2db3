"""The shipped stacks, made in moto through AWS's own API, are there as the plan says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.backends import get_backend

from tests.documents import STACKS
from tests.moto.apply import MotoMonitor
from tests.moto.facts import READERS, differences, wrong
from tests.moto.lacking import NOT_KEPT, OPERATIONS, REFUSED, UNKNOWN
from tests.moto.stacks import make

CONFIG: Any = {"iam": {"load_aws_managed_policies": True}}


@pytest.fixture(scope="module", params=STACKS)
def made(request: pytest.FixtureRequest) -> Iterator[MotoMonitor]:
    """A stack in an account of moto; it stays there while the facts are read back."""
    with mock_aws(config=CONFIG):
        yield make(request.param)


def test_every_resource_is_applied_or_moto_is_known_to_lack_it(made: MotoMonitor) -> None:
    known = OPERATIONS.keys() | REFUSED.keys()
    assert {kind: why for kind, why in made.not_applied.items() if kind not in known} == {}


def test_every_input_of_an_applied_resource_is_known(made: MotoMonitor) -> None:
    assert [name for name in made.unknown if not name.startswith(UNKNOWN)] == []


@pytest.mark.parametrize("kind", sorted(READERS))
def test_what_the_api_says_is_what_the_plan_says(made: MotoMonitor, kind: str) -> None:
    resources = [one for one in made.applied.values() if one["type_token"] == kind]
    assert [difference for one in resources for difference in wrong(one)] == []


def test_facts_are_read_of_what_the_plan_has(made: MotoMonitor) -> None:
    counts = Counter(one["type_token"] for one in made.applied.values())
    assert sum(counts[kind] for kind in READERS) > sum(counts.values()) * 0.6


def test_moto_still_forgets_what_is_listed(made: MotoMonitor) -> None:
    kept = set(NOT_KEPT)
    for one in made.applied.values():
        if one["type_token"] in READERS:
            kept -= {(one["type_token"], what) for what in differences(one)}
    assert kept == set() or not several_regions(made)


def several_regions(made: MotoMonitor) -> bool:
    """Whether the stack has copies in other regions, which some of what moto lacks is about."""
    return len({one["region"] for one in made.applied.values()}) > 1


def test_what_moto_refuses_is_still_refused(made: MotoMonitor) -> None:
    """An entry without an operation in the table, or whose call succeeds by now, has to go."""
    applied = {one["type_token"] for one in made.applied.values()}
    assert (REFUSED.keys() & applied) - made.not_applied.keys() == set() or not several_regions(made)


@pytest.mark.parametrize(("service", "operation"), sorted(set(OPERATIONS.values())))
def test_moto_still_lacks_what_is_listed(service: str, operation: str) -> None:
    try:
        backends: Any = get_backend(service)  # type: ignore[call-overload]
    except ImportError:
        return
    region = "us-east-1" if "us-east-1" in backends["123456789012"] else "aws"
    assert not hasattr(backends["123456789012"][region], operation)


class Careless(MotoMonitor):
    """Forgets what must be there."""

    def _changed(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        forgotten: dict[str, dict[str, Any]] = {
            "aws:kms/key:Key": {"enableKeyRotation": False},
            "aws:ecr/repository:Repository": {"imageTagMutability": "MUTABLE"},
            "aws:s3/bucketVersioning:BucketVersioning": {"versioningConfiguration": {"status": "Suspended"}},
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"restrictPublicBuckets": False},
            "aws:dynamodb/table:Table": {"pointInTimeRecovery": {}},
            "aws:sns/topic:Topic": {"kmsMasterKeyId": "alias/aws/sns"},
        }
        return super()._changed(type_, {**inputs, **forgotten.get(type_, {})})


def test_what_is_forgotten_is_found() -> None:
    with mock_aws(config=CONFIG):
        made = make("dev", Careless)
        found = {one["type_token"] for one in made.applied.values() if one["type_token"] in READERS and wrong(one)}
    assert found >= {
        "aws:dynamodb/table:Table",
        "aws:ecr/repository:Repository",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:sns/topic:Topic",
    }
