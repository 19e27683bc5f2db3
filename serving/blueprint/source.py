"""Reads YAML (and so JSON) as plain data, and knows the line and column of every key and value.

Owns everything between a path and a dictionary: files, encoding, syntax, the meaning of scalars, and the
limits that keep a hostile document from costing more than a moment. It knows no schema.

Scalars follow the core schema of YAML 1.2.2 (https://yaml.org/spec/1.2.2/#103-core-schema), narrowed to what
every reader of these files (this module, Pulumi's Go reader of `Pulumi.<stack>.yaml`, editors on YAML 1.1)
takes for the same value:

    null, ~ or nothing, true, false, decimal, 0x and 0o integers, floats     as in YAML 1.2
    2026-11-23, 08:30, 1:30:00                                              text
    yes, no, on, off as values; 010, 1_000, 0b1, .inf, .nan; `<<`; tags     refused: readers disagree
    integers beyond 2^53                                                    refused: JSON readers round them
    anchors and aliases                                                     allowed; expansion is limited

The parser's events are read one by one instead of composed into nodes: libyaml's composer recurses, and a
hundred thousand opening brackets overflow the C stack of the process.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

import yaml

from serving.blueprint.errors import InputError, KeyPath, Problem
from serving.blueprint.wording import nearest, printable, shown_path, shown_value

MAXIMUM_DOCUMENT_BYTES = 1 << 20
"""What is written by hand is far smaller; Kubernetes refuses a ConfigMap above the same 1 MiB."""

MAXIMUM_EXPANDED_CHARACTERS = 2 * MAXIMUM_DOCUMENT_BYTES
"""A document without aliases cannot reach this (a node costs one more than its text); a YAML bomb does."""

MAXIMUM_DEPTH = 64
"""An inline JSON Schema takes two levels a field, so this is ample; recursive readers bear hundreds."""

MAXIMUM_PROBLEMS = 100
"""Nobody mends more mistakes of one file at a time, and a hostile file could make a million of them."""

LARGEST_EXACT_INTEGER = 1 << 53
"""Resource inputs travel as IEEE 754 doubles; the integers beyond are rounded."""

_UNREADABLE_CHARACTER: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Control characters, NUL, stray byte-order marks, and the line breaks that only YAML 1.1 takes for one."""

_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES: Final[Mapping[str, str]] = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_RADIX_INTEGER: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DISPUTED_NUMBER: Final = re.compile(
    r"[-+]?0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?"  # octal in YAML 1.1 and for Go, decimal in YAML 1.2
    r"|[-+]?[0-9]+_[0-9_]*(\.[0-9_]*)?"  # a number in YAML 1.1 and for Go, text in YAML 1.2
    r"|[-+]?0b[01_]+|[-+]0[ox][0-9a-fA-F]+"  # likewise
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"  # no JSON, and no quantity
)

