"""What the program answers instead of an answer: problem details (RFC 9457).

Owns the closed set of problems. A problem names the place of what is wrong, never the value: requests may hold
personal data, and answers end up in logs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

CONTENT_TYPE: Final = "application/problem+json"

UNREACHED: Final = "stage-unreached"
"""A stage was not there: it never saw the request, which may be sent again at no risk."""

_TYPE_PREFIX: Final = "urn:serving:problem:"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a document.

    Attributes:
        pointer: Where, a JSON Pointer (RFC 6901); names that the contract does not know are written as `*`.
        rule: Which keyword of the schema, or which limit, is not met.
    """

    pointer: str
    rule: str


@dataclass(frozen=True)
class ProblemError(Exception):
    """A request that ends here.

    Attributes:
        status: HTTP status.
        kind: Last part of the problem's type, stable, for programs.
        detail: What is wrong and what would be right, for people; no value of the request.
        violations: Each thing that is wrong.
        headers: Further headers of the answer.
    """

    status: HTTPStatus
    kind: str
    detail: str
    violations: tuple[Violation, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str | None) -> bytes:
        """The document."""
        document: dict[str, Any] = {
            "type": f"{_TYPE_PREFIX}{self.kind}",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.violations:
            document["errors"] = [{"pointer": one.pointer, "rule": one.rule} for one in self.violations]
        if request_id is not None:
            document["request_id"] = request_id
        return json.dumps(document).encode()


def kind_of(body: bytes) -> str | None:
    """Last part of a problem's type; None for what is no problem of ours."""
    try:
        kind = json.loads(body)["type"]
    except (ValueError, KeyError, TypeError):
        return None
    return kind.removeprefix(_TYPE_PREFIX) if isinstance(kind, str) else None
