"""Derives `serving/preview/force_new_aws.yaml` from the source of terraform-provider-aws.

Run by hand when pulumi_aws moves to another version of the provider, or when the project uses a new type:

    python -m tests.preview.derive_force_new FOLDER TOKEN... > serving/preview/force_new_aws.yaml

`FOLDER` is the provider's source (github.com/hashicorp/terraform-provider-aws, from the Go module proxy). Owns how
its Go schemas are read: `ForceNew: true` of the older SDK, `RequiresReplace` of the newer one, at any depth. What the
provider decides in code (`ForceNewIf`) is not read; `BESIDE` names what such code can replace.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from serving.preview.aws_types import Property, arguments_of, properties_of
from serving.preview.terraform import terraform_name, terraform_type

# Not in the schema of the type itself: the provider replaces on it in some cases, or takes it from a shared schema.
BESIDE: Mapping[str, tuple[str, ...]] = {
    "aws:eks/cluster:Cluster": ("computeConfig.nodeRoleArn", "encryptionConfig"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId",),
}

_MARK = re.compile(r"\bForceNew:\s*true|RequiresReplace|TagsSchemaForceNew")
_MAP = re.compile(
    r"(?<!func\(\) )map\[string\](?:\*?schema\.(?:Schema|Attribute|Block))\s*\{"
    r"|schema\.Schema\{(?=\s*(?:Attributes|Blocks))"
)
_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|//[^\n]*')
_KEY = re.compile(r'\s*(?:"(\w+)"|names\.(Attr\w+)|(\w+))\s*:')


_HEADER = """\
# What the AWS provider replaces a resource on: type token -> names of properties on the wire.
#
# Derived from the source of terraform-provider-aws {version} by tests/preview/derive_force_new.py, for the types that
# this project makes. A type without any is listed too: it was looked at.
# Not repeated here: `region`, which replaces every resource that has it, and what pulumi_aws documents itself.
"""


def main(arguments: list[str]) -> None:
    source = Path(arguments[0])
    version = (source / "version/VERSION").read_text(encoding="utf-8").strip()
    sys.stdout.write(_HEADER.format(version=version))
    for token in sorted(set(arguments[1:])):
        found = sorted({*force_new_of(source, token), *BESIDE.get(token, ())} - {"region"})
        sys.stdout.write(f"{token}: [{', '.join(found)}]\n" if len(found) < 4 else _long(token, found))


def _long(token: str, found: list[str]) -> str:
    text = f"[{', '.join(found)}]"
    return f"{token}:\n" + textwrap.fill(text, 118, initial_indent="  ", subsequent_indent="   ") + "\n"


def force_new_of(source: Path, token: str) -> Iterator[str]:
    """Wire paths of the properties of a type that replace it."""
    text = _file_of(source, terraform_type(token))
    arguments = arguments_of(token)
    if text is None or arguments is None:
        sys.stderr.write(f"{token}: no source\n")
        return
    constants = {**dict(re.findall(r'\n\s*(\w+)\s*=\s*"(\w+)"', text)), **_constants(source)}
    for path in _paths(_schema(text), constants):
        wire = ".".join(_wire(path, token))
        if wire:
            yield wire
        else:
            sys.stderr.write(f"{token}: {'.'.join(path)} has no word in pulumi_aws\n")


def _file_of(source: Path, type_: str) -> str | None:
    """The Go file that declares a resource."""
    return _files(source).get(type_)


@cache
def _files(source: Path) -> Mapping[str, str]:
    found = {}
    for path in source.glob("internal/service/*/*.go"):
        text = path.read_text(encoding="utf-8")
        for type_ in re.findall(r'@(?:SDK|Framework)Resource\("(\w+)"', text):
            found[type_] = _LITERAL.sub(_without_braces, text)
    return found


def _without_braces(match: re.Match[str]) -> str:
    """Names stay; regular expressions, texts and comments go."""
    return match[0] if re.fullmatch(r'"\w+"', match[0]) else '""' if match[0][0] in '"`' else ""


@cache
def _constants(source: Path) -> Mapping[str, str]:
    """Names of attributes that the provider's code spells as constants."""
    text = (source / "names/attr_consts_gen.go").read_text(encoding="utf-8")
    return dict(re.findall(r'(Attr\w+)\s*=\s*"(\w+)"', text))


def _schema(text: str) -> str:
    """The body of the first map of properties: that of the resource itself."""
    match = _MAP.search(text)
    return _body(text, match.end() - 1) if match else ""


def _body(text: str, start: int) -> str:
    """What stands between the brace at `start` and its other half."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start + 1 : at]
    return ""


def _entries(body: str) -> Iterator[tuple[str, str]]:
    """Key and text of each entry of a Go map."""
    depth, start = 0, 0
    for at, sign in enumerate(body):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            yield from _entry(body[start:at])
            start = at + 1
    yield from _entry(body[start:])


def _entry(text: str) -> Iterator[tuple[str, str]]:
    if match := _KEY.match(text):
        yield match[1] or match[2] or match[3], text[match.end() :]


def _paths(schema: str, constants: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for key, text in _entries(schema):
        name = constants.get(key, key)
        nested = _MAP.search(text)
        inner = _body(text, nested.end() - 1) if nested else ""
        outer = text.replace(inner, "") if inner else text
        if name in {"Attributes", "Blocks"}:  # the schema of the newer SDK has these above its properties
            yield from _paths(inner, constants)
        elif _MARK.search(outer):
            yield (name,)
        else:
            yield from ((name, *path) for path in _paths(inner, constants))


def _wire(path: tuple[str, ...], token: str) -> Iterator[str]:
    """The path in the words of pulumi_aws; empty where it has none."""
    arguments = arguments_of(token)
    words: list[str] = []
    for name in path:
        found = _find(name, arguments, token)
        if found is None:
            return
        wire, prop = found
        words.append(wire)
        arguments = prop.arguments
    yield from words


def _find(name: str, arguments: type | None, token: str) -> tuple[str, Property] | None:
    properties = properties_of(arguments) if arguments else {}
    for wire, prop in properties.items():
        if name in {prop.name.rstrip("_"), terraform_name(token, wire, prop)}:
            return wire, prop
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
