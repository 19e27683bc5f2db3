"""How a rule reads a resource: typed, lazy, and unable to overlook an unknown.

Owns the four states of a property (missing, unknown, secret, known) and how to read it. It decodes nothing
from the wire (`policies.wire`) and judges nothing.

A value that is not known before deployment raises `Undetermined` when it is read, never when it is passed on
the way. A value of the wrong type raises `Malformed`. Both carry the path. A secret may be read, but `shown`
never shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from policies.tokens import canonical_token
from serving.blueprint.errors import KeyPath, format_path
from serving.blueprint.wording import LONGEST_NUMBER_BITS, shown_value

if TYPE_CHECKING:
    from policies.stack import Stack

T = TypeVar("T")

# How the engine writes what plain JSON cannot say; pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go and
# sdk/go/common/resource/sig/sig.go, read 2026-11. Typed here so that listing rules need not import Pulumi.
SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (a marker, no secret)
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
REFERENCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a driver writes for a value that is not known before deployment."""
UNKNOWNS: Final = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

_SEPARATORS: Final = re.compile(r"[.\[\]\"']+")
_MISSING: Final = None
_TRUTHS: Final = {"true": True, "false": False}
_MASK: Final = "[secret]"


def path_steps(path: str) -> tuple[str, ...]:
    """Steps of a property path as the engine writes it (`spec.replicas`, `spec["replicas"]`, `rules[0]`)."""
    return tuple(step for step in _SEPARATORS.split(path) if step)


class ReadError(Exception):
    """A property cannot be judged as it stands. `urn` is filled in by the resource that is being read."""

    def __init__(self, path: KeyPath, urn: str) -> None:
        super().__init__()
        self.path = path
        self.urn = urn


class Undetermined(ReadError):  # noqa: N818  (a state of a value, as rules speak of it)
    """The value is not known before deployment."""


class Malformed(ReadError):  # noqa: N818
    """The value has a type that the property cannot have."""

    def __init__(self, path: KeyPath, urn: str, expected: str) -> None:
        super().__init__(path, urn)
        self.expected = expected


