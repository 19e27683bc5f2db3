"""Dashboards as data."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from serving.telemetry import dashboards, slo
from serving.telemetry.metrics import offered_signals
from tests.documents import SERVICES, blueprint


def panels(service: str, *asked: str) -> list[dict[str, Any]]:
    one = blueprint(service, **{"observability.dashboards": list(asked)})
    return list(dashboards.service_dashboard(one, "tenant-a")["panels"])


def overlap(one: dict[str, int], other: dict[str, int], width: str, height: str) -> bool:
    columns = one["x"] < other["x"] + other[width] and other["x"] < one["x"] + one[width]
    rows = one["y"] < other["y"] + other[height] and other["y"] < one["y"] + one[height]
    return columns and rows


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_dashboard_shows_every_objective_and_every_signal(service: str) -> None:
    one = blueprint(service)
    shown = panels(service, "service", "engine", "rollout")
    objectives, signals = len(slo.objectives(one, "tenant-a")), len(offered_signals(one))
    ladder = 1  # one panel for all its steps
    assert len(shown) == 1 + objectives + ladder + 2 * signals
    assert len({panel["id"] for panel in shown}) == len(shown)
    assert not any(overlap(a["gridPos"], b["gridPos"], "w", "h") for a, b in combinations(shown, 2))


@pytest.mark.parametrize("part", ["service", "engine", "rollout"])
def test_only_the_parts_that_the_blueprint_asks_for_are_drawn(part: str) -> None:
    assert 0 < len(panels("chat", part)) < len(panels("chat", "service", "engine", "rollout"))


def test_a_rollout_shows_both_versions_in_one_panel() -> None:
    for panel in panels("chat", "rollout"):
        assert [target["legendFormat"] for target in panel["targets"]] == ["stable", "canary"]


def test_the_edge_dashboard_draws_its_own_region_and_load_balancer() -> None:
    body = dashboards.edge_dashboard("eu-west-1", "app/lb/1", "targetgroup/gw/2", ("arn:alarm",))
    widgets = json.loads(json.dumps(body))["widgets"]
    assert not any(overlap(a, b, "width", "height") for a, b in combinations(widgets, 2))
    for widget in widgets:
        if widget["type"] == "metric":
            assert widget["properties"]["region"] == "eu-west-1"
            assert all("app/lb/1" in metric for metric in widget["properties"]["metrics"])
