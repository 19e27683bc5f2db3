"""AWS resource types: which arguments each of them takes.

Owns the reading of the installed `pulumi_aws` package. It is read as text, type by type and once: importing
the package takes longer than all rules.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

_INPUT_CLASS: Final = re.compile(
    r"^class \w+Args:\n    def __init__\(__self__, \*,(.*?)\):\n", re.DOTALL | re.MULTILINE
)
_ARGUMENT: Final = re.compile(r"^\s+(\w+): ", re.MULTILINE)


@lru_cache(maxsize=4096)
def arguments(token: str) -> frozenset[str] | None:
    """Names of the arguments of that AWS type, as Python has them; None if the installed package does not know it."""
    source = _source(token)
    if source is None:
        return None
    found = _INPUT_CLASS.search(source)
    return frozenset(_ARGUMENT.findall(found[1])) if found is not None else frozenset()


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
