"""Quantities of Kubernetes, such as `500m` or `16Gi`.

Owns their suffixes. It judges nothing.
"""

from __future__ import annotations

import re
from typing import Final

from policies.views import Node

_QUANTITY: Final = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)(m|k|[KMGTPE]i?)?", re.ASCII)
_DECIMAL: Final = "kMGTPE"
_BINARY: Final = "KMGTPE"


def amount(node: Node) -> float | None:
    """The quantity at `node` in whole units; None if missing."""
    text = node.text()
    if text is None:
        return None
    matched = _QUANTITY.fullmatch(text)
    if not matched:
        raise node.malformed("a quantity such as 500m, 4 or 16Gi")
    return float(matched[1]) * _factor(matched[2] or "")


def _factor(suffix: str) -> float:
    if suffix == "m":
        return 0.001
    if suffix.endswith("i"):
        return 1024.0 ** (_BINARY.index(suffix[0]) + 1)
    return 1000.0 ** (_DECIMAL.index(suffix.replace("K", "k")) + 1) if suffix else 1.0
