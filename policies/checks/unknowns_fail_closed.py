"""Rule `unknowns-fail-closed`: what a mandatory rule cannot judge stops the deployment."""

from __future__ import annotations

from policies.rule import ANY_TYPE, Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack


def check_stack(stack: Stack, parameters: Parameters) -> Outcomes:
    """Report every mandatory rule that was told to pass over what is not known before deployment."""
    for silence in stack.silences:
        yield Violation(silence)


RULE = Rule(
    id="unknowns-fail-closed",
    title="What a mandatory rule cannot judge before deployment stops it",
    description=(
        "That a rule reports an unknown value as `undetermined`, at its own level, is how the pack itself works. This "
        "rule guards the one way around it: an entry of `policies.undetermined` that is laxer than a mandatory rule "
        "states a reason, and makes the finding advisory at most, never invisible."
    ),
    effect="a value that nobody knows yet passes for a good one",
    remedy=(
        "state the value in the program; or write `{level: advisory, reason: ...}`, with how it is checked "
        "otherwise, or waive the one resource"
    ),
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=Parameters,
    check_stack=check_stack,
    essential=True,
)
