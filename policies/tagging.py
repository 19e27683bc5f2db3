"""Tags of AWS resources: which types can carry them, and which a resource will carry.

Owns the reading of tags in the shapes that AWS has, with the provider's default tags. Whether a type is
taggable is read from the installed `pulumi_aws` package: the input class of a taggable resource has an
argument `tags`. It is read as text, type by type and once: importing the package takes longer than all rules.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from policies.views import Node, Resource

_INPUT_CLASS: Final = re.compile(
    r"^class \w+Args:\n    def __init__\(__self__, \*,(.*?)\):\n", re.DOTALL | re.MULTILINE
)
_TAGS_ARGUMENT: Final = re.compile(r"^\s+tags: ", re.MULTILINE)

_NOT_INHERITING: Final = frozenset({"aws:autoscaling/group:Group"})
"""Types without the provider's default tags (Terraform AWS provider documentation, "default_tags", read 2026-11)."""


def is_aws(resource: Resource) -> bool:
    """Whether it is a resource of the AWS provider, and not the provider itself."""
    return resource.token.startswith("aws:")


@lru_cache(maxsize=4096)
def taggable(token: str) -> bool | None:
    """Whether resources of that AWS type carry tags; None if the installed package does not know the type."""
    source = _source(token)
    if source is None:
        return None
    arguments = _INPUT_CLASS.search(source)
    return arguments is not None and _TAGS_ARGUMENT.search(arguments[1]) is not None


def tags(resource: Resource) -> dict[str, Node]:
    """Tags that the resource will carry: its own, then those that its provider adds."""
    own = resource["tags"]
    entries = _listed(own) if isinstance(own.raw, list) else own.entries()
    if resource.provider is None or resource.token in _NOT_INHERITING:
        return entries
    inherited = resource.provider.properties.at("defaultTags", "tags")
    return {**inherited.entries(), **entries}


def _listed(node: Node) -> dict[str, Node]:
    """Tags in the form of a list of keys and values, as auto scaling groups have them."""
    return {item["key"].text() or "": item["value"] for item in node.items()}


def _source(token: str) -> str | None:
    module, _, name = token.removeprefix("aws:").partition(":")[0].partition("/")
    folder = _folders().get(_folded(module))
    path = _files(folder).get(_folded(name)) if folder is not None else None
    return path.read_text(encoding="utf-8") if path is not None else None


@cache
def _folders() -> dict[str, Path]:
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or spec.submodule_search_locations is None:
        return {}
    root = Path(next(iter(spec.submodule_search_locations)))
    return {_folded(path.name): path for path in root.iterdir() if path.is_dir()}


@cache
def _files(folder: Path) -> dict[str, Path]:
    return {_folded(path.stem): path for path in folder.glob("*.py")}


def _folded(name: str) -> str:
    """The name without what differs between tokens and Python modules: case, underscores, `lambda_`."""
    return name.replace("_", "").lower()
