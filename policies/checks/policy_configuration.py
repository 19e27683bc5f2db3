"""Rule `policy-configuration`: the pack is configured as somebody meant it."""

from __future__ import annotations

from policies.rule import ANY_TYPE, Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack


def check_stack(stack: Stack, parameters: Parameters) -> Outcomes:
    """Report every mistake that was found while the configuration was read."""
    for mistake in stack.mistakes:
        yield Violation(mistake)


RULE = Rule(
    id="policy-configuration",
    title="Levels, parameters and waivers of the policy pack are valid",
    description=(
        "Every rule id in `policies` of the environment (and in Pulumi's policy configuration) exists, every "
        "level is one of the allowed, every parameter fits its schema, and every waiver has rule, resource, "
        "reason, owner, ticket, granted and expires."
    ),
    effect="the default stays in force instead of what was meant",
    remedy="correct the entry; `serving policies` lists rules and parameters",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=Parameters,
    check_stack=check_stack,
    essential=True,
)
