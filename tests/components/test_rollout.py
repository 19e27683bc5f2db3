from __future__ import annotations

from typing import Any

import pytest

from components.pod import pod_template
from components.rollout import analysis_template, conditions, rollout
from components.workload import Workload
from serving.blueprint.schema.signals import Signal
from serving.planning.capacity import NODE_START_SECONDS
from serving.telemetry.metrics import VARIANT_LABEL
from tests.components.serving_samples import CONTEXT, NAMES, PROMETHEUS, WORKLOADS, stand_in, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)
BLUE_GREEN = {"rollout.strategy": "blue-green"}


def spec(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = rollout(sample, pod_template(sample, CONTEXT))["spec"]
    return found


def canary(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = spec(sample)["strategy"]["canary"]
    return found


def metrics(sample: Workload) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = analysis_template(sample, PROMETHEUS)["spec"]["metrics"]
    return found


@every_workload
def test_the_autoscaler_alone_says_how_many_replicas_there_are(sample: Workload) -> None:
    assert "replicas" not in spec(sample)


@every_workload
def test_no_replica_is_taken_away_before_its_successor_serves(sample: Workload) -> None:
    assert canary(sample)["maxUnavailable"] == 0


@every_workload
def test_steps_are_the_blueprints_in_its_order(sample: Workload) -> None:
    steps = canary(sample)["steps"]
    assert [step["setWeight"] for step in steps[::2]] == [
        step.weight_percent for step in sample.blueprint.rollout.steps
    ]
    assert [step["pause"]["duration"] for step in steps[1::2]] == [
        f"{step.bake_seconds}s" for step in sample.blueprint.rollout.steps
    ]


@every_workload
def test_traffic_is_moved_on_the_workloads_own_route(sample: Workload) -> None:
    (settings,) = canary(sample)["trafficRouting"]["plugins"].values()
    assert settings == {"httpRoute": sample.name, "namespace": sample.namespace}


@every_workload
def test_versions_are_told_apart_by_the_label_that_queries_select_by(sample: Workload) -> None:
    assert canary(sample)["stableMetadata"] == {"labels": {VARIANT_LABEL: "stable"}}
    assert canary(sample)["canaryMetadata"] == {"labels": {VARIANT_LABEL: "canary"}}


@every_workload
def test_the_canary_is_judged_from_its_first_traffic_on(sample: Workload) -> None:
    assert canary(sample)["analysis"] == {"templates": [{"templateName": sample.name}], "startingStep": 1}


@pytest.mark.parametrize(("percent", "shrinks"), [(None, True), (50, True), (99, True), (100, False)])
def test_the_old_version_shrinks_unless_there_is_room_for_both(percent: int | None, shrinks: bool) -> None:
    sample = workload(**{"rollout.max_surge_percent": percent})
    assert canary(sample)["dynamicStableScale"] is shrinks
    # Argo Rollouts refuses a delay beside a stable version that shrinks
    assert ("scaleDownDelaySeconds" in canary(sample)) is not shrinks


def test_a_version_without_traffic_stays_until_the_gateway_has_noticed() -> None:
    gradual, switched = workload(**{"rollout.max_surge_percent": 100}), workload(**BLUE_GREEN)
    assert canary(gradual)["scaleDownDelaySeconds"] > gradual.unseen_seconds
    assert canary(gradual)["abortScaleDownDelaySeconds"] > gradual.unseen_seconds
    assert spec(switched)["strategy"]["blueGreen"]["abortScaleDownDelaySeconds"] > switched.unseen_seconds


@every_workload
def test_a_replica_counts_as_good_only_after_a_while(sample: Workload) -> None:
    (server,) = spec(sample)["template"]["spec"]["containers"]
    assert spec(sample)["minReadySeconds"] >= server["readinessProbe"]["periodSeconds"]
    assert spec(sample)["progressDeadlineSeconds"] > spec(sample)["minReadySeconds"]


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_no_version_takes_over_on_silence(strategy: str) -> None:
    steps = [{"weight_percent": 50, "bake_seconds": 120}]
    sample = workload(**{"rollout.strategy": strategy, "rollout.steps": steps})
    for metric, stated in zip(metrics(sample), conditions(sample), strict=True):
        assert metric["inconclusiveLimit"] < 120 / stated.interval_seconds


def test_without_automatic_rollback_conditions_are_measured_and_decide_nothing() -> None:
    sample = workload(**{"rollout.automatic_rollback": False})
    assert canary(sample)["analysis"]["dryRun"] == [{"metricName": ".*"}]
    assert spec(sample)["progressDeadlineAbort"] is False


def test_a_slow_cold_start_on_a_new_node_is_no_stuck_rollout() -> None:
    slow = workload(**{"model.cold_start.load_seconds": 1_800})
    assert spec(slow)["progressDeadlineSeconds"] > NODE_START_SECONDS + slow.model.cold_start.total_seconds


def test_a_switch_at_once_is_watched_afterwards_while_the_old_version_stands() -> None:
    strategy = spec(workload(**BLUE_GREEN))["strategy"]["blueGreen"]
    assert strategy["activeService"] != strategy["previewService"]
    assert strategy["postPromotionAnalysis"]["templates"]
    for metric in metrics(workload(**BLUE_GREEN)):
        seconds = int(metric["interval"].removesuffix("s")) * metric["count"]
        assert seconds <= strategy["scaleDownDelaySeconds"] + int(metric["interval"].removesuffix("s"))


def test_a_switch_is_judged_by_users_traffic_and_a_canary_by_its_own() -> None:
    switched, gradual = metrics(workload(**BLUE_GREEN)), metrics(workload())
    assert all("backend/0" in metric["provider"]["prometheus"]["query"] for metric in switched)
    assert all("backend/1" in metric["provider"]["prometheus"]["query"] for metric in gradual)


@every_workload
def test_a_measurement_without_a_value_is_neither_good_nor_bad(sample: Workload) -> None:
    for metric in metrics(sample):
        for condition in ("successCondition", "failureCondition"):
            assert metric[condition].startswith("len(result) > 0 && !isNaN(result[0]) && ")


@every_workload
def test_good_and_bad_meet_at_the_stated_value(sample: Workload) -> None:
    for metric, stated in zip(metrics(sample), conditions(sample), strict=True):
        assert metric["successCondition"].endswith(f"<= {stated.max_value:g}")
        assert metric["failureCondition"].endswith(f"> {stated.max_value:g}")
        assert metric["failureLimit"] == stated.failure_limit
        assert metric["interval"] == f"{stated.interval_seconds}s"


def test_without_conditions_the_objectives_are_the_conditions() -> None:
    sample = workload(**{"rollout.analysis": [], "slo.availability_percent": 99.9, "slo.latency_ms": {"p95": 90}})
    assert {one.signal: one.max_value for one in conditions(sample)} == {
        Signal.ERROR_RATE: 0.1,
        Signal.LATENCY_P95: 90,
    }


def test_a_stand_in_is_judged_by_its_errors_alone() -> None:
    assert [one.signal for one in conditions(stand_in())] == [Signal.ERROR_RATE]
