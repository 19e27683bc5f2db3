"""How many replicas a workload has: its ScaledObject.

Owns the rendering of the blueprint's `scaling` for KEDA. Queries come from `serving.telemetry.metrics`. There
is no second autoscaler on the same target; KEDA's own HorizontalPodAutoscaler does the counting.
"""

from typing import Any, Final

from components.manifest import Manifest
from components.workload import Workload
from serving.blueprint.schema.contract import Delivery
from serving.blueprint.schema.scaling import Fallback, Peak, ScaleDirection, Trigger
from serving.planning.capacity import NODE_START_SECONDS
from serving.telemetry.degradation import stood_in_routes
from serving.telemetry.metrics import (
    SCRAPE_SECONDS,
    MetricType,
    ScalingQuery,
    Scope,
    replicas,
    scaling_query,
    waiting_requests,
)

_POLLING_SECONDS: Final = SCRAPE_SECONDS
"""As often as metrics are scraped: asking more often would get the same answer."""

_WINDOW_SECONDS: Final = 4 * SCRAPE_SECONDS
"""Four scrapes: reacts within a minute; how nervously the count follows is the stabilization windows' business."""

_WAKING: Final = "0"
"""A value above it wakes the first replica, or keeps the last one: any request of the last window does."""

_LONGEST_WINDOW_SECONDS: Final = 3_600
"""Longest stabilization window that the API accepts (Kubernetes API reference, HPAScalingRules)."""


def scaled_object(workload: Workload, prometheus_url: str) -> Manifest:
    """The ScaledObject of a workload."""
    scaling = workload.blueprint.scaling
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": workload.metadata(),
        "spec": {
            "scaleTargetRef": workload.scaled,
            "pollingInterval": _POLLING_SECONDS,
            "cooldownPeriod": scaling.cooldown_seconds,
            **_first_sleep(workload),
            "minReplicaCount": workload.min_replicas,
            "maxReplicaCount": workload.max_replicas,
            "fallback": _fallback(workload),
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "name": workload.name,
                    "behavior": {
                        "scaleUp": _behavior(scaling.scale_up),
                        "scaleDown": _behavior(scaling.scale_down),
                    },
                }
            },
            "triggers": [
                *(_metric_trigger(workload, trigger, prometheus_url) for trigger in scaling.effective_triggers),
                *_waiting_trigger(workload, prometheus_url),
                *(_peak_trigger(peak) for peak in _schedule(workload)),
            ],
        },
    }


def _first_sleep(workload: Workload) -> dict[str, int]:
    """A new service sleeps only after its first replica could start: else nobody knew whether it can."""
    if workload.min_replicas:
        return {}
    started = NODE_START_SECONDS + workload.model.cold_start.total_seconds
    return {"initialCooldownPeriod": started + workload.blueprint.scaling.cooldown_seconds}


def _fallback(workload: Workload) -> dict[str, Any]:
    """What holds when metrics are missing: never fewer than now, because the load is unknown, not gone."""
    stated = workload.blueprint.scaling.effective_fallback
    held = Fallback(failed_queries=stated.failed_queries, replicas=min(stated.replicas, workload.max_replicas))
    return {
        "failureThreshold": held.failed_queries,
        "replicas": held.replicas,
        "behavior": "currentReplicasIfHigher",
    }


def _behavior(direction: ScaleDirection) -> dict[str, Any]:
    return {
        "stabilizationWindowSeconds": min(direction.stabilization_seconds, _LONGEST_WINDOW_SECONDS),
        "selectPolicy": "Max",
        "policies": [
            {"type": "Percent", "value": direction.max_percent_per_minute, "periodSeconds": 60},
            # a small count must be able to move at all: 20 % of three replicas is none
            {"type": "Pods", "value": 1, "periodSeconds": 60},
        ],
    }


def _metric_trigger(workload: Workload, trigger: Trigger, prometheus_url: str) -> dict[str, Any]:
    asked = _with_prewarmed(workload, trigger)
    metadata = {
        "serverAddress": prometheus_url,
        "query": asked.promql,
        "threshold": _number(trigger.target),
        # no answer is a failed query, which the fallback counts; silence must not look like an idle service
        "ignoreNullValues": "false",
        **({"activationThreshold": _WAKING} if workload.min_replicas == 0 else {}),
    }
    return {
        "type": "prometheus",
        "name": trigger.signal.value,
        "metricType": asked.metric_type.value,
        "metadata": metadata,
    }


def _with_prewarmed(workload: Workload, trigger: Trigger) -> ScalingQuery:
    """The trigger's query, raised by the load that the pre-warmed replicas could carry.

    A mean is turned into a total first (times the replicas), so that the autoscaler asks for what the load
    needs and the pre-warmed ones on top.
    """
    scope = Scope(
        workload.namespace,
        workload.name,
        window_seconds=_WINDOW_SECONDS,
        # while it stands in, its requests come by the rung's route
        further_routes=stood_in_routes(workload.blueprint) if workload.stands_in else (),
    )
    asked = scaling_query(workload.blueprint, trigger.signal, scope=scope, model=workload.model)
    prewarmed = 0 if workload.stands_in else workload.blueprint.scaling.prewarmed_replicas
    if not prewarmed:
        return asked
    total = asked.promql
    if asked.metric_type is MetricType.VALUE:
        total = f"({asked.promql}) * {replicas(scope)}"
    return ScalingQuery(f"({total}) + {_number(prewarmed * trigger.target)}", MetricType.AVERAGE_VALUE)


def _waiting_trigger(workload: Workload, prometheus_url: str) -> list[dict[str, Any]]:
    """Replicas enough to work off what waits in half the time after which people would be told."""
    contract, scaling = workload.blueprint.contract, workload.blueprint.scaling
    if Delivery.ASYNC not in contract.delivery or workload.stands_in:
        return []
    worked_off = scaling.replica_rps * contract.queue.alert_after_seconds / 2
    return [
        {
            "type": "prometheus",
            "name": "waiting-requests",
            "metricType": MetricType.AVERAGE_VALUE.value,
            "metadata": {
                "serverAddress": prometheus_url,
                "query": waiting_requests(Scope(workload.namespace, workload.name)),
                "threshold": _number(max(1, worked_off)),
                "ignoreNullValues": "false",
                **({"activationThreshold": _WAKING} if workload.min_replicas == 0 else {}),
            },
        }
    ]


def _schedule(workload: Workload) -> tuple[Peak, ...]:
    return () if workload.stands_in else workload.blueprint.scaling.schedule


def _peak_trigger(peak: Peak) -> dict[str, Any]:
    return {
        "type": "cron",
        "name": f"peak-{peak.name}",
        "metadata": {
            "timezone": peak.timezone,
            "start": peak.start,
            "end": peak.end,
            "desiredReplicas": str(peak.replicas),
        },
    }


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
