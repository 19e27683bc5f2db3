"""When rungs are due, over and on; judged by Prometheus itself where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.blueprint.ladder import SWITCHED_BY, Rung, rung_of, rungs
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.degradation import Action
from serving.telemetry import degradation
from serving.telemetry.dashboards import service_dashboard
from serving.telemetry.degradation import ROUTE_ATTACHED, due, over, route_state, stood_in_routes
from serving.telemetry.metrics import SERVER_CONTAINER
from tests.documents import SERVICES, blueprint

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on PATH (Debian package prometheus)")

WAITING = 'vllm:num_requests_waiting{namespace="assistants",app_kubernetes_io_name="chat",pod="p"}'
UP = f'up{{namespace="assistants",app_kubernetes_io_name="chat",pod="p",container="{SERVER_CONTAINER}"}}'


def shedding(service: str = "chat") -> tuple[Blueprint, Rung]:
    one = blueprint(service)
    rung = rung_of(one, Action.SHED_LOW_PRIORITY)
    assert rung is not None
    return one, rung


def attached(by: str) -> str:
    labels = f'route_namespace="assistants",route="chat-shed-low-priority",switched_by="{by}"'
    return f"{ROUTE_ATTACHED}{{{labels}}}"


def judged(tmp_path: Path, series: dict[str, str], expected: dict[str, dict[str, bool]]) -> None:
    """Let promtool evaluate expressions at points in time: expression -> time -> whether it has the value one."""
    assert PROMTOOL is not None
    tests = [
        {"expr": expr, "eval_time": time, "exp_samples": [{"labels": "{}", "value": 1}] if holds else []}
        for expr, times in expected.items()
        for time, holds in times.items()
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    document: dict[str, Any] = {
        "evaluation_interval": "15s",
        "tests": [{"interval": "15s", "input_series": inputs, "promql_expr_test": tests}],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
    run = subprocess.run(
        [PROMTOOL, "test", "rules", str(tmp_path / "test.yaml")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@needs_promtool
def test_a_rung_is_due_once_its_condition_has_held_for_its_time(tmp_path: Path) -> None:
    one, rung = shedding()  # above 12 for 60 seconds; the signal is a mean over a minute
    series = {WAITING: "0x39 30x40", UP: "1x80"}
    judged(tmp_path, series, {due(one, rung): {"9m": False, "10m30s": False, "12m": True}})


@needs_promtool
def test_a_short_spike_makes_nothing_due(tmp_path: Path) -> None:
    one, rung = shedding()
    series = {WAITING: "0x39 30x2 0x40", UP: "1x80"}
    times = [f"{minute}m{second}s" for minute in range(10, 15) for second in (0, 15, 30, 45)]
    judged(tmp_path, series, {due(one, rung): dict.fromkeys(times, False)})


@needs_promtool
def test_a_rung_that_is_on_is_not_due_again(tmp_path: Path) -> None:
    one, rung = shedding()
    series = {WAITING: "30x80", UP: "1x80", attached("condition"): "_x39 1x40"}
    judged(tmp_path, series, {due(one, rung): {"9m": True, "11m": False}})


@needs_promtool
@pytest.mark.parametrize(("by", "ends"), [("condition", True), ("person", False)])
def test_a_condition_ends_what_a_condition_began_and_nothing_that_a_person_did(
    by: str, *, ends: bool, tmp_path: Path
) -> None:
    one, rung = shedding()  # until: below 4 for 180 seconds
    series = {WAITING: "30x39 1x60", UP: "1x100", attached(by): "1x100"}
    judged(tmp_path, series, {over(one, rung): {"9m": False, "12m": False, "15m": ends}})


@needs_promtool
def test_nothing_is_ended_that_is_not_on(tmp_path: Path) -> None:
    one, rung = shedding()
    judged(tmp_path, {WAITING: "0x80", UP: "1x80"}, {over(one, rung): {"15m": False}})


@needs_promtool
def test_a_signal_whose_source_is_gone_neither_starts_nor_ends_anything(tmp_path: Path) -> None:
    one, rung = shedding()
    series = {WAITING: "0x10 _x80", UP: "1x10 _x80", attached("condition"): "1x90"}
    judged(tmp_path, series, {over(one, rung): {"20m": False}, due(one, rung): {"20m": False}})


@needs_promtool
def test_a_rung_that_takes_all_traffic_away_is_tried_without_after_its_time(tmp_path: Path) -> None:
    one = blueprint("chat")
    rung = rung_of(one, Action.STATIC_ANSWER)
    assert rung is not None
    cluster = 'envoy_cluster_name="httproute/assistants/chat/rule/0/backend/0"'
    on = attached("condition").replace("shed-low-priority", "static-answer")
    series = {f"envoy_cluster_upstream_rq_total{{{cluster}}}": "100x100", on: "1x100"}
    judged(tmp_path, series, {over(one, rung): {"20m": True}, due(one, rung): {"20m": False}})


@pytest.mark.parametrize("service", SERVICES)
def test_a_condition_is_never_looked_at_more_often_than_metrics_are_scraped(service: str) -> None:
    one = blueprint(service)
    for rung in rungs(one):
        for seconds in (1, 15, 60, 61, 3_600, 86_400):
            condition = rung.step.when.model_copy(update={"for_seconds": seconds})
            longer = Rung(rung.service, rung.tenant, rung.number, rung.step.model_copy(update={"when": condition}))
            window, step = due(one, longer).rpartition("[")[2].partition("]")[0].split(":")
            assert in_seconds(window) >= seconds
            assert in_seconds(step) >= degradation.POLLING_SECONDS
            assert in_seconds(window) / in_seconds(step) <= 20


def in_seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3_600, "d": 86_400}[duration[-1]]


def test_a_rung_beyond_the_smaller_model_is_judged_with_what_that_one_answers() -> None:
    one = blueprint("chat")
    smaller, static = (rung_of(one, action) for action in (Action.SMALLER_MODEL, Action.STATIC_ANSWER))
    assert smaller is not None
    assert static is not None
    assert "assistants/chat-smaller-model" in due(one, static)
    assert "chat-smaller-model/rule" not in due(one, smaller)
    assert stood_in_routes(one) == ("assistants/chat-smaller-model",)
    assert stood_in_routes(blueprint("embedding")) == ()


def test_what_is_asked_for_is_what_kube_state_metrics_is_told_to_read() -> None:
    (resource,) = route_state()["spec"]["resources"]
    (metric,) = resource["metrics"]
    assert f"{resource['metricNamePrefix']}_{metric['name']}" == ROUTE_ATTACHED
    assert set(resource["labelsFromPath"]) == {"route_namespace", "route", "switched_by"}
    assert resource["labelsFromPath"]["switched_by"][-1] == SWITCHED_BY
    assert metric["each"]["info"]["path"] == ["spec", "parentRefs"]


def test_the_dashboard_of_a_service_shows_which_rungs_are_on() -> None:
    shown = [target["expr"] for panel in service_dashboard(blueprint("chat"), "assistants")["panels"]
             for target in panel["targets"]]  # fmt: skip
    for rung in rungs(blueprint("chat")):
        assert any(degradation.attached(rung) in expr for expr in shown)
