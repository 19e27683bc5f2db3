"""How a section of a document reports all of its broken rules at once.

Owns the bridge between plain rule functions (which yield `Finding`s) and pydantic (which knows only of one
error a validator). The loader unfolds what is raised here; see `serving.blueprint.loader`.
"""

from __future__ import annotations

from collections.abc import Iterable

from serving.blueprint.errors import Finding, format_path


class FindingsError(ValueError):
    """Raised by a model's validator; `findings` have paths relative to that model."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{format_path(f.path)}: {f.message}" for f in self.findings))


def raise_findings(findings: Iterable[Finding]) -> None:
    """Raise a `FindingsError` if there is at least one finding."""
    found = tuple(findings)
    if found:
        raise FindingsError(found)
