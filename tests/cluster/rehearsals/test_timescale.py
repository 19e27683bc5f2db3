from __future__ import annotations

import re
from math import ceil
from typing import Any

import pytest

from serving.telemetry.promql import duration
from tests.cluster.rehearsals.theatre import PARTS, rendered
from tests.cluster.rehearsals.timescale import RHYTHMS, changes, is_rhythm, scaled
from tests.documents import SERVICES

FACTOR = 60
UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
TIME = re.compile(r"(?<![\w.])(\d+)([smhd]?)(?![\w.])")


def seconds(value: Any) -> list[int]:
    """Every duration in a value: a number, `900s`, or the windows of a query."""
    if isinstance(value, int):
        return [value]
    windows = re.findall(r"\[(\d+)([smhd])\]", value) or re.findall(r"^(\d+)(s)$", value)
    return [int(number) * UNITS[unit] for number, unit in windows]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "changed",
    [{}, {"rollout.strategy": "blue-green", "rollout.max_surge_percent": 100}],
    ids=["as-shipped", "blue-green"],
)
def test_only_rhythms_are_divided_and_all_by_one_factor(service: str, changed: dict[str, object]) -> None:
    for manifest in rendered(service, "http://prometheus.test", **changed):
        for path, before, after in changes(manifest, scaled(manifest, FACTOR)):
            assert is_rhythm(manifest["kind"], path), f"{manifest['kind']} {path}"
            assert seconds(after) == [ceil(one / FACTOR) for one in seconds(before)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_rhythm_of_a_rehearsed_object_is_divided(service: str) -> None:
    for manifest in rendered(service, "http://prometheus.test"):
        if manifest["kind"] in PARTS:
            left = [
                str(path[-1])
                for path, value in leaves(scaled(manifest, FACTOR))
                if is_rhythm(manifest["kind"], path) and seconds(value) and max(seconds(value)) > 1_800 / FACTOR
            ]
            assert not left


def test_queries_differ_in_their_windows_alone() -> None:
    for manifest in rendered("fraud-score", "http://prometheus.test"):
        for path, before, after in changes(manifest, scaled(manifest, FACTOR)):
            if path[-1] == "query":
                assert re.sub(r"\[\w+\]", "[]", before) == re.sub(r"\[\w+\]", "[]", after)


def test_a_factor_of_one_changes_nothing() -> None:
    for manifest in rendered("fraud-score", "http://prometheus.test"):
        assert not list(changes(manifest, scaled(manifest, 1)))


def test_windows_are_written_as_queries_write_them() -> None:
    assert duration(120) == "2m"


def test_deadlines_grace_and_forgiven_failures_are_no_rhythms() -> None:
    words = {part for patterns in RHYTHMS.values() for pattern in patterns for part in pattern}
    assert not words & {"progressDeadlineSeconds", "terminationGracePeriodSeconds", "failureLimit", "failureThreshold"}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, each in enumerate(value) for leaf in leaves(each, (*path, index))]
    return [(path, value)]
