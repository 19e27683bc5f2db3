"""Rule `s3-block-public`: buckets cannot become public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.frameworks import S3_8
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import BUCKET
from policies.views import Resource

PUBLIC_ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_ENFORCED: Final = "BucketOwnerEnforced"
_FLAGS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


class PublicAccess(Parameters):
    """Parameters."""

    ownership_required: bool = Field(
        default=False,
        description=("Whether ownership must be stated. New buckets have BucketOwnerEnforced since April 2023 anyway."),
    )


def check(bucket: Resource, parameters: PublicAccess) -> Outcomes:
    """Judge one bucket by its public access block and its ownership controls."""
    stack = bucket.stack
    yield from judge_each((bucket,), lambda one: _judge_block(stack, one))
    yield from judge_each((bucket,), lambda one: _judge_ownership(stack, one, parameters))


def _judge_block(stack: Stack, bucket: Resource) -> Iterator[Outcome]:
    block = stack.companions(bucket, PUBLIC_ACCESS_BLOCK, "bucket").one_or_doubt()
    if block is None:
        yield Violation("the bucket has no public access block")
        return
    for flag in _FLAGS:
        if not block[flag].truth():
            yield Violation(f"{flag} is not true", block.urn)


def _judge_ownership(stack: Stack, bucket: Resource, parameters: PublicAccess) -> Iterator[Outcome]:
    controls = stack.companions(bucket, OWNERSHIP, "bucket").one_or_doubt()
    if controls is None:
        if parameters.ownership_required:
            yield Violation("the bucket has no ownership controls")
    elif controls.at("rule", "objectOwnership").text() != _ENFORCED:
        yield Violation(f"rule.objectOwnership is not {_ENFORCED}", controls.urn)


RULE = Rule(
    id="s3-block-public",
    title="No bucket can become public",
    description=(
        "Each bucket has a public access block with all four flags, and where ownership controls are stated they "
        "are BucketOwnerEnforced, so that access lists have no effect."
    ),
    effect="one access list or policy is enough to publish the content",
    remedy=("add a BucketPublicAccessBlock with all four flags true; set objectOwnership to BucketOwnerEnforced"),
    topic=Topic.NETWORK,
    kind=Kind.STACK,
    severity=Severity.CRITICAL,
    tokens=(BUCKET,),
    parameters=PublicAccess,
    check=check,
    frameworks=(S3_8,),
)
