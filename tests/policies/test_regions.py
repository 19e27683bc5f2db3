"""How regions are read."""

from __future__ import annotations

import pytest

from policies.regions import arn_region, is_regional, jurisdiction, region_of
from policies.tokens import BUCKET
from policies.views import UNKNOWN, Node, Provider, Resource, Undetermined


def bucket(own: str | None, inherited: str | None) -> Resource:
    provider = Provider("pulumi:providers:aws", "p", Node({"region": inherited}))
    return Resource(BUCKET, "u", "b", lambda: {"region": own}, provider=provider)


@pytest.mark.parametrize(
    ("own", "inherited", "region"),
    [("eu-west-1", "us-east-1", "eu-west-1"), (None, "us-east-1", "us-east-1"), (None, None, None)],
)
def test_a_resource_is_in_its_own_region_before_that_of_its_provider(
    own: str | None, inherited: str | None, region: str | None
) -> None:
    assert region_of(bucket(own, inherited)) == region


def test_a_region_that_is_not_known_is_not_that_of_the_provider() -> None:
    with pytest.raises(Undetermined):
        region_of(bucket(UNKNOWN, "us-east-1"))


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        ("arn:aws:kms:eu-west-1:111122223333:key/x", "eu-west-1"),
        ("arn:aws:backup:eu-north-1:111122223333:backup-vault:copies", "eu-north-1"),
        ("arn:aws:s3:::models", None),
        ("models", None),
        (None, None),
    ],
)
def test_an_arn_names_its_region(arn: str | None, region: str | None) -> None:
    assert arn_region(Node(arn)) == region


@pytest.mark.parametrize(
    ("region", "where"),
    [
        ("eu-west-1", "eu"),
        ("eu-west-2", "uk"),
        ("eu-central-2", "ch"),
        ("us-gov-west-1", "us"),
        ("eusc-de-east-1", "eu"),
        ("ap-southeast-4", "au"),
        ("moon-west-1", None),
        ("", None),
    ],
)
def test_a_region_stands_in_one_jurisdiction(region: str, where: str | None) -> None:
    assert jurisdiction(region) == where


def test_whether_a_type_is_regional_is_read_from_the_installed_package() -> None:
    assert is_regional(BUCKET) is True
    assert is_regional("aws:iam/role:Role") is False
    assert is_regional("aws:none/such:Such") is None
