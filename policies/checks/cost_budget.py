"""Rule `cost-budget`: somebody hears of costs before the invoice, and something stops them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.costs import BUDGET, BUDGET_ACTION, budgeted_values, is_cost_budget
from policies.nodes import MACHINES
from policies.rule import (
    Doubt,
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    guard,
    judge_each,
)
from policies.stack import Stack
from policies.tagging import is_aws, tags
from policies.tokens import EKS_CLUSTER
from policies.views import Node, Resource
from serving.blueprint.tags import PLATFORM_SERVICE, TagKey
from serving.blueprint.vocabulary import EnvironmentKind

_COSTLY: Final = (EKS_CLUSTER, *MACHINES)
_SUBSCRIBERS: Final = ("subscriberEmailAddresses", "subscriberSnsTopicArns")
_KINDS: Final = ("ACTUAL", "FORECASTED")


class Budgets(Parameters):
    """Parameters."""

    tag_key: str = Field(
        default=TagKey.SERVICE.value,
        description="Tag by whose values costs are told apart; each value needs a budget. Empty: one budget will do.",
    )
    shared_values: tuple[str, ...] = Field(
        default=(PLATFORM_SERVICE,), description="Values of that tag on what all share; a wider budget covers them."
    )
    action_required: bool = Field(default=True, description="Whether a budget must act when it is spent.")


def check_stack(stack: Stack, parameters: Budgets) -> Outcomes:
    """Judge the budgets of a stack that starts machines."""
    if not stack.of(*_COSTLY):
        return
    budgets: list[Resource] = []

    def read(budget: Resource) -> Iterator[Outcome]:
        if is_cost_budget(budget):
            budgets.append(budget)
        yield from ()

    problems = list(judge_each(stack.of(BUDGET), read))
    yield from problems
    if not budgets:
        if not problems:
            yield Violation("the stack starts machines and has no cost budget", stack.of(*_COSTLY)[0].urn)
        return
    yield from judge_each(budgets, _judge_notifications)
    aspects: list[Callable[[], Outcomes]] = [partial(_judge_values, stack, budgets, parameters)]
    if parameters.action_required:
        aspects.append(partial(_judge_action, stack, budgets))
    for aspect in aspects:
        yield from guard(aspect)


def _judge_notifications(budget: Resource) -> Outcomes:
    found = budget["notifications"]
    told: set[str] = set()

    def read(notification: Node) -> Iterator[Outcome]:
        kind = notification["notificationType"].text() or ""
        if any(notification[key].items() for key in _SUBSCRIBERS):
            told.add(kind)
        yield from ()

    problems = list(judge_each(found.items(), read))
    yield from problems
    for kind in _KINDS:
        if kind not in told and not problems:
            yield Violation(f"{found.place} tell nobody of {kind} costs", budget.urn)


def _judge_values(stack: Stack, budgets: list[Resource], parameters: Budgets) -> Outcomes:
    """Every value of the tag has a budget that counts its costs alone."""
    if not parameters.tag_key:
        return
    covered = {value for budget in budgets for value in budgeted_values(budget, parameters.tag_key)}
    carriers: dict[str, str] = {}

    def read(resource: Resource) -> Iterator[Outcome]:
        tag = tags(resource).get(parameters.tag_key)
        if tag is not None:
            carriers.setdefault(tag.text() or "", resource.urn)
        yield from ()

    yield from judge_each((each for each in stack.resources if is_aws(each)), read)
    for value, urn in carriers.items():
        if value not in covered and value not in parameters.shared_values:
            yield Violation(f"no budget counts the costs of what has its tag {parameters.tag_key}", urn)


def _judge_action(stack: Stack, budgets: list[Resource]) -> Iterator[Outcome]:
    loose: list[Node] = []
    for budget in budgets:
        found = stack.companions(budget, BUDGET_ACTION, "budgetName")
        if found.bound:
            return
        loose = [*found.loose]
    if loose:
        yield Doubt(loose[0].path, loose[0].urn)
        return
    yield Violation("no BudgetAction stops growth when a budget is spent", budgets[0].urn)


RULE = Rule(
    id="cost-budget",
    title="Whatever starts machines has a budget that tells somebody and acts",
    description=(
        "A stack with clusters or machines has cost budgets; each tells subscribers of actual and of forecast costs; "
        "each value of the service tag has a budget that filters by it, but for what all services share; one budget "
        "at least has a BudgetAction."
    ),
    effect="costs are noticed on the invoice, a month after they began",
    remedy="add a Budget with ACTUAL and FORECASTED notifications for each service, and a BudgetAction for the whole",
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(BUDGET, BUDGET_ACTION, *_COSTLY),
    parameters=Budgets,
    check_stack=check_stack,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
