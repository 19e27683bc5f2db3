from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import pytest

from serving.blueprint.schema.signals import Signal
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.exporter import Load
from tests.cluster.rehearsals.theatre import Performance, Theatre

QUIET_RPS, BUSY_RPS, FLOOD_RPS = 120, 440, 5_000
LOOKS = 60
"""How often a count that holds is looked at."""


@pytest.fixture
def fraud(theatre: Theatre) -> Iterator[Performance]:
    performance = theatre.open("fraud-score", Load(rps=QUIET_RPS))
    yield performance
    theatre.close(performance)


def ruled(performance: Performance, rps: float) -> int:
    """The blueprint's rule: what the load needs at the trigger's target, the pre-warmed on top, within the bounds."""
    scaling = performance.workload.blueprint.scaling
    target = next(one.target for one in scaling.triggers if one.signal is Signal.THROUGHPUT)
    wanted = ceil(rps / target + scaling.prewarmed_replicas)
    return min(max(wanted, scaling.min_replicas), scaling.max_replicas)


def look_on(performance: Performance) -> None:
    """Let several periods of the autoscaler pass."""
    world, namespace = performance.theatre.world, performance.namespace
    until = world.looks(namespace) + LOOKS
    world.await_("further looks", lambda: world.looks(namespace) >= until)


def test_the_count_follows_the_rule_keeps_the_bounds_and_does_not_flap(fraud: Performance) -> None:
    world, began = fraud.theatre.world, fraud.theatre.world.now
    reached = []
    for rps in (BUSY_RPS, FLOOD_RPS, QUIET_RPS):
        fraud.ask(Load(rps=rps))
        fraud.await_count(ruled(fraud, rps))
        reached.append(f"{rps} rps -> {ruled(fraud, rps)} after {world.now - began:.1f} s")
    look_on(fraud)
    counts = world.counts(fraud.namespace, fraud.name)
    scaling = fraud.workload.blueprint.scaling
    assert max(counts.values) == scaling.max_replicas
    assert counts.values[-1] == ruled(fraud, QUIET_RPS)
    assert counts.turns == 1
    programme.note("(c) load", f"{'; '.join(reached)}; counts {counts.values}, turned {counts.turns} time")


def test_without_metrics_the_fallback_count_holds(fraud: Performance) -> None:
    world, exporter, began = fraud.theatre.world, fraud.theatre.exporter, fraud.theatre.world.now
    held = fraud.workload.blueprint.scaling.effective_fallback.replicas
    exporter.silent = True
    try:
        fraud.await_count(held)
        took = world.now - began
        look_on(fraud)
        counts = world.counts(fraud.namespace, fraud.name)
        assert counts.values[-1] == held
        assert counts.turns == 0
    finally:
        exporter.silent = False
    fraud.await_count(ruled(fraud, QUIET_RPS))
    programme.note("(d) no metrics", f"{held} replicas after {took:.1f} s, held; counts {counts.values}")
