"""Samples of `s3-object-lock-audit`."""

from __future__ import annotations

from policies.checks.s3_object_lock_audit import CONFIGURATION, DELIVERY_CHANNEL
from policies.tokens import BUCKET, BUCKET_LOGGING, TRAIL
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

AUDIT = Declared(BUCKET, "records", {"bucket": "acme-audit-records", "objectLockEnabled": True})
PLAIN = Declared(BUCKET, "calls", {"bucket": "acme-calls"})


def lock(retention: Json, name: str = "acme-audit-records") -> Declared:
    return Declared(CONFIGURATION, "lock", {"bucket": name, "rule": {"defaultRetention": retention}})


def trail(name: str, **needs: tuple[str, ...]) -> Declared:
    return Declared(TRAIL, "trail", {"name": "all", "s3BucketName": name}, needs)


YEAR = {"mode": "COMPLIANCE", "days": 365}

SAMPLES = (
    Sample(Case.ALLOWED, "locked", (AUDIT, lock({"mode": "COMPLIANCE", "years": 7}))),
    Sample(Case.INSIDE, "a year", (AUDIT, lock(YEAR))),
    Sample(Case.OUTSIDE, "a day less", (AUDIT, lock({**YEAR, "days": 364})), ("less than 365 days",)),
    Sample(Case.INSIDE, "by parameter", (AUDIT, lock({**YEAR, "days": 30})), parameters={"minimum_days": 30}),
    Sample(
        Case.ALLOWED,
        "inline",
        (Declared(BUCKET, "evidence", {"objectLockConfiguration": {"rule": {"defaultRetention": YEAR}}}),),
    ),
    Sample(Case.ALLOWED, "bucket of a trail", (PLAIN, trail("acme-calls"), lock(YEAR, "acme-calls"))),
    Sample(
        Case.ALLOWED,
        "trail into a bucket of another stack",
        (trail(UNKNOWN, s3BucketName=("org",)), Declared("pulumi:pulumi:StackReference", "org", {})),
    ),
    Sample(Case.DISALLOWED, "not locked", (AUDIT,), ("no Object Lock configuration",)),
    Sample(Case.DISALLOWED, "can be lifted", (AUDIT, lock({**YEAR, "mode": "GOVERNANCE"})), ("not COMPLIANCE",)),
    Sample(
        Case.DISALLOWED,
        "bucket of a trail, not locked",
        (PLAIN, trail(UNKNOWN, s3BucketName=("calls",))),
        ("no Object Lock configuration",),
    ),
    Sample(Case.DISALLOWED, "by stated name", (PLAIN, trail("acme-calls")), ("no Object Lock configuration",)),
    Sample(
        Case.DISALLOWED,
        "logical name",
        (Declared(BUCKET, "model-registry", {"tags": {"owner": "ml"}}),),
        ("no Object Lock configuration",),
    ),
    Sample(Case.UNKNOWN, "mode", (AUDIT, lock({**YEAR, "mode": UNKNOWN})), ("mode is not known",)),
    Sample(Case.UNKNOWN, "trail into nobody knows what", (trail(UNKNOWN),), ("s3BucketName is not known",)),
    Sample(
        Case.NOT_APPLICABLE,
        "cannot be locked",
        (
            AUDIT,
            Declared(DELIVERY_CHANNEL, "config", {"s3BucketName": "acme-audit-records"}),
            Declared(BUCKET, "audit-access", {"bucket": "acme-audit-access"}),
            Declared(BUCKET_LOGGING, "logging", {"bucket": "acme-audit-records", "targetBucket": "acme-audit-access"}),
        ),
    ),
    Sample(Case.NOT_APPLICABLE, "no evidence", (PLAIN,)),
)
