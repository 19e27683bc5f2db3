"""What the benchmarks share: the CPU time of other processes, and how a claim is told."""

from __future__ import annotations

import resource


class Children:
    """CPU time of the processes that end within it, in seconds."""

    seconds = 0.0

    def __enter__(self) -> Children:
        self._before = _used()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = _used() - self._before


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def claim(holds: bool, text: str) -> bool:
    """Tell a claim and whether it holds here; returns that."""
    print(f"  {'holds' if holds else 'DOES NOT HOLD'}: {text}")
    return holds
