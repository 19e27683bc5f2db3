"""PromQL, as far as a rule must read it: the names of the metrics that a query asks for.

Owns the tokens that are no metric names: functions, keywords, labels, durations. It evaluates nothing and checks no
syntax; what it cannot read yields no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

# Keywords and modifiers (Prometheus documentation, "Querying", "Operators", read 2026-11).
_KEYWORDS: Final = frozenset(
    {"and", "or", "unless", "bool", "offset", "start", "end", "inf", "nan", "atan2", "by", "without", "on", "ignoring"}
    | {"group_left", "group_right", "fill", "fill_left", "fill_right"}
)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_COMMENT: Final = re.compile(r"#[^\n]*")
_NAME_MATCHER: Final = re.compile(r'__name__\s*=\s*["\']([^"\']+)["\']')
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_RANGE: Final = re.compile(r"\[[^\[\]]*\]")
_LABEL_LIST: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_:.@$])([A-Za-z_:][A-Za-z0-9_:]*)(\s*\()?")
_SUFFIXES: Final = ("_bucket", "_sum", "_count")


@lru_cache(maxsize=4096)
def metrics(query: str) -> frozenset[str]:
    """Names of the metrics that the query asks for; regions ask the same."""
    return frozenset(_metrics(query))


def family(metric: str) -> str:
    """The histogram or summary that a series belongs to; the metric itself otherwise."""
    return next((metric.removesuffix(suffix) for suffix in _SUFFIXES if metric.endswith(suffix)), metric)


def _metrics(query: str) -> Iterator[str]:
    yield from _NAME_MATCHER.findall(query)
    bare = _COMMENT.sub(" ", _STRING.sub('""', query))
    for pattern, instead in ((_BRACES, " "), (_RANGE, " "), (_LABEL_LIST, " ")):
        bare = pattern.sub(instead, bare)
    for name, call in _TOKEN.findall(bare):
        if not call and name.lower() not in _KEYWORDS:
            yield name
