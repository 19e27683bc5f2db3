"""Rule `enc-amp-cmk`: metrics are encrypted with a key of our own."""

from __future__ import annotations

from policies.keys import key_problem
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import METRICS_WORKSPACE
from policies.views import Resource


def check(workspace: Resource, parameters: Parameters) -> Outcomes:
    """Judge one workspace."""
    problem = key_problem(workspace, workspace["kmsKeyArn"])
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-amp-cmk",
    title="Metrics are encrypted with a customer managed KMS key",
    description="kmsKeyArn of each workspace of Amazon Managed Service for Prometheus names a customer managed key.",
    effect="who asks for which model and how often is readable under a key that nobody here controls",
    remedy="set kmsKeyArn to a KMS key (this replaces the workspace, with its metrics)",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(METRICS_WORKSPACE,),
    parameters=Parameters,
    check=check,
)
