"""How a new version of a workload takes over, and what sends it back.

Owns the Rollout, its strategy and the AnalysisTemplate by which the rollout controller judges the new version.
Which metric carries a signal is the business of `serving.telemetry.metrics`.
"""

from math import ceil
from typing import Any, Final

from components.manifest import Manifest
from components.workload import Workload
from serving.blueprint.crosschecks import tightest_latency
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Protocol
from serving.blueprint.schema.rollout import DEFAULT_STEPS, AnalysisMetric, Strategy
from serving.blueprint.schema.signals import Signal
from serving.planning.capacity import NODE_START_SECONDS
from serving.telemetry.gateway import Variant
from serving.telemetry.metrics import SCRAPE_SECONDS, VARIANT_LABEL, Scope, query, source_of

GATEWAY_PLUGIN: Final = "argoproj-labs/gatewayAPI"
"""Name of the rollout controller's traffic router for Gateway API routes, as it is registered there."""

_SIGNALS: Final = {
    "slo.latency_ms.p50": Signal.LATENCY_P50,
    "slo.latency_ms.p95": Signal.LATENCY_P95,
    "slo.latency_ms.p99": Signal.LATENCY_P99,
    "slo.time_to_first_token_ms.p95": Signal.TIME_TO_FIRST_TOKEN_P95,
}
"""Key of an objective -> the signal that measures it, where there is one."""

_WINDOW_SECONDS: Final = 8 * SCRAPE_SECONDS
"""Short enough that a bad version is seen within a step, long enough for several scrapes."""

_FORGIVEN_SILENCE: Final = 4
"""Measurements without a value (no traffic) before a person must look: silence is no proof of quality."""

_FORGIVEN_ERRORS: Final = 4
"""Questions in a row that Prometheus may leave unanswered; what nobody can judge is sent back."""

_MIN_READY_SECONDS: Final = 10
"""Two answers of the readiness probe. Traffic moves to available replicas only, so that the gateway knows them too."""

_NOTICED: Final = 2
"""A version without traffic stays for twice the time in which the gateway notices."""

_PROGRESS_SLACK: Final = 3
"""A rollout is stuck when a replica needs a new node and three times its measured cold start."""
_LEAST_PROGRESS_SECONDS: Final = 600


def rollout(workload: Workload, pod_template: dict[str, Any]) -> Manifest:
    """The Rollout. It states no replica count: that is the autoscaler's."""
    settings = workload.blueprint.rollout
    start_seconds = NODE_START_SECONDS + _PROGRESS_SLACK * workload.model.cold_start.total_seconds
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": workload.release_metadata,
        "spec": {
            "revisionHistoryLimit": 5,
            "rollbackWindow": {"revisions": 3},  # back to a version that was good needs no second judgment
            # a port that opens is no server yet: what fails in its first seconds never counted as good
            "minReadySeconds": _MIN_READY_SECONDS,
            "progressDeadlineSeconds": max(_LEAST_PROGRESS_SECONDS, start_seconds),
            "progressDeadlineAbort": settings.automatic_rollback,
            "selector": {"matchLabels": workload.selector},
            "template": pod_template,
            "strategy": _strategy(workload),
        },
    }


