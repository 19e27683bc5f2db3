"""Alerts and objectives: where they are declared, and what they say.

Owns the forms in which people declare them: rule files in Amazon Managed Service for Prometheus, PrometheusRule
objects, objectives as custom resources or in Application Signals, and alarms of CloudWatch. It judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from policies.tokens import CLOUD_CONTROL
from policies.views import Node, Resource

RULE_GROUPS: Final = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
PROMETHEUS_RULE: Final = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
RULE_FILES: Final = (RULE_GROUPS, PROMETHEUS_RULE)
METRIC_ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM: Final = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
ALARMS: Final = (METRIC_ALARM, COMPOSITE_ALARM)
SLOTH: Final = "kubernetes:sloth.slok.dev/v1:PrometheusServiceLevel"
PYRRA: Final = "kubernetes:pyrra.dev/v1alpha1:ServiceLevelObjective"
GENERATED: Final = (SLOTH, PYRRA)
"""Objectives from which a controller makes recording rules and burn-rate alerts."""
SIGNALS_TYPE: Final = "AWS::ApplicationSignals::ServiceLevelObjective"
"""Type of an Application Signals objective, which pulumi-aws has by way of the Cloud Control API only."""
OBJECTIVE_FORMS: Final = (*RULE_FILES, *GENERATED, CLOUD_CONTROL)

# How the common generators and our own rules name the objective that a series belongs to: Sloth (`sloth_slo`), Pyrra
# (`slo`), OpenSLO converters (`slo_name`); read 2026-11.
OBJECTIVE_LABELS: Final = ("slo", "sloth_slo", "slo_name", "objective")
SERVICE_LABELS: Final = ("service", "sloth_service", "app", "job")

_WORD: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
_SEPARATOR: Final = re.compile(r"[./]")
_WINDOW: Final = re.compile(r"(?:\[|rate|ratio)(\d{1,9})([smhdw])(?![A-Za-z0-9])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_YAML: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule of a rule file, or one alarm.

    Attributes:
        resource: Where it is declared.
        node: The rule, or the properties of the alarm.
    """

    resource: Resource
    node: Node

    @property
    def is_alert(self) -> bool:
        """Whether somebody is told; a recording rule otherwise."""
        return self.resource.token in ALARMS or not self.node["alert"].missing

    @property
    def expression(self) -> str:
        """Its PromQL."""
        return self.node["expr"].text() or ""

    def label(self, keys: tuple[str, ...]) -> str | None:
        """The value of the first of these labels that it has."""
        labels = self.node["labels"].entries()
        return next((labels[key].text() for key in keys if key in labels), None)


def entries(resource: Resource) -> tuple[Entry, ...]:
    """The rules of a rule file, parsed once.

    Raises:
        Undetermined: The file is not known before deployment.
        Malformed: It is no YAML document.
    """
    return resource.stack.index(("rule-file", resource.urn), lambda: tuple(_entries(resource)))


def alerts(resource: Resource) -> tuple[Entry, ...]:
    """The alerts among the rules of a rule file."""
    return tuple(entry for entry in entries(resource) if entry.is_alert)


def _entries(resource: Resource) -> Iterator[Entry]:
    holder = _rule_file(resource) if resource.token == RULE_GROUPS else resource["spec"]
    for group in holder["groups"].items():
        for rule in group["rules"].items():
            yield Entry(resource, rule)


def _rule_file(resource: Resource) -> Node:
    """The rule file of a workspace; read once where regions have the same, as reading costs more than judging."""
    data = resource["data"]
    raw = resource.stack.index(("rule-text", data.text()), lambda: parsed(data).raw)
    return Node(raw, data.path, data.urn, data.secret)


def parsed(node: Node) -> Node:
    """The YAML document that is written at `node` as text."""
    try:
        document = yaml.load(node.text() or "", Loader=_YAML)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise node.malformed("a YAML document") from None
    return Node(document, node.path, node.urn, node.secret)


def words(text: str) -> set[str]:
    """The names in a text: service, route and label values as they stand in PromQL and ARNs."""
    return {part for word in _WORD.findall(text) for part in (word, *_SEPARATOR.split(word))}


def texts(node: Node) -> Iterator[str]:
    """Every text below `node` that is known."""
    raw = node.raw
    if isinstance(raw, dict):
        for key in raw:
            yield from texts(node[key])
    elif isinstance(raw, list):
        for index in range(len(raw)):
            yield from texts(node[index])
    elif isinstance(raw, str) and not node.unknown:
        yield raw


@dataclass(slots=True)
class Objective:
    """One objective of a rule file: what records it, and who is told."""

    recorded: list[Entry]
    alerts: list[Entry]


def objectives(rules: tuple[Entry, ...]) -> tuple[Objective, ...]:
    """The objectives of a rule file, by the labels that its rules carry."""
    found: dict[tuple[str | None, str], Objective] = {}
    for rule in rules:
        name = rule.label(OBJECTIVE_LABELS)
        if name:
            objective = found.setdefault((rule.label(SERVICE_LABELS), name), Objective([], []))
            (objective.alerts if rule.is_alert else objective.recorded).append(rule)
    return tuple(objective for objective in found.values() if objective.recorded)


def windows_seconds(expression: str) -> set[int]:
    """The windows that a PromQL expression looks back over: ranges, and suffixes of recorded rates (`rate5m`)."""
    return {int(count) * _UNITS[unit] for count, unit in _WINDOW.findall(expression)}
