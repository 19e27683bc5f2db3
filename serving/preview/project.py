"""A Pulumi project folder and one stack's configuration, read as the engine reads them.

Owns `Pulumi.yaml` and `Pulumi.<stack>.yaml`: which program runs, under which names, with which
configuration strings. It does not know what the configuration means and decrypts nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from serving.blueprint.errors import InputError, Problem

SECRET_PLACEHOLDER = "[secret: not decrypted in the embedded preview]"  # noqa: S105  (a placeholder)
"""What the program reads where the configuration holds a `secure:` value."""

# What the engine accepts as a stack's name: sdk/go/common/tokens/stacks.go of pulumi 3.272, read 2026-07.
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a Pulumi program.

    Attributes:
        root: The folder with `Pulumi.yaml`.
        name: The project's name.
        program: The folder or file that Python runs.
        config: The `config` block of `Pulumi.yaml`, undigested.
    """

    root: Path
    name: str
    program: Path
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StackConfig:
    """One stack's configuration as the program receives it.

    Attributes:
        stack: The stack's name.
        values: Fully qualified key to text; structured values are JSON.
        secret_keys: Keys that are, or contain, a secret. Their text holds placeholders.
    """

    stack: str
    values: Mapping[str, str]
    secret_keys: frozenset[str]


class _EngineLoader(yaml.SafeLoader):
    """YAML with the scalars of YAML 1.2, as the engine reads it: no `yes`, no `on`, no dates."""


_EngineLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_EngineLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def load_project(root: Path) -> Project:
    """Read `Pulumi.yaml` in `root`.

    Raises:
        InputError: The file is missing, is not YAML, or is not a Python project.
    """
    path = root / "Pulumi.yaml"
    if not path.is_file():
        _refuse(path, "", "not found", remedy="run in a Pulumi project, or name one by --project")
    document = _read_mapping(path)
    name = document.get("name")
    if not isinstance(name, str) or not name:
        _refuse(path, "name", "a project needs a name")
    runtime = document.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        _refuse(path, "runtime", "the embedded preview runs Python programs only", allowed=("python",))
    program = root / str(document.get("main") or ".")
    if not (program / "__main__.py" if program.is_dir() else program).is_file():
        _refuse(path, "main", f"there is no program in {program.name or '.'}")
    config = document.get("config") or {}
    if not isinstance(config, dict):
        _refuse(path, "config", "has to be a mapping")
    return Project(root=root, name=name, program=program, config=config)


def load_stack_config(project: Project, stack: str) -> StackConfig:
    """Read `Pulumi.<stack>.yaml` over the defaults of `Pulumi.yaml`.

    Raises:
        InputError: The stack has no file, its file is malformed, or a declared value is missing.
    """
    path = project.root / f"Pulumi.{stack}.yaml"
    if not _STACK_NAME.fullmatch(stack) or not path.is_file():
        known = sorted(p.name.removeprefix("Pulumi.")[:-5] for p in project.root.glob("Pulumi.*.yaml"))
        _refuse(path, "", f"no stack {stack!r}: it has no configuration file", allowed=tuple(known))
    own = _read_mapping(path).get("config") or {}
    if not isinstance(own, dict):
        _refuse(path, "config", "has to be a mapping")
    declared = {_qualify(project, key): value for key, value in project.config.items()}
    given = {_qualify(project, key): value for key, value in own.items()}
    merged = {key: _default(value) for key, value in declared.items()} | given
    missing = sorted(key for key, value in merged.items() if value is _MISSING)
    if missing:
        _refuse(path, missing[0], "Pulumi.yaml declares this value, the stack does not set it")
    masked = {key: _mask(value) for key, value in merged.items()}
    return StackConfig(
        stack=stack,
        values={key: _as_text(value) for key, (value, _) in sorted(masked.items())},
        secret_keys=frozenset(key for key, (_, secret) in masked.items() if secret),
    )


_MISSING = object()


def _default(declaration: object) -> object:
    """The value of one entry of `config` in Pulumi.yaml: plain, or a schema with a default."""
    if not isinstance(declaration, dict) or not declaration.keys() & {"type", "default", "value"}:
        return declaration
    return declaration.get("value", declaration.get("default", _MISSING))


def _qualify(project: Project, key: object) -> str:
    text = str(key)
    return text if ":" in text else f"{project.name}:{text}"


def _mask(value: object) -> tuple[object, bool]:
    """Replace each `{secure: ...}` by the placeholder; say whether there was one."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return SECRET_PLACEHOLDER, True
        masked = {str(key): _mask(item) for key, item in value.items()}
        return {key: item for key, (item, _) in masked.items()}, any(s for _, s in masked.values())
    if isinstance(value, list):
        items = [_mask(item) for item in value]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False


def _as_text(value: object) -> str:
    """A configuration value as the string that the engine hands to the program."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _EngineLoader)  # noqa: S506  (a SafeLoader)
    except UnicodeDecodeError:
        _refuse(path, "", "not UTF-8 text", remedy="save the file as UTF-8")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        _refuse(path, "", f"not YAML: {error.problem}", line=line, column=column)
    if document is None:
        return {}
    if not isinstance(document, dict):
        _refuse(path, "", "has to be a mapping")
    return document


def _refuse(
    path: Path,
    key: str,
    message: str,
    *,
    line: int = 0,
    column: int = 0,
    remedy: str = "",
    allowed: tuple[str, ...] = (),
) -> NoReturn:
    problem = Problem(
        file=path.name, line=line, column=column, key=key, message=message, remedy=remedy, allowed=allowed
    )
    raise InputError([problem])
