"""Failures and waivers of the outside scan meet exactly, and a scan that saw less than everything is none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.outside import canary
from tests.outside.resolved import PLANS
from tests.outside.scan import Scan, checked_types, problems
from tests.outside.waivers import Failure, Waiver, compare, read_waivers

REASON = "a reason that says why this failure is accepted, at length"
FAILURE = Failure("prod", "CKV_AWS_18", "aws_s3_bucket.logs")


def waiver(
    check: str = "CKV_AWS_18", resource: str = "aws_s3_bucket.*", stacks: frozenset[str] = frozenset()
) -> Waiver:
    return Waiver(check=check, resource=resource, stacks=stacks, reason=REASON, owner="team")


def whole(stack: str, failures: list[Failure] | None = None, *, seen: int = 1) -> Scan:
    return Scan(stack, Counter({"aws_s3_bucket": 1}), seen, 0, failures or [])


BIRD = whole("canary", [Failure("canary", check, address) for check, address in canary.MUST_FAIL])


def test_a_failure_with_a_waiver_is_waived() -> None:
    found = compare([FAILURE], [waiver()])
    assert (list(found.waived), list(found.open), list(found.unused)) == ([FAILURE], [], [])
    assert found.is_clean


@pytest.mark.parametrize(
    "other",
    [
        waiver(check="CKV_AWS_19"),
        waiver(resource="aws_s3_bucket.models*"),
        waiver(stacks=frozenset({"dev"})),
    ],
    ids=["another check", "another resource", "another stack"],
)
def test_a_waiver_for_something_else_does_not_hold_and_is_unused(other: Waiver) -> None:
    found = compare([FAILURE], [other])
    assert (list(found.open), list(found.unused)) == ([FAILURE], [other])
    assert not found.is_clean


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "fine"},
        {"resource": "*"},
        {"resource": "aws_*"},
        {"check": "*"},
        {"owner": ""},
        {"expires": "never"},
    ],
)
def test_a_waiver_that_says_too_little_or_accepts_too_much_is_refused(wrong: dict[str, str]) -> None:
    entry = {"check": "CKV_AWS_18", "resource": "aws_s3_bucket.a", "reason": REASON, "owner": "team"}
    assert Waiver.model_validate(entry)
    with pytest.raises(ValidationError):
        Waiver.model_validate(entry | wrong)


def test_the_waivers_of_the_project_are_readable_and_name_stacks_that_are_scanned() -> None:
    waivers = read_waivers()
    assert waivers
    assert {stack for one in waivers for stack in one.stacks} <= PLANS.keys()


def test_an_empty_file_waives_nothing(tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("# nothing\n", encoding="utf-8")
    assert read_waivers(tmp_path / "none.yaml") == []


def test_a_clean_scan_has_no_problem() -> None:
    assert not list(problems([whole("prod")], compare([], []), BIRD))


def test_a_scan_that_skipped_a_resource_is_a_problem() -> None:
    assert list(problems([whole("prod", seen=0)], compare([], []), BIRD)) == ["prod: checkov read 0 of 1 resources"]


def test_a_scan_that_finds_nothing_in_the_bad_plan_is_a_problem() -> None:
    told = list(problems([], compare([], []), whole("canary")))
    assert len(told) == len(canary.MUST_FAIL)


def test_a_good_resource_of_the_bad_plan_that_fails_is_a_problem() -> None:
    ((check, address),) = canary.MUST_PASS
    bird = whole("canary", [*BIRD.failures, Failure("canary", check, address)])
    assert len(list(problems([], compare([], []), bird))) == 1


def test_a_type_that_checks_only_name_in_passing_counts_as_unchecked() -> None:
    everything = [
        f"| 1 | CKV2_AWS_75 | resource | aws_type_{number} | No open CORS policy | x | y |" for number in range(200)
    ]
    listing = ["header", *everything, "| 2 | CKV_AWS_18 | resource | aws_s3_bucket | Access logging | x | y |"]
    assert checked_types(listing) == {"aws_s3_bucket"}
