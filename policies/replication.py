"""Copies of buckets: which bucket is a copy of another one.

Owns how the destinations of a replication are found. It judges nothing.
"""

from __future__ import annotations

from typing import Final

from policies.stack import Stack
from policies.tokens import BUCKET, BUCKET_REPLICATION
from policies.views import Node, Resource

_ARN: Final = "arn:aws:s3:::"


def is_copy(bucket: Resource) -> bool:
    """Whether another bucket of the stack is replicated to it."""
    return bucket.urn in bucket.stack.index("copies-of-buckets", lambda: _copies(bucket.stack))


def destinations(holder: Resource, owner: Resource) -> tuple[Resource, ...]:
    """Buckets of the stack to which a replication leads; the holder is the replication, or its bucket."""
    rules = _rules(holder)
    named = owner.stack.index("buckets-by-name", lambda: _by_name(owner.stack))
    found = {each.urn: each for each in holder.sources(rules) if each.token == BUCKET}
    if isinstance(rules.raw, list):
        for index in range(len(rules.raw)):
            text = rules[index].at("destination", "bucket").raw
            if isinstance(text, str) and text.removeprefix(_ARN) in named:
                bucket = named[text.removeprefix(_ARN)]
                found[bucket.urn] = bucket
    found.pop(owner.urn, None)
    return tuple(found.values())


def _rules(holder: Resource) -> Node:
    return holder.at("replicationConfiguration", "rules") if holder.token == BUCKET else holder["rules"]


def _copies(stack: Stack) -> set[str]:
    found: set[str] = set()
    for holder in stack.of(BUCKET_REPLICATION, BUCKET):
        if _rules(holder).missing:
            continue
        owners = [holder]
        if holder.token == BUCKET_REPLICATION:
            owners = [each for each in holder.sources(holder["bucket"]) if each.token == BUCKET] or owners
        for owner in owners:
            found |= {each.urn for each in destinations(holder, owner)}
    return found


def _by_name(stack: Stack) -> dict[str, Resource]:
    return {
        bucket["bucket"].raw: bucket
        for bucket in stack.of(BUCKET)
        if isinstance(bucket["bucket"].raw, str) and not bucket["bucket"].unknown
    }
