"""Objectives as Prometheus rules: what is recorded of each, and when somebody is called.

Owns the burn-rate windows and the rendering of a blueprint's objectives into one rule file (a plain dict, or
YAML). Where the rules run is the business of `components`; who answers an alert stands in the blueprint.

Words: the *SLI* is the share of bad requests, an *objective* bounds it over the SLO's window, the *error
budget* is what may be bad, the *burn rate* is how many times faster than allowed it is being spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from serving.blueprint import ladder
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.incidents import FailureMode, Severity
from serving.blueprint.schema.signals import Signal
from serving.telemetry import degradation, gateway
from serving.telemetry.engines import Series, contract_of
from serving.telemetry.metrics import Scope
from serving.telemetry.promql import bucket_bound, duration, label_set, rate, selector

HOUR = 3_600

LONGEST_DEGRADATION_SECONDS = HOUR
"""A rung that has been on for so long is no passing trouble: somebody decides, or has forgotten it."""


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """When a share of the budget spent in a long window, and still being spent in a short one, is an alert.

    Attributes:
        name: Part of the alert's name.
        budget_percent: Share of the error budget that the long window may spend.
        long_seconds: The window that proves that it matters.
        short_seconds: The window that proves that it still goes on, one twelfth of the long one.
        page: Whether somebody is woken; a ticket otherwise.
    """

    name: str
    budget_percent: float
    long_seconds: int
    short_seconds: int
    page: bool


# Google, "The Site Reliability Workbook", chapter 5, "Multiwindow, multi-burn-rate alerts" (table of
# recommended parameters), read 2026-11: 2 % in 1 h, 5 % in 6 h, 10 % in 3 d.
BURN_WINDOWS: tuple[BurnWindow, ...] = (
    BurnWindow("FastBurn", 2, 1 * HOUR, 300, page=True),
    BurnWindow("SteadyBurn", 5, 6 * HOUR, 1_800, page=True),
    BurnWindow("SlowBurn", 10, 72 * HOUR, 6 * HOUR, page=False),
)

# With a large budget (a p50 objective has 50 %) the computed threshold can exceed 100 % of the requests; a
# total failure must page all the same.
LARGEST_THRESHOLD = 0.9

BASE_WINDOW_SECONDS = 300
BAD = "service_slo:bad:rate5m"
TOTAL = "service_slo:total:rate5m"
RATIO = "service_slo:bad_ratio:rate"
BUDGET_LEFT = "service_slo:error_budget_left:ratio"

_TOKENS_PERCENTILE = 95  # slo.min_tokens_per_second: what 95 % of the requests get


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of a service.

    Attributes:
        name: Short name, unique in the service.
        summary: What is promised, for people.
        target: Share of requests that must be good, 0 to 1.
        bad: PromQL of bad requests a second.
        total: PromQL of all requests a second.
        failure_mode: Whose runbook is followed.
    """

    name: str
    summary: str
    target: float
    bad: str
    total: str
    failure_mode: FailureMode

    @property
    def budget(self) -> float:
        """Share of requests that may be bad, 0 to 1."""
        return round(1 - self.target, 10)


def objectives(blueprint: Blueprint, namespace: str) -> tuple[Objective, ...]:
    """Every objective that the blueprint states."""
    # an answer of the smaller model is an answer of the service
    scope = Scope(
        namespace,
        blueprint.name,
        window_seconds=BASE_WINDOW_SECONDS,
        further_routes=degradation.stood_in_routes(blueprint),
    )
    return (
        _availability(blueprint, scope),
        *_latencies(blueprint, scope),
        *_first_tokens(blueprint, scope),
        *_token_rate(blueprint, scope),
    )


def burn_threshold(objective: Objective, window: BurnWindow, slo_seconds: int) -> float:
    """Share of bad requests above which the window alerts.

    A burn rate below one spends less than the budget; alerting on it would alert on keeping the promise.
    """
    burn_rate = max(1.0, window.budget_percent / 100 * slo_seconds / window.long_seconds)
    return float(f"{min(burn_rate * objective.budget, LARGEST_THRESHOLD):.6g}")


