"""Rule `s3-object-lock-audit`: nobody rewrites the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.rule import Doubt, Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import BUCKET, BUCKET_LOGGING, TRAIL
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

CONFIGURATION: Final = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
DELIVERY_CHANNEL: Final = "aws:cfg/deliveryChannel:DeliveryChannel"
_COMPLIANCE: Final = "COMPLIANCE"
_DAYS_A_YEAR: Final = 365

# What writes to a bucket that has no default retention, and could not if it had one: AWS Config (CloudFormation
# reference, AWS::Config::DeliveryChannel) and S3 server access logging (S3 User Guide, "Object Lock
# considerations"), both read 2026-11.
_UNLOCKABLE: Final = ((DELIVERY_CHANNEL, "s3BucketName"), (BUCKET_LOGGING, "targetBucket"))


class ObjectLock(Parameters):
    """Parameters."""

    minimum_days: int = Field(default=365, ge=1, description="Fewest days for which an object cannot be changed.")
    name_patterns: tuple[str, ...] = Field(
        default=("*audit*", "*evidence*", "*cloudtrail*", "*model-registry*"),
        description="Names of buckets that hold evidence; the bucket of a trail is one whatever its name.",
    )


def check(resource: Resource, parameters: ObjectLock) -> Outcomes:
    """Judge one bucket that holds evidence, or a trail of which nobody can say where it writes to."""
    if resource.token == BUCKET:
        yield from _judge_bucket(resource, parameters)
    elif resource["s3BucketName"].unknown and not resource.sources(resource["s3BucketName"]):
        yield Doubt(resource["s3BucketName"].path, resource.urn)


def _judge_bucket(bucket: Resource, parameters: ObjectLock) -> Iterator[Outcome]:
    """Judge by the Object Lock, a companion resource or inline."""
    if not _holds_evidence(bucket, parameters):
        return
    inline = bucket.at("objectLockConfiguration", "rule")
    holder: Resource | None = bucket
    if inline.missing:
        holder = bucket.stack.companions(bucket, CONFIGURATION, "bucket").one_or_doubt()
    if holder is None:
        yield Violation("the bucket holds evidence and has no Object Lock configuration")
        return
    rule = holder["rule"] if inline.missing else inline
    yield from _judge_retention(holder, rule["defaultRetention"], parameters)


def _judge_retention(holder: Resource, retention: Node, parameters: ObjectLock) -> Iterator[Outcome]:
    if retention["mode"].text() != _COMPLIANCE:
        yield Violation(f"{retention['mode'].place} is {retention['mode'].shown}, not {_COMPLIANCE}", holder.urn)
    days = (retention["days"].number() or 0) + _DAYS_A_YEAR * (retention["years"].number() or 0)
    if days < parameters.minimum_days:
        yield Violation(f"{retention.place} holds for less than {parameters.minimum_days} days", holder.urn)


def _holds_evidence(bucket: Resource, parameters: ObjectLock) -> bool:
    stack = bucket.stack
    if stack.companions(bucket, TRAIL, "s3BucketName").bound:
        return True
    if any(stack.companions(bucket, token, key).bound for token, key in _UNLOCKABLE):
        return False
    return _speaks_of_evidence(bucket.name, parameters) or _speaks_of_evidence(
        bucket["bucket"].text() or "", parameters
    )


def _speaks_of_evidence(name: str, parameters: ObjectLock) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in parameters.name_patterns)


RULE = Rule(
    id="s3-object-lock-audit",
    title="Evidence cannot be changed or deleted before its time",
    description=(
        "Each bucket that a CloudTrail trail writes to, or whose name says that it holds evidence, has an Object "
        "Lock default retention in COMPLIANCE mode for at least the configured days. Buckets that AWS Config or "
        "S3 access logging write to are left out: neither can write to a bucket with a default retention."
    ),
    effect="whoever breaks in, or an administrator, can remove the traces",
    remedy="enable Object Lock and add a BucketObjectLockConfiguration with mode COMPLIANCE",
    topic=Topic.RETENTION,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(BUCKET, TRAIL),
    parameters=ObjectLock,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
