"""Rule `k8s-recommended-labels`: objects are labelled as Kubernetes recommends."""

from __future__ import annotations

from pydantic import Field

from policies.rule import (
    Kind,
    Level,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
    judge_filled,
)
from policies.tokens import WORKLOADS
from policies.views import Resource
from policies.workloads import labels

SERVICE = "kubernetes:core/v1:Service"


class Labels(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(
        default=("app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"),
        min_length=1,
        description="Labels that workloads and services carry.",
    )


def check(resource: Resource, parameters: Labels) -> Outcomes:
    """Judge the labels of a workload or a service."""
    found = labels(resource["metadata"])
    missing = [key for key in parameters.keys if key not in found]
    if missing:
        yield Violation(f"label{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing")
    yield from judge_each((found[key] for key in parameters.keys if key in found), judge_filled)


RULE = Rule(
    id="k8s-recommended-labels",
    title="Workloads and services carry the labels that Kubernetes recommends",
    description=(
        "Workloads of every kind and Services carry app.kubernetes.io/name, part-of and managed-by, which tools of "
        'the ecosystem group and select by (Kubernetes documentation, "Recommended Labels").'
    ),
    effect="dashboards, cost reports and people cannot tell which application an object belongs to",
    remedy="add the missing labels to the object's metadata",
    topic=Topic.LINEAGE,
    kind=Kind.RESOURCE,
    severity=Severity.LOW,
    tokens=(*WORKLOADS, SERVICE),
    parameters=Labels,
    check=check,
    level=Level.ADVISORY,
)