@dataclass(slots=True, unsafe_hash=True)
class Node:
    """One property of a resource, present or not.

    Nothing changes one; it is not frozen, because a frozen one takes four times as long to make, and rules make a
    hundred for each resource.
    """

    raw: Any
    path: KeyPath = ()
    urn: str = ""
    secret: bool = False

    @property
    def missing(self) -> bool:
        """Nothing is written here. An unknown value is not missing."""
        return self.raw is _MISSING

    @property
    def unknown(self) -> bool:
        """Something is written here that is known only after deployment."""
        return isinstance(self.raw, str) and self.raw in UNKNOWNS

    @property
    def plain(self) -> str | None:
        """The text here if there is one that is known; what else may be here is for `text` to tell."""
        raw = self.raw
        return raw if isinstance(raw, str) and raw not in UNKNOWNS else None

    @property
    def place(self) -> str:
        """The path as people write it."""
        return format_path(self.path)

    @property
    def shown(self) -> str:
        """The value as a message may quote it: short, on one line, a secret masked."""
        if self.secret or _holds_secret(self.raw):
            return _MASK
        return "not known before deployment" if self.unknown else shown_value(self.path, self.raw)

    def __getitem__(self, key: str | int) -> Node:
        raw = self.raw
        if isinstance(raw, dict):
            return self._child(key, raw.get(key))
        if isinstance(raw, list) and isinstance(key, int):
            return self._child(key, raw[key] if -len(raw) <= key < len(raw) else _MISSING)
        if self.unknown:
            return Node(UNKNOWN, self.path, self.urn, self.secret)
        return self._child(key, _MISSING)

    def at(self, *keys: str | int) -> Node:
        """Descend several steps."""
        node = self
        for key in keys:
            node = node[key]
        return node

    def text(self) -> str | None:
        """Text here, or None if missing. A number counts as its text, as it does for tags."""
        raw = self._known()
        if raw is _MISSING or isinstance(raw, str):
            return raw
        if isinstance(raw, float):
            return str(int(raw)) if raw.is_integer() else str(raw)
        if isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() <= LONGEST_NUMBER_BITS:
            return str(raw)
        raise self.malformed("a text")

    def truth(self) -> bool | None:
        """True or false here, or None if missing. The texts `true` and `false` count, as for the engine."""
        raw = self._known()
        if raw is _MISSING or isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.lower() in _TRUTHS:
            return _TRUTHS[raw.lower()]
        raise self.malformed("true or false")

    def number(self) -> float | None:
        """A finite number here, or None if missing. The text of a number counts."""
        raw = self._known()
        if raw is _MISSING:
            return None
        if isinstance(raw, (int, float, str)) and not isinstance(raw, bool):
            return self._finite(raw)
        raise self.malformed("a number")

    def items(self) -> tuple[Node, ...]:
        """Elements of the list here; none if missing."""
        raw = self._known()
        if raw is _MISSING:
            return ()
        if not isinstance(raw, list):
            raise self.malformed("a list")
        return tuple([self._child(index, child) for index, child in enumerate(raw)])

    def entries(self) -> dict[str, Node]:
        """Entries of the mapping here; none if missing."""
        raw = self._known()
        if raw is _MISSING:
            return {}
        if not isinstance(raw, dict) or SIGNATURE_KEY in raw:
            raise self.malformed("a mapping")
        return {key: self._child(key, child) for key, child in raw.items()}

    def document(self) -> Node:
        """The JSON document that is written here as text, or as the mapping it stands for."""
        raw = self._known()
        if not isinstance(raw, str):
            return self
        try:
            parsed = json.loads(raw)
        except (ValueError, RecursionError):
            raise self.malformed("a JSON document") from None
        return Node(parsed, self.path, self.urn, self.secret)

    def malformed(self, expected: str) -> Malformed:
        """The error that says what should stand here; for the caller to raise."""
        return Malformed(self.path, self.urn, expected)

    def _child(self, key: str | int, raw: Any) -> Node:  # noqa: ANN401  (JSON)
        secret = self.secret
        if isinstance(raw, dict) and SIGNATURE_KEY in raw:
            raw, wrapped = unwrap(raw)
            secret = secret or wrapped
        return Node(raw, (*self.path, key), self.urn, secret)

    def _known(self) -> Any:  # noqa: ANN401  (JSON)
        raw = self.raw
        if isinstance(raw, str) and raw in UNKNOWNS:
            raise Undetermined(self.path, self.urn)
        return raw

    def _finite(self, raw: float | str) -> float:
        try:
            number = float(raw)
        except (ValueError, OverflowError):
            raise self.malformed("a number") from None
        if number != number or number in (float("inf"), float("-inf")):
            raise self.malformed("a finite number")
        return number


class Indexed:
    """Something that is asked the same by several rules, and keeps what was built to answer them."""

    __slots__ = ()
    _built: dict[Hashable, Any]

    def index(self, key: Hashable, build: Callable[[], T]) -> T:
        """What `build` returns, built once; what it raises is raised each time."""
        if key not in self._built:
            self._built[key] = build()
        found: T = self._built[key]
        return found


@dataclass(frozen=True, slots=True)
class Provider(Indexed):
    """The provider of a resource, as far as the engine shows it."""

    token: str
    urn: str
    properties: Node
    _built: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)


