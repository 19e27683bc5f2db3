"""The metric contract as data."""

from __future__ import annotations

from itertools import combinations

import pytest

from serving.blueprint.schema.model import EngineName
from serving.blueprint.schema.signals import Signal
from serving.telemetry.engines import CONTRACTS, EngineContract, Kind, contract_of, parse_version
from tests.documents import SERVICES, blueprint


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.versions)
def test_every_contract_says_where_its_names_were_read(contract: EngineContract) -> None:
    assert contract.source
    assert "read 20" in contract.source
    assert contract.since < contract.until


def test_no_version_has_two_contracts() -> None:
    for one, other in combinations(CONTRACTS, 2):
        if one.engine is other.engine:
            assert one.until <= other.since or other.until <= one.since


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.versions)
def test_a_latency_signal_is_a_histogram_with_rising_bounds(contract: EngineContract) -> None:
    series = contract.signals.get(Signal.TIME_TO_FIRST_TOKEN_P95)
    if series is not None:
        assert series.kind is Kind.HISTOGRAM
        assert list(series.bounds) == sorted(set(series.bounds))
        assert series.scale == 1000  # the engines count seconds, the signal milliseconds


@pytest.mark.parametrize(
    ("version", "metric"),
    [
        ("0.9.2", "vllm:gpu_cache_usage_perc"),
        ("0.10.0-rc1", "vllm:kv_cache_usage_perc"),
        ("0.32.0", "vllm:kv_cache_usage_perc"),
        ("0.33.0", "vllm:kv_cache_usage_perc"),
    ],
)
def test_the_name_of_a_metric_follows_the_engine_version(version: str, metric: str) -> None:
    model = blueprint("chat", **{"model.engine.version": version, "slo.min_tokens_per_second": None}).model
    contract = contract_of(model)
    assert contract is not None
    assert contract.signals[Signal.UTILIZATION].metric == metric


@pytest.mark.parametrize("service", SERVICES)
def test_every_shipped_engine_version_has_a_contract(service: str) -> None:
    assert contract_of(blueprint(service).model) is not None


def test_a_version_outside_every_range_has_no_contract() -> None:
    for version in ("0.1.0", "0.8.3", "99.0.0"):
        assert not any(contract.covers(EngineName.VLLM, version) for contract in CONTRACTS)


def test_a_pre_release_is_ordered_by_its_numbers() -> None:
    assert parse_version("0.10.0-rc.1") == (0, 10, 0)
