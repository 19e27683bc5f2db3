from __future__ import annotations

from typing import Any

import pytest

from components.autoscaler import scaled_object
from components.workload import Workload
from serving.planning.capacity import NODE_START_SECONDS
from tests.components.serving_samples import NAMES, PROMETHEUS, SLEEPING, WORKLOADS, stand_in, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)


def spec(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = scaled_object(sample, PROMETHEUS)["spec"]
    return found


def triggers(sample: Workload, kind: str) -> list[dict[str, Any]]:
    return [trigger for trigger in spec(sample)["triggers"] if trigger["type"] == kind]


@every_workload
def test_bounds_are_the_workloads(sample: Workload) -> None:
    assert spec(sample)["minReplicaCount"] == sample.min_replicas
    assert spec(sample)["maxReplicaCount"] == sample.max_replicas
    assert spec(sample)["scaleTargetRef"]["name"] == sample.name


@every_workload
def test_missing_metrics_are_failures_and_hold_the_stated_count_or_more(sample: Workload) -> None:
    assert all(one["metadata"]["ignoreNullValues"] == "false" for one in triggers(sample, "prometheus"))
    fallback = spec(sample)["fallback"]
    assert fallback["behavior"] == "currentReplicasIfHigher"
    assert 1 <= fallback["replicas"] <= sample.max_replicas


def test_any_request_wakes_a_service_that_sleeps() -> None:
    sample = workload("embedding", **SLEEPING)
    assert spec(sample)["minReplicaCount"] == 0
    for trigger in triggers(sample, "prometheus"):
        assert trigger["metadata"]["activationThreshold"] == "0"
        assert "envoy_cluster_" in trigger["metadata"]["query"]  # what no replica has to be there for


def test_a_new_service_sleeps_only_after_its_first_replica_could_start() -> None:
    sample = workload("embedding", **SLEEPING)
    assert spec(sample)["initialCooldownPeriod"] > NODE_START_SECONDS + sample.model.cold_start.total_seconds
    assert "initialCooldownPeriod" not in spec(workload("embedding"))


@every_workload
def test_each_trigger_has_a_name_of_its_own(sample: Workload) -> None:
    names = [trigger["name"] for trigger in spec(sample)["triggers"]]
    assert len(set(names)) == len(names)


@every_workload
def test_a_count_of_any_size_can_move_by_at_least_one(sample: Workload) -> None:
    for direction in spec(sample)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"].values():
        assert direction["selectPolicy"] == "Max"
        assert {"type": "Pods", "value": 1, "periodSeconds": 60} in direction["policies"]


def test_no_window_is_longer_than_the_api_accepts() -> None:
    sample = workload(**{"scaling.scale_down": {"stabilization_seconds": 7_200}})
    behavior = spec(sample)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 3_600


def test_prewarmed_replicas_come_on_top_of_what_the_load_asks_for() -> None:
    plain = workload("chat", **{"scaling.prewarmed_replicas": 0})
    warm = workload("chat", **{"scaling.prewarmed_replicas": 2})
    for before, after in zip(triggers(plain, "prometheus"), triggers(warm, "prometheus"), strict=True):
        target = float(before["metadata"]["threshold"])
        assert after["metadata"]["query"].endswith(f" + {2 * target:g}")
        assert before["metadata"]["query"] in after["metadata"]["query"]
        assert after["metricType"] == "AverageValue"


def test_a_known_peak_stands_ready_between_its_times() -> None:
    (peak,) = workload("chat").blueprint.scaling.schedule
    (trigger,) = triggers(workload("chat"), "cron")
    assert trigger["metadata"] == {
        "timezone": peak.timezone,
        "start": peak.start,
        "end": peak.end,
        "desiredReplicas": str(peak.replicas),
    }


def test_a_stand_in_has_its_own_bounds_and_neither_peaks_nor_prewarmed_replicas() -> None:
    sample = stand_in()
    fallback = sample.blueprint.degradation.fallback
    assert fallback is not None
    assert spec(sample)["maxReplicaCount"] == fallback.max_replicas
    assert triggers(sample, "cron") == []
    assert not any(" + " in one["metadata"]["query"] for one in triggers(sample, "prometheus"))
