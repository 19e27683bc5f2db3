"""Rule `s3-block-public`: buckets cannot become public.

A block of the whole account holds for all its buckets in all regions, and of it and the bucket's own the stricter one
counts (botocore 1.44.8, s3, `PutPublicAccessBlock`, read 2026-11-26). It stands in for a bucket's own only where a
parameter says so: S3.8 asks for the bucket's, which stays when somebody opens the account for one bucket of it. And
only for buckets of the same provider, since a plan says of no other that it is the same account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.frameworks import S3_8
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, guard, judge_each
from policies.stack import Stack
from policies.tokens import BUCKET
from policies.views import Resource

PUBLIC_ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_BLOCK: Final = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_ENFORCED: Final = "BucketOwnerEnforced"
_FLAGS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


class PublicAccess(Parameters):
    """Parameters."""

    account_block_counts: bool = Field(
        default=False,
        description=(
            "Whether a block of the whole account with all four flags, in the same stack and by the same provider, "
            "stands in for a bucket's own."
        ),
    )
    ownership_required: bool = Field(
        default=False,
        description=("Whether ownership must be stated. New buckets have BucketOwnerEnforced since April 2023 anyway."),
    )


def check(bucket: Resource, parameters: PublicAccess) -> Outcomes:
    """Judge one bucket by its public access block and its ownership controls."""
    stack = bucket.stack
    yield from judge_each((bucket,), lambda one: _judge_block(stack, one, parameters))
    yield from judge_each((bucket,), lambda one: _judge_ownership(stack, one, parameters))


def _judge_block(stack: Stack, bucket: Resource, parameters: PublicAccess) -> Iterator[Outcome]:
    found = list(guard(lambda: _judge_own_block(stack, bucket)))
    # what the bucket has of its own is read first: then nothing that is unknown of the account matters
    if found and parameters.account_block_counts and any(_covers(block, bucket) for block in stack.of(ACCOUNT_BLOCK)):
        return
    yield from found


def _judge_own_block(stack: Stack, bucket: Resource) -> Iterator[Outcome]:
    block = stack.companions(bucket, PUBLIC_ACCESS_BLOCK, "bucket").one_or_doubt()
    if block is None:
        yield Violation("the bucket has no public access block")
        return
    for flag in _FLAGS:
        if not block[flag].truth():
            yield Violation(f"{flag} is not true", block.urn)


def _covers(block: Resource, bucket: Resource) -> bool:
    """Whether a block of an account closes that bucket, which is certain for the provider's own account only."""
    if block.provider is None or bucket.provider is None or block.provider.urn != bucket.provider.urn:
        return False
    account = block["accountId"]
    if not account.missing:
        allowed = block.provider.properties["allowedAccountIds"].document().items()
        if [one.text() for one in allowed] != [account.text()]:
            return False
    return all(block[flag].truth() for flag in _FLAGS)


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
        "Each bucket has a public access block of its own with all four flags (or, where a parameter says so, its "
        "account has), and where ownership controls are stated they are BucketOwnerEnforced, so that access lists have "
        "no effect."
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
