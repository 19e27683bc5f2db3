"""Samples of `kms-rotation-window`."""

from __future__ import annotations

from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def key(**properties: object) -> Declared:
    return Declared(KMS_KEY, "key", {"enableKeyRotation": True, "deletionWindowInDays": 30, **properties})


SAMPLES = (
    Sample(Case.ALLOWED, "rotating", (key(),)),
    Sample(Case.ALLOWED, "numbers as the wire has them", (key(deletionWindowInDays=30.0),)),
    Sample(Case.INSIDE, "shortest window", (key(deletionWindowInDays=14),)),
    Sample(Case.OUTSIDE, "window a day too short", (key(deletionWindowInDays=13),), ("less than 14",)),
    Sample(Case.INSIDE, "longest rotation", (key(rotationPeriodInDays=365),)),
    Sample(Case.OUTSIDE, "rotation a day too long", (key(rotationPeriodInDays=366),), ("more than 365",)),
    Sample(
        Case.INSIDE,
        "window by parameter",
        (key(deletionWindowInDays=7),),
        parameters={"minimum_deletion_window_days": 7},
    ),
    Sample(Case.DISALLOWED, "no rotation", (key(enableKeyRotation=False),), ("enableKeyRotation is not true",)),
    Sample(Case.DISALLOWED, "may lock out", (key(bypassPolicyLockoutSafetyCheck=True),), ("bypassPolicy",)),
    Sample(Case.UNKNOWN, "rotation", (key(enableKeyRotation=UNKNOWN),), ("enableKeyRotation is not known",)),
    Sample(Case.NOT_APPLICABLE, "asymmetric", (key(enableKeyRotation=False, keyUsage="SIGN_VERIFY"),)),
    Sample(Case.NOT_APPLICABLE, "replica", (Declared(KMS_REPLICA_KEY, "copy", {"deletionWindowInDays": 30}),)),
)
