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
LONGEST_NUMBER_BITS = 1024
"""As many as the largest number has that the engine can carry, a double; Python writes none of over 4,300 digits."""

_HIDDEN = "(not shown: it may be a secret)"

_SECRET_WORDS = frozenset({"password", "passwd", "passphrase", "secret", "secrets", "secure", "credentials"})
_SECRET_ENDINGS = frozenset({"token", "credential", "pwd"})
_SETTING_WORDS = frozenset({"secrets", "secure"})
"""Secret words that end names of settings: `USE_SECRETS`, `COOKIE_SECURE`."""
_NAMING_WORDS = frozenset({"existing", "pull"})
"""Before a secret word these say that an object is named: `existingSecret`, `IMAGE_PULL_SECRET`."""
_SECRET_KEYS = frozenset({"access", "api", "encryption", "license", "private", "secret", "signing", "ssh"})
_COUNTED_TOKENS = frozenset(
    {"first", "per", "next", "input", "output", "last", "each", "max", "bos", "eos", "pad", "unk", "stop", "special"}
)
"""Before `token` these words speak of a model's tokens: `time_to_first_token`, `usd_per_token`."""
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", re.ASCII)

_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"
    r"|\bA[KS]IA[0-9A-Z]{16}\b"
    r"|\bgh[oprsu]_\w{20}|\bgithub_pat_\w{22}|\bglpat-[\w-]{20}"
    r"|\bhf_[A-Za-z0-9]{20}"
    r"|\bsk-(?:(?:proj|svcacct|admin|ant)-[\w-]{20}|[A-Za-z0-9]{32})"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10}"
    r"|\bhooks\.slack\.com/services/T\w+/B\w+/\w{10}"
    r"|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{10,}\.eyJ"
    r"|\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,99}:[^\s:/@$<{%]{1,99}@",
    re.ASCII,
)
"""Private keys, AWS access key ids, tokens of GitHub, GitLab, Hugging Face, OpenAI, Anthropic, Slack and Google, JSON
web tokens, passwords in URLs: forms that their issuers document, as gitleaks collects them (config/gitleaks.toml,
read 2026-11)."""


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
    if looks_secret(path) or (isinstance(value, str) and has_secret_form(value)):
        return _HIDDEN
    if isinstance(value, int) and value.bit_length() > LONGEST_NUMBER_BITS:
        return f"(a number of {value.bit_length()} bits)"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _shortened(printable(text), MAXIMUM_SHOWN_CHARACTERS)


def looks_secret(path: KeyPath) -> bool:
    """Whether a key on the path is named like one that holds a secret."""
    return any(isinstance(part, str) and _names_secret(part) for part in path)


def has_secret_form(text: str) -> bool:
    """Whether a text has, or holds something that has, a form that only secrets have."""
    return _SECRET_VALUE.search(text) is not None


def names_secret_value(key: str) -> bool:
    """Whether a key says that its value is a secret itself.

    Stricter than `looks_secret`, which hides what might be one: the last words must say so. `DB_PASSWORD` does,
    `PASSWORD_FILE`, `secretName` and `existingSecret` name something else.
    """
    words = _words(key)
    if not words or words[-1] in _SETTING_WORDS or not _NAMING_WORDS.isdisjoint(words[:-1]):
        return False
    return words[-1] in _SECRET_WORDS or _ends_secret(words)


def _names_secret(key: str) -> bool:
    words = _words(key)
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    pairs = list(zip(["", *words], words, strict=False))
    if any(map(_is_key, pairs)) or "apikey" in words or ("key", "material") in pairs:
        return True
    return _ends_secret(words)


def _ends_secret(words: list[str]) -> bool:
    before, last = (["", "", *words])[-2:]
    return _is_key((before, last)) or last == "apikey" or (last in _SECRET_ENDINGS and before not in _COUNTED_TOKENS)


def _is_key(pair: tuple[str, str]) -> bool:
    return pair[0] in _SECRET_KEYS and pair[1] == "key"


def _words(key: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(key)]


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
