"""Rule `traffic-failover`: traffic leaves what is sick, and there is somewhere to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import ENDPOINT_GROUP
from policies.views import Node, ReadError, Resource
from serving.blueprint.vocabulary import EnvironmentKind

RECORD: Final = "aws:route53/record:Record"
SWITCH_PLAN: Final = "aws:arcregionswitch/plan:Plan"
LISTENER: Final = "aws:globalaccelerator/listener:Listener"
_POLICIES: Final = (
    "weightedRoutingPolicies",
    "latencyRoutingPolicies",
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "multivalueAnswerRoutingPolicy",
)
_LAST_RESORT: Final = "SECONDARY"
_FULL_DIAL: Final = 100.0
# What a plan must be able to do (botocore 1.44.5, arc-region-switch, WorkflowTargetAction)
_WORKFLOWS: Final = {"activeActive": {"activate", "deactivate"}, "activePassive": {"activate"}}


class Failover(Parameters):
    """Parameters."""

    minimum_regions: int = Field(default=2, ge=1, description="Fewest regions among which latency or dials choose.")
    recovery_time_required: bool = Field(
        default=True, description="Whether a region switch plan states its recovery time objective."
    )


def check(resource: Resource, parameters: Failover) -> Outcomes:
    """Judge a record, an endpoint group of an accelerator, or a region switch plan."""
    judges: dict[str, tuple[Callable[[Resource, Failover], Outcomes], ...]] = {
        RECORD: (_judge_health, _judge_alternatives),
        ENDPOINT_GROUP: (_judge_groups,),
        SWITCH_PLAN: (_judge_promise, _judge_alarms, _judge_workflows),
    }
    yield from judge_each(judges[resource.token], lambda judge: judge(resource, parameters))


def _judge_health(record: Resource, parameters: Failover) -> Iterator[Outcome]:
    """A record that is chosen among others is chosen while it is well; the last resort is taken in any case."""
    if all(record[policy].missing for policy in _POLICIES) or _role(record) == _LAST_RESORT:
        return
    aliases = record["aliases"].items()
    watched = bool(aliases) and all(alias["evaluateTargetHealth"].truth() for alias in aliases)
    if record["healthCheckId"].missing and not watched:
        yield Violation(f"{record['healthCheckId'].place} is missing, and no alias evaluates its target's health")


def _role(record: Resource) -> str | None:
    """Whether a failover record is the PRIMARY or the SECONDARY; None for others."""
    return next((policy["type"].text() for policy in record["failoverRoutingPolicies"].items()), None)


def _judge_alternatives(record: Resource, parameters: Failover) -> Iterator[Outcome]:
    """Among records of one name, latency chooses between regions, and failover has both roles."""
    latency, failover = record["latencyRoutingPolicies"], record["failoverRoutingPolicies"]
    if latency.missing and failover.missing:
        return
    choices = _choices(record)
    if not latency.missing and len(choices) < parameters.minimum_regions:
        yield Violation(f"records of its name are in fewer than {parameters.minimum_regions} regions")
    if not failover.missing and len(choices) < 2:
        yield Violation("records of its name have not both failover roles")


def _choices(record: Resource) -> set[str]:
    """Regions of latency, or roles of failover, of all records of the same name and type."""
    stack = record.stack
    names = stack.index("records-by-name", lambda: _by_name(stack))
    found: set[str] = set()
    doubt: ReadError | None = None
    for each in names.get(_name(record), [record]):
        try:
            found |= {policy["region"].text() or "" for policy in each["latencyRoutingPolicies"].items()}
            found |= {policy["type"].text() or "" for policy in each["failoverRoutingPolicies"].items()}
        except ReadError as unknown:
            doubt = unknown
    if doubt is not None and len(found) < 2:
        raise doubt
    return found


def _name(record: Resource) -> tuple[str, str]:
    return (record["name"].text() or "").lower().rstrip("."), record["type"].text() or ""


def _by_name(stack: Stack) -> dict[tuple[str, str], list[Resource]]:
    result: dict[tuple[str, str], list[Resource]] = {}
    for record in stack.of(RECORD):
        try:
            result.setdefault(_name(record), []).append(record)
        except ReadError:
            continue  # judged by itself, where it has alternatives
    return result


def _judge_groups(group: Resource, parameters: Failover) -> Iterator[Outcome]:
    """The groups of one listener share its traffic by their dials."""
    groups = [group]
    for source in group.sources(group["listenerArn"]):
        if source.token == LISTENER:
            groups = list(group.stack.companions(source, ENDPOINT_GROUP, "listenerArn").bound)
    regions: set[str] = set()
    dials: set[str] = set()
    for each in groups:
        region = each["endpointGroupRegion"].text() or each["region"].text() or each.name
        regions.add(region)
        dial = each["trafficDialPercentage"].number()
        if (_FULL_DIAL if dial is None else dial) > 0:
            dials.add(region)
    if len(regions) < parameters.minimum_regions:
        yield Violation(f"endpoint groups of its listener are in fewer than {parameters.minimum_regions} regions")
    elif not dials:
        yield Violation("trafficDialPercentage of all groups of its listener is 0")


def _judge_promise(plan: Resource, parameters: Failover) -> Iterator[Outcome]:
    node = plan["recoveryTimeObjectiveMinutes"]
    if parameters.recovery_time_required and not node.number():
        yield Violation(f"{node.place} is missing")


def _judge_alarms(plan: Resource, parameters: Failover) -> Iterator[Outcome]:
    alarms = plan["associatedAlarms"]
    if not alarms.items():
        yield Violation(f"{alarms.place} is empty, so that nobody sees whether a switch has helped")


def _judge_workflows(plan: Resource, parameters: Failover) -> Iterator[Outcome]:
    wanted = _WORKFLOWS.get(plan["recoveryApproach"].text() or "", {"activate"})
    stated = plan["workflows"].items()
    missing = wanted - {workflow["workflowTargetAction"].text() for workflow in stated}
    if missing:
        yield Violation(f"workflows has none to {' and '.join(sorted(missing))}")
    empty = [workflow["steps"] for workflow in stated if not workflow["steps"].items()]
    yield from judge_each(empty, _judge_empty)


def _judge_empty(steps: Node) -> Iterator[Outcome]:
    yield Violation(f"{steps.place} is empty")


RULE = Rule(
    id="traffic-failover",
    title="Traffic leaves what is sick for another region",
    description=(
        "A Route 53 record with a routing policy has a health check or aliases that evaluate their target's health "
        "(but for the secondary of a failover); latency records of one name are in two regions or more, and failover "
        "records have both roles. Endpoint groups of an accelerator's listener are in two regions and not all dialled "
        "to 0. An ARC region switch plan states its recovery time, alarms, and the workflows of its approach."
    ),
    effect="users are sent to a region that does not answer, until somebody changes DNS by hand",
    remedy="add health checks and a record, or an endpoint group, in a second region; complete the plan",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(RECORD, ENDPOINT_GROUP, SWITCH_PLAN),
    parameters=Failover,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