Data: TypeAlias = str | int | float | list[Any] | dict[str, Any] | None  # bool is an int
"""A value of a document."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Place(NamedTuple):
    """A line and a column, both counted from one; zeros where no place is known."""

    line: int
    column: int


_START: Final = Place(1, 1)
_UNKNOWN: Final = Place(0, 0)


class Location(NamedTuple):
    """A place in a named file."""

    file: str
    place: Place


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one document, and where in it things stand.

    Attributes:
        file: The file's name as the user gave it.
        text: The whole text.
        included: Documents that stand in this one by `{file: ...}`, by the path at which they stand.
    """

    file: str
    text: str = field(repr=False)
    included: Mapping[KeyPath, Source] = field(default_factory=dict, repr=False)

    def parse(self) -> dict[str, Any]:
        """Return the document as plain data.

        Raises:
            InputError: With everything that is wrong with it as YAML.
        """
        return _Reader(self, with_places=False).read()[0]

    def key_place(self, path: KeyPath) -> Place | None:
        """Where the last key of a path stands (for a list item: where the item starts)."""
        found = self._find(path)
        return found.key_place if found and found.depth == len(path) else None

    def value_place(self, path: KeyPath) -> Place | None:
        """Where the value at a path starts."""
        found = self._find(path)
        return found.node.place if found and found.depth == len(path) else None

    def locate(self, path: KeyPath, *, at_key: bool = False) -> Location:
        """Where a person would put the cursor to mend what is wrong at a path.

        That is the value where it is a scalar (unless the key itself is wrong: `at_key`), otherwise its
        key; for a key that is not there, the nearest key around it.
        """
        for length in range(len(path), 0, -1):
            included = self.included.get(path[:length])
            if included is not None:
                return included.locate(path[length:], at_key=at_key)
        found = self._find(path)
        if found is None:
            return Location(self.file, _UNKNOWN)
        is_value = not at_key and found.depth == len(path) and not found.node.children
        return Location(self.file, found.node.place if is_value else found.key_place)

    def value(self, path: KeyPath) -> Data:
        """The value at a path; nothing where there is none."""
        for length in range(len(path), 0, -1):
            included = self.included.get(path[:length])
            if included is not None:
                return included.value(path[length:])
        value: Data = self._document[0]
        for part in path:
            if isinstance(value, dict) and part in value:
                value = value[str(part)]
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def _find(self, path: KeyPath) -> _Found | None:
        node = self._document[1]
        if node is None:
            return None
        key_place, depth = node.place, 0
        for part in path:
            child = node.children.get(part)
            if child is None:
                break
            (key_place, node), depth = child, depth + 1
        return _Found(key_place, node, depth)

    @cached_property
    def _document(self) -> tuple[dict[str, Any], _Node | None]:
        """Values and places; read a second time because only a wrong document ever needs them."""
        try:
            return _Reader(self, with_places=True).read()
        except InputError:  # told by parse(); nothing in such a document has a place
            return {}, None


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a file's text.

    Raises:
        InputError: The file is missing, unreadable, no regular file, too large or not UTF-8.
    """
    file = printable(os.fsdecode(path))
    try:
        status = os.stat(path)  # follows links; never opens, so that a FIFO cannot hold us up
        if not stat.S_ISREG(status.st_mode):
            _refuse(file, f"is {_kind(status.st_mode)}, not a file", remedy="name a YAML file")
        with open(path, "rb") as stream:
            content = stream.read(MAXIMUM_DOCUMENT_BYTES + 1)
    except FileNotFoundError:
        _refuse(file, "no such file", suggestion=_nearest_sibling(Path(path)))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        _refuse(file, f"cannot be read: {reason}")
    return Source(file, _decode(file, content))


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a socket or device"


def _nearest_sibling(path: Path) -> str | None:
    try:
        return nearest(path.name, sorted(sibling.name for sibling in path.parent.iterdir()))
    except (OSError, ValueError):  # no folder either: there is nothing to suggest
        return None


def _decode(file: str, content: bytes) -> str:
    if len(content) > MAXIMUM_DOCUMENT_BYTES:
        _refuse(
            file,
            f"larger than {MAXIMUM_DOCUMENT_BYTES:,} bytes",
            remedy="keep data out of it; a JSON Schema can stand in a file of its own",
        )
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        _refuse(
            file,
            f"not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start} ({error.reason})",
            place=_place_after(before),
            remedy="save the file as UTF-8",
        )
    unreadable = _UNREADABLE_CHARACTER.search(text)
    if unreadable:
        _refuse(
            file,
            f"character U+{ord(unreadable.group()):04X} is not allowed",
            place=_place_after(text[: unreadable.start()]),
            remedy="remove it",
        )
    return text


def _place_after(text: str) -> Place:
    lines = re.split(r"\r\n|\r|\n", text)
    return Place(len(lines), len(lines[-1]) + 1)


def _refuse(
    file: str, message: str, place: Place | None = None, remedy: str = "", suggestion: str | None = None
) -> NoReturn:
    line, column = place or (0, 0)
    raise InputError([Problem(file, line, column, "", message, remedy=remedy, suggestion=suggestion)])


@dataclass(slots=True)
class _Node:
    """Where a value starts, and the key places and nodes of what it holds."""

    place: Place
    children: dict[str | int, tuple[Place, _Node]] = field(default_factory=dict)


class _Found(NamedTuple):
    """The deepest node on a path, the place of its key, and how many parts of the path led there."""

    key_place: Place
    node: _Node
    depth: int


class _Anchored(NamedTuple):
    value: Data
    node: _Node | None
    characters: int


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read yet."""

    value: dict[str, Any] | list[Any]
    node: _Node | None
    anchor: str | None
    characters_before: int
    awaits_key: bool  # never in a list
    key: str | None = None  # None while a value is awaited: the key was refused, and its value is dropped
    key_place: Place = _START