class Resource(Indexed):
    """One resource of the stack, decoded when first read.

    What is built by `index` follows from its properties and its provider, and from nothing else.

    Attributes:
        type: Type token as the engine sent it.
        token: Canonical token; older names of one type have one canonical token.
        urn: URN.
        name: Logical name.
        protect: Whether the engine refuses to delete it.
        ignore_changes: Property paths whose changes the engine passes over.
        provider: Its provider, where known.
        dependencies: URNs of all resources that it depends on; empty while only the resource itself was seen.
        property_dependencies: Input key -> URNs that its value depends on.
    """

    __slots__ = (
        "_built",
        "_load",
        "_properties",
        "_secrets",
        "_stack",
        "dependencies",
        "ignore_changes",
        "name",
        "property_dependencies",
        "protect",
        "provider",
        "token",
        "type",
        "urn",
    )

    def __init__(
        self,
        type_token: str,
        urn: str,
        name: str,
        load: Callable[[], Mapping[str, Any]],
        *,
        protect: bool = False,
        ignore_changes: tuple[str, ...] = (),
        provider: Provider | None = None,
        dependencies: tuple[str, ...] = (),
        property_dependencies: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._built = {}
        self.type = type_token
        self.token = canonical_token(type_token)
        self.urn = urn
        self.name = name
        self.protect = protect
        self.ignore_changes = ignore_changes
        self.provider = provider
        self.dependencies = dependencies
        self.property_dependencies = property_dependencies or {}
        self._stack: Stack | None = None
        self._load = load
        self._properties: Node | None = None
        self._secrets: frozenset[str] | None = None

    @property
    def properties(self) -> Node:
        """All properties; decoded once."""
        if self._properties is None:
            self._properties = Node(dict(self._load()), (), self.urn)
            self._load = dict  # what they were decoded from is no longer needed
        return self._properties

    @property
    def secrets(self) -> frozenset[str]:
        """Every text and number that is marked as secret; collected once."""
        if self._secrets is None:
            self._secrets = frozenset(secret_texts(self.properties.raw))
        return self._secrets

    @property
    def stack(self) -> Stack:
        """All resources.

        Raises:
            Undetermined: Only the resource itself was seen; the frame asks again when all were.
        """
        if self._stack is None:
            raise Undetermined((), self.urn)
        return self._stack

    def join(self, stack: Stack) -> None:
        """Become part of a stack."""
        self._stack = stack

    def judge_by(self, other: Resource) -> None:
        """Take over the properties of another view of the same resource.

        Stack rules are given outputs, resource rules inputs. What somebody declared is what can be judged and
        mended, and it is the same in a preview and in an update: so inputs count wherever they were seen.
        """
        self._load, self._properties, self._secrets = other._load, other._properties, other._secrets
        self._built = other._built if other.provider is self.provider else {}

    def __getitem__(self, key: str) -> Node:
        return self.properties[key]

    def at(self, *keys: str | int) -> Node:
        """The property at a path."""
        return self.properties.at(*keys)

    def sources(self, node: Node) -> tuple[Resource, ...]:
        """Resources that the input which holds `node` depends on, as far as they are in the stack.

        Raises:
            Undetermined: Only the resource itself was seen, so nothing can be said of what it depends on.
        """
        if self._stack is None:
            raise Undetermined(node.path, self.urn)
        stack = self._stack
        urns = self.property_dependencies.get(str(node.path[0]), ()) if node.path else ()
        return tuple(found for urn in urns if (found := stack.get(urn)) is not None)

    def __repr__(self) -> str:
        return f"Resource({self.urn})"


def unwrap(raw: Any) -> tuple[Any, bool]:  # noqa: ANN401  (JSON)
    """Take a value out of its wire wrappings; the flag says whether one of them marked it as secret."""
    secret = False
    while isinstance(raw, dict) and SIGNATURE_KEY in raw:
        signature = raw[SIGNATURE_KEY]
        if signature == SECRET_SIGNATURE:
            raw, secret = raw.get("value"), True
        elif signature == OUTPUT_SIGNATURE:
            raw, secret = raw.get("value", UNKNOWN), secret or bool(raw.get("secret"))
        elif signature == REFERENCE_SIGNATURE:
            raw = raw.get("id") or UNKNOWN
        else:  # an asset or an archive: opaque to rules
            break
    return raw, secret


def secret_texts(raw: Any, *, inside: bool = False) -> Iterator[str]:  # noqa: ANN401  (JSON)
    """Every text and number that stands below a secret wrapping, as a careless message could quote it."""
    value, secret = unwrap(raw)
    inside = inside or secret
    if isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            if inside or isinstance(child, (dict, list)):  # no leaf can be secret by itself
                yield from secret_texts(child, inside=inside)
    elif inside and value is not None and not isinstance(value, bool) and value not in UNKNOWNS:
        yield str(value)


def _holds_secret(raw: Any) -> bool:  # noqa: ANN401  (JSON)
    return next(secret_texts(raw), None) is not None
