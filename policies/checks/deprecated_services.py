"""Rule `deprecated-services`: nothing is built on a service that ends."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field

from policies.lifecycle import Ending, ending
from policies.rule import ANY_TYPE, Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.views import Resource


class EndingServices(Parameters):
    """Parameters."""

    notice_days: int = Field(
        default=365, ge=0, description="How many days before its end a service is no longer accepted."
    )
    existing_customer_of: tuple[str, ...] = Field(
        default=(), description="Names of closed services that this account may go on using, as the finding has them."
    )


def check(resource: Resource, parameters: EndingServices) -> Outcomes:
    """Judge one resource by its type."""
    found = ending(resource)
    if found is None:
        return
    fate = _fate(found, resource.stack.today, parameters)
    if fate:
        yield Violation(f"{found.service} {fate}", remedy=f"use {found.instead}")


def _fate(found: Ending, today: date, parameters: EndingServices) -> str:
    if found.ended is not None and found.ended <= today + timedelta(days=parameters.notice_days):
        return f"{'ended' if found.ended <= today else 'ends'} on {found.ended}"
    if found.closed is not None and found.closed <= today and found.service not in parameters.existing_customer_of:
        return f"is closed to new customers since {found.closed}"
    return ""


RULE = Rule(
    id="deprecated-services",
    title="Nothing is built on AWS services that end or take no new customers",
    description=(
        "Types of services that AWS has closed to new customers, has ended, or ends within the notice, by a table "
        "with dates (policies/lifecycle.py). Resources of aws, of aws-native and of the Cloud Control API are "
        "judged alike. An account that used a closed service before may be named so by a parameter."
    ),
    effect="the resource cannot be created in another account, or stops working on a day that AWS has named",
    remedy="use the service that AWS names as its successor",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=EndingServices,
    check=check,
)
