"""Rule `deletion-protection`: what holds data is not deleted by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from policies.frameworks import DYNAMODB_6, ELB_6, RDS_7, RDS_8
from policies.rule import (
    Kind,
    Level,
    Outcomes,
    Parameters,
    Patch,
    Rule,
    Severity,
    Topic,
    Violation,
    fix_off,
    fix_on,
    judge_each,
    judge_off,
    judge_on,
)
from policies.tokens import BUCKET, DATABASE_CLUSTER, DYNAMODB_TABLE, EKS_CLUSTER, RDS_INSTANCE
from policies.views import Resource
from serving.blueprint.vocabulary import EnvironmentKind


@dataclass(frozen=True, slots=True)
class _Guards:
    """How one type is guarded: a property that must be true, one that must not, and `protect`."""

    protecting: str = ""
    destroying: str = ""
    stateful: bool = True


_GUARDS: Final = {
    EKS_CLUSTER: _Guards(protecting="deletionProtection"),
    DYNAMODB_TABLE: _Guards(protecting="deletionProtectionEnabled"),
    BUCKET: _Guards(destroying="forceDestroy"),
    "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault": _Guards(),
    "aws:backup/vault:Vault": _Guards(destroying="forceDestroy"),
    "aws:ecr/repository:Repository": _Guards(destroying="forceDelete"),
    "aws:efs/fileSystem:FileSystem": _Guards(),
    "aws:kms/key:Key": _Guards(),
    "aws:lb/loadBalancer:LoadBalancer": _Guards(protecting="enableDeletionProtection", stateful=False),
    DATABASE_CLUSTER: _Guards(protecting="deletionProtection"),
    RDS_INSTANCE: _Guards(protecting="deletionProtection"),
}


class DeletionProtection(Parameters):
    """Parameters."""

    protect_required: bool = Field(
        default=True, description="Whether what holds data must also have Pulumi's `protect` option."
    )


def check(resource: Resource, parameters: DeletionProtection) -> Outcomes:
    """Judge one resource that holds data or carries traffic."""
    guards = _GUARDS[resource.token]
    if guards.stateful and parameters.protect_required and not resource.protect:
        yield Violation("the protect option is off", remedy="pass opts=ResourceOptions(protect=True)")
    if guards.protecting:
        yield from judge_each((resource[guards.protecting],), judge_on)
    if guards.destroying:
        yield from judge_each((resource[guards.destroying],), judge_off)


def fix(resource: Resource, parameters: DeletionProtection) -> Patch:
    """Set the service's own guard: it only refuses deletions, and can be undone. No fix reaches `protect`."""
    guards = _GUARDS[resource.token]
    if guards.protecting:
        return fix_on(resource[guards.protecting])
    return fix_off(resource[guards.destroying]) if guards.destroying else {}


RULE = Rule(
    id="deletion-protection",
    title="What holds data or carries traffic cannot be deleted by mistake",
    description=(
        "Clusters, tables, databases and load balancers have the service's deletion protection; buckets, vaults "
        "and repositories are not destroyed with their content; whatever holds data has Pulumi's protect option."
    ),
    effect="a mistaken change deletes data that nobody can bring back",
    remedy="switch the service's deletion protection on, forced deletion off, and protect the resource",
    topic=Topic.RESILIENCE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=tuple(_GUARDS),
    parameters=DeletionProtection,
    check=check,
    fix=fix,
    frameworks=(DYNAMODB_6, ELB_6, RDS_7, RDS_8),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
