"""Rule `cost-anomaly`: costs that nobody expected are reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.nodes import MACHINES
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import EKS_CLUSTER
from policies.views import Resource

MONITOR: Final = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
SUBSCRIPTION: Final = "aws:costexplorer/anomalySubscription:AnomalySubscription"
_COSTLY: Final = (EKS_CLUSTER, *MACHINES)


def check_stack(stack: Stack, parameters: Parameters) -> Outcomes:
    """Judge the monitors and subscriptions of a stack that starts machines."""
    if not stack.of(*_COSTLY):
        return
    followed: set[str] = set()
    everything = False

    def read(subscription: Resource) -> Iterator[Outcome]:
        nonlocal everything
        monitors = subscription["monitorArnLists"]
        if not subscription["subscribers"].items():
            yield Violation(f"{subscription['subscribers'].place} is empty", subscription.urn)
        own = [source.urn for source in subscription.sources(monitors) if source.token == MONITOR]
        followed.update(own)
        if not own and any(node.text() for node in monitors.items()):
            everything = True  # a monitor of another stack, by its ARN

    problems = list(judge_each(stack.of(SUBSCRIPTION), read))
    yield from problems
    if problems:
        return
    monitors = stack.of(MONITOR)
    if not monitors and not everything:
        yield Violation("the stack starts machines and nothing watches for unexpected costs", stack.of(*_COSTLY)[0].urn)
    for monitor in monitors:
        if monitor.urn not in followed and not everything:
            yield Violation("nobody is subscribed to the anomaly monitor", monitor.urn)


RULE = Rule(
    id="cost-anomaly",
    title="Costs that nobody expected are reported to somebody",
    description=(
        "A stack with clusters or machines has an AnomalyMonitor, and each monitor an AnomalySubscription with "
        "subscribers; or it subscribes somebody to a monitor of another stack. An organisation may watch all its "
        "accounts from one of them, so that the rule advises."
    ),
    effect="a loop that starts machines, or a stolen key, costs for weeks before anybody looks",
    remedy="add a costexplorer AnomalyMonitor and an AnomalySubscription that refers to it",
    topic=Topic.SCALING,
    kind=Kind.STACK,
    severity=Severity.LOW,
    tokens=(MONITOR, SUBSCRIPTION, *_COSTLY),
    parameters=Parameters,
    check_stack=check_stack,
    level=Level.ADVISORY,
)
