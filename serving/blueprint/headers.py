"""Headers by which consumers, gateway and stages understand each other: stated here, used everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Final

from serving.blueprint.schema.contract import SupportedVersion

VERSION_HEADER: Final = "x-contract-version"
"""By this request header a consumer asks for an older version; answers say by it which one they keep to."""

CALLER_HEADER: Final = "x-serving-caller"
"""Tells the server who called: written by the gateway from the verified token, taken out of what comes from outside."""


def deprecation_headers(version: SupportedVersion) -> dict[str, str]:
    """`Deprecation` (RFC 9745, a structured date) and `Sunset` (RFC 8594, an HTTP date)."""
    return {
        "deprecation": f"@{int(_midnight(version.deprecated_on).timestamp())}",
        "sunset": format_datetime(_midnight(version.removed_on), usegmt=True),
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
