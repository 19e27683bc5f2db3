from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final

import pytest

from serving.blueprint.schema.signals import Signal
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.exporter import Load
from tests.cluster.rehearsals.theatre import Performance, Theatre

QUIET_RPS, BUSY_RPS, FLOOD_RPS = 120, 464, 5_000
LOOKS = 60
"""How often a count that holds is looked at."""

TOLERANCE: Final = 0.1
"""What the autoscaler lets pass without a change (kube-controller-manager's default)."""


@pytest.fixture
def fraud(theatre: Theatre) -> Iterator[Performance]:
    performance = theatre.open("fraud-score", Load(rps=QUIET_RPS))
    performance.await_count(ruled(performance, QUIET_RPS))  # a service begins without metrics, by its fallback
    performance.observe_afresh()
    yield performance
    theatre.close(performance)


def ruled(performance: Performance, rps: float) -> int:
    """The blueprint's rule: what the load needs at the trigger's target, the pre-warmed on top, within the bounds."""
    scaling = performance.workload.blueprint.scaling
    target = next(one.target for one in scaling.triggers if one.signal is Signal.THROUGHPUT)
    wanted = rps / target + scaling.prewarmed_replicas
    count = min(max(ceil(wanted), scaling.min_replicas), scaling.max_replicas)
    assert wanted > (count - 1) * (1 + TOLERANCE), f"{rps} rps: one replica fewer would be left as it is"
    return count


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
    # each time metrics are missing it may rise to the fallback count and come back: a machine as busy as that
    missing = world.fallbacks(fraud.namespace, fraud.name)
    if missing:
        fraud.await_count(ruled(fraud, QUIET_RPS))
    counts = world.counts(fraud.namespace, fraud.name)
    scaling = fraud.workload.blueprint.scaling
    assert max(counts.values) == scaling.max_replicas
    assert counts.values[-1] == ruled(fraud, QUIET_RPS)
    assert counts.turns == 1 if not missing else counts.turns <= 1 + 2 * missing
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
