"""Rule `s3-lifecycle`: buckets forget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from policies.frameworks import S3_13
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import BUCKET, BUCKET_VERSIONING
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

CONFIGURATION: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_FILTER_LIMITS: Final = ("objectSizeGreaterThan", "objectSizeLessThan", "prefix", "tag")


class BucketLifecycle(Parameters):
    """Parameters."""

    maximum_upload_days: int = Field(
        default=7, ge=1, description="Most days after which an upload that was never completed is removed."
    )


@dataclass(frozen=True, slots=True)
class _Uploads:
    """After how many days uploads that were never completed are removed, and where that is written."""

    holder: Resource
    node: Node


def check(bucket: Resource, parameters: BucketLifecycle) -> Outcomes:
    """Judge one bucket by its lifecycle rules, a companion resource or inline."""
    inline = bucket["lifecycleRules"].items()
    companion = bucket if inline else bucket.stack.companions(bucket, CONFIGURATION, "bucket").one_or_doubt()
    if companion is None:
        yield Violation("the bucket has no lifecycle configuration")
        return
    rules = [rule for rule in (inline or companion["rules"].items()) if _enabled(rule)]
    if not any(_expires(rule) for rule in rules):
        yield Violation("no rule expires objects, nor the markers of deleted ones", companion.urn)
    yield from judge_each((rules,), lambda each: _judge_uploads(companion, each, parameters))
    yield from judge_each((rules,), lambda each: _judge_versions(bucket, companion, each))


def _judge_uploads(holder: Resource, rules: list[Node], parameters: BucketLifecycle) -> Iterator[Outcome]:
    nodes = [node for rule in rules if _is_general(rule) and not (node := _upload_days(rule)).missing]
    if not nodes:
        yield Violation("no rule for the whole bucket removes uploads that were never completed", holder.urn)
    elif min(node.number() or 0 for node in nodes) > parameters.maximum_upload_days:
        yield Violation(f"{nodes[0].place} is more than {parameters.maximum_upload_days}", holder.urn)


def _judge_versions(bucket: Resource, holder: Resource, rules: list[Node]) -> Iterator[Outcome]:
    if not _is_versioned(bucket):
        return
    if not any(_is_general(rule) and rule["noncurrentVersionExpiration"].entries() for rule in rules):
        yield Violation("the bucket keeps versions, and no rule for the whole bucket expires old ones", holder.urn)


def _is_versioned(bucket: Resource) -> bool:
    if bucket.at("versioning", "enabled").truth():
        return True
    companion = bucket.stack.companions(bucket, BUCKET_VERSIONING, "bucket").one_or_doubt()
    return companion is not None and companion.at("versioningConfiguration", "status").text() != "Disabled"


def _enabled(rule: Node) -> bool:
    """Whether the rule is in force; inline rules say so by another property."""
    return bool(rule["enabled"].truth()) if rule["status"].missing else rule["status"].text() == "Enabled"


def _expires(rule: Node) -> bool:
    return any(value.truth() if key.endswith("Marker") else True for key, value in rule["expiration"].entries().items())


def _upload_days(rule: Node) -> Node:
    inline = rule["abortIncompleteMultipartUploadDays"]
    return rule.at("abortIncompleteMultipartUpload", "daysAfterInitiation") if inline.missing else inline


def _is_general(rule: Node) -> bool:
    """Whether the rule is for the whole bucket: it has no filter, or one that leaves nothing out."""
    limits = [rule["prefix"], *(rule["filter"][key] for key in _FILTER_LIMITS)]
    narrow = any(limit.text() for limit in limits[:-1]) or limits[-1].entries() or rule["tags"].entries()
    return not narrow and not rule.at("filter", "and").entries()


RULE = Rule(
    id="s3-lifecycle",
    title="Every bucket forgets: objects or their markers, old versions, unfinished uploads",
    description=(
        "Each bucket has a lifecycle configuration (its own resource, or inline) whose enabled rules expire "
        "objects or the markers of deleted ones, and for the whole bucket remove uploads that were never completed "
        "and, where versions are kept, old versions."
    ),
    effect="what was deleted is still there and paid for, and personal data outlives its purpose",
    remedy=(
        "add a BucketLifecycleConfiguration with expiration (expiredObjectDeleteMarker where objects must stay), "
        "noncurrentVersionExpiration and abortIncompleteMultipartUpload"
    ),
    topic=Topic.RETENTION,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(BUCKET,),
    parameters=BucketLifecycle,
    check=check,
    frameworks=(S3_13,),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
