"""How components make children and read their arguments."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pytest
from pydantic import Field

from components.options import PACKAGE, child_options, parse_args, type_token
from serving.blueprint.errors import InputError
from serving.blueprint.schema.base import Section
from tests.components.recorder import Recorder


class PartSpec(Section):
    size: int = Field(gt=0)
    names: tuple[str, ...] = ()


class Part(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, *, stateful: bool = False) -> None:
        super().__init__(type_token("Part"), name, None, opts)
        region = "eu-west-1"
        aws.s3.Bucket(f"{name}-bucket", region=region, opts=child_options(self, stateful=stateful))
        self.register_outputs({})


def test_the_type_token_is_the_one_that_the_schema_derives() -> None:
    assert type_token("Part") == f"{PACKAGE}:index:Part"


def test_children_do_not_inherit_what_was_said_of_the_component(record: Recorder) -> None:
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")], ignore_changes=["tags"], retain_on_delete=True)
    child = record(lambda: Part("part", opts)).one("Bucket")
    assert child.ignore_changes == ()
    assert child.retain_on_delete is False


def test_children_use_the_provider_that_the_component_was_given(record: Recorder) -> None:
    def program() -> None:
        provider = aws.Provider("given", region="eu-west-1")
        Part("part", pulumi.ResourceOptions(providers={"aws": provider}))

    recorded = record(program)
    assert recorded.one("Bucket").provider == recorded.named("given").urn


@pytest.mark.parametrize("stateful", [True, False])
def test_only_what_holds_data_is_protected_and_retained(record: Recorder, stateful: bool) -> None:
    child = record(lambda: Part("part", stateful=stateful)).one("Bucket")
    assert (child.protect, child.retain_on_delete) == (stateful, stateful)


def test_every_problem_of_the_arguments_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_args(PartSpec, "Part", "one", {"size": 0, "names": ["a", 1], "colour": "red"})
    problems = {problem.key: problem for problem in caught.value.problems}
    assert set(problems) == {"size", "names[1]", "colour"}
    assert set(problems["colour"].allowed) == {"size", "names"}
    assert all(problem.file == "Part 'one'" for problem in problems.values())


def test_wiring_is_not_looked_at_and_absent_means_default() -> None:
    spec = parse_args(PartSpec, "Part", "one", {"size": 1, "names": None, "key": object()}, frozenset({"key"}))
    assert spec == PartSpec(size=1)
