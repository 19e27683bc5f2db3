"""Dashboards as data: one of a service (Grafana) and one of a region's edge (CloudWatch).

Owns their layout. Every query comes from `metrics` and `slo`; nothing here names a metric of an engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from serving.blueprint.ladder import rungs
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.observability import Dashboard
from serving.telemetry import slo
from serving.telemetry.degradation import attached
from serving.telemetry.metrics import Scope, Variant, offered_signals, query
from serving.telemetry.promql import duration, label_set, selector

_PANEL_WIDTH, _PANEL_HEIGHT, _GRID_WIDTH = 12, 8, 24  # Grafana's grid has 24 columns

# CloudWatch metrics of Application Load Balancers (docs/facts.md).
_EDGE_PANELS: tuple[tuple[str, str, str], ...] = (
    ("Requests", "RequestCount", "Sum"),
    ("Answers 5xx of the services", "HTTPCode_Target_5XX_Count", "Sum"),
    ("Answers 5xx of the load balancer", "HTTPCode_ELB_5XX_Count", "Sum"),
    ("Time to the answer, p95", "TargetResponseTime", "p95"),
)


def service_dashboard(blueprint: Blueprint, namespace: str) -> dict[str, Any]:
    """Grafana model of one service's dashboard, with the parts that its blueprint asks for."""
    asked = blueprint.observability.dashboards
    queries: list[tuple[str, str, list[tuple[str, str]]]] = []
    if Dashboard.SERVICE in asked:
        queries.extend(_objective_panels(blueprint, namespace))
        queries.extend(_ladder_panel(blueprint))
    if Dashboard.ENGINE in asked:
        queries.extend(_signal_panels(blueprint, namespace, (Variant.ALL,)))
    if Dashboard.ROLLOUT in asked:
        queries.extend(_signal_panels(blueprint, namespace, (Variant.STABLE, Variant.CANARY)))
    numbers = count(1)
    return {
        "title": f"{blueprint.name} ({blueprint.identity.tenant})",
        "uid": f"serving-{blueprint.name}",
        "tags": ["serving", blueprint.identity.tenant, blueprint.name],
        "schemaVersion": 39,
        "timezone": "utc",
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": [_panel(next(numbers), title, unit, targets) for title, unit, targets in queries],
    }


def edge_dashboard(
    region: str, load_balancer: str, target_group: str, alarm_arns: tuple[str, ...] = ()
) -> dict[str, Any]:
    """CloudWatch body of one region's edge.

    Args:
        region: Where the metrics are.
        load_balancer: ARN suffix of the load balancer.
        target_group: ARN suffix of the target group.
        alarm_arns: Alarms whose state is shown.
    """
    widgets = [
        _widget(index, region, title, [["AWS/ApplicationELB", metric, "LoadBalancer", load_balancer]], statistic)
        for index, (title, metric, statistic) in enumerate(_EDGE_PANELS)
    ]
    hosts = [
        ["AWS/ApplicationELB", metric, "TargetGroup", target_group, "LoadBalancer", load_balancer]
        for metric in ("HealthyHostCount", "UnHealthyHostCount")
    ]
    widgets.append(_widget(len(widgets), region, "Gateways behind the load balancer", hosts, "Minimum"))
    if alarm_arns:
        widgets.append(
            {
                "type": "alarm",
                **_place(len(widgets), 6),
                "properties": {"title": "Alarms", "alarms": list(alarm_arns)},
            }
        )
    return {"widgets": widgets}


def _objective_panels(blueprint: Blueprint, namespace: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    stated = slo.objectives(blueprint, namespace)
    service = label_set({"service": blueprint.name})
    yield "Error budget left", "percentunit", [(selector(slo.BUDGET_LEFT, service), "{{slo}}")]
    for objective in stated:
        labels = label_set({"service": blueprint.name, "slo": objective.name})
        windows = sorted({seconds for w in slo.BURN_WINDOWS for seconds in (w.long_seconds, w.short_seconds)})
        targets = [(selector(slo.ratio_name(s), labels), duration(s)) for s in windows]
        yield f"Bad requests: {objective.summary}", "percentunit", targets


def _ladder_panel(blueprint: Blueprint) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Which rungs of the degradation ladder are on."""
    ladder = rungs(blueprint)
    if ladder:
        targets = [(f"count ({attached(rung)}) or vector(0)", rung.action.value) for rung in ladder]
        yield "Steps of the degradation ladder that are on", "short", targets


def _signal_panels(
    blueprint: Blueprint, namespace: str, variants: tuple[Variant, ...]
) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    for signal in offered_signals(blueprint):
        targets = [
            (query(blueprint, signal, scope=Scope(namespace, blueprint.name, variant)), variant.value)
            for variant in variants
        ]
        kind = "stable and canary" if len(variants) > 1 else signal.unit
        yield f"{signal} ({kind})", "short", targets


def _panel(number: int, title: str, unit: str, targets: list[tuple[str, str]]) -> dict[str, Any]:
    columns = _GRID_WIDTH // _PANEL_WIDTH
    row, column = divmod(number - 1, columns)
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "gridPos": {
            "x": column * _PANEL_WIDTH,
            "y": row * _PANEL_HEIGHT,
            "w": _PANEL_WIDTH,
            "h": _PANEL_HEIGHT,
        },
        "targets": [
            {"refId": chr(ord("A") + index), "expr": expr, "legendFormat": legend}
            for index, (expr, legend) in enumerate(targets)
        ],
    }


def _widget(index: int, region: str, title: str, metrics: list[list[str]], statistic: str) -> dict[str, Any]:
    return {
        "type": "metric",
        **_place(index, 6),
        "properties": {
            "title": title,
            "region": region,
            "metrics": metrics,
            "stat": statistic,
            "period": 60,
            "view": "timeSeries",
        },
    }


def _place(index: int, height: int) -> dict[str, int]:
    """Two widgets a row on CloudWatch's grid of 24 columns."""
    row, column = divmod(index, 2)
    return {"x": column * 12, "y": row * height, "width": 12, "height": height}
