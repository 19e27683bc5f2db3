"""Requests as documents: strict JSON, judged by the schema of the version that was asked for.

Owns reading and judging. Two programs that read one text differently are a way round the check, so whatever JSON leaves
open (a name twice, NaN, other encodings than UTF-8) is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, NoReturn

import jsonschema_rs

from serving.stages.problems import ProblemError, Violation

_MOST_VIOLATIONS: Final = 10
"""More would not help whoever reads them, and each costs time."""


class Schema:
    """A compiled JSON Schema (2020-12) that knows which names it speaks of."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile; jsonschema_rs.ValidationError or ValueError where it is no schema or refers to elsewhere."""
        self._validator = jsonschema_rs.Draft202012Validator(dict(schema), retriever=_nowhere)
        self._names = frozenset(_names(schema))

    def violations(self, document: object) -> tuple[Violation, ...]:
        """What is wrong with a document, the first ones; none if it is what the schema describes."""
        found = []
        for error in self._validator.iter_errors(document):
            found.append(Violation(self._pointer(error.instance_path), _rule(error.schema_path)))
            if len(found) == _MOST_VIOLATIONS:
                break
        return tuple(found)

    def accepts(self, document: object) -> bool:
        """Whether nothing is wrong."""
        return self._validator.is_valid(document)

    def _pointer(self, path: list[str | int]) -> str:
        return "".join(f"/{self._shown(part)}" for part in path)

    def _shown(self, part: str | int) -> str:
        """A name of the contract, or a place in a list; a name that the caller made up may be anything."""
        if isinstance(part, int):
            return str(part)
        return part.replace("~", "~0").replace("/", "~1") if part in self._names else "*"


def parse(body: bytes) -> object:
    """A request's body as a document.

    Raises:
        ProblemError: 400, it is not strict JSON.
    """
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "not-json", f"the body is not JSON{where}: UTF-8, each name once, finite numbers"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a name stands twice")
    return result


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _nowhere(uri: str) -> NoReturn:
    raise ValueError(f"the schema refers to {uri}, and nothing is fetched")


def _names(schema: object) -> Iterator[str]:
    """All names that a schema declares as properties."""
    if isinstance(schema, Mapping):
        for keyword, part in schema.items():
            if keyword == "properties" and isinstance(part, Mapping):
                yield from part
            yield from _names(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _names(part)


def _rule(schema_path: list[str | int]) -> str:
    """The keyword that is not met."""
    keywords = [part for part in schema_path if isinstance(part, str)]
    return keywords[-1] if keywords else "false"