class _Refused(Exception):  # noqa: N818  never leaves this module
    """A scalar that readers disagree about."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class _Limit(Exception):  # noqa: N818  never leaves this module
    """A limit is reached; reading on would be what the limit is there to prevent."""


class _Reader:
    """Builds plain data from the parser's events; collects what is wrong and reads on where it can."""

    def __init__(self, source: Source, *, with_places: bool) -> None:
        self._source = source
        self._with_places = with_places
        self._problems: list[Problem] = []
        self._characters = 0
        self._documents = 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._root: Data = None
        self._root_node: _Node | None = None
        self._handlers: Mapping[type[Any], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: lambda event: self._open(event, {}),
            yaml.SequenceStartEvent: lambda event: self._open(event, []),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.DocumentStartEvent: self._document,
        }

    def read(self) -> tuple[dict[str, Any], _Node | None]:
        try:
            self._read_events()
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except _Limit:
            pass  # the problem that names the limit is among the problems
        root = self._root
        if not self._problems and isinstance(root, dict):
            return root, self._root_node
        raise InputError(self._problems or [self._no_mapping()])

    def _read_events(self) -> None:
        loader = _LOADER(self._source.text)
        try:
            while (event := loader.get_event()) is not None:
                handler = self._handlers.get(type(event))
                if handler is not None:
                    handler(event)
        finally:
            loader.dispose()

    def _no_mapping(self) -> Problem:
        if self._root is None:
            return Problem(self._source.file, *_START, "", "the document is empty")
        found = "a list" if isinstance(self._root, list) else "a single value"
        message = f"the document is {found}, not a mapping"
        return Problem(self._source.file, *_START, "", message, remedy="write `key: value` lines")

    def _document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._problem(_place(event), "a second document starts here", remedy="one file, one document")
            raise _Limit

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        value: Data = text
        self._characters += 1 + len(text)
        if self._characters > MAXIMUM_EXPANDED_CHARACTERS:
            self._too_large(event)
        if event.tag is not None:
            self._tag(event)
        elif event.implicit[0]:
            value = self._plain(event, text)
        elif event.style == '"' and _UNREADABLE_CHARACTER.search(text):
            self._problem(_place(event), "an escape stands for a control character", remedy="remove it")
        self._add(event, value, 1 + len(text))

    def _plain(self, event: yaml.ScalarEvent, text: str) -> Data:
        as_key = bool(self._stack) and self._stack[-1].awaits_key
        try:
            return _resolve_key(text) if as_key else _resolve(text)
        except _Refused as refused:
            value = None if as_key else shown_value(self._path(), text)
            self._problem(_place(event), str(refused), remedy=refused.remedy, value=value)
            return text

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        anchored = self._anchors.get(name)
        if anchored is None:
            inside = any(opened.anchor == name for opened in self._stack)
            reason = "stands inside what it repeats" if inside else "has no anchor before it"
            self._problem(_place(event), f"alias '*{printable(name)}' {reason}")
            anchored = _Anchored("", self._node(event), 1)
        self._characters += anchored.characters
        if self._characters > MAXIMUM_EXPANDED_CHARACTERS:
            self._too_large(event)
        self._attach(event, anchored.value, anchored.node)

    def _open(self, event: yaml.CollectionStartEvent, empty: dict[str, Any] | list[Any]) -> None:
        if len(self._stack) >= MAXIMUM_DEPTH:
            self._problem(_place(event), f"nested deeper than {MAXIMUM_DEPTH} levels", remedy="flatten it")
            raise _Limit
        self._characters += 1
        if event.tag is not None:
            self._tag(event)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        is_mapping = isinstance(empty, dict)
        opened = _Open(empty, self._node(event), event.anchor, self._characters - 1, awaits_key=is_mapping)
        self._attach(event, empty, opened.node)
        self._stack.append(opened)

    def _close(self, _event: yaml.Event) -> None:
        opened = self._stack.pop()
        if opened.anchor is not None:
            characters = self._characters - opened.characters_before
            self._anchors[opened.anchor] = _Anchored(opened.value, opened.node, characters)

    def _add(self, event: yaml.ScalarEvent, value: Data, characters: int) -> None:
        node = self._node(event) if self._with_places else None
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, node, characters)
        self._attach(event, value, node)

    def _attach(self, event: yaml.Event, value: Data, node: _Node | None) -> None:
        if not self._stack:
            self._root, self._root_node = value, node
            return
        parent = self._stack[-1]
        if isinstance(parent.value, list):
            if node is not None and parent.node is not None:
                parent.node.children[len(parent.value)] = (_place(event), node)
            parent.value.append(value)
        elif parent.awaits_key:
            parent.awaits_key = False
            parent.key = self._key(event, value, parent)
            if node is not None:
                parent.key_place = _place(event)
        else:
            parent.awaits_key = True
            if parent.key is not None:
                parent.value[parent.key] = value
                if node is not None and parent.node is not None:
                    parent.node.children[parent.key] = (parent.key_place, node)

    def _key(self, event: yaml.Event, key: Data, parent: _Open) -> str | None:
        """Return the key if the mapping can hold it; otherwise say why not."""
        parent.key = None
        if not isinstance(key, str):
            what = "a list or mapping" if isinstance(key, (dict, list)) else shown_value((), key)
            self._problem(_place(event), f"{what} as a key: keys are text", remedy="put the key in quotes")
            return None
        if key in parent.value:
            self._problem(
                _place(event),
                f"key '{printable(key)}' stands twice in one mapping",
                path=(*self._path(), key),
                remedy="keep one of the two",
                effect="readers disagree about which of the two holds",
            )
            return None
        return key

    def _tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        self._problem(
            _place(event),
            f"tag '{printable(event.tag or '')}' is not allowed",
            remedy="remove the tag; quotes make text",
        )

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        end = _place_after(self._source.text)  # libyaml may speak of a line behind the last one
        place = min(Place(mark.line + 1, mark.column + 1), end) if mark else _START
        if mark and _character_at(self._source.text, place) == "\t":
            self._problem(place, "a tab where YAML allows only spaces", remedy="indent with spaces")
            return
        context = f" ({error.context})" if error.context else ""
        self._problem(place, f"not valid YAML: {error.problem}{context}")

    def _too_large(self, event: yaml.Event) -> NoReturn:
        self._problem(
            _place(event),
            f"its aliases expand the document to more than {MAXIMUM_EXPANDED_CHARACTERS:,} characters",
            remedy="write out what is needed, without nested aliases",
        )
        raise _Limit

    def _node(self, event: yaml.Event) -> _Node | None:
        return _Node(_place(event)) if self._with_places else None

    def _path(self) -> KeyPath:
        """The path of the key or item that is being read; what is around it is attached already."""
        parts = [len(opened.value) - 1 if isinstance(opened.value, list) else opened.key for opened in self._stack]
        if self._stack:
            last = self._stack[-1]
            if isinstance(last.value, list):
                parts[-1] = len(last.value)
            elif last.awaits_key:
                parts[-1] = None
        return tuple(part for part in parts if part is not None)

    def _problem(
        self,
        place: Place,
        message: str,
        remedy: str = "",
        effect: str = "",
        value: str | None = None,
        path: KeyPath | None = None,
    ) -> None:
        key = shown_path(self._path() if path is None else path)
        self._problems.append(Problem(self._source.file, *place, key, message, value, effect, remedy))
        if len(self._problems) >= MAXIMUM_PROBLEMS:
            raise _Limit


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else _START


