from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.exporter import Load, Quality
from tests.cluster.rehearsals.performances import EVERYDAY, FRAUD
from tests.cluster.rehearsals.theatre import NEW_VERSION, Performance, Theatre
from tests.cluster.rehearsals.world import History

VERSION_LABEL: Final = "app.kubernetes.io/version"


@pytest.fixture
def fraud(theatre: Theatre) -> Iterator[Performance]:
    performance = theatre.open("fraud-score", FRAUD)
    yield performance
    theatre.close(performance)


@pytest.fixture
def every_service(theatre: Theatre) -> Iterator[list[Performance]]:
    performances = [theatre.open(service, load) for service, load in EVERYDAY.items()]
    yield performances
    for performance in performances:
        theatre.close(performance)


def canary_weights(performance: Performance) -> History:
    return performance.theatre.world.weights(
        performance.namespace, performance.name, performance.workload.canary_service
    )


def without_weights(performance: Performance) -> dict[str, Any]:
    """What the route says besides weights."""
    route = next(
        one
        for one in performance.theatre.world.routes(performance.namespace)
        if one["metadata"]["name"] == performance.name
    )
    spec: dict[str, Any] = copy.deepcopy(route["spec"])
    for backend in (backend for rule in spec["rules"] for backend in rule.get("backendRefs", ())):
        del backend["weight"]
    return spec


def rendered_weights(performance: Performance) -> list[int]:
    """Weights of the blueprint's steps."""
    return [step.weight_percent for step in performance.workload.blueprint.rollout.steps]


def released_weights(performance: Performance) -> list[int]:
    """Weights of the canary while both versions got requests."""
    return [weight for weight in canary_weights(performance).values if weight not in (None, 0, 100)]


def given_requests_at(performance: Performance) -> float:
    return next(at for at, weight in canary_weights(performance).moments if weight)


def await_promotion(performance: Performance) -> float:
    """Wait until the new version has all requests; returns how long it took from its first."""
    world = performance.theatre.world
    world.await_(
        f"{performance.name} promoted", lambda: not performance.carried_on() and performance.phase() == "Healthy"
    )
    took = world.now - given_requests_at(performance)
    world.await_("all requests at the new version", lambda: canary_weights(performance).values[-1] == 0)
    performance.await_healthy()
    return took


def test_healthy_versions_take_over_by_their_blueprints_steps(every_service: list[Performance]) -> None:
    routes = [without_weights(one) for one in every_service]
    for after, route in zip([one.release() for one in every_service], routes, strict=True):
        took, world = await_promotion(after), after.theatre.world
        assert released_weights(after) == rendered_weights(after)
        assert {pod["metadata"]["labels"][VERSION_LABEL] for pod in after.ready_pods()} == {NEW_VERSION}
        assert without_weights(after) == route, "the traffic router changed more than weights"
        assert not world.unserved(after.namespace)
        programme.note(
            f"(a) {after.name}",
            f"promoted in {programme.told(took)}; canary's weights {canary_weights(after).values};"
            f" {world.looks(after.namespace)} looks, at each a ready replica behind every weight",
        )


def ended(performance: Performance, phase: str) -> set[str]:
    """Names of the conditions that ended so in the rollout's analyses."""
    rollout = performance.rollout()["metadata"]["uid"]
    runs = performance.theatre.api.list("argoproj.io/v1alpha1", "AnalysisRun", performance.namespace)
    return {
        result["name"]
        for run in runs
        if rollout in {owner["uid"] for owner in run["metadata"]["ownerReferences"]}
        for result in run.get("status", {}).get("metricResults", ())
        if result["phase"] == phase
    }


@pytest.mark.parametrize(
    ("broken", "bad"),
    [("error-rate", Quality(error_percent=20)), ("latency-p95", Quality(latency_ms=140))],
    ids=["errors", "latency"],
)
def test_a_version_that_breaks_a_condition_is_sent_back(fraud: Performance, broken: str, bad: Quality) -> None:
    world = fraud.theatre.world
    fraud.ask(Load(rps=200, canary=bad))
    released = fraud.release()
    world.await_("the canary's first requests", lambda: released_weights(fraud))
    world.await_("the rollout aborted", lambda: not released.carried_on() and released.rollout()["status"].get("abort"))
    world.await_("all requests back at the stable version", lambda: canary_weights(fraud).values[-1] == 0)
    took = world.now - given_requests_at(fraud)
    programme.note(
        f"(b) {broken}", f"sent back after {programme.told(took)}, canary's weights {canary_weights(fraud).values}"
    )
    assert ended(released, "Failed") == {broken}
    assert ended(released, "Error") == set(), "a condition that could not be asked for is no broken condition"
    seen = released_weights(fraud)
    assert seen == rendered_weights(fraud)[: len(seen)]
    assert 100 not in canary_weights(fraud).values
    assert not world.unserved(fraud.namespace)