def rule_groups(blueprint: Blueprint, namespace: str, runbook_base_url: str = "") -> dict[str, Any]:
    """The rule file of one service.

    Args:
        blueprint: The service.
        namespace: Its Kubernetes namespace.
        runbook_base_url: Where the repository's files can be read; the runbook paths are taken as they are by
            default.
    """
    runbooks = runbook_link(runbook_base_url, "")
    stated = objectives(blueprint, namespace)
    groups = [_group(blueprint, o.name, 60, _objective_rules(blueprint, o, runbooks)) for o in stated]
    groups.append(_group(blueprint, "error-budget", 300, (_budget_left(blueprint, o) for o in stated)))
    if blueprint.degradation.ladder:
        groups.append(_group(blueprint, "degradation", 60, _ladder(blueprint, runbooks)))
    return {"groups": groups}


def runbook_link(base_url: str, path: str) -> str:
    """Where a runbook can be read; its path alone where nobody says what stands before it."""
    return f"{base_url.rstrip('/')}/{path}" if base_url else path


def to_yaml(groups: Mapping[str, Any]) -> str:
    """A rule file as text, in stable order, without YAML aliases (not every reader of rules knows them)."""
    return yaml.dump(groups, Dumper=_PlainDumper, sort_keys=False, width=1_000, allow_unicode=True)


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _availability(blueprint: Blueprint, scope: Scope) -> Objective:
    clusters = scope.clusters(blueprint)
    return Objective(
        name="availability",
        summary=f"{blueprint.slo.availability_percent:g} % of requests succeed",
        target=blueprint.slo.availability_percent / 100,
        bad=gateway.failure_rate(blueprint, clusters, scope.window),
        total=gateway.request_rate(clusters, scope.window),
        failure_mode=FailureMode.INFRASTRUCTURE_OUTAGE,
    )


def _latencies(blueprint: Blueprint, scope: Scope) -> Iterator[Objective]:
    clusters, window = scope.clusters(blueprint), scope.window
    for percentile, bound_ms in blueprint.slo.latency_ms.by_percentile().items():
        total = rate(f"{gateway.LATENCY_MS}_count", clusters, window)
        # the gateway has a bucket at every objective: gateway.bootstrap_patch
        good = rate(f"{gateway.LATENCY_MS}_bucket", (*clusters, bucket_bound(bound_ms)), window)
        yield Objective(
            name=f"latency-p{percentile}",
            summary=f"{percentile} % of requests take at most {bound_ms} ms",
            target=percentile / 100,
            bad=f"{total} - {good}",
            total=total,
            failure_mode=FailureMode.INFRASTRUCTURE_OUTAGE,
        )


def _first_tokens(blueprint: Blueprint, scope: Scope) -> Iterator[Objective]:
    contract, stated = contract_of(blueprint.model), blueprint.slo.time_to_first_token_ms
    if stated is None or contract is None:
        return
    series = contract.signals[Signal.TIME_TO_FIRST_TOKEN_P95]
    for percentile, bound_ms in stated.by_percentile().items():
        total = rate(f"{series.metric}_count", scope.pods, scope.window)
        yield Objective(
            name=f"first-token-p{percentile}",
            summary=f"{percentile} % of requests have their first token within {bound_ms} ms",
            target=percentile / 100,
            bad=f"{total} - ({_at_most(series, bound_ms / series.scale, scope)})",
            total=total,
            failure_mode=FailureMode.INFRASTRUCTURE_OUTAGE,
        )


