"""Rule `cost-ceiling-static`: what a stack may start costs no more than was agreed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from pydantic import Field, field_validator

from policies.costs import BUDGET, monthly_budget
from policies.nodes import ENDPOINT, MACHINES, NODE_POOLS, default_type, families, instance_types, most_nodes
from policies.prices import HOURS_A_MONTH, usd_per_hour, usd_per_vcpu_hour, vcpus
from policies.quantities import amount
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import EC2_INSTANCE, NODE_GROUP
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

_PRICE: Final = re.compile(r"([a-z0-9.-]+)=(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
_VARIANTS: Final = ("productionVariants", "shadowProductionVariants")


class CostCeiling(Parameters):
    """Parameters."""

    monthly_ceiling_usd: int = Field(
        default=0, ge=0, description="Most that the machines may cost a month; 0: the largest monthly budget says it."
    )
    prices: tuple[str, ...] = Field(
        default=(), description="Prices by the hour that replace the table's, such as m7i.xlarge=0.2247."
    )
    price_percent: int = Field(
        default=100, ge=1, description="What machines cost in the stack's regions, in percent of us-east-1."
    )
    pools_scale: bool = Field(
        default=True,
        description="Whether node groups keep their desired size where pools of Karpenter start what is beyond it.",
    )

    @field_validator("prices")
    @classmethod
    def _priced(cls, prices: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _PRICE.fullmatch(price) for price in prices):
            raise ValueError("a price is written as m7i.xlarge=0.2247")
        return prices

    @property
    def stated(self) -> Mapping[str, float]:
        """Instance type -> price by the hour."""
        return {matched[1]: float(matched[2]) for price in self.prices if (matched := _PRICE.fullmatch(price))}


class _Unpriced(Exception):  # noqa: N818  (a state, no error)
    """Machines whose price nobody knows."""


def check_stack(stack: Stack, parameters: CostCeiling) -> Outcomes:
    """Judge the sum of all machines at their largest number."""
    machines = stack.of(*MACHINES)
    if not machines:
        return
    ceiling, place, urn = float(parameters.monthly_ceiling_usd), "monthly_ceiling_usd", machines[0].urn
    if not ceiling:
        node = monthly_budget(stack)
        if node is None:
            return  # nothing was agreed, which is another rule's finding
        ceiling, place, urn = node.number() or 0.0, node.place, node.urn
    costs: list[float] = []
    scaled = parameters.pools_scale and bool(stack.of(*NODE_POOLS))
    yield from judge_each(machines, partial(_add, costs, parameters, scaled=scaled))
    total = sum(costs) * HOURS_A_MONTH * parameters.price_percent / 100
    if total > ceiling:
        yield Violation(f"all machines at their largest number cost {total:.0f} USD a month, more than {place}", urn)


def _add(costs: list[float], parameters: CostCeiling, machines: Resource, *, scaled: bool) -> Iterator[Outcome]:
    try:
        costs.append(_usd_per_hour(machines, parameters.stated, scaled=scaled))
    except _Unpriced:
        yield Violation(
            "the price of its machines is not known, so that no ceiling holds for them",
            machines.urn,
            remedy="name instance types, and add their prices to the rule's parameter `prices`",
        )


def _usd_per_hour(machines: Resource, stated: Mapping[str, float], *, scaled: bool) -> float:
    if machines.token == ENDPOINT:
        return sum(_variant(variant, stated) for name in _VARIANTS for variant in machines[name].items())
    if machines.token in NODE_POOLS:
        return _pool(machines, stated)
    types = [node.text() or "" for node in instance_types(machines)] or [default_type(machines)]
    return _dearest(types, stated) * _count(machines, scaled=scaled)


def _count(machines: Resource, *, scaled: bool) -> float:
    if machines.token == EC2_INSTANCE:
        return 1.0
    if machines.token == NODE_GROUP and scaled:
        return machines.at("scalingConfig", "desiredSize").number() or 0.0
    return most_nodes(machines).number() or 0.0


def _variant(variant: Node, stated: Mapping[str, float]) -> float:
    """One variant of an endpoint: at most what its scaling admits. A serverless one has no machines."""
    if variant["instanceType"].missing:
        return 0.0
    most = variant.at("managedInstanceScaling", "maxInstanceCount").number()
    count = variant["initialInstanceCount"].number() or 1.0
    return _dearest([variant["instanceType"].text() or ""], stated) * max(count, most or 0.0)


def _pool(pool: Resource, stated: Mapping[str, float]) -> float:
    """What a pool's limits admit: nodes of the dearest type, or CPUs at their dearest, whichever is less."""
    types = [node.text() or "" for node in instance_types(pool)]
    nodes, cpus = most_nodes(pool).number(), amount(pool.at("spec", "limits", "cpu"))
    bounds: list[float] = []
    if nodes is not None and types:
        bounds.append(nodes * _dearest(types, stated))
    if cpus is not None:
        bounds.append(cpus * (_dearest_vcpu(types, stated) if types else _dearest_family(families(pool))))
    if not bounds:
        raise _Unpriced
    return min(bounds)


def _dearest(types: list[str], stated: Mapping[str, float]) -> float:
    prices = [usd_per_hour(each, stated) for each in types]
    known = [price for price in prices if price is not None]
    if not known or len(known) < len(prices):
        raise _Unpriced
    return max(known)


def _dearest_vcpu(types: list[str], stated: Mapping[str, float]) -> float:
    sizes = [vcpus(each) for each in types]
    if not all(sizes):
        raise _Unpriced
    return max(_dearest([each], stated) / (size or 1.0) for each, size in zip(types, sizes, strict=True))


def _dearest_family(names: tuple[str, ...]) -> float:
    prices = [usd_per_vcpu_hour(name) for name in names]
    known = [price for price in prices if price is not None]
    if not known or len(known) < len(prices):
        raise _Unpriced
    return max(known)


RULE = Rule(
    id="cost-ceiling-static",
    title="All machines that a stack may start cost no more than its ceiling",
    description=(
        "The largest sizes of node groups and Auto Scaling groups, single instances, endpoints of SageMaker and the "
        "limits of Karpenter's pools, at list prices for a month, are at most the parameter's ceiling, or the largest "
        "monthly cost budget of the stack. Prices are on-demand prices of us-east-1 with their date in "
        "`policies/prices.py`; a type without a price is a finding. Spot, savings and storage are not counted."
    ),
    effect="a day on which everything scales up costs more than anybody agreed to",
    remedy="lower the largest sizes, raise the ceiling after a review, or state the prices of the stack's regions",
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(*MACHINES, BUDGET),
    parameters=CostCeiling,
    check_stack=check_stack,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
