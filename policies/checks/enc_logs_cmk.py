"""Rule `enc-logs-cmk`: log groups are encrypted with a key of our own."""

from __future__ import annotations

from policies.keys import key_problem
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.views import Resource


def check(group: Resource, parameters: Parameters) -> Outcomes:
    """Judge one log group."""
    problem = key_problem(group, group["kmsKeyId"])
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-logs-cmk",
    title="Log groups are encrypted with a customer managed KMS key",
    description="kmsKeyId of each CloudWatch log group names a customer managed key.",
    effect="logs, which quote requests, cannot be made unreadable by withdrawing a key",
    remedy="set kmsKeyId to a KMS key whose policy admits the CloudWatch Logs service of the region",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=("aws:cloudwatch/logGroup:LogGroup",),
    parameters=Parameters,
    check=check,
)
