"""Samples of `s3-lifecycle`."""

from __future__ import annotations

from policies.checks.s3_lifecycle import CONFIGURATION
from policies.tokens import BUCKET, BUCKET_VERSIONING
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

MODELS = Declared(BUCKET, "models", {"bucket": "acme-models"})
VERSIONED = Declared(
    BUCKET_VERSIONING, "versions", {"bucket": "acme-models", "versioningConfiguration": {"status": "Enabled"}}
)
EXPIRE: Json = {"id": "expire", "status": "Enabled", "expiration": {"days": 90}}
OLD: Json = {"id": "old", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}


def abort(days: object = 7, **changes: object) -> Json:
    return {
        "id": "abort",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": days},
        **changes,
    }


def rules(*stated: Json, name: str = "acme-models", **needs: tuple[str, ...]) -> Declared:
    return Declared(CONFIGURATION, "lifecycle", {"bucket": name, "rules": list(stated)}, needs)


def inline(**changes: object) -> Declared:
    rule = {
        "enabled": True,
        "expiration": {"days": 90},
        "noncurrentVersionExpiration": {"days": 30},
        "abortIncompleteMultipartUploadDays": 7,
        **changes,
    }
    return Declared(BUCKET, "models", {"versioning": {"enabled": True}, "lifecycleRules": [rule]})


SAMPLES = (
    Sample(Case.ALLOWED, "without versions", (MODELS, rules(EXPIRE, abort()))),
    Sample(Case.ALLOWED, "with versions", (MODELS, VERSIONED, rules(EXPIRE, OLD, abort()))),
    Sample(
        Case.ALLOWED,
        "objects stay, markers go",
        (MODELS, rules({**EXPIRE, "expiration": {"expiredObjectDeleteMarker": True}}, abort())),
    ),
    Sample(Case.ALLOWED, "inline", (inline(),)),
    Sample(
        Case.ALLOWED,
        "older names of the types",
        (
            Declared("aws:s3/bucketV2:BucketV2", "models", {"bucket": "acme-models"}),
            Declared(
                "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
                "lifecycle",
                {"bucket": "acme-models", "rules": [EXPIRE, abort()]},
            ),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "bucket of the stack",
        (Declared(BUCKET, "models", {}), rules(EXPIRE, abort(), name=UNKNOWN, bucket=("models",))),
    ),
    Sample(Case.INSIDE, "longest wait for uploads", (MODELS, rules(EXPIRE, abort(7)))),
    Sample(Case.OUTSIDE, "a day longer", (MODELS, rules(EXPIRE, abort(8))), ("is more than 7",)),
    Sample(Case.DISALLOWED, "no configuration", (MODELS,), ("no lifecycle configuration",)),
    Sample(Case.DISALLOWED, "objects stay", (MODELS, rules(abort())), ("no rule expires objects",)),
    Sample(
        Case.DISALLOWED,
        "not in force",
        (MODELS, rules({**EXPIRE, "status": "Disabled"}, abort())),
        ("no rule expires objects",),
    ),
    Sample(Case.DISALLOWED, "uploads stay", (MODELS, rules(EXPIRE)), ("removes uploads",)),
    Sample(
        Case.DISALLOWED,
        "uploads elsewhere stay",
        (MODELS, rules(EXPIRE, abort(filter={"prefix": "tmp/"}))),
        ("removes uploads",),
    ),
    Sample(
        Case.DISALLOWED,
        "uploads without a tag stay",
        (MODELS, rules(EXPIRE, abort(filter={"and": {"tags": {"kind": "tmp"}}}))),
        ("removes uploads",),
    ),
    Sample(Case.DISALLOWED, "old versions stay", (MODELS, VERSIONED, rules(EXPIRE, abort())), ("expires old ones",)),
    Sample(
        Case.DISALLOWED, "inline, old versions stay", (inline(noncurrentVersionExpiration=None),), ("expires old ones",)
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown does not hide that objects stay",
        (MODELS, rules(abort(UNKNOWN))),
        ("no rule expires objects", "daysAfterInitiation is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no bucket of the stack", (rules(EXPIRE),)),
)
