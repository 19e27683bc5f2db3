"""Rule `slo-declared`: what users are promised is written down where it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.alerts import GENERATED, OBJECTIVE_FORMS, RULE_FILES, SIGNALS_TYPE, entries, texts, words
from policies.regions import region_of
from policies.rule import Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.services import SERVICES, cell, is_service, service_names
from policies.stack import Stack
from policies.tokens import CLOUD_CONTROL
from policies.views import Malformed, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge one service by the objectives that name it."""
    if not is_service(resource):
        return
    stack, names = resource.stack, service_names(resource)
    objectives = stack.index("objectives", lambda: _objectives(stack))
    measured = set[str]().union(*(objectives.places.get(name, ()) for name in names))
    places = len(objectives.everywhere) + len(objectives.loose)
    wanted = min(len(_cells(stack).get(names[0], ())), places) or 1
    if len(measured) >= wanted:
        return
    if objectives.loose:
        raise objectives.loose[0]
    if measured:
        yield Violation(f"its objective is measured in {len(measured)} of {wanted} regions")
    else:
        yield Violation("no objective names the service")


@dataclass(slots=True)
class _Objectives:
    """Where objectives name what. `loose` are forms that are not known before deployment."""

    places: dict[str, set[str]] = field(default_factory=dict)
    everywhere: set[str] = field(default_factory=set)
    loose: list[Undetermined] = field(default_factory=list)


def _objectives(stack: Stack) -> _Objectives:
    found = _Objectives()
    for resource in stack.of(*OBJECTIVE_FORMS):
        try:
            named = set(_named(resource))
            where = _place(resource) if named else ""
        except Undetermined as doubt:
            found.loose.append(doubt)
        except Malformed:
            continue  # measures nothing; `slo-alerted` says what is wrong with it
        else:
            if named:
                found.everywhere.add(where)
            for name in named:
                found.places.setdefault(name, set()).add(where)
    return found


def _named(resource: Resource) -> Iterator[str]:
    """Whatever an objective names: services are among it."""
    if resource.token in RULE_FILES:
        for entry in entries(resource):
            if not entry.is_alert:
                yield from words(entry.expression)
                for label in entry.node["labels"].entries().values():
                    yield from words(label.text() or "")
    elif resource.token in GENERATED:
        for text in (*texts(resource["metadata"]), *texts(resource["spec"])):
            yield from words(text)
    elif resource.token == CLOUD_CONTROL and resource["typeName"].text() == SIGNALS_TYPE:
        for text in texts(resource["desiredState"].document()):
            yield from words(text)


def _place(resource: Resource) -> str:
    if resource.token.startswith("aws:"):
        return region_of(resource) or ""
    return resource.provider.urn if resource.provider else ""


def _cells(stack: Stack) -> dict[str, set[str]]:
    """Service -> clusters that run it."""

    def build() -> dict[str, set[str]]:
        cells: dict[str, set[str]] = {}
        for resource in stack.of(*SERVICES):
            try:
                if is_service(resource):
                    cells.setdefault(service_names(resource)[0], set()).add(cell(resource))
            except (Malformed, Undetermined):
                continue  # the resource itself is judged, and says so
        return cells

    return stack.index("cells-of-services", build)


RULE = Rule(
    id="slo-declared",
    title="Every service has an objective that is measured, in every region that serves it",
    description=(
        "For each workload that is labelled as inference, and each SageMaker endpoint, the stack has an objective "
        "that names its service: a recording rule in a rule file of Amazon Managed Service for Prometheus or in a "
        "PrometheusRule, an objective of Sloth or Pyrra, or an Application Signals objective. A service that runs "
        "in several clusters is measured in as many regions, as far as the stack measures in several at all."
    ),
    effect="nobody can say whether the service is good enough, so nobody is told when it is not",
    remedy="record the share of bad requests of the service by a rule, or declare an objective for it",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=SERVICES,
    parameters=Parameters,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
