"""Rule `restore-testing`: what is backed up has been restored, lately."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import Field

from policies.backups import STORES, coverage
from policies.regions import region_of
from policies.replication import is_copy
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.schedules import DAY_MINUTES, longest_gap_minutes
from policies.stack import Stack
from policies.tokens import BACKUP_PLAN, BUCKET, DATABASE_CLUSTER, DYNAMODB_TABLE, FILE_SYSTEM, RDS_INSTANCE, VOLUME
from policies.views import ReadError, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

TEST_PLAN: Final = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
TEST_SELECTION: Final = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
# Names of botocore 1.44.5, backup, RestoreTestingSelectionForCreate, ProtectedResourceType
_TYPES: Final = {
    BUCKET: "S3",
    DYNAMODB_TABLE: "DynamoDB",
    VOLUME: "EBS",
    FILE_SYSTEM: "EFS",
    DATABASE_CLUSTER: "Aurora",
    RDS_INSTANCE: "RDS",
}


class RestoreTests(Parameters):
    """Parameters."""

    maximum_interval_days: int = Field(default=31, ge=1, description="Longest time between two restore tests.")


_Place = tuple[str | None, str]
"""Region and protected type."""


@dataclass(slots=True)
class _Tests:
    """Test plans by place. `lost` says why a plan is not known there, or (None) why a test cannot be placed."""

    at: dict[_Place, list[Resource]] = field(default_factory=dict)
    lost: dict[_Place | None, ReadError] = field(default_factory=dict)


def check(store: Resource, parameters: RestoreTests) -> Outcomes:
    """Judge the restore tests of one resource's type and region, if the stack's plans back it up."""
    stack = store.stack
    if not stack.of(BACKUP_PLAN) or (store.token == BUCKET and is_copy(store)) or not coverage(store).plans:
        return
    tests = stack.index("restore-tests", lambda: _index(stack))
    place = (region_of(store), _TYPES[store.token])
    plans = tests.at.get(place, ())
    if not plans:
        doubt = tests.lost.get(place) or tests.lost.get(None)
        if doubt is not None:
            raise doubt
        yield Violation(f"no restore test of its region restores backups of type {_TYPES[store.token]}")
        return
    yield from _judge_interval(plans[0], parameters)


def _judge_interval(plan: Resource, parameters: RestoreTests) -> Iterator[Outcome]:
    node = plan["scheduleExpression"]
    gap = longest_gap_minutes(node)
    if gap is None or gap > parameters.maximum_interval_days * DAY_MINUTES:
        yield Violation(f"{node.place} tests less often than every {parameters.maximum_interval_days} days", plan.urn)


def _index(stack: Stack) -> _Tests:
    result = _Tests()
    plans = _plans(stack)
    for selection in stack.of(TEST_SELECTION):
        place: _Place | None = None
        try:
            place = (region_of(selection), selection["protectedResourceType"].text() or "")
            result.at.setdefault(place, []).append(_plan(selection, plans))
        except ReadError as doubt:
            result.lost.setdefault(place, doubt)
    return result


def _plans(stack: Stack) -> dict[tuple[str | None, str], Resource]:
    """Plans by region and name, which is unique in its region only."""
    result: dict[tuple[str | None, str], Resource] = {}
    for plan in stack.of(TEST_PLAN):
        try:
            result[region_of(plan), plan["name"].text() or ""] = plan
        except ReadError:
            continue  # who refers to it is still found by dependency
    return result


def _plan(selection: Resource, plans: dict[tuple[str | None, str], Resource]) -> Resource:
    """The plan by which the selection is tested."""
    node = selection["restoreTestingPlanName"]
    found = [each for each in selection.sources(node) if each.token == TEST_PLAN]
    place = (region_of(selection), "" if node.unknown else node.text() or "")
    if not found and place in plans:
        found = [plans[place]]
    if not found:
        raise Undetermined(node.path, selection.urn)
    return found[0]


RULE = Rule(
    id="restore-testing",
    title="Backups of every type are restored by a test at least once a month",
    description=(
        "For every type of resource that a backup plan of the stack covers, each region has a RestoreTestingSelection "
        "of that type, whose RestoreTestingPlan runs at least as often as configured. Copies of buckets are not judged."
    ),
    effect="that backups cannot be restored is found out on the day when they are needed",
    remedy="add a RestoreTestingPlan that runs monthly or more often, and a RestoreTestingSelection for each type",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=STORES,
    parameters=RestoreTests,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