def analysis_template(workload: Workload, prometheus_url: str) -> Manifest:
    """What the new version must keep to, measured again and again while it takes over."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": workload.metadata(),
        "spec": {"metrics": [_metric(workload, metric, prometheus_url) for metric in conditions(workload)]},
    }


def conditions(workload: Workload) -> tuple[AnalysisMetric, ...]:
    """The stated conditions, or the SLO's: its error rate and its tightest latency.

    A stand-in model is judged by its errors alone: the objectives are not about it.
    """
    if workload.stands_in:
        return (_error_rate(workload.blueprint),)
    return workload.blueprint.rollout.analysis or _default_conditions(workload.blueprint)


def _default_conditions(blueprint: Blueprint) -> tuple[AnalysisMetric, ...]:
    objective_ms, key = tightest_latency(blueprint.contract, blueprint.slo)
    signal = _SIGNALS.get(key)
    error_rate = _error_rate(blueprint)
    if signal is None or source_of(blueprint, signal) is None:
        return (error_rate,)
    return error_rate, AnalysisMetric(signal=signal, max_value=objective_ms)


def _error_rate(blueprint: Blueprint) -> AnalysisMetric:
    percent = round(100 * blueprint.slo.error_budget_ratio, 6)
    return AnalysisMetric(signal=Signal.ERROR_RATE, max_value=percent)


def _metric(workload: Workload, metric: AnalysisMetric, prometheus_url: str) -> dict[str, Any]:
    variant = Variant.STABLE if _all_at_once(workload) else Variant.CANARY
    scope = Scope(workload.namespace, workload.name, variant, _WINDOW_SECONDS)
    measured = "len(result) > 0 && !isNaN(result[0])"
    interval = f"{metric.interval_seconds}s"
    return {
        "name": metric.signal.value,
        "initialDelay": interval,
        "interval": interval,
        # a canary is measured for as long as it takes; after a switch the time must end
        **({"count": _measurements(workload, metric)} if _all_at_once(workload) else {}),
        "successCondition": f"{measured} && result[0] <= {metric.max_value:g}",
        "failureCondition": f"{measured} && result[0] > {metric.max_value:g}",
        "failureLimit": metric.failure_limit,
        "inconclusiveLimit": min(_FORGIVEN_SILENCE, _measurements(workload, metric) - 1),
        "consecutiveErrorLimit": _FORGIVEN_ERRORS,
        "provider": {
            "prometheus": {
                "address": prometheus_url,
                "query": query(workload.blueprint, metric.signal, scope=scope, model=workload.model),
            }
        },
    }


def _measurements(workload: Workload, metric: AnalysisMetric) -> int:
    """Measurements while a version is watched; one at least must have a value."""
    return ceil(_bake_seconds(workload) / metric.interval_seconds)


def _bake_seconds(workload: Workload) -> int:
    """Time in which a version is watched: while it takes over, or after it did at once."""
    return sum(step.bake_seconds for step in workload.blueprint.rollout.steps or DEFAULT_STEPS)


def _all_at_once(workload: Workload) -> bool:
    return workload.blueprint.rollout.strategy is Strategy.BLUE_GREEN


def _strategy(workload: Workload) -> dict[str, Any]:
    return {"blueGreen": _blue_green(workload)} if _all_at_once(workload) else {"canary": _canary(workload)}


def _canary(workload: Workload) -> dict[str, Any]:
    settings = workload.blueprint.rollout
    return {
        "stableService": workload.stable_service,
        "canaryService": workload.canary_service,
        "stableMetadata": _variant(Variant.STABLE),
        "canaryMetadata": _variant(Variant.CANARY),
        "maxSurge": f"{settings.max_surge_percent or settings.needed_surge_percent}%",
        "maxUnavailable": 0,
        **_old_version(workload),
        "trafficRouting": {"plugins": {GATEWAY_PLUGIN: _routes(workload)}},
        "analysis": {**_judged(workload), "startingStep": 1},  # step 0 gives it its first traffic
        "steps": [
            action
            for step in settings.steps
            for action in ({"setWeight": step.weight_percent}, {"pause": {"duration": f"{step.bake_seconds}s"}})
        ],
    }


def _old_version(workload: Workload) -> dict[str, Any]:
    """What happens to the version that is being replaced, or was judged bad.

    Where there is room for both it stays whole, and both wait until the gateway has noticed that their traffic is
    gone. Otherwise each has what its share of the traffic needs; it shrinks only after its weight was written, and a
    replica that ends keeps answering until the gateway has noticed (the pod's preStop). Argo Rollouts takes no delay
    for that case, and scales a canary down at once only if none is stated (1.9.0, `shouldDelayScaleDownOnAbort`).
    """
    if not workload.blueprint.rollout.keeps_old_version:
        return {"dynamicStableScale": True}
    delay = _NOTICED * workload.unseen_seconds
    return {"dynamicStableScale": False, "scaleDownDelaySeconds": delay, "abortScaleDownDelaySeconds": delay}


def _blue_green(workload: Workload) -> dict[str, Any]:
    """Promoted after a time on the preview route; watched, and taken back at once, while the old one stands."""
    first = (workload.blueprint.rollout.steps or DEFAULT_STEPS)[0]
    return {
        "activeService": workload.stable_service,
        "previewService": workload.canary_service,
        "activeMetadata": _variant(Variant.STABLE),
        "previewMetadata": _variant(Variant.CANARY),
        "autoPromotionEnabled": False,
        "autoPromotionSeconds": first.bake_seconds,
        "maxUnavailable": 0,
        "scaleDownDelaySeconds": _bake_seconds(workload),
        "abortScaleDownDelaySeconds": _NOTICED * workload.unseen_seconds,
        "postPromotionAnalysis": _judged(workload),
    }


def _judged(workload: Workload) -> dict[str, Any]:
    """The analysis of a strategy; without automatic rollback it is measured and shown, and decides nothing."""
    judged: dict[str, Any] = {"templates": [{"templateName": workload.name}]}
    if not workload.blueprint.rollout.automatic_rollback:
        judged["dryRun"] = [{"metricName": ".*"}]
    return judged


def _variant(variant: Variant) -> dict[str, Any]:
    return {"labels": {VARIANT_LABEL: variant.value}}


def _routes(workload: Workload) -> dict[str, Any]:
    kind = "grpcRoute" if workload.blueprint.contract.protocol is Protocol.GRPC else "httpRoute"
    return {kind: workload.name, "namespace": workload.namespace}
