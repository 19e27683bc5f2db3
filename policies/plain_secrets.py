"""Secrets in plain sight: whether a value that anybody can read is one, or states one.

Owns what stands for a secret without being one (references, paths, switches) and how names and values are found in
scripts, files and command lines. Which names and forms give a secret away is known to `serving.blueprint.wording`.
It judges nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final

from policies.views import Node, Resource
from serving.blueprint.wording import has_secret_form, names_secret_value

# Resources whose name or ARN leads to a secret without giving it away
_KEEPERS: Final = frozenset(
    {
        "aws:secretsmanager/secret:Secret",
        "aws:ssm/parameter:Parameter",
        "aws:kms/key:Key",
        "aws:kms/alias:Alias",
        "kubernetes:core/v1:Secret",
        "kubernetes:external-secrets.io/v1:ExternalSecret",
    }
)
_REFERENCE: Final = re.compile(
    r"^([$%@<`{\[*/]|\./|~/|-|https?://|(arn|file|vault|ssm|secretsmanager|op|awssm|ref\+\w+|alias|env|ssh-\w+):"
    r"|(projects|alias|ssm|secret)/|ssh-(rsa|ed25519)|ecdsa-"
    r"|(true|false|yes|no|on|off|none|null|nil|str|string|bytes|optional|required|disabled|enabled|empty|unused|not-needed)\b[,;]?$)",
    re.IGNORECASE | re.ASCII,
)
_NUMBER: Final = re.compile(r"^\d+$", re.ASCII)
# `export DB_PASSWORD=x`, `password: x`, `"password": "x"`, `password = "x"`; bare words after ` = ` are code, and
# several words after `: ` are prose.
_ASSIGNMENT: Final = re.compile(
    r"(?:(?<![\w.$-])|(?<=--))(?P<name>[A-Za-z_][\w.-]{0,99})[\"']?"
    r"(?:(?P<tight>=|:[ \t]{1,9}(?=[^\s\"']{1,200}[ \t]{0,9}(?:[\r\n#}]|$)))|[ \t]{0,9}[=:][ \t]{0,9}[\"'])"
    r"[\"']?(?P<value>[^\s\"',;}]{1,200})",
    re.ASCII,
)
# `secret: chat-tls` names the object that keeps the secret
_OBJECTS: Final = frozenset({"secret", "credentials"})
_OBJECT_NAME: Final = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$|^include$", re.ASCII)
_CODE: Final = re.compile(r"[(\[]|^\w+(\.\w+)+$", re.ASCII)
_FLAG: Final = re.compile(r"^--?(?P<name>[A-Za-z][\w.-]*)(?:=(?P<value>.*))?$", re.DOTALL | re.ASCII)
_GZIP: Final = b"\x1f\x8b"
_MAXIMUM_BYTES: Final = 1 << 20
"""User data has at most 16 KiB before it is packed (AWS, EC2 user guide, "user data", read 2026-11)."""


def is_secret_value(name: str, text: str, *, named: bool = False) -> bool:
    """Whether the text below a name is a secret: by its form, or by the name and not being a reference.

    Args:
        name: The name.
        text: The text.
        named: Whether the name is known to be that of a secret, whatever it sounds like.
    """
    if has_secret_form(text):
        return True
    text = text.strip()
    if not text or not (named or names_secret_value(name)) or _REFERENCE.match(text):
        return False
    return not (name.casefold().endswith("token") and _NUMBER.match(text))  # a number of tokens, or of one


def states_secret(text: str) -> bool:
    """Whether a script, a file or a list of assignments states a secret."""
    if has_secret_form(text):
        return True
    return any(
        is_secret_value(match["name"], match["value"])
        and not (match["tight"] and _CODE.search(match["value"]))
        and not (match["name"] in _OBJECTS and _OBJECT_NAME.match(match["value"]))
        for match in _ASSIGNMENT.finditer(text)
    )


def is_bare_flag(text: str) -> bool:
    """Whether an argument of a command line only names what the next one says."""
    match = _FLAG.match(text)
    return match is not None and match["value"] is None


def argument_states_secret(before: str, text: str) -> bool:
    """Whether an argument of a command line states a secret; `before` is the argument before it."""
    match = _FLAG.match(text)
    if match is not None:
        return is_secret_value(match["name"], match["value"] or "") or states_secret(match["value"] or "")
    if is_bare_flag(before) and is_secret_value(before.lstrip("-"), text):
        return True
    return states_secret(text)


def unpacked(text: str) -> str:
    """User data as a person wrote it: out of base64 and gzip, where it is in them."""
    try:
        data = base64.b64decode(text, validate=True)
        if data.startswith(_GZIP):
            data = zlib.decompressobj(wbits=31).decompress(data, _MAXIMUM_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        return text
    return data.decode("utf-8", "replace")


def is_kept_elsewhere(resource: Resource, value: Node) -> bool:
    """Whether the value is not known yet and comes from a resource of the stack, so that it is one's name or ARN.

    Providers mark what is secret in their outputs, and whatever is made of it is marked, too.
    """
    return value.unknown and not value.secret and bool(resource.sources(value))


def leads_to_secret(resource: Resource, value: Node) -> bool:
    """Whether the value is not known yet and only says where a secret is kept."""
    return is_kept_elsewhere(resource, value) and all(source.token in _KEEPERS for source in resource.sources(value))
