"""Rule `eks-control-logs`: the control plane tells what it did."""

from __future__ import annotations

from pydantic import Field

from policies.frameworks import EKS_8
from policies.rule import Kind, Outcomes, Parameters, Patch, Rule, Severity, Topic, Violation, write
from policies.tokens import EKS_CLUSTER
from policies.views import Resource


class ControlPlaneLogs(Parameters):
    """Parameters."""

    # all types that EKS has (Amazon EKS user guide, "Send control plane logs to CloudWatch Logs", read 2026-11)
    types: tuple[str, ...] = Field(
        default=("api", "audit", "authenticator", "controllerManager", "scheduler"),
        min_length=1,
        description="Log types that must be on.",
    )


def check(cluster: Resource, parameters: ControlPlaneLogs) -> Outcomes:
    """Judge one cluster."""
    node = cluster["enabledClusterLogTypes"]
    stated = {item.text() for item in node.items()}
    missing = [kind for kind in parameters.types if kind not in stated]
    if missing:
        yield Violation(f"{node.place} lacks {', '.join(missing)}")


def fix(cluster: Resource, parameters: ControlPlaneLogs) -> Patch:
    """Switch on what is missing: it changes no cluster, costs what the logs cost, and can be undone."""
    node = cluster["enabledClusterLogTypes"]
    stated = [text for item in node.items() if (text := item.text()) is not None]
    missing = [kind for kind in parameters.types if kind not in stated]
    if not missing or any(item.secret for item in node.items()):
        return {}
    return write(node, [*stated, *missing])


RULE = Rule(
    id="eks-control-logs",
    title="Clusters log every part of their control plane",
    description=(
        "enabledClusterLogTypes holds all types that EKS has: api, audit, authenticator, controllerManager and "
        "scheduler. Nothing is logged by default."
    ),
    effect="nobody can tell afterwards who changed what in the cluster, nor why a pod was not scheduled",
    remedy="list all five types in enabledClusterLogTypes",
    topic=Topic.OBSERVABILITY,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(EKS_CLUSTER,),
    parameters=ControlPlaneLogs,
    check=check,
    fix=fix,
    frameworks=(EKS_8,),
)
