"""Rule `s3-replication`: objects can be brought back, and models are where they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.regions import region_of
from policies.replication import destinations, is_copy
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import BUCKET, BUCKET_REPLICATION, BUCKET_VERSIONING
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

_ENABLED: Final = "Enabled"


class Replication(Parameters):
    """Parameters."""

    replicated_buckets: tuple[str, ...] = Field(
        default=("*model*", "*feature*"),
        description="Patterns of names (physical or logical, in lower case) of buckets that must be replicated.",
    )
    exempt_buckets: tuple[str, ...] = Field(
        default=(), description="URN patterns of buckets whose objects concern their own region alone."
    )
    time_control_required: bool = Field(
        default=True, description="Whether replication must have a promised time (S3 Replication Time Control)."
    )


def check(bucket: Resource, parameters: Replication) -> Outcomes:
    """Judge one bucket by its versioning and its replication."""
    aspects: tuple[Callable[[Resource, Replication], Outcomes], ...] = (_judge_versioning, _judge_replication)
    yield from judge_each(aspects, lambda aspect: aspect(bucket, parameters))


def _judge_versioning(bucket: Resource, parameters: Replication) -> Iterator[Outcome]:
    if bucket.at("versioning", "enabled").truth():
        return
    companion = bucket.stack.companions(bucket, BUCKET_VERSIONING, "bucket").one_or_doubt()
    if companion is None:
        yield Violation("the bucket has no versioning")
        return
    status = companion.at("versioningConfiguration", "status")
    if status.text() != _ENABLED:
        yield Violation(f"{status.place} is not {_ENABLED}", companion.urn)


def _judge_replication(bucket: Resource, parameters: Replication) -> Outcomes:
    if not _is_wanted(bucket, parameters) or is_copy(bucket):
        return
    holder, inline = bucket, bucket.at("replicationConfiguration", "rules")
    if inline.missing:
        companion = bucket.stack.companions(bucket, BUCKET_REPLICATION, "bucket").one_or_doubt()
        if companion is None:
            yield Violation("the bucket is replicated nowhere")
            return
        holder, inline = companion, companion["rules"]
    active = [rule for rule in inline.items() if rule["status"].text() == _ENABLED]
    if not active:
        yield Violation(f"{inline.place} has no rule that is enabled", holder.urn)
    yield from judge_each(active, lambda rule: _judge_rule(holder, rule, parameters))
    if active:
        yield from _judge_distance(bucket, holder, active)


def _is_wanted(bucket: Resource, parameters: Replication) -> bool:
    if any(fnmatchcase(bucket.urn, pattern) for pattern in parameters.exempt_buckets):
        return False
    stated = bucket["bucket"]
    # a name that AWS or the provider makes up begins with the logical one
    names = [bucket.name] if stated.missing or stated.unknown else [bucket.name, stated.text() or ""]
    return any(fnmatchcase(name.lower(), pattern) for name in names for pattern in parameters.replicated_buckets)


def _judge_rule(holder: Resource, rule: Node, parameters: Replication) -> Outcomes:
    aspects: list[Callable[[], Outcomes]] = [lambda: _judge_keys(holder, rule), lambda: _judge_markers(holder, rule)]
    if parameters.time_control_required:
        aspects.append(lambda: _judge_time(holder, rule))
    yield from judge_each(aspects, lambda aspect: aspect())


def _judge_keys(holder: Resource, rule: Node) -> Iterator[Outcome]:
    """What is encrypted by KMS is replicated only where the rule says so, and by which key."""
    objects = rule.at("sourceSelectionCriteria", "sseKmsEncryptedObjects")
    status = objects["enabled"].truth() if objects["status"].missing else objects["status"].text() == _ENABLED
    if not status:
        yield Violation(f"{objects.place} is not {_ENABLED}: what is encrypted with KMS is not replicated", holder.urn)
        return
    destination = rule["destination"]
    key = destination.at("encryptionConfiguration", "replicaKmsKeyId")
    if key.missing and destination["replicaKmsKeyId"].missing:
        yield Violation(f"{key.place} is missing", holder.urn)


def _judge_markers(holder: Resource, rule: Node) -> Iterator[Outcome]:
    """Whether deletions are replicated is a decision; S3 takes a rule with a filter only where it is made."""
    if rule["filter"].missing:
        return
    status = rule.at("deleteMarkerReplication", "status")
    inline = rule["deleteMarkerReplicationStatus"]
    if status.missing and inline.missing:
        yield Violation(f"{status.place} is missing", holder.urn)


def _judge_time(holder: Resource, rule: Node) -> Iterator[Outcome]:
    status = rule.at("destination", "replicationTime", "status")
    if status.text() != _ENABLED:
        yield Violation(f"{status.place} is not {_ENABLED}", holder.urn)


def _judge_distance(bucket: Resource, holder: Resource, rules: list[Node]) -> Iterator[Outcome]:
    """A copy that is known to lie in the same region survives nothing that the bucket does not."""
    here = region_of(bucket)
    copies = destinations(holder, bucket)
    if not copies:  # buckets of another stack, or nobody knows which
        for rule in rules:
            rule.at("destination", "bucket").text()
    elif all(region_of(copy) == here for copy in copies):
        yield Violation("all its copies are in its own region", holder.urn)


RULE = Rule(
    id="s3-replication",
    title="Buckets keep versions, and models and features are replicated to another region",
    description=(
        "Every bucket has versioning. A bucket of models or features, by its name, has a replication (inline or a "
        "resource of its own) with an enabled rule that takes along what is encrypted with KMS, names the key of the "
        "copy, says what happens to deletions and has a promised time; its copies are not in its own region. Copies "
        "need no further copy."
    ),
    effect="an overwritten model cannot be brought back, and the loss of its region takes the model with it",
    remedy="add a BucketVersioning, and a BucketReplicationConfig to a bucket of another region",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(BUCKET,),
    parameters=Replication,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
