"""Rule `slo-alerted`: every objective has an alert."""

from __future__ import annotations

from collections.abc import Iterator

from policies.alerts import (
    ALARMS,
    GENERATED,
    OBJECTIVE_FORMS,
    OBJECTIVE_LABELS,
    RULE_FILES,
    SIGNALS_TYPE,
    SLOTH,
    entries,
    objectives,
    texts,
)
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge one place in which objectives are declared."""
    if resource.token in RULE_FILES:
        for objective in objectives(entries(resource)):
            if not objective.alerts:
                node = objective.recorded[0].node
                yield Violation(f"{node.place}: no alert carries the same {' or '.join(OBJECTIVE_LABELS)}")
    elif resource.token in GENERATED:
        yield from _judge_generated(resource)
    elif resource["typeName"].text() == SIGNALS_TYPE:
        yield from _judge_signals(resource)


def _judge_generated(resource: Resource) -> Iterator[Outcome]:
    if resource.token == SLOTH:
        yield from judge_each(resource.at("spec", "slos").items(), lambda slo: _judge_sloth(slo["alerting"]))
    elif resource.at("spec", "alerting", "disabled").truth():
        yield Violation("spec.alerting.disabled is true")


def _judge_sloth(alerting: Node) -> Iterator[Outcome]:
    """Both its alerts are made unless they are disabled; one is an alert."""
    kinds = [alerting[kind]["disable"] for kind in ("pageAlert", "ticketAlert")]
    if all(kind.truth() for kind in kinds):
        yield Violation(f"{alerting.place} disables both alerts")


def _judge_signals(resource: Resource) -> Iterator[Outcome]:
    name = resource["desiredState"].document()["Name"].text()
    watched = resource.stack.index("watched-by-alarms", lambda: _watched(resource.stack))
    if name is None or (name not in watched[0]):
        if watched[1]:
            raise watched[1][0]
        yield Violation("no alarm has the objective as a dimension")


def _watched(stack: Stack) -> tuple[set[str], list[Undetermined]]:
    """Values of the dimensions that alarms watch, and what is not known of them."""
    values: set[str] = set()
    doubts: list[Undetermined] = []
    for alarm in stack.of(*ALARMS):
        for node in (alarm["dimensions"], alarm["metricQueries"]):
            values.update(texts(node))
            doubts += [Undetermined(each.path, alarm.urn) for each in _unknown(node)]
    return values, doubts


def _unknown(node: Node) -> Iterator[Node]:
    if node.unknown:
        yield node
    elif isinstance(node.raw, (dict, list)):
        for key in node.raw if isinstance(node.raw, dict) else range(len(node.raw)):
            yield from _unknown(node[key])


RULE = Rule(
    id="slo-alerted",
    title="Every objective has an alert",
    description=(
        "In rule files and PrometheusRules, each objective (what recording rules name by a label slo, sloth_slo, "
        "slo_name or objective) has an alert with the same label in the same file. Objectives of Sloth and Pyrra do "
        "not disable their alerts. An Application Signals objective is a dimension of an alarm."
    ),
    effect="the objective is missed and nobody is told",
    remedy="add an alert on the error budget of that objective, with the objective's label",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=OBJECTIVE_FORMS,
    parameters=Parameters,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
