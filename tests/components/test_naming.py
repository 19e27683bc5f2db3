"""Physical names: valid for their service, stable, and different for different things."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.naming import NameRule, physical_name

# Services whose names take the parts as blueprints and environments spell them; the others have a head or an
# alphabet of their own
OTHER_RULES = (
    NameRule.GLUE,
    NameRule.KMS_ALIAS,
    NameRule.KUBERNETES,
    NameRule.RESTORE_TESTING,
    NameRule.SIGNING_PROFILE,
)
PLAIN_RULES = [rule for rule in NameRule if rule not in OTHER_RULES]

names = st.from_regex(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True).filter(lambda name: "--" not in name)
environments = st.from_regex(r"[a-z][a-z0-9]{1,9}", fullmatch=True)
regions = st.sampled_from(["eu-west-1", "ap-southeast-4", "us-gov-west-1"])
rules = st.sampled_from(PLAIN_RULES)


@given(rules, environments, regions, names, names)
def test_every_name_is_valid_for_its_service(
    rule: NameRule, environment: str, region: str, service: str, part: str
) -> None:
    name = physical_name(rule, environment, region, service, part)
    assert len(name) <= rule.longest
    assert re.fullmatch(rule.pattern, name)


@given(rules, environments, regions, names, names)
def test_the_same_parts_always_give_the_same_name(
    rule: NameRule, environment: str, region: str, service: str, part: str
) -> None:
    parts = (environment, region, service, part)
    assert physical_name(rule, *parts) == physical_name(rule, *parts)


@given(rules, environments, regions, names, names, names)
def test_long_names_that_differ_only_at_the_end_stay_different(
    rule: NameRule, environment: str, region: str, service: str, one: str, other: str
) -> None:
    first, second = (physical_name(rule, environment, region, service, end) for end in (one, other))
    assert (first == second) == (one == other)


@given(rules, names)
def test_a_name_that_fits_is_not_changed(rule: NameRule, name: str) -> None:
    if 3 <= len(name) <= rule.longest:
        assert physical_name(rule, name) == name


def test_empty_parts_leave_no_double_separator() -> None:
    assert physical_name(NameRule.IAM_ROLE, "prod", "", "node") == "prod-node"


def test_another_separator_joins_paths() -> None:
    assert physical_name(NameRule.KMS_ALIAS, "alias/prod", "internal", separator="/") == "alias/prod/internal"


@pytest.mark.parametrize("name", ["a b", "über", "UPPER"])
def test_a_character_that_the_service_refuses_is_our_mistake(name: str) -> None:
    with pytest.raises(ValueError, match="S3_BUCKET"):
        physical_name(NameRule.S3_BUCKET, name)


@given(st.integers(1, 300))
def test_a_cut_name_is_as_long_as_it_may_be_at_most(length: int) -> None:
    assert len(physical_name(NameRule.IAM_ROLE, "a" * length)) == min(length, NameRule.IAM_ROLE.longest)
