"""Rule `drift-skew-alarm`: somebody is told when the world no longer looks like the training data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import Field

from policies.alerts import ALARMS, RULE_FILES, alerts, texts, words
from policies.rule import Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.services import SERVICES, is_service, service_names
from policies.stack import Stack
from policies.views import Malformed, Node, Resource, Undetermined

_SAID_BY_ALARMS: Final = (
    *("name", "alarmName", "alarmDescription", "namespace", "metricName"),
    *("dimensions", "metricQueries", "alarmRule", "tags"),
)


class DriftWords(Parameters):
    """Parameters."""

    words: tuple[str, ...] = Field(
        default=("drift", "skew", "population_stability", "data_quality", "model_quality"),
        min_length=1,
        description="Parts of the names by which alerts and metrics about drift are known.",
    )


def check(resource: Resource, parameters: DriftWords) -> Outcomes:
    """Judge one service by the alerts that name it."""
    if not is_service(resource):
        return
    found = resource.stack.index("drift-alerts", lambda: _watched(resource.stack, parameters))
    if found.names.isdisjoint(service_names(resource)):
        if found.loose:
            raise found.loose[0]
        yield Violation("no alert on drift or skew names the service")


@dataclass(slots=True)
class _Watched:
    """Whatever alerts on drift name. `loose` is what is not known of other alerts."""

    names: set[str] = field(default_factory=set)
    loose: list[Undetermined] = field(default_factory=list)


def _watched(stack: Stack, parameters: DriftWords) -> _Watched:
    wanted = re.compile("|".join(map(re.escape, parameters.words)), re.IGNORECASE)
    found = _Watched()
    for resource in stack.of(*RULE_FILES, *ALARMS):
        try:
            for nodes in _alerts(resource):
                said = [text for node in nodes for text in texts(node)]
                if any(wanted.search(text) for text in said):
                    found.names.update(word for text in said for word in words(text))
        except Undetermined as doubt:
            found.loose.append(doubt)
        except Malformed:
            continue  # it tells nobody, and is judged itself
    return found


def _alerts(resource: Resource) -> Iterator[tuple[Node, ...]]:
    """What each alert says: all of a rule, some properties of an alarm."""
    if resource.token in RULE_FILES:
        yield from ((alert.node,) for alert in alerts(resource))
    else:
        yield tuple(resource[key] for key in _SAID_BY_ALARMS)


RULE = Rule(
    id="drift-skew-alarm",
    title="Every service has an alert on drift of its data or skew between training and serving",
    description=(
        "For each workload that is labelled as inference, and each SageMaker endpoint, an alert in a rule file, a "
        "PrometheusRule or a CloudWatch alarm names the service and speaks of drift, skew, population stability, data "
        "or model quality, in its name, its metric or its text. Advisory: drift is often judged outside of the stack."
    ),
    effect="the model is asked about a world that it has never seen, and answers with the same confidence",
    remedy="export a drift metric of the model's inputs or predictions, and alert on it",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=SERVICES,
    parameters=DriftWords,
    check=check,
    level=Level.ADVISORY,
)
