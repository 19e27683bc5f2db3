"""Rule `instance-allowlist`: only machines that somebody chose are started, and accelerators serve who needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.nodes import MACHINES, NODE_POOLS, families, is_accelerated, most_nodes, wants_accelerators
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import NODE_GROUP
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

# of EKS (CreateNodegroup, Taint) and of Kubernetes; PREFER_NO_SCHEDULE keeps nobody away
_TAINTING: Final = {"NO_SCHEDULE", "NO_EXECUTE", "NoSchedule", "NoExecute"}


class AllowedMachines(Parameters):
    """Parameters."""

    families: tuple[str, ...] = Field(
        default=(
            "c[3-9]*",
            "m[3-9]*",
            "r[3-9]*",
            "t[3-9]*",
            "g[4-9]*",
            "gr[6-9]*",
            "p[4-9]*",
            "inf[1-9]*",
            "trn[1-9]*",
        ),
        min_length=1,
        description="Patterns of instance families that may be started; an environment names the few that it wants.",
    )
    taints_required: bool = Field(
        default=True, description="Whether machines with accelerators must keep away what does not tolerate them."
    )
    maximum_spot_percent: int = Field(
        default=75, ge=0, le=100, description="Largest share of the stack's node groups that may be spot, by nodes."
    )


def check(machines: Resource, parameters: AllowedMachines) -> Outcomes:
    """Judge one node group, pool, Auto Scaling group, instance or endpoint configuration."""
    aspects: tuple[Callable[[Resource, AllowedMachines], Outcomes], ...] = (
        _judge_families,
        _judge_taints,
        _judge_spot,
    )
    yield from judge_each(aspects, lambda aspect: aspect(machines, parameters))


def _judge_families(machines: Resource, parameters: AllowedMachines) -> Iterator[Outcome]:
    found = families(machines)
    if not found and machines.token in NODE_POOLS:
        yield Violation(
            "spec.template.spec.requirements name neither instance types, families nor categories",
            remedy="add a requirement with operator In for node.kubernetes.io/instance-type or an instance family",
        )
    refused = sorted({name for name in found if not any(fnmatchcase(name, each) for each in parameters.families)})
    if refused:
        # what a program stated may be a secret: the families are named only in the parameters
        yield Violation(f"{len(refused)} of its instance families are not among {', '.join(parameters.families)}")


def _judge_taints(machines: Resource, parameters: AllowedMachines) -> Iterator[Outcome]:
    pool = machines.token in NODE_POOLS
    if not parameters.taints_required or not (pool or machines.token == NODE_GROUP):
        return
    if not any(is_accelerated(name) for name in families(machines)) and not (pool and wants_accelerators(machines)):
        return
    taints = machines.at("spec", "template", "spec", "taints") if pool else machines["taints"]
    if not any(_keeps_away(taint) for taint in taints.items()):
        yield Violation(f"{taints.place} keeps nobody away from its accelerators")


def _keeps_away(taint: Node) -> bool:
    return taint["effect"].text() in _TAINTING


def _judge_spot(machines: Resource, parameters: AllowedMachines) -> Iterator[Outcome]:
    if machines.token != NODE_GROUP or machines["capacityType"].text() != "SPOT":
        return
    percent = machines.stack.index("spot-percent", lambda: _spot_percent(machines.stack))
    if percent > parameters.maximum_spot_percent:
        yield Violation(f"more than {parameters.maximum_spot_percent} % of the nodes of all groups are spot")


def _spot_percent(stack: Stack) -> float:
    """Share of spot in the largest sizes of all node groups."""
    nodes = {True: 0.0, False: 0.0}
    for group in stack.of(NODE_GROUP):
        nodes[group["capacityType"].text() == "SPOT"] += most_nodes(group).number() or 0.0
    total = sum(nodes.values())
    return 100 * nodes[True] / total if total else 0.0


RULE = Rule(
    id="instance-allowlist",
    title="Only machines of allowed families are started, and accelerators are kept for who needs them",
    description=(
        "Node groups, Auto Scaling groups, instances, endpoints of SageMaker and pools of Karpenter start machines of "
        "allowed families only, by the types, families or categories that they or their launch templates name; node "
        "groups and pools with accelerators have a taint; spot node groups are at most the configured share of all."
    ),
    effect="a typing error starts machines at a hundred times the price, or one that was never tested",
    remedy="name instance types of allowed families, or add the family to the rule's parameter after a review",
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=MACHINES,
    parameters=AllowedMachines,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
