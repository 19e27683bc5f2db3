"""Rule `kms-rotation-window`: keys rotate, and a deletion leaves time to notice it."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.rule import Kind, Outcomes, Parameters, Patch, Rule, Severity, Topic, Violation, fix_on
from policies.views import Resource

_DEFAULT_WINDOW_DAYS: Final = 30  # botocore 1.44.5, kms, ScheduleKeyDeletion, PendingWindowInDays
_ROTATING_USAGE: Final = ("ENCRYPT_DECRYPT", None)
_ROTATING_SPEC: Final = ("SYMMETRIC_DEFAULT", None)


class KeyRotation(Parameters):
    """Parameters."""

    minimum_deletion_window_days: int = Field(
        default=14, ge=7, le=30, description="Fewest days between the order to delete a key and its end."
    )
    maximum_rotation_days: int = Field(default=365, ge=90, le=2560, description="Longest time between rotations.")


def check(key: Resource, parameters: KeyRotation) -> Outcomes:
    """Judge one key. A replica rotates with its primary."""
    window = key["deletionWindowInDays"].number()
    days = _DEFAULT_WINDOW_DAYS if window is None else window
    if days < parameters.minimum_deletion_window_days:
        yield Violation(f"deletionWindowInDays is less than {parameters.minimum_deletion_window_days}")
    if key["bypassPolicyLockoutSafetyCheck"].truth():
        yield Violation("bypassPolicyLockoutSafetyCheck is true")
    if not _rotates(key):
        return
    if not key["enableKeyRotation"].truth():
        yield Violation("enableKeyRotation is not true")
    period = key["rotationPeriodInDays"].number()
    if period is not None and period > parameters.maximum_rotation_days:
        yield Violation(f"rotationPeriodInDays is more than {parameters.maximum_rotation_days}")


def fix(key: Resource, parameters: KeyRotation) -> Patch:
    """Switch rotation on: it changes no ciphertext and can be undone."""
    return fix_on(key["enableKeyRotation"]) if _rotates(key) else {}


def _rotates(key: Resource) -> bool:
    """Whether KMS can rotate it: symmetric encryption keys only, and replicas follow their primary."""
    return (
        key.token == KMS_KEY
        and key["keyUsage"].text() in _ROTATING_USAGE
        and key["customerMasterKeySpec"].text() in _ROTATING_SPEC
    )


RULE = Rule(
    id="kms-rotation-window",
    title="Keys rotate every year and cannot be deleted overnight",
    description=(
        "Symmetric encryption keys have rotation on; every key and replica has a deletion window of at least the "
        "configured days and keeps the check that its policy locks nobody out."
    ),
    effect="a leaked key stays useful for ever, or a mistaken deletion cannot be stopped in time",
    remedy=(
        "set enableKeyRotation, a rotationPeriodInDays of at most a year and a deletionWindowInDays that leaves time"
    ),
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(KMS_KEY, KMS_REPLICA_KEY),
    parameters=KeyRotation,
    check=check,
    fix=fix,
)
