"""Encryption keys: whether a property names a key of our own.

Owns the difference between a customer managed KMS key and the ones that AWS manages, and how a key that is
not created yet is recognized: the property depends on a key resource of the same stack.
"""

from __future__ import annotations

import re
from typing import Final

from policies.views import Node, Resource, Undetermined

KMS_KEY: Final = "aws:kms/key:Key"
KMS_REPLICA_KEY: Final = "aws:kms/replicaKey:ReplicaKey"
KEY_TOKENS: Final = frozenset(
    {
        KMS_KEY,
        KMS_REPLICA_KEY,
        "aws:kms/alias:Alias",
        "aws:kms/externalKey:ExternalKey",
        "aws:kms/replicaExternalKey:ReplicaExternalKey",
    }
)
"""Resources whose ARN or id names a customer managed key."""

_AWS_MANAGED: Final = re.compile(r"(^|[:/])alias/aws/|^aws/")
_KEY: Final = re.compile(
    r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(key/|alias/)?[A-Za-z0-9/_-]+$", re.ASCII
)  # key id, multi-Region key id (mrk-...), key ARN, alias name or alias ARN


def key_problem(resource: Resource, node: Node) -> str | None:
    """Say why the value at `node` is no customer managed key; None if it is one.

    Raises:
        Undetermined: The value is not known yet and comes from no key resource of the stack.
    """
    if node.missing:
        return f"{node.place} is missing"
    if node.unknown:
        if any(source.token in KEY_TOKENS for source in resource.sources(node)):
            return None
        raise Undetermined(node.path, node.urn)
    text = node.text() or ""
    if _AWS_MANAGED.search(text):
        return f"{node.place} is {node.shown}, a key that AWS manages"
    return None if _KEY.match(text) else f"{node.place} is {node.shown}, which is no KMS key"
