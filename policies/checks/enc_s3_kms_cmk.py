"""Rule `enc-s3-kms-cmk`: buckets are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.keys import key_problem
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import BUCKET
from policies.views import Node, Resource

CONFIGURATION: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_KMS: Final = ("aws:kms", "aws:kms:dsse")
_SSE_S3: Final = "AES256"


class BucketEncryption(Parameters):
    """Parameters."""

    bucket_key_required: bool = Field(
        default=True, description="Whether the bucket key must be on (fewer calls of KMS)."
    )
    sse_s3_buckets: tuple[str, ...] = Field(
        default=(),
        description=(
            "URN patterns of buckets that cannot use KMS, such as targets of load balancer access logs; AES256 "
            "will do for them, no encryption configuration will not."
        ),
    )


def check(bucket: Resource, parameters: BucketEncryption) -> Outcomes:
    """Judge one bucket by its encryption configuration, a companion resource or inline."""
    sse_s3 = any(fnmatchcase(bucket.urn, pattern) for pattern in parameters.sse_s3_buckets)
    judge = _judge_sse_s3 if sse_s3 else partial(_judge_rule, parameters=parameters)
    inline = bucket.at("serverSideEncryptionConfiguration", "rule")
    if not inline.missing:
        yield from judge(bucket, inline)
        return
    companion = bucket.stack.companions(bucket, CONFIGURATION, "bucket").one_or_doubt()
    if companion is None:
        yield Violation("the bucket has no encryption configuration")
        return
    rules = companion["rules"].items()
    if not rules:
        yield Violation("the encryption configuration has no rule", companion.urn)
    yield from judge_each(rules, lambda rule: judge(companion, rule))


def _judge_sse_s3(holder: Resource, rule: Node) -> Iterator[Outcome]:
    algorithm = rule.at("applyServerSideEncryptionByDefault", "sseAlgorithm")
    if algorithm.text() not in (_SSE_S3, *_KMS):
        yield Violation(f"{algorithm.place} is {algorithm.shown}, not {_SSE_S3} or aws:kms", holder.urn)


def _judge_rule(holder: Resource, rule: Node, parameters: BucketEncryption) -> Iterator[Outcome]:
    default = rule["applyServerSideEncryptionByDefault"]
    if default["sseAlgorithm"].text() not in _KMS:
        yield Violation(f"{default['sseAlgorithm'].place} is {default['sseAlgorithm'].shown}, not aws:kms", holder.urn)
        return
    if parameters.bucket_key_required and not rule["bucketKeyEnabled"].truth():
        yield Violation(f"{rule['bucketKeyEnabled'].place} is not true", holder.urn)
    problem = key_problem(holder, default["kmsMasterKeyId"])
    if problem:
        yield Violation(problem, holder.urn)


RULE = Rule(
    id="enc-s3-kms-cmk",
    title="Every bucket is encrypted with a customer managed KMS key",
    description=(
        "Each bucket has a server-side encryption configuration (its own resource, or inline) whose rules use "
        "aws:kms or aws:kms:dsse with a customer managed key and the bucket key. A key that is created in the "
        "same stack counts, although its ARN is not known before deployment."
    ),
    effect="whoever may read the bucket may decrypt it, and no key can be withdrawn",
    remedy=(
        "add a BucketServerSideEncryptionConfiguration with aws:kms, kmsMasterKeyId of a KMS key and bucketKeyEnabled"
    ),
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(BUCKET,),
    parameters=BucketEncryption,
    check=check,
)
