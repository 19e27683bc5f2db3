from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.exporter import Load, Quality
from tests.cluster.rehearsals.performances import EVERYDAY, FRAUD
from tests.cluster.rehearsals.theatre import Performance, Theatre
from tests.components.serving_samples import NEW_VERSION


@pytest.fixture
def fraud(theatre: Theatre) -> Iterator[Performance]:
    performance = theatre.open("fraud-score", FRAUD)
    yield performance
    theatre.close(performance)


def released_weights(performance: Performance) -> list[int]:
    """Weights of the canary while both versions got requests."""
    history = performance.theatre.world.weights(
        performance.namespace, performance.name, performance.workload.canary_service
    )
    return [weight for weight in history.values if weight not in (None, 0, 100)]


def given_requests_at(performance: Performance) -> float:
    world, workload = performance.theatre.world, performance.workload
    history = world.weights(performance.namespace, performance.name, workload.canary_service)
    return next(at for at, weight in history.moments if weight)


@pytest.mark.parametrize("service", ["chat", "fraud-score"])
def test_a_healthy_version_takes_over_by_the_blueprints_steps(theatre: Theatre, service: str) -> None:
    performance = theatre.open(service, EVERYDAY[service])
    released = performance.release({**NEW_VERSION})
    theatre.world.await_(f"{service} promoted", lambda: released.phase() == "Healthy")
    steps = [step.weight_percent for step in performance.workload.blueprint.rollout.steps]
    assert released_weights(performance) == steps
    assert {pod["metadata"]["labels"]["app.kubernetes.io/version"] for pod in released.ready_pods()} == {"9.9.9"}
    assert not theatre.world.unserved(performance.namespace)
    took = theatre.world.now - given_requests_at(performance)
    programme.note(f"(a) {service}", f"promoted by {steps} % in {programme.told(took)}")
    theatre.close(performance)


@pytest.mark.parametrize(
    ("broken", "bad"),
    [("error-rate", Quality(error_percent=20)), ("latency-p95", Quality(latency_ms=140))],
    ids=["errors", "latency"],
)
def test_a_version_that_breaks_a_condition_is_sent_back(fraud: Performance, broken: str, bad: Quality) -> None:
    world = fraud.theatre.world
    fraud.ask(Load(rps=200, canary=bad))
    released = fraud.release({**NEW_VERSION})
    world.await_("the canary's first requests", lambda: released_weights(fraud))
    world.await_("the rollout aborted", lambda: released.rollout()["status"].get("abort"))
    history = world.weights(fraud.namespace, fraud.name, fraud.workload.canary_service)
    world.await_("all requests back at the stable version", lambda: history.values[-1] == 0)
    took = world.now - given_requests_at(fraud)
    programme.note(f"(b) {broken}", f"sent back after {programme.told(took)}, canary's weights {history.values}")
    assert max(released_weights(fraud)) < 50
    assert not world.unserved(fraud.namespace)
