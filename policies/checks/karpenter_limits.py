"""Rule `karpenter-limits`: a pool of nodes has an end, and its nodes have one, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.nodes import NODE_POOL, NODE_POOLS
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

_BOUNDS: Final = ("cpu", "memory", "nodes")
_ALL: Final = "100%"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"([0-9]+)(s|m|h)", re.ASCII)  # as the CRD has it: ([0-9]+(s|m|h))+


class PoolLimits(Parameters):
    """Parameters."""

    maximum_node_age_hours: int = Field(
        default=720, ge=1, description="Longest life of a node; a new one has the patches of its image."
    )


def check(pool: Resource, parameters: PoolLimits) -> Outcomes:
    """Judge one NodePool."""
    aspects: tuple[Callable[[Resource, PoolLimits], Outcomes], ...] = (_judge_limits, _judge_budgets, _judge_age)
    yield from judge_each(aspects, lambda aspect: aspect(pool, parameters))


def _judge_limits(pool: Resource, parameters: PoolLimits) -> Iterator[Outcome]:
    limits = pool.at("spec", "limits")
    found = limits.entries()
    if not any(name in found and found[name].text() for name in _BOUNDS):
        yield Violation(f"{limits.place} has none of {', '.join(_BOUNDS)}")


def _judge_budgets(pool: Resource, parameters: PoolLimits) -> Outcomes:
    budgets = pool.at("spec", "disruption", "budgets")
    if not budgets.items():
        yield Violation(f"{budgets.place} is missing")
    yield from judge_each(budgets.items(), _judge_budget)


def _judge_budget(budget: Node) -> Iterator[Outcome]:
    if budget["nodes"].text() == _ALL:
        yield Violation(f"{budget['nodes'].place} is {_ALL}, so that all nodes may go at once")


def _judge_age(pool: Resource, parameters: PoolLimits) -> Iterator[Outcome]:
    # karpenter.sh/v1 moved it from `disruption` to the template
    place = ("template", "spec") if pool.token == NODE_POOL else ("disruption",)
    node = pool.at("spec", *place, "expireAfter")
    text = node.text()
    if text is None:
        yield Violation(f"{node.place} is missing")
    elif text == "Never" or _hours(node, text) > parameters.maximum_node_age_hours:
        yield Violation(f"{node.place} is {node.shown}, longer than {parameters.maximum_node_age_hours} hours")


def _hours(node: Node, text: str) -> float:
    if not re.fullmatch(rf"({_DURATION.pattern})+", text, re.ASCII) or len(text) > 40:
        raise node.malformed("a duration such as 720h, or Never")
    return sum(int(amount) * _SECONDS[unit] for amount, unit in _DURATION.findall(text)) / 3600


RULE = Rule(
    id="karpenter-limits",
    title="Pools of nodes are bounded, drained piece by piece, and renewed",
    description=(
        "Every NodePool of Karpenter limits its CPUs, memory or nodes, states disruption budgets of which none admits "
        "all nodes, and lets its nodes expire after at most the configured hours. All three are to be stated: their "
        "defaults differ between versions of Karpenter."
    ),
    effect="a runaway workload buys machines without end, a consolidation empties the pool, or nodes are never patched",
    remedy="state spec.limits, spec.disruption.budgets and spec.template.spec.expireAfter",
    topic=Topic.SCALING,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=NODE_POOLS,
    parameters=PoolLimits,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
