"""Rule `canary-synthetics`: somebody asks like a user, all the time, and is heard when the answer is bad."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from policies.alerts import METRIC_ALARM
from policies.regions import region_of
from policies.rule import Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack
from policies.tokens import DISTRIBUTION, LOAD_BALANCER
from policies.views import Resource, Undetermined

CANARY: Final = "aws:synthetics/canary:Canary"
_NAMESPACE: Final = "CloudWatchSynthetics"
"""Namespace of the metrics of canaries (Amazon CloudWatch user guide, "CloudWatch metrics published by canaries")."""


def check(endpoint: Resource, parameters: Parameters) -> Outcomes:
    """Judge one public endpoint by the canaries of its region; a distribution by those of any."""
    if endpoint.token == LOAD_BALANCER and endpoint["internal"].truth():
        return
    canaries = endpoint.stack.index("canaries", lambda: _canaries(endpoint.stack))
    where = None if endpoint.token == DISTRIBUTION else region_of(endpoint) or ""
    running = [canary for canary, region in canaries.running if where in (None, region)]
    if any(canaries.has_alarm(canary) for canary in running):
        return
    if canaries.loose:
        raise canaries.loose[0]
    what = "no canary asks it" if not running else "no alarm watches the canary that asks it"
    yield Violation(f"{what}{f' from {where}' if where else ''}")


@dataclass(slots=True)
class _Canaries:
    """Canaries that run, with their regions, and what alarms watch. `loose` is what is not known of them."""

    running: list[tuple[Resource, str]] = field(default_factory=list)
    watched: set[str] = field(default_factory=set)
    loose: list[Undetermined] = field(default_factory=list)

    def has_alarm(self, canary: Resource) -> bool:
        """Whether an alarm watches it."""
        name = canary["name"]
        return canary.urn in self.watched or (not name.unknown and name.text() in self.watched)


def _canaries(stack: Stack) -> _Canaries:
    found = _Canaries()
    for canary in stack.of(CANARY):
        try:
            if canary["startCanary"].truth():
                found.running.append((canary, region_of(canary) or ""))
        except Undetermined as doubt:
            found.loose.append(doubt)
    for alarm in stack.of(METRIC_ALARM):
        try:
            if alarm["namespace"].text() == _NAMESPACE:
                _note(found, alarm)
        except Undetermined as doubt:
            found.loose.append(doubt)
    return found


def _note(found: _Canaries, alarm: Resource) -> None:
    name = alarm.at("dimensions", "CanaryName")
    sources = {source.urn for source in alarm.sources(name) if source.token == CANARY} if name.unknown else set()
    found.watched |= sources or {name.text() or ""}


RULE = Rule(
    id="canary-synthetics",
    title="A canary asks every public endpoint as a user would, and an alarm watches it",
    description=(
        "Each internet-facing load balancer has a CloudWatch Synthetics canary in its region that runs "
        "(startCanary), and each CloudFront distribution one in any region; an alarm in the namespace "
        "CloudWatchSynthetics has the canary as a dimension. Health checks ask whether something answers, canaries "
        "whether the answer is right; only canaries count here. Advisory: other products ask from outside, too."
    ),
    effect="users are the first to find out that an endpoint answers nonsense, or nothing",
    remedy="add a canary that sends one real request, start it, and add an alarm on its SuccessPercent",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.LOW,
    tokens=(LOAD_BALANCER, DISTRIBUTION),
    parameters=Parameters,
    check=check,
    level=Level.ADVISORY,
)
