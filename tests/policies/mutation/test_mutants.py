"""Every fault is found by exactly the rules that should find it, and the words to declare faults do what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.policies.mutation.fault import Change, Fault, Mutant, both, drop, edit, mutants_of, put, remove, unprotect
from tests.policies.mutation.judging import Judging
from tests.policies.mutation.recorded import Entry, Recorded, clean
from tests.policies.mutation.score import score

FEWEST_MUTANTS = 1_000
ENTRY = Entry(
    "aws:s3/bucketPolicy:BucketPolicy",
    "urn:pulumi:prod::shop::a:b:Store$aws:s3/bucketPolicy:BucketPolicy::one",
    "one",
    {"list": [{"a": 1}, {"a": 2}], "text": json.dumps({"Statement": [{"Effect": "Deny"}]}), "deep": {"x.y/z": "v"}},
    protect=True,
)


def test_every_mutant_is_found_by_exactly_the_rules_that_should(record_property: Callable[[str, object], None]) -> None:
    result = score()
    for line in result.lines():
        record_property("said", line)
    assert list(result.problems()) == []
    assert len(result.verdicts) >= FEWEST_MUTANTS
    assert result.audited


@pytest.mark.parametrize("order", [reversed, partial(sorted, key=lambda entry: entry.name)])
def test_the_order_in_which_an_engine_registers_changes_no_finding(
    order: Callable[[Sequence[Entry]], Iterable[Entry]],
) -> None:
    recorded = clean()
    others = Recorded({entry.urn: entry for entry in order([*recorded.entries.values()])}, recorded.config)
    assert Judging(others).judge_whole({}) == Judging(recorded).judge_whole({}) != frozenset()


def _properties(change: Change) -> list[Any]:
    return [changed.properties if changed else None for _, changed in change(ENTRY)]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (drop("list.*.a"), [{"list": [{}, {"a": 2}]}, {"list": [{"a": 1}, {}]}]),
        (drop("list.0"), [{"list": [{"a": 2}]}]),
        (put("list.1.a", 5), [{"list": [{"a": 1}, {"a": 5}]}]),
        (put("new.key", True), [{"new": {"key": True}}]),
        (edit("list", to=lambda value: value[:1]), [{"list": [{"a": 1}]}]),
        (put("deep", "x.y/z", "w"), [{"deep": {"x.y/z": "w"}}]),
        (put("text.Statement.0.Effect", "Allow"), [{"text": json.dumps({"Statement": [{"Effect": "Allow"}]})}]),
        (both(put("list.0.a", 7), drop("deep")), [{"list": [{"a": 7}, {"a": 2}], "deep": ...}]),
    ],
)
def test_a_change_touches_one_place(change: Change, found: list[dict[str, Any]]) -> None:
    def written(changes: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in (ENTRY.properties | changes).items() if value is not ...}

    assert _properties(change) == [written(one) for one in found]


@pytest.mark.parametrize("change", [drop("nothing"), drop("list.9"), put("list.0.a", 1), drop("text.Statement.0.Sid")])
def test_what_changes_nothing_is_no_fault(change: Change) -> None:
    assert _properties(change) == []


def test_a_resource_can_be_gone_or_lose_its_protection() -> None:
    assert list(remove(ENTRY)) == [("", None)]
    ((_, changed),) = unprotect(ENTRY)
    assert changed is not None
    assert not changed.protect


def test_a_fault_is_put_into_the_first_and_last_resources_of_a_component() -> None:
    entries = {str(n): Entry(ENTRY.type, ENTRY.urn.replace("one", str(n)), str(n), {"a": 1}) for n in range(9)}
    fault = Fault("gone", ENTRY.type, remove, ("tls-s3-policy",))
    assert [mutant.clean.name for mutant in mutants_of(fault, entries)] == ["0", "8"]


def test_a_fault_names_its_rules_or_says_why_nobody_finds_it() -> None:
    for wrong in ({}, {"caught_by": ("a-rule",), "survives": "for a reason"}):
        with pytest.raises(ValueError, match="names the rules that find it"):
            Fault("gone", ENTRY.type, remove, **wrong)  # type: ignore[arg-type]


def test_a_rule_can_be_expected_on_some_resources_only() -> None:
    fault = Fault("gone", ENTRY.type, remove, ("one-rule",), also={"other": lambda entry: entry.name == "two"})
    assert fault.expected(ENTRY) == {"one-rule"}
    assert Mutant(fault, ENTRY, "", None).name == "gone, one"
