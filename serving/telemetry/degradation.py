"""When a rung of the degradation ladder is due, when it is over, and whether it is on: PromQL.

Owns the shape of these queries and the metric that says which rungs are on. The signals' own queries come from
`metrics`; the names of rungs and the command that switches them from `serving.blueprint.ladder`.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from serving.blueprint.ladder import SWITCHED_BY, Rung, SwitchedBy, rung_of
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.degradation import Action, Condition
from serving.telemetry.metrics import SCRAPE_SECONDS, Scope, query, settled_query
from serving.telemetry.promql import Matcher, duration, selector

ROUTE_ATTACHED = "serving_route_attached_info"
"""One series for each gateway that a route is attached to; none for a rung that is off."""

POLLING_SECONDS = SCRAPE_SECONDS
"""As often as metrics are scraped: asking more often would get the same answer."""

_WINDOW_SECONDS = 4 * SCRAPE_SECONDS
"""Four scrapes, as the autoscaler takes them; how long a condition must hold is the blueprint's business."""

_MOST_EVALUATIONS = 20
"""A condition that must hold for an hour is not looked at each time that metrics come in."""

_NOT_BY_HAND = Matcher("switched_by", SwitchedBy.PERSON.value, negate=True)


def stood_in_routes(blueprint: Blueprint) -> tuple[str, ...]:
    """Routes by which requests of the service reach a smaller model: none, or the rung's, as `namespace/name`."""
    rung = rung_of(blueprint, Action.SMALLER_MODEL)
    return () if rung is None else (f"{rung.tenant}/{rung.name}",)


def signal_query(blueprint: Blueprint, rung: Rung) -> str:
    """The signal by which a rung is due; no value without traffic, so that silence starts nothing."""
    return query(blueprint, rung.step.when.signal, scope=_scope(blueprint, rung))


def comparison(condition: Condition) -> str:
    """The condition's comparison as people and PromQL write it."""
    return f"> {condition.above:g}" if condition.above is not None else f"< {condition.below:g}"


def due(blueprint: Blueprint, rung: Rung) -> str:
    """One while the rung's `when` has held for its time and the rung is off; no value otherwise."""
    held = _held(signal_query(blueprint, rung), rung.step.when)
    return f"{held} unless on () {attached(rung)}"


def over(blueprint: Blueprint, rung: Rung) -> str:
    """One while the rung's `until` has held for its time and a condition had switched it on; no value otherwise.

    A signal counts as zero while nobody asks: a rung that takes all traffic away would never be let go of. It is
    then tried without the rung, and `when` brings it back if the trouble is still there. A signal whose source is
    gone ends nothing.
    """
    value = settled_query(blueprint, rung.step.until.signal, scope=_scope(blueprint, rung))
    return f"{_held(value, rung.step.until)} and on () {attached(rung, _NOT_BY_HAND)}"


def attached(rung: Rung, *further: Matcher) -> str:
    """One series for each gateway that the rung is attached to."""
    return selector(ROUTE_ATTACHED, (Matcher("route_namespace", rung.tenant), Matcher("route", rung.name), *further))


def route_state() -> dict[str, Any]:
    """What kube-state-metrics must read so that `ROUTE_ATTACHED` exists (its `CustomResourceStateMetrics`).

    A rung that is off has no such path, which gives no series and no error; neither does a missing annotation
    (kubernetes/kube-state-metrics, pkg/customresourcestate/registry_factory.go, read 2026-11). The labels have names of
    their own, so that no scrape can take them for its target's.
    """
    prefix, _, name = ROUTE_ATTACHED.partition("_")
    return {
        "kind": "CustomResourceStateMetrics",
        "spec": {
            "resources": [
                {
                    "groupVersionKind": {"group": "gateway.networking.k8s.io", "version": "v1", "kind": "HTTPRoute"},
                    "metricNamePrefix": prefix,
                    "labelsFromPath": {
                        "route_namespace": ["metadata", "namespace"],
                        "route": ["metadata", "name"],
                        "switched_by": ["metadata", "annotations", SWITCHED_BY],
                    },
                    "metrics": [
                        {
                            "name": name,
                            "help": "Gateways that a route is attached to.",
                            "each": {
                                "type": "Info",
                                "info": {"path": ["spec", "parentRefs"], "labelsFromPath": {"gateway": ["name"]}},
                            },
                        }
                    ],
                }
            ]
        },
    }


def _scope(blueprint: Blueprint, rung: Rung) -> Scope:
    """The service's own replicas; for a rung beyond the smaller model also what the gateway sees of that one.

    Otherwise a smaller model that fails too would leave the next rung without anything to judge by.
    """
    smaller = rung_of(blueprint, Action.SMALLER_MODEL)
    beyond = smaller is not None and rung.number > smaller.number
    return Scope(
        blueprint.identity.tenant,
        blueprint.name,
        window_seconds=_WINDOW_SECONDS,
        further_routes=stood_in_routes(blueprint) if beyond else (),
    )


def _held(value: str, condition: Condition) -> str:
    """One where the comparison was true at every evaluation of the condition's time; a gap is not true."""
    step = POLLING_SECONDS * ceil(condition.for_seconds / POLLING_SECONDS / _MOST_EVALUATIONS)
    evaluations = ceil(condition.for_seconds / step)
    operator, _, threshold = comparison(condition).partition(" ")
    series = f"(({value}) {operator} bool {threshold})[{duration(evaluations * step)}:{duration(step)}]"
    return f"clamp_max(sum_over_time({series}) >= {evaluations}, 1)"
