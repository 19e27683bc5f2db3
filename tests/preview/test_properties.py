"""Differences of values are told by path, as deep as they go."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serving.preview.properties import ABSENT, differences
from serving.preview.values import SECRET, UNKNOWN

values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x", "y"]), inner, max_size=3),
    max_leaves=10,
)


def changes(before: Any, after: Any) -> dict[tuple[str | int, ...], tuple[Any, Any]]:
    return {change.path: (change.before, change.after) for change in differences(before, after)}


@given(values)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert changes(value, value) == {}


@given(values, values)
def test_something_is_told_exactly_if_two_values_differ(before: Any, after: Any) -> None:
    equal = before == after and repr(before) == repr(after)
    assert equal or changes(before, after) or sorted(map(repr, flat(before))) == sorted(map(repr, flat(after)))


def flat(value: Any) -> list[Any]:
    """The leaves without their places: elements that are known by name may change theirs."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in flat(item)]
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, list) else [value]


def test_a_change_is_told_at_the_deepest_key() -> None:
    assert changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}) == {("a", "c"): (2, 3)}


def test_what_is_only_on_one_side_is_told_as_absent_on_the_other() -> None:
    assert changes({"a": 1}, {"b": 2}) == {("a",): (1, ABSENT), ("b",): (ABSENT, 2)}


def test_elements_with_names_are_compared_by_name_and_not_by_place() -> None:
    before = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    after = {"env": [{"name": "Z", "value": "0"}, {"name": "B", "value": "2"}, {"name": "A", "value": "9"}]}
    assert changes(before, after) == {
        ("env", "name=A", "value"): ("1", "9"),
        ("env", "name=Z"): (ABSENT, {"name": "Z", "value": "0"}),
    }


def test_elements_whose_names_are_taken_twice_are_compared_by_place() -> None:
    before = [{"name": "A", "v": 1}, {"name": "A", "v": 2}]
    assert changes(before, [{"name": "A", "v": 1}, {"name": "A", "v": 3}]) == {(1, "v"): (2, 3)}


def test_json_text_is_compared_by_what_it_says() -> None:
    before, after = '{"Statement": [{"Sid": "a", "Effect": "Allow"}]}', '{"Statement":[{"Effect":"Deny","Sid":"a"}]}'
    assert changes(before, after) == {("Statement", "Sid=a", "Effect"): ("Allow", "Deny")}


def test_text_that_only_looks_like_json_is_compared_as_text() -> None:
    assert changes("{not json", "{nor this") == {(): ("{not json", "{nor this")}


def test_markers_are_compared_whole() -> None:
    assert changes({"a": UNKNOWN}, {"a": {"b": 1}}) == {("a",): (UNKNOWN, {"b": 1})}
    assert changes({"a": SECRET}, {"a": SECRET}) == {}


def test_true_and_one_are_not_the_same() -> None:
    assert changes({"a": True}, {"a": 1}) == {("a",): (True, 1)}
