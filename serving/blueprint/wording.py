"""How names and values of a document are put into words.

Owns the nearest name for a typo, the shortened rendering of a value, and what is too secret to render. It
knows neither schemas nor places, and decides nothing about right or wrong.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

from serving.blueprint.errors import KeyPath, format_path

MAXIMUM_SHOWN_CHARACTERS = 60
"""A longer value fills the terminal and still does not help to find the mistake."""

_HIDDEN = "(not shown: it may be a secret)"

_SECRET_WORDS = frozenset({"password", "passwd", "passphrase", "secret", "secrets", "secure", "credentials"})
_SECRET_ENDINGS = frozenset({"token", "credential"})
_SECRET_KEYS = frozenset({"access", "api", "encryption", "license", "private", "secret", "signing", "ssh"})
_COUNTED_TOKENS = frozenset({"first", "per", "next", "input", "output", "last", "each"})
"""Before `token` these words speak of a model's tokens: `time_to_first_token`, `usd_per_token`."""

_SECRET_VALUE = re.compile(r"-----BEGIN |\bA[KS]IA[0-9A-Z]{16}\b|\bgh[opsu]_\w{20}|\bhf_\w{20}|\beyJ[\w-]{10,}\.eyJ")
"""PEM blocks, AWS access key ids, GitHub and Hugging Face tokens, JSON web tokens."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` was probably meant to be, or None."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[matches[0]] if matches else None


def printable(text: str) -> str:
    """Escape what a terminal would obey instead of show."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown_path(path: KeyPath) -> str:
    """Render a key path that may hold any text that a person typed."""
    return _shortened(printable(format_path(path)), 200)


def shown_value(path: KeyPath, value: object) -> str:
    """Render the value at a path for an error: short, on one line, never a secret, never a whole tree."""
    if isinstance(value, dict):
        return f"(a mapping of {len(value)})"
    if isinstance(value, (list, tuple)):
        return f"(a list of {len(value)})"
    if looks_secret(path) or (isinstance(value, str) and _SECRET_VALUE.search(value)):
        return _HIDDEN
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _shortened(printable(text), MAXIMUM_SHOWN_CHARACTERS)


def looks_secret(path: KeyPath) -> bool:
    """Whether a key on the path is named like one that holds a secret."""
    return any(isinstance(part, str) and _names_secret(part) for part in path)


def _names_secret(key: str) -> bool:
    words = re.findall(r"[a-z]+|[A-Z]+[a-z]*", key)
    lowered = [word.casefold() for word in words]
    if not _SECRET_WORDS.isdisjoint(lowered):
        return True
    pairs = list(zip(["", *lowered], lowered, strict=False))
    if any(before in _SECRET_KEYS and word == "key" for before, word in pairs) or "apikey" in lowered:
        return True
    if ("key", "material") in pairs:
        return True
    before, last = pairs[-1] if pairs else ("", "")
    return last in _SECRET_ENDINGS and before not in _COUNTED_TOKENS


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