def _token_rate(blueprint: Blueprint, scope: Scope) -> Iterator[Objective]:
    contract, stated = contract_of(blueprint.model), blueprint.slo.min_tokens_per_second
    if stated is None or contract is None or contract.output_token_seconds is None:
        return
    series = contract.output_token_seconds
    total = rate(f"{series.metric}_count", scope.pods, scope.window)
    yield Objective(
        name="token-rate",
        summary=f"{_TOKENS_PERCENTILE} % of requests get at least {stated:g} tokens a second",
        target=_TOKENS_PERCENTILE / 100,
        bad=f"{total} - ({_at_most(series, 1 / stated, scope)})",
        total=total,
        failure_mode=FailureMode.INFRASTRUCTURE_OUTAGE,
    )


def _at_most(series: Series, bound: float, scope: Scope) -> str:
    """Observations a second up to a bound, interpolated between the engine's fixed buckets.

    The same assumption that `histogram_quantile` makes: values are spread evenly inside a bucket.
    """

    def up_to(upper: float) -> str:
        return rate(f"{series.metric}_bucket", (*scope.pods, bucket_bound(upper)), scope.window)

    if bound in series.bounds:
        return up_to(bound)
    for low, high in pairwise((0.0, *series.bounds)):
        if low < bound < high:
            share = round((bound - low) / (high - low), 6)
            return f"{share:g} * {up_to(high)}" + (f" + {1 - share:g} * {up_to(low)}" if low else "")
    return up_to(series.bounds[-1])


def _labels(blueprint: Blueprint, objective: Objective) -> dict[str, str]:
    return {"service": blueprint.name, "tenant": blueprint.identity.tenant, "slo": objective.name}


def _recorded(record: str, blueprint: Blueprint, objective: Objective) -> str:
    return selector(record, label_set({"service": blueprint.name, "slo": objective.name}))


def ratio_name(seconds: int) -> str:
    """Name of the recorded share of bad requests over a window."""
    return f"{RATIO}{duration(seconds)}"


def _recording(blueprint: Blueprint, objective: Objective) -> Iterator[dict[str, Any]]:
    """Bad and total rates, and their ratio over every window of the burn alerts.

    Longer windows are sums of the recorded five-minute rates: weighted by traffic, and cheap to evaluate.
    """
    labels = _labels(blueprint, objective)
    yield {"record": BAD, "expr": objective.bad, "labels": labels}
    yield {"record": TOTAL, "expr": objective.total, "labels": labels}
    for seconds in sorted({s for w in BURN_WINDOWS for s in (w.long_seconds, w.short_seconds)}):
        yield {"record": ratio_name(seconds), "expr": _ratio(blueprint, objective, seconds), "labels": labels}


def _ratio(blueprint: Blueprint, objective: Objective, seconds: int) -> str:
    window = duration(seconds)
    bad = f"sum_over_time({_recorded(BAD, blueprint, objective)}[{window}])"
    total = f"sum_over_time({_recorded(TOTAL, blueprint, objective)}[{window}])"
    return f"{bad} / ({total} > 0)"


def _budget_left(blueprint: Blueprint, objective: Objective) -> dict[str, Any]:
    ratio = _ratio(blueprint, objective, blueprint.slo.window_days * 24 * HOUR)
    return {
        "record": BUDGET_LEFT,
        "expr": f"1 - ({ratio}) / {objective.budget:g}",
        "labels": _labels(blueprint, objective),
    }


def _objective_rules(blueprint: Blueprint, objective: Objective, runbooks: str) -> Iterator[dict[str, Any]]:
    """All rules of one objective; a group is evaluated in order, so what is recorded is there for its alerts."""
    yield from _recording(blueprint, objective)
    yield from _alerts(blueprint, objective, runbooks)


