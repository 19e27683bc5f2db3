"""Tags of AWS resources: which types can carry them, and which a resource will carry.

Owns the reading of tags in the shapes that AWS has, with the provider's default tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policies.aws_types import arguments
from policies.views import Node, Resource

_NOT_INHERITING: Final = frozenset({"aws:autoscaling/group:Group"})
"""Types without the provider's default tags (Terraform AWS provider documentation, "default_tags", read 2026-11)."""


def is_aws(resource: Resource) -> bool:
    """Whether it is a resource of the AWS provider, and not the provider itself."""
    return resource.token.startswith("aws:")


def taggable(token: str) -> bool | None:
    """Whether resources of that AWS type carry tags; None if the installed package does not know the type."""
    known = arguments(token)
    return None if known is None else "tags" in known


def tags(resource: Resource) -> Mapping[str, Node]:
    """Tags that the resource will carry: its own, then those that its provider adds."""
    return resource.index("tags", lambda: _tags(resource))


def _tags(resource: Resource) -> dict[str, Node]:
    own = resource["tags"]
    entries = _listed(own) if isinstance(own.raw, list) else own.entries()
    provider = resource.provider
    if provider is None or resource.token in _NOT_INHERITING:
        return entries
    inherited = provider.index("tags", provider.properties.at("defaultTags", "tags").entries)
    return {**inherited, **entries}


def _listed(node: Node) -> dict[str, Node]:
    """Tags in the form of a list of keys and values, as auto scaling groups have them."""
    return {item["key"].text() or "": item["value"] for item in node.items()}


def tag_of(resource: Resource, key: str) -> str | None:
    """The value of one tag that the resource will carry; None if it carries none of that key."""
    node = tags(resource).get(key)
    return None if node is None else node.text()
