"""Copies of buckets: which bucket is a copy of another one.

Owns how the destination of a replication is found. It judges nothing.
"""

from __future__ import annotations

from typing import Final

from policies.stack import Stack
from policies.tokens import BUCKET
from policies.views import Resource

REPLICATION: Final = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_ARN: Final = "arn:aws:s3:::"


def is_copy(bucket: Resource) -> bool:
    """Whether another bucket of the stack is replicated to it."""
    return bucket.urn in bucket.stack.index("copies-of-buckets", lambda: _copies(bucket.stack))


def _copies(stack: Stack) -> set[str]:
    names = {
        bucket["bucket"].raw: bucket.urn
        for bucket in stack.of(BUCKET)
        if isinstance(bucket["bucket"].raw, str) and not bucket["bucket"].unknown
    }
    found: set[str] = set()
    for replication in stack.of(REPLICATION):
        rules = replication["rules"]
        sources = {each.urn for each in replication.sources(replication["bucket"])}
        found |= {each.urn for each in replication.sources(rules) if each.token == BUCKET} - sources
        if isinstance(rules.raw, list):
            stated = (rules[index].at("destination", "bucket").raw for index in range(len(rules.raw)))
            found |= {
                names[text.removeprefix(_ARN)]
                for text in stated
                if isinstance(text, str) and text.removeprefix(_ARN) in names
            }
    return found
