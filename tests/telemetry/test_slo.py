"""Objectives as Prometheus rules."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from serving.blueprint.ladder import rungs, switch_text
from serving.telemetry import slo
from tests.documents import SERVICES, blueprint

URL = "https://runbooks.example.com/"


def rules(service: str, kind: str, **changes: object) -> list[dict[str, Any]]:
    groups = slo.rule_groups(blueprint(service, **changes), "tenant-a", URL)["groups"]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


@pytest.mark.parametrize("service", SERVICES)
def test_every_objective_of_the_blueprint_is_recorded_and_alerted(service: str) -> None:
    one = blueprint(service)
    stated = {objective.name for objective in slo.objectives(one, "tenant-a")}
    expected = {"availability", *(f"latency-p{p}" for p in one.slo.latency_ms.by_percentile())}
    assert expected <= stated
    for name in stated:
        alerts = [r["alert"] for r in rules(service, "alert") if r["labels"].get("slo") == name]
        assert alerts == [*(f"ErrorBudget{w.name}" for w in slo.BURN_WINDOWS), "ObjectiveNotMeasured"]
        records = {r["record"] for r in rules(service, "record") if r["labels"]["slo"] == name}
        assert {slo.BAD, slo.TOTAL, slo.BUDGET_LEFT} <= records


@pytest.mark.parametrize("service", SERVICES)
def test_what_an_alert_compares_is_recorded_before_it_in_its_group(service: str) -> None:
    for group in slo.rule_groups(blueprint(service), "tenant-a")["groups"]:
        recorded: set[tuple[str, str]] = set()
        for rule in group["rules"]:
            if "record" in rule:
                recorded.add((rule["record"], rule["labels"]["slo"]))
            elif "slo" in rule["labels"]:
                used = re.findall(r'(service_slo:[a-z_:0-9]+)\{service="[^"]+",slo="([^"]+)"\}', rule["expr"])
                assert used
                assert set(used) <= recorded


def test_the_short_window_is_a_twelfth_of_the_long_one() -> None:
    for window in slo.BURN_WINDOWS:
        assert window.short_seconds * 12 == window.long_seconds


def test_a_burn_rate_spends_its_share_of_the_budget_in_its_long_window() -> None:
    (objective, *_) = slo.objectives(blueprint("chat", **{"slo.window_days": 30}), "tenant-a")
    for window in slo.BURN_WINDOWS:
        slo_seconds = 30 * 24 * slo.HOUR
        bad_share = slo.burn_threshold(objective, window, slo_seconds)
        spent = bad_share * window.long_seconds / (objective.budget * slo_seconds)
        assert spent == pytest.approx(window.budget_percent / 100, rel=1e-4)


@pytest.mark.parametrize("percent", [50.001, 90, 99, 99.99, 99.9999])
@pytest.mark.parametrize("window_days", [7, 28, 90])
def test_a_total_failure_always_pages_and_a_kept_promise_never_does(percent: float, window_days: int) -> None:
    one = blueprint("chat", **{"slo.availability_percent": percent, "slo.window_days": window_days})
    (objective, *_) = slo.objectives(one, "tenant-a")
    for window in slo.BURN_WINDOWS:
        threshold = slo.burn_threshold(objective, window, window_days * 24 * slo.HOUR)
        assert min(objective.budget, slo.LARGEST_THRESHOLD) <= threshold * (1 + 1e-5)
        assert threshold < 1


@pytest.mark.parametrize("service", SERVICES)
def test_every_alert_says_how_urgent_it_is_and_what_to_do(service: str) -> None:
    one = blueprint(service)
    levels = {str(severity.level): severity for severity in one.incidents.severities}
    for rule in rules(service, "alert"):
        severity = levels[rule["labels"]["level"]]
        assert rule["labels"]["severity"] == ("page" if severity.page else "ticket")
        assert rule["labels"]["service"] == service
        runbook = rule["annotations"]["runbook_url"].removeprefix(URL)
        assert runbook in one.incidents.runbooks.values()
        assert rule["annotations"]["summary"]


@pytest.mark.parametrize("base", ["https://runbooks.example.com", "https://runbooks.example.com/"])
def test_a_runbook_link_does_not_depend_on_a_closing_slash(base: str) -> None:
    groups = slo.rule_groups(blueprint("chat"), "tenant-a", base)["groups"]
    links = {r["annotations"]["runbook_url"] for g in groups for r in g["rules"] if "alert" in r}
    assert links
    assert all(link.startswith(f"{URL}docs/") for link in links)


def test_only_fast_burns_wake_somebody() -> None:
    for rule in rules("chat", "alert"):
        window = next((w for w in slo.BURN_WINDOWS if rule["alert"] == f"ErrorBudget{w.name}"), None)
        assert (rule["labels"]["severity"] == "page") == (window is not None and window.page)


def test_without_a_paging_severity_nobody_is_woken() -> None:
    ticket = {"level": 3, "meaning": "slow", "respond_within_minutes": 480, "page": False}
    alerts = rules("chat", "alert", **{"incidents.severities": [ticket]})
    assert {rule["labels"]["severity"] for rule in alerts} == {"ticket"}


def test_a_first_token_bound_between_two_buckets_is_interpolated() -> None:
    changes = {"slo.time_to_first_token_ms": {"p95": 875}}  # half way between the buckets of 0.75 and 1 second
    (objective,) = [o for o in slo.objectives(blueprint("chat", **changes), "tenant-a") if o.name == "first-token-p95"]
    weights = re.findall(r"([0-9.]+) \* sum .*?le=~?\"([^\"]+)\"", objective.bad)
    assert weights == [("0.5", r"1(\\.0)?"), ("0.5", "0.75")]


def test_every_step_of_the_ladder_has_an_alert_with_its_condition() -> None:
    condition = {"signal": "queue-depth", "above": 7, "for_seconds": 120}
    step = {
        "action": "shed-low-priority",
        "when": condition,
        "until": {"signal": "queue-depth", "below": 2},
    }
    alerts = [r for r in rules("fraud-score", "alert", **{"degradation.ladder": [step]}) if "action" in r["labels"]]
    assert [rule["alert"] for rule in alerts] == ["DegradationStepDue", "DegradationStepOn", "DegradationStepLasts"]
    assert {rule["labels"]["action"] for rule in alerts} == {"shed-low-priority"}
    assert alerts[0]["expr"].endswith(" > 7")
    assert alerts[0]["for"] == "2m"


@pytest.mark.parametrize("service", SERVICES)
def test_whoever_is_told_of_a_rung_is_told_the_command_that_switches_it(service: str) -> None:
    for rung in rungs(blueprint(service)):
        told = [r["annotations"] for r in rules(service, "alert") if r["labels"].get("action") == rung.action.value]
        assert len(told) == 3
        for one in told:
            assert one["switch_on"] == switch_text(rung, on=True)
            assert one["switch_off"] == switch_text(rung, on=False)


def test_what_the_smaller_model_answers_counts_for_the_service() -> None:
    objectives = {one.name: one for one in slo.objectives(blueprint("chat"), "assistants")}
    assert "(assistants/chat|assistants/chat-smaller-model)/rule/" in objectives["availability"].total


@pytest.mark.parametrize("service", SERVICES)
def test_the_rule_file_survives_yaml_without_aliases(service: str) -> None:
    groups = slo.rule_groups(blueprint(service), "tenant-a", URL)
    text = slo.to_yaml(groups)
    assert yaml.safe_load(text) == groups
    assert "&id" not in text
    names = [group["name"] for group in groups["groups"]]
    assert len(names) == len(set(names))
