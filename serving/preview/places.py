"""Where in the project the thing is written that a finding is about, so that a code host can show it there.

Owns the choice of one file and line for a resource: the blueprint of the service that it belongs to, else the line
of the program that registers it, else the program itself; for the stack as a whole and for the providers that the
engine makes, the stack's configuration. Only files of the project are named. It is a place to start reading, not a
proof: which service a resource belongs to is read from its tags or labels, then from its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import yaml
from google.protobuf import struct_pb2

from serving.blueprint.tags import TagKey
from serving.preview.monitor import STACK_TYPE
from serving.preview.plan import Place
from serving.preview.project import Project
from serving.preview.recording import Recording, Registration

_BLUEPRINTS_FOLDER = "blueprints"
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_POLICIES = re.compile(r"^\s+policies:", re.MULTILINE)


def places(recording: Recording, project: Project, urns: Iterable[str]) -> tuple[Place, ...]:
    """The place of each of the URNs, sorted by URN."""
    finder = _Finder(recording, project)
    return tuple(finder.place(urn) for urn in sorted(set(urns)))


@dataclass(frozen=True)
class _Finder:
    recording: Recording
    project: Project

    @cached_property
    def _by_urn(self) -> dict[str, Registration]:
        return {registration.urn: registration for registration in self.recording.registrations}

    @cached_property
    def _services(self) -> dict[str, tuple[Path, int]]:
        """Name of each service that has a blueprint -> the line of its name."""
        found = (_named_in(path) for path in sorted((self.project.root / _BLUEPRINTS_FOLDER).glob("*.yaml")))
        return {name: (path, line) for entry in found if entry is not None for name, path, line in [entry]}

    def place(self, urn: str) -> Place:
        registration = self._by_urn.get(urn)
        if registration is None or registration.type == STACK_TYPE:
            found = self._configuration()
        else:
            found = self._blueprint(registration) or self._source(registration) or self._program()
        path, line = found
        return Place(urn, path.relative_to(self.project.root).as_posix(), line)

    def _configuration(self) -> tuple[Path, int]:
        path = self.project.root / f"Pulumi.{self.recording.stack}.yaml"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        section = _POLICIES.search(text)
        return (path, text.count("\n", 0, section.end()) + 1 if section else 1) if text else self._program()

    def _program(self) -> tuple[Path, int]:
        program = self.project.program.resolve()
        path = program / "__main__.py" if program.is_dir() else program
        return (path if path.is_relative_to(self.project.root) else self.project.root / "Pulumi.yaml"), 1

    def _blueprint(self, registration: Registration) -> tuple[Path, int] | None:
        stated = _service_of(registration.inputs)
        if stated is not None:
            return self._services.get(stated)
        named = [service for service in self._services if f"-{service}-" in f"-{registration.name}-"]
        longest = max(named, key=len, default="")
        # of `chat` and `chat-large` the longer one is meant; of two that are no part of each other neither
        return self._services[longest] if longest and all(service in longest for service in named) else None

    def _source(self, registration: Registration) -> tuple[Path, int] | None:
        """The innermost line of the project that led to the registration, or to that of its parent."""
        request = registration.request
        for position in (request.sourcePosition, *(frame.pc for frame in request.stackTrace.frames)):
            path = Path(unquote(urlparse(position.uri).path))
            if self._is_ours(path) and position.line > 0:
                return path, position.line
        parent = self._by_urn.get(registration.parent)
        return self._source(parent) if parent is not None and parent.type != STACK_TYPE else None

    def _is_ours(self, path: Path) -> bool:
        if not path.is_relative_to(self.project.root) or not path.is_file():
            return False
        parts = path.relative_to(self.project.root).parts
        return not _INSTALLED & set(parts) and not any(part.startswith(".") for part in parts)


def _service_of(inputs: struct_pb2.Struct) -> str | None:
    """The service that an AWS resource's tags or a Kubernetes object's labels name."""
    for path, key in ((("tags",), TagKey.SERVICE.value), (("metadata", "labels"), TagKey.SERVICE.label)):
        fields: Mapping[str, struct_pb2.Value] = inputs.fields
        for step in path:
            fields = fields[step].struct_value.fields if step in fields else {}
        if key in fields and fields[key].string_value:
            return fields[key].string_value
    return None


def _named_in(path: Path) -> tuple[str, Path, int] | None:
    """Name of the service in a blueprint with its place; None for any other file."""
    try:
        document = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    name = next(_values(next(_values(document, "identity"), None), "name"), None)
    return (name.value, path, name.start_mark.line + 1) if isinstance(name, yaml.ScalarNode) and name.value else None


def _values(node: Any, key: str) -> Iterator[yaml.Node]:  # noqa: ANN401  (a node of any kind, or none)
    if isinstance(node, yaml.MappingNode):
        yield from (value for name, value in node.value if name.value == key)
