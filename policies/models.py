"""Served models: how a container is told which one, and from where.

Owns the reading of command lines and of environment variables. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from policies.views import UNKNOWN, Node

_COMMAND = ("command", "args")


class Word(NamedTuple):
    """One word of a command line, and the property that it stands in."""

    text: str
    node: Node


class Option(NamedTuple):
    """One option of a command line: `--digest=x` or `--digest x`, by its name in lower case with dashes."""

    name: str
    value: str
    node: Node


def words(container: Node) -> Iterator[Word]:
    """Every word that the container is started with, also inside of a shell's script.

    Raises:
        Undetermined: After all others, where a part is not known before deployment.
    """
    yield from (word for word in _parts(container) if word.text != UNKNOWN)
    _refuse_unknown(container)


def options(container: Node) -> Iterator[Option]:
    """Every option that the container is started with; the value is empty where none follows.

    Raises:
        Undetermined: After all others, where a part is not known before deployment.
    """
    held: Word | None = None
    for word in _parts(container):
        if held is not None and word.text != UNKNOWN:
            yield _option(held, "" if word.text.startswith("-") else word.text)
        held = None
        if word.text.startswith("--"):
            if "=" in word.text:
                yield _option(word, word.text.partition("=")[2])
            else:
                held = word
    if held is not None:
        yield _option(held, "")
    _refuse_unknown(container)


def _parts(container: Node) -> Iterator[Word]:
    """The words in their order; what is not known stands among them as `UNKNOWN`."""
    for key in _COMMAND:
        for node in container[key].items():
            if node.unknown:
                yield Word(UNKNOWN, node)
            else:
                yield from (Word(text.strip("\"';"), node) for text in (node.text() or "").split())


def _refuse_unknown(container: Node) -> None:
    for key in _COMMAND:
        for node in container[key].items():
            node.text()


def variables(container: Node) -> Iterator[tuple[str, Node]]:
    """Name and value of every environment variable whose value is stated."""
    for entry in container["env"].items():
        if not entry["value"].missing:
            yield entry["name"].text() or "", entry["value"]


def _option(word: Word, value: str) -> Option:
    name = word.text.partition("=")[0].lstrip("-").replace("_", "-").lower()
    return Option(name, value, word.node)