def _alerts(blueprint: Blueprint, objective: Objective, runbooks: str) -> Iterator[dict[str, Any]]:
    slo_seconds = blueprint.slo.window_days * 24 * HOUR
    for window in BURN_WINDOWS:
        threshold = burn_threshold(objective, window, slo_seconds)
        long, short = (
            _recorded(ratio_name(seconds), blueprint, objective)
            for seconds in (window.long_seconds, window.short_seconds)
        )
        summary = f"{blueprint.name}: {objective.name} burns its error budget ({duration(window.long_seconds)})"
        yield {
            "alert": f"ErrorBudget{window.name}",
            "expr": f"{long} > {threshold:g} and {short} > {threshold:g}",
            "labels": _labels(blueprint, objective) | _severity_labels(blueprint, page=window.page),
            "annotations": _annotations(blueprint, objective.failure_mode, summary, objective.summary, runbooks),
        }
    yield {
        "alert": "ObjectiveNotMeasured",
        "expr": f"absent({_recorded(BAD, blueprint, objective)})",
        # three missed evaluations of the recording rule and a scrape gap are no finding yet
        "for": "15m",
        "labels": _labels(blueprint, objective) | _severity_labels(blueprint, page=False),
        "annotations": _annotations(
            blueprint,
            FailureMode.NETWORK_OUTAGE,
            f"{blueprint.name}: {objective.name} is not being measured",
            "no metrics arrive: neither this objective nor a fault can be seen",
            runbooks,
        ),
    }


def _ladder(blueprint: Blueprint, runbooks: str) -> Iterator[dict[str, Any]]:
    """Alerts of each rung of the degradation ladder: it is due, it is on, it has been on for too long."""
    for rung in ladder.rungs(blueprint):
        condition = degradation.comparison(rung.step.when)
        due = f"({degradation.signal_query(blueprint, rung)}) {condition}"
        held = f"{rung.step.when.signal} {condition} {rung.step.when.signal.unit}"
        is_on = f"max ({degradation.attached(rung)})"
        yield _rung_alert(blueprint, rung, "Due", due, rung.step.when.for_seconds, held, runbooks)
        yield _rung_alert(blueprint, rung, "On", is_on, 0, "consumers get a worse answer than was promised", runbooks)
        forgotten = "neither its condition nor a person has ended it; whose turn is it?"
        yield _rung_alert(blueprint, rung, "Lasts", is_on, LONGEST_DEGRADATION_SECONDS, forgotten, runbooks)


def _rung_alert(
    blueprint: Blueprint, rung: ladder.Rung, what: str, expr: str, for_seconds: int, description: str, runbooks: str
) -> dict[str, Any]:
    return {
        "alert": f"DegradationStep{what}",
        "expr": expr,
        **({"for": duration(for_seconds)} if for_seconds else {}),
        "labels": {
            "service": blueprint.name,
            "tenant": blueprint.identity.tenant,
            "step": str(rung.number),
            "action": rung.action.value,
        }
        | _severity_labels(blueprint, page=False),
        "annotations": _annotations(
            blueprint,
            FailureMode.INFRASTRUCTURE_OUTAGE,
            f"{blueprint.name}: step {rung.number} of the degradation ladder ({rung.action}): {what.lower()}",
            description,
            runbooks,
        )
        | {"switch_on": ladder.switch_text(rung, on=True), "switch_off": ladder.switch_text(rung, on=False)},
    }


def _severity(blueprint: Blueprint, *, page: bool) -> Severity:
    """The mildest severity of that kind; the worst are for incidents that a person declares."""
    stated = sorted(blueprint.incidents.severities, key=lambda severity: severity.level)
    return next((s for s in reversed(stated) if s.page == page), stated[-1] if not page else stated[0])


def _severity_labels(blueprint: Blueprint, *, page: bool) -> dict[str, str]:
    severity = _severity(blueprint, page=page)
    return {
        "severity": "page" if severity.page else "ticket",
        "level": str(severity.level),
        "team": blueprint.identity.owner,
        "tier": str(blueprint.identity.tier.value),
    }


def _annotations(
    blueprint: Blueprint, mode: FailureMode, summary: str, description: str, runbooks: str
) -> dict[str, str]:
    return {
        "summary": summary,
        "description": description,
        "runbook_url": f"{runbooks}{blueprint.incidents.runbooks[mode]}",
    }


def _group(blueprint: Blueprint, suffix: str, interval_seconds: int, rules: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": f"{blueprint.name}-{suffix}",
        "interval": duration(interval_seconds),
        "rules": list(rules),
    }
