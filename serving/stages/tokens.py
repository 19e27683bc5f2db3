"""Bounds of one request to a language model, held without knowing its tokenizer.

Owns what counts as a text and as a wish for tokens in the OpenAI protocol. A token of a byte-level tokenizer stands for
at least one byte, so bytes bound prompt tokens from above. Fields: OpenAI API reference, "Create chat completion"
(`max_tokens`, `max_completion_tokens`, `n`), read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from serving.stages.problems import ProblemError, Violation
from serving.stages.settings import TokenLimits

_WISHES: Final = ("max_completion_tokens", "max_tokens")
_NO_TEXTS: Final = frozenset({"model", "role", "type", "user"})
"""Names whose values are no part of a prompt."""


def bounded(document: object, body: bytes, limits: TokenLimits) -> bytes:
    """The body to pass on: as it came, or with the most tokens written in where it states none.

    Raises:
        ProblemError: 422, it asks for more than one request may have.
    """
    if not isinstance(document, dict):
        return body
    _check_prompt(document, limits.max_prompt_bytes)
    most = limits.max_output_tokens
    if most is None:
        return body
    choices = document.get("n") or 1
    stated = [name for name in _WISHES if document.get(name) is not None]
    too_many = [name for name in stated if not _fits(document[name], choices, most)]
    if not _fits(1, choices, most):
        too_many.append("n")
    if too_many:
        raise _refused(f"at most {most} tokens, all choices together", tuple(too_many), "max_output_tokens")
    if stated:
        return body
    return json.dumps({**document, "max_tokens": most // choices}, ensure_ascii=False).encode()


def _fits(wish: object, choices: object, most: int) -> bool:
    if isinstance(wish, bool) or isinstance(choices, bool):
        return False
    return isinstance(wish, int) and isinstance(choices, int) and min(wish, choices) >= 1 and wish * choices <= most


def _check_prompt(document: dict[str, Any], most: int | None) -> None:
    if most is None:
        return
    for name in ("messages", "input", "prompt", "tools"):
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in _texts(document.get(name)))
        most -= size
        if most < 0:
            raise _refused("more text than one request may hold", (name,), "max_prompt_bytes")


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        for name, one in part.items():
            if name not in _NO_TEXTS:
                yield from _texts(one)


def _refused(detail: str, names: tuple[str, ...], rule: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "token-limit",
        detail,
        tuple(Violation(f"/{name}", rule) for name in names),
    )
