"""Property values between the wire and the plan: secrets masked, unknowns marked.

Owns the plan's spelling of what JSON has no word for. Each is an object with one key that starts with `$`:

    {"$unknown": true}      known only once the provider has acted
    {"$secret": true}       a secret, known or not; its value is nowhere in the plan
    {"$resource": "urn"}    a reference to a resource
    {"$asset": {...}}, {"$archive": {...}}
    {"$literal": {...}}     a plain object that happens to look like one of these

It compares nothing and reads no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

PlanValue = Any
"""JSON: None, bool, int, float, str, list and dict of the same."""

UNKNOWN: PlanValue = {"$unknown": True}
SECRET: PlanValue = {"$secret": True}
_MARKERS = frozenset({"$unknown", "$secret", "$resource", "$asset", "$archive", "$literal"})

REDACTED = "[secret]"
_SHORTEST_REDACTED = 4  # characters; shorter secrets would blank out unrelated text

# The wire's signatures and unknown sentinels: sdk/go/common/resource/properties.go and
# sdk/go/common/resource/plugin/rpc.go of pulumi 3.272, read 2026-07.
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_SENTINELS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and all that the Python SDK sends
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_LARGEST_EXACT_INTEGER = 2**53


class Decoder:
    """Turns wire values into plan values, and remembers the text of the secrets that it drops."""

    def __init__(self) -> None:
        self.secret_texts: set[str] = set()

    def struct(self, struct: Struct, secret_keys: Iterable[str] = ()) -> dict[str, PlanValue]:
        """Decode the properties of a resource; those named in `secret_keys` are masked whole."""
        hidden = frozenset(secret_keys)
        decoded: dict[str, PlanValue] = {}
        for key, value in struct.fields.items():
            if key in hidden:
                self._drop(value)
                decoded[key] = SECRET
            else:
                decoded[key] = self._value(value)
        return decoded

    def _value(self, value: Value) -> PlanValue:
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            text = value.string_value
            return UNKNOWN if text in _UNKNOWN_SENTINELS else text
        if kind == "struct_value":
            return self._object(value.struct_value)
        if kind == "list_value":
            decode = self._value
            return [decode(item) for item in value.list_value.values]
        if kind == "number_value":
            return _number(value.number_value)
        return value.bool_value if kind == "bool_value" else None

    def _object(self, struct: Struct) -> PlanValue:
        fields = struct.fields
        if SIGNATURE_KEY in fields:
            return self._signed(struct)
        decode = self._value
        decoded = {key: decode(item) for key, item in fields.items()}
        return {"$literal": decoded} if is_marker(decoded) else decoded

    def _signed(self, struct: Struct) -> PlanValue:
        fields = struct.fields
        signature = fields[SIGNATURE_KEY].string_value
        if signature == _SECRET_SIGNATURE:
            self._drop(fields["value"])
            return SECRET
        if signature == _RESOURCE_SIGNATURE:
            return {"$resource": fields["urn"].string_value}
        if signature == _OUTPUT_SIGNATURE:
            return self._output(struct)
        word = {_ASSET_SIGNATURE: "$asset", _ARCHIVE_SIGNATURE: "$archive"}.get(signature, "$literal")
        return {word: {key: self._value(item) for key, item in fields.items() if key != SIGNATURE_KEY}}

    def _output(self, struct: Struct) -> PlanValue:
        fields = struct.fields
        if "secret" in fields and fields["secret"].bool_value:
            if "value" in fields:
                self._drop(fields["value"])
            return SECRET
        return self._value(fields["value"]) if "value" in fields else UNKNOWN

    def _drop(self, value: Value) -> None:
        """Remember the texts inside a secret, so that they can be struck out of messages."""
        kind = value.WhichOneof("kind")
        if kind == "string_value" and value.string_value not in _UNKNOWN_SENTINELS:
            self.secret_texts.add(value.string_value)
        elif kind == "number_value":
            self.secret_texts.add(str(_number(value.number_value)))
        elif kind == "list_value":
            for item in value.list_value.values:
                self._drop(item)
        elif kind == "struct_value":
            for key, item in value.struct_value.fields.items():
                if key != SIGNATURE_KEY:
                    self._drop(item)


class Redactor:
    """Strikes known secrets out of free text: log lines, violations, exceptions."""

    def __init__(self, secret_texts: Iterable[str]) -> None:
        parts = {part for text in secret_texts for part in (text, *text.splitlines())}
        long_enough = {part for part in parts if len(part.strip()) >= _SHORTEST_REDACTED}
        self._secrets = sorted(long_enough, key=lambda part: (-len(part), part))  # longest first

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text


def is_marker(value: object) -> bool:
    """Whether a decoded object is, or would be read as, one of the words of the plan."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _MARKERS


def is_unknown(value: object) -> bool:
    """Whether a plan value is the unknown marker."""
    return bool(value == UNKNOWN)


def is_secret(value: object) -> bool:
    """Whether a plan value is the secret marker."""
    return bool(value == SECRET)


def _number(number: float) -> int | float:
    """The wire knows doubles only; a whole one was an integer in the program."""
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT_INTEGER else number
