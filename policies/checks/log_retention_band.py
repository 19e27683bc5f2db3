"""Rule `log-retention-band`: logs are kept long enough, and not for ever."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from policies.frameworks import AI_ACT_19, AI_ACT_26_6, ISO_A_6_2_8
from policies.rule import Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tagging import tag_of
from policies.tokens import LOG_GROUP
from policies.views import Resource
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, RiskClass

_DELIVERY: Final = "DELIVERY"  # its logs are kept for two days, whatever is stated (CloudWatch Logs API, read 2026-11)


class LogRetention(Parameters):
    """Parameters."""

    minimum_days: int = Field(default=30, ge=1, description="Fewest days that logs are kept.")
    maximum_days: int = Field(default=3653, ge=1, description="Most days that logs are kept.")
    class_tag: str = Field(default=TagKey.DATA_CLASS.value, description="Tag key of the data class.")
    sensitive_classes: tuple[str, ...] = Field(
        default=("confidential", "restricted", "pii"), description="Data classes whose logs may quote people."
    )
    sensitive_maximum_days: int = Field(default=400, ge=1, description="Most days that logs of those classes are kept.")
    risk_tag: str = Field(default=TagKey.RISK_CLASS.value, description="Tag key of the risk class; `high` is judged.")
    high_risk_minimum_days: int = Field(
        default=183, ge=1, description="Fewest days that logs of high-risk AI systems are kept (six months by law)."
    )


def check(group: Resource, parameters: LogRetention) -> Outcomes:
    """Judge one log group."""
    if group["logGroupClass"].text() == _DELIVERY:
        return
    days = group["retentionInDays"].number()
    if not days:  # zero is how the API writes "for ever"
        yield Violation("retentionInDays is missing, so the logs are kept for ever")
        return
    sensitive = tag_of(group, parameters.class_tag) in parameters.sensitive_classes
    high_risk = tag_of(group, parameters.risk_tag) == RiskClass.HIGH
    most = parameters.sensitive_maximum_days if sensitive else parameters.maximum_days
    fewest = parameters.high_risk_minimum_days if high_risk else parameters.minimum_days
    if days < fewest:
        yield Violation(f"retentionInDays is less than {fewest}{', for a high-risk AI system' if high_risk else ''}")
    if days > most:
        yield Violation(f"retentionInDays is more than {most}{', for a sensitive data class' if sensitive else ''}")


RULE = Rule(
    id="log-retention-band",
    title="Logs are kept long enough to investigate, and not for ever",
    description=(
        "retentionInDays of each CloudWatch log group is stated and lies between the configured bounds; the upper "
        "one is lower for sensitive data classes, the lower one higher for high-risk AI systems, both by tag. "
        "Groups of the class DELIVERY, whose retention is fixed, are not judged."
    ),
    effect="an incident cannot be traced back, or personal data is kept without a reason",
    remedy="set retentionInDays to one of the values that CloudWatch Logs offers within the bounds",
    topic=Topic.RETENTION,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(LOG_GROUP,),
    parameters=LogRetention,
    check=check,
    frameworks=(AI_ACT_19, AI_ACT_26_6, ISO_A_6_2_8),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
