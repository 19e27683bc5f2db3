"""Rule `exception-ttl`: waivers end, are used, and name what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from policies.rule import ANY_TYPE, Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack
from policies.waivers import MAXIMUM_DAYS, WaiverUse


class WaiverLimits(Parameters):
    """Parameters."""

    maximum_resources: int = Field(default=10, ge=1, le=50, description="Most resources that one waiver may cover.")


def check_stack(stack: Stack, parameters: WaiverLimits) -> Outcomes:
    """Judge every waiver by its dates, its pattern, and by what it covered."""
    for use in stack.waivers:
        waiver = use.waiver
        for problem in _problems(use, stack.today, parameters):
            name = f"{waiver.rule} for {waiver.resource} ({waiver.owner}, {waiver.ticket})"
            yield Violation(f"the waiver of {name} {problem}")


def _problems(use: WaiverUse, today: date, parameters: WaiverLimits) -> Iterator[str]:
    waiver = use.waiver
    if waiver.expires < waiver.granted:
        yield "ends before it begins"
    elif waiver.days > MAXIMUM_DAYS:
        yield f"lasts {waiver.days} days, more than {MAXIMUM_DAYS}"
    if today > waiver.expires:
        yield f"expired on {waiver.expires}"
    elif today < waiver.granted:
        yield f"holds only from {waiver.granted}"
    if waiver.too_broad:
        yield "names no resource"
    elif len(use.urns) > parameters.maximum_resources:
        yield f"covers {len(use.urns)} resources, more than {parameters.maximum_resources}"
    if not use.urns:
        yield "covers nothing"


RULE = Rule(
    id="exception-ttl",
    title=f"Waivers are used, name their resources, and end within {MAXIMUM_DAYS} days",
    description=(
        "Each waiver of the stack's configuration covers at least one finding, names its resources, is at"
        f" most {MAXIMUM_DAYS} days long, and has not expired. A waiver that is too long, has expired, or whose pattern"
        " names no resource waives nothing; one that covers more resources than allowed is a finding of its own."
    ),
    effect="exceptions outlive their reason and nobody notices",
    remedy="mend what the waiver is for and delete it, or have it granted anew, with a narrower pattern",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=WaiverLimits,
    check_stack=check_stack,
    essential=True,
    runs_last=True,
)
