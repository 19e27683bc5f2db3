"""Tells, as a rule of the stack, which resources it was not asked about before."""

from __future__ import annotations

import time
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

judged: set[str] = set()


def remembering(args: ResourceValidationArgs, report: Any) -> None:
    """Takes long enough for a stack rule to overtake it."""
    time.sleep(0.02)
    judged.add(args.urn)


def telling(args: StackValidationArgs, report: Any) -> None:
    """Compares."""
    given = {resource.urn for resource in args.resources}
    report(f"{len(given & judged)} judged, missing: {sorted(given - judged)}")


PolicyPack(
    "ordered",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[
        ResourceValidationPolicy("remembering", "Resources are remembered", remembering),
        StackValidationPolicy("telling", "The order is told", telling),
    ],
)
