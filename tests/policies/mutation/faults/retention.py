"""Faults of how long data is kept, and where."""

from __future__ import annotations

from tests.policies.mutation.fault import Fault, drop, made_by, named, put, remove

_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_JOB = "aws:macie2/classificationJob:ClassificationJob"
_PROTECTION = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"

FAULTS = (
    Fault("logs for ever", _LOGS, drop("retentionInDays"), ("log-retention-band",)),
    Fault("logs of a day", _LOGS, put("retentionInDays", 1), ("log-retention-band",)),
    Fault("prompts in the clear", _PROTECTION, remove, ("log-data-protection",)),
    Fault("objects for ever", _LIFECYCLE, remove, ("s3-lifecycle",)),
    Fault("uploads for ever", _LIFECYCLE, drop("rules.1"), ("s3-lifecycle",)),
    Fault("lifecycle off", _LIFECYCLE, put("rules.*.status", "Disabled"), ("s3-lifecycle",)),
    Fault("no lock of objects", _LOCK, remove, ("s3-object-lock-audit",), where=named("trail")),
    Fault(
        "lock of objects for governance",
        _LOCK,
        put("rule.defaultRetention.mode", "GOVERNANCE"),
        ("s3-object-lock-audit",),
        where=named("trail"),
    ),
    Fault(
        "lock of objects of a day",
        _LOCK,
        put("rule.defaultRetention.days", 1),
        ("s3-object-lock-audit",),
        where=named("trail"),
    ),
    Fault("features for ever", "aws:dynamodb/table:Table", drop("ttl"), ("feature-ttl",)),
    Fault("features live on", "aws:dynamodb/table:Table", put("ttl.enabled", False), ("feature-ttl",)),
    Fault(
        "personal data where nobody looks for it",
        "aws:s3/bucket:Bucket",
        put("tags", "personal-data", "true"),
        ("macie-pii-scan",),
        where=named("audit-history"),
    ),
    Fault("nobody looks for personal data", _JOB, remove, ("macie-pii-scan",)),
    Fault("personal data looked for once", _JOB, put("jobType", "ONE_TIME"), ("macie-pii-scan",)),
    Fault(
        "personal data by a class of somebody else's",
        "aws:s3/bucket:Bucket",
        put("tags", "data-class", "pii"),
        ("macie-pii-scan", "tag-values-valid"),
        where=named("audit-history"),
    ),
    Fault(
        "another continent",
        "aws:s3/bucket:Bucket",
        put("region", "us-east-1"),
        ("data-residency",),
        where=made_by("ModelStore", "FeatureStore"),  # of the others nothing is copied, and no regions are configured
        also={
            "backup-plan-coverage": named("models-eu-west-1-bucket", "offline-eu-west-1-bucket"),
            "macie-pii-scan": made_by("FeatureStore"),  # the job that names it stays in the region of before
        },
    ),
)
