"""Budgets: what they count.

Owns the two forms in which a budget filters costs by a tag. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.stack import Stack
from policies.views import Node, Resource

BUDGET: Final = "aws:budgets/budget:Budget"
BUDGET_ACTION: Final = "aws:budgets/budgetAction:BudgetAction"
_TAG_FILTER: Final = "TagKeyValue"
_SEPARATOR: Final = "$"
_USER_TAG: Final = "user:"
_MOST_NESTED: Final = 8


def is_cost_budget(budget: Resource) -> bool:
    """Whether it counts money, not usage or the share of reservations that is used."""
    return (budget["budgetType"].text() or "").upper() == "COST"


def budgeted_values(budget: Resource, key: str) -> Iterator[str]:
    """Values of a tag by which the budget filters costs."""
    for entry in budget["costFilters"].items():
        if entry["name"].text() == _TAG_FILTER:
            for value in entry["values"].items():
                name, _, text = (value.text() or "").removeprefix(_USER_TAG).partition(_SEPARATOR)
                if name == key:
                    yield text
    yield from _expressed(budget["filterExpression"], key, _MOST_NESTED)


def monthly_budget(stack: Stack) -> Node | None:
    """Where the largest monthly limit of the stack's cost budgets in US dollars stands; None if there is none."""
    limits = [
        (budget["limitAmount"].number() or 0.0, budget["limitAmount"])
        for budget in stack.of(BUDGET)
        if is_cost_budget(budget) and budget["timeUnit"].text() == "MONTHLY" and budget["limitUnit"].text() == "USD"
    ]
    return max(limits, key=lambda limit: limit[0])[1] if limits else None


def _expressed(expression: Node, key: str, depth: int) -> Iterator[str]:
    """What must hold of the tag for the whole expression to hold, or for one of its alternatives."""
    if expression.missing or depth == 0:
        return
    tag = expression["tags"]
    if tag["key"].text() == key:
        yield from (value.text() or "" for value in tag["values"].items())
    for joint in ("ands", "ors"):
        for part in expression[joint].items():
            yield from _expressed(part, key, depth - 1)