def _character_at(text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return line[place.column - 1 : place.column]


def _resolve_key(text: str) -> Data:
    if text == "<<":
        raise _Refused("merge key '<<' is not part of YAML 1.2", "write the keys out")
    return text if text in _SWITCHES else _resolve(text)


def _resolve(text: str) -> Data:
    """Return the value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        return _resolve_number(text)
    meant = _SWITCHES.get(text.lower()) if len(text) <= 3 else None
    if meant is not None:
        raise _Refused("a switch to some readers, text to others", f"write {meant}, or put the text in quotes")
    return text


def _resolve_number(text: str) -> Data:
    """Return a number, or the text itself where it only begins like one (`1.2.3`, `10.0.0.0/16`)."""
    if _INTEGER.fullmatch(text):
        return _exact(int(text) if len(text) <= 18 else LARGEST_EXACT_INTEGER + 1)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise _Refused("larger than any float", "write a smaller number, or put text in quotes")
        return value
    if _RADIX_INTEGER.fullmatch(text):
        return _exact(int(text, 0) if len(text) <= 18 else LARGEST_EXACT_INTEGER + 1)
    if _DISPUTED_NUMBER.fullmatch(text):
        raise _Refused(
            "a different number, or none, to different readers",
            "write a decimal number without leading zeros, or put text in quotes",
        )
    return text


def _exact(value: int) -> int:
    if abs(value) > LARGEST_EXACT_INTEGER:
        raise _Refused("beyond 2^53: it would be rounded", "put it in quotes if it is an identifier")
    return value
