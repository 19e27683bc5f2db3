"""Samples of `log-retention-band`."""

from __future__ import annotations

from policies.tokens import LOG_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def group(days: object, **tags: str) -> Declared:
    named = {key.replace("_", "-"): value for key, value in tags.items()}
    return Declared(LOG_GROUP, "api", {"name": "/apps/api", "retentionInDays": days, "tags": named})


SAMPLES = (
    Sample(Case.ALLOWED, "a year", (group(365),)),
    Sample(Case.INSIDE, "shortest", (group(30),)),
    Sample(Case.INSIDE, "longest", (group(3653),)),
    Sample(Case.INSIDE, "longest of a sensitive class", (group(400, data_class="restricted"),)),
    Sample(Case.INSIDE, "half a year of a high-risk system, by parameter", (group(183, risk_class="high"),)),
    Sample(
        Case.ALLOWED,
        "class from the tags of the provider",
        (Declared(LOG_GROUP, "api", {"retentionInDays": 400}, default_tags={"data-class": "pii"}),),
    ),
    Sample(Case.OUTSIDE, "too short", (group(14),), ("less than 30",)),
    Sample(Case.OUTSIDE, "too long", (group(3654),), ("more than 3653",)),
    Sample(Case.OUTSIDE, "too long for its class", (group(545, data_class="restricted"),), ("more than 400",)),
    Sample(Case.OUTSIDE, "too short for its risk", (group(180, risk_class="high"),), ("less than 183",)),
    Sample(Case.OUTSIDE, "by parameter", (group(90),), ("less than 365",), parameters={"minimum_days": 365}),
    Sample(Case.DISALLOWED, "for ever", (Declared(LOG_GROUP, "api", {"name": "/apps/api"}),), ("kept for ever",)),
    Sample(Case.DISALLOWED, "for ever, as the API writes it", (group(0),), ("kept for ever",)),
    Sample(Case.UNKNOWN, "retention", (group(UNKNOWN),), ("retentionInDays is not known",)),
    Sample(Case.NOT_APPLICABLE, "delivery", (Declared(LOG_GROUP, "d", {"logGroupClass": "DELIVERY"}),)),
)
