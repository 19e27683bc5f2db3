"""Rule `alert-runbook`: every alert says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.alerts import ALARMS, RULE_FILES, Entry, alerts
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tagging import tags
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

# Actions that act by themselves (Amazon CloudWatch API reference, "PutMetricAlarm", AlarmActions, read 2026-11).
_MACHINES: Final = re.compile(r":autoscaling:|^arn:[a-z-]+:automate:|^arn:[a-z-]+:swf:")
_MACHINE_TYPES: Final = (
    "aws:appautoscaling/policy:Policy",
    "aws:autoscaling/policy:Policy",
)
_LINK: Final = re.compile(r"https?://\S+|\S+\.(?:md|html?|adoc|rst)\b")


class Runbooks(Parameters):
    """Parameters."""

    annotations: tuple[str, ...] = Field(
        default=("runbook_url", "runbook"), min_length=1, description="Annotations of a rule that name its runbook."
    )
    tags: tuple[str, ...] = Field(
        default=("runbook", "runbook-url"), min_length=1, description="Tags of an alarm that name its runbook."
    )


def check(resource: Resource, parameters: Runbooks) -> Outcomes:
    """Judge the alerts of one rule file, or one alarm that calls somebody."""
    if resource.token in ALARMS:
        if calls_somebody(resource):
            yield from _judge_alarm(resource, parameters)
    else:
        yield from judge_each(alerts(resource), lambda alert: _judge_alert(alert, parameters))


def calls_somebody(alarm: Resource) -> bool:
    """Whether one of its actions is more than a machine's own reaction, such as scaling."""
    return any(not _is_machine(alarm, action) for action in alarm["alarmActions"].items())


def _is_machine(alarm: Resource, action: Node) -> bool:
    if action.unknown:
        sources = alarm.sources(action)
        return bool(sources) and all(source.token in _MACHINE_TYPES for source in sources)
    return _MACHINES.search(action.text() or "") is not None


def _judge_alert(alert: Entry, parameters: Runbooks) -> Iterator[Outcome]:
    annotations = alert.node["annotations"].entries()
    if not any((annotations[key].text() or "").strip() for key in parameters.annotations if key in annotations):
        yield Violation(
            f"{alert.node.place} ({alert.node['alert'].shown}) has no annotation {parameters.annotations[0]}"
        )


def _judge_alarm(alarm: Resource, parameters: Runbooks) -> Iterator[Outcome]:
    stated = tags(alarm)
    if any((stated[key].text() or "").strip() for key in parameters.tags if key in stated):
        return
    if _LINK.search(alarm["alarmDescription"].text() or "") is None:
        yield Violation("alarmDescription links no runbook, and no tag does")


RULE = Rule(
    id="alert-runbook",
    title="Every alert names the runbook that tells what to do",
    description=(
        "Every alert in a rule file of Amazon Managed Service for Prometheus or in a PrometheusRule has an annotation "
        "runbook_url or runbook. Every CloudWatch alarm that calls somebody links a runbook in its description (an "
        "address or the path of a document), or names it by a tag. Alarms whose actions only scale are not judged."
    ),
    effect="whoever is called at night starts from nothing",
    remedy="write the runbook and link it: the annotation runbook_url, or its address in alarmDescription",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(*RULE_FILES, *ALARMS),
    parameters=Runbooks,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
