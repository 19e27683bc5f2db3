"""The tree stays readable at any size and loses nothing when everything is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from serving.report.tree import Branch, branches
from serving.report.wording import short_type
from tests.report.samples import large_plan, rich_plan


def lines(found: Iterable[Branch]) -> list[Branch]:
    return [line for branch in found for line in (branch, *lines(branch.children))]


def test_a_thousand_resources_take_a_screen() -> None:
    assert len(lines(branches(large_plan()))) < 40


def test_folding_says_how_much_it_hides() -> None:
    (branch,) = branches(large_plan())
    assert branch.name.startswith("100 alike: cell-0000, cell-0001")
    assert branch.detail == "1,000 resources: 1000 aws.s3.Bucket"


def test_everything_is_there_if_everything_is_asked_for() -> None:
    plan = large_plan(cells=20, each=5)
    assert len(lines(branches(plan, full=True))) == len(plan.resources) - 1  # the stack is the root


def test_a_small_stack_is_shown_in_full() -> None:
    names = [branch.name for branch in lines(branches(rich_plan()))]
    assert names == ["cell", "models", "role"]


def test_a_region_is_said_where_it_begins() -> None:
    cell, models, _ = lines(branches(rich_plan()))
    assert (cell.region, models.region) == ("eu-west-1", "")
    assert models.protected


def test_types_are_shortened_without_becoming_ambiguous() -> None:
    assert short_type("aws:s3/bucket:Bucket") == "aws.s3.Bucket"
    assert short_type("kubernetes:apps/v1:Deployment") == "kubernetes.apps/v1.Deployment"
    assert short_type("pulumi:providers:aws") == "provider aws"
    assert short_type("serving:index:Cell") == "serving.Cell"
