"""The few PromQL fragments that all queries are built from.

Owns escaping and the shapes of rates and quantiles. It knows no metric name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; a regular expression when `regex` is set (PromQL anchors it at both ends)."""

    label: str
    value: str
    regex: bool = False
    negate: bool = False

    def __str__(self) -> str:
        operator = ("!~" if self.negate else "=~") if self.regex else ("!=" if self.negate else "=")
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.label}{operator}"{escaped}"'


def selector(metric: str, matchers: tuple[Matcher, ...]) -> str:
    """`metric{label="value",...}`."""
    return f"{metric}{{{','.join(str(matcher) for matcher in matchers)}}}"


def rate(metric: str, matchers: tuple[Matcher, ...], window: str, *, by: str = "") -> str:
    """Summed per-second rate of a counter over a window."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({selector(metric, matchers)}[{window}]))"


def quantile(percentile: int, histogram: str, matchers: tuple[Matcher, ...], window: str) -> str:
    """A percentile from a classic histogram, in the histogram's own unit."""
    return f"histogram_quantile({percentile / 100:g}, {rate(f'{histogram}_bucket', matchers, window, by='le')})"


def bucket_bound(bound: float) -> Matcher:
    """Matcher of one histogram bucket.

    Prometheus 3 writes whole bounds as `le="120.0"`, Prometheus 2 and Envoy as `le="120"` (Prometheus 3.0
    migration guide, "le and quantile label values", read 2026-11); both are matched.
    """
    text = f"{bound:g}" if bound < 1e6 else f"{bound:.0f}"
    if "." in text:
        return Matcher("le", text)
    return Matcher("le", rf"{text}(\.0)?", regex=True)


def duration(seconds: int) -> str:
    """Seconds as a PromQL duration in its largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def label_set(labels: Mapping[str, str]) -> tuple[Matcher, ...]:
    """Equality matchers of plain labels, in the order given."""
    return tuple(Matcher(label, value) for label, value in labels.items())
