"""Makes hours of a rollout pass in minutes: every rhythm of a rendered object divided by one factor.

Owns the list of what is a rhythm (bake times, intervals, windows, cooldowns, polling) and the division. Nothing
else of an object changes, and `changes` is what a test holds that by. Patience (deadlines, grace periods, forgiven
failures) is no rhythm: it stays, because a slow machine needs it.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any, Final

from serving.telemetry.promql import duration

FACTOR: Final = int(os.environ.get("REHEARSAL_FACTOR", "60"))
"""A minute of the blueprint is a second of the rehearsal."""

SCRAPE_SECONDS: Final = 15
"""What the platform's Prometheus scrapes by; here it is divided like everything else."""

Path = tuple[str | int, ...]
Pattern = tuple[str, ...]

_EVERY: Final = "*"
_WHOLE_SECONDS: Final = re.compile(r"(\d+)s")
_WINDOW: Final = re.compile(r"\[(\d+)([smhd])\]")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

_CANARY: Final = ("spec", "strategy", "canary")
_BLUE_GREEN: Final = ("spec", "strategy", "blueGreen")
_BEHAVIOR: Final = ("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", _EVERY)


def scaled(manifest: dict[str, Any], factor: int = FACTOR) -> dict[str, Any]:
    """The object with its rhythms divided by `factor`, rounded up: nothing becomes shorter than one second."""
    result = copy.deepcopy(manifest)
    for pattern, divide in RHYTHMS.get(manifest["kind"], {}).items():
        _divide(result, pattern, divide, factor)
    return result


def scaled_seconds(seconds: int, factor: int = FACTOR) -> int:
    """A rhythm, divided."""
    return ceil(seconds / factor)


def changes(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Every leaf in which two objects differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from changes(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changes(one, other, (*path, index))
    elif before != after:
        yield path, before, after


def is_rhythm(kind: str, path: Path) -> bool:
    """Whether the place of an object of that kind is one that is divided."""
    return any(_fits(pattern, path) for pattern in RHYTHMS.get(kind, {}))


def _fits(pattern: Pattern, path: Path) -> bool:
    return len(pattern) == len(path) and all(
        part in (_EVERY, str(step)) for part, step in zip(pattern, path, strict=True)
    )


def _number(value: int, factor: int) -> int:
    return scaled_seconds(value, factor)


def _text(value: str, factor: int) -> str:
    found = _WHOLE_SECONDS.fullmatch(value)
    assert found, f"'{value}' is not in whole seconds"
    return f"{scaled_seconds(int(found[1]), factor)}s"


def _query(value: str, factor: int) -> str:
    """The windows of a PromQL expression."""
    return _WINDOW.sub(lambda found: f"[{duration(scaled_seconds(int(found[1]) * _UNITS[found[2]], factor))}]", value)


def _divide(place: Any, pattern: Pattern, divide: Callable[[Any, int], Any], factor: int) -> None:
    step, *rest = pattern
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    for key in keys if step == _EVERY else [key for key in keys if str(key) == step]:
        if rest:
            _divide(place[key], tuple(rest), divide, factor)
        else:
            place[key] = divide(place[key], factor)


RHYTHMS: Final[dict[str, dict[Pattern, Callable[[Any, int], Any]]]] = {
    "Rollout": {
        (*_CANARY, "steps", _EVERY, "pause", "duration"): _text,
        (*_BLUE_GREEN, "autoPromotionSeconds"): _number,
        (*_BLUE_GREEN, "scaleDownDelaySeconds"): _number,
    },
    "AnalysisTemplate": {
        ("spec", "metrics", _EVERY, "initialDelay"): _text,
        ("spec", "metrics", _EVERY, "interval"): _text,
        ("spec", "metrics", _EVERY, "provider", "prometheus", "query"): _query,
    },
    "ScaledObject": {
        ("spec", "pollingInterval"): _number,
        ("spec", "cooldownPeriod"): _number,
        (*_BEHAVIOR, "stabilizationWindowSeconds"): _number,
        (*_BEHAVIOR, "policies", _EVERY, "periodSeconds"): _number,
        ("spec", "triggers", _EVERY, "metadata", "query"): _query,
    },
}
"""Kind -> places of its rhythms -> how each is divided."""
