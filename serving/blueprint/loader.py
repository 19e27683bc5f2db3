"""From files to a validated blueprint or environment, with every mistake at its place.

Owns the way from a document to a model: which files, schemas that stand in files of their own, the strict
reading of values, and the translation of what pydantic and the rules say into problems that a person can
mend. What is right or wrong is the schema's and the rules' business.

Values are read as JSON and strictly: `"5"` is text and no number, `true` is no 1, `5 min` is no duration.

All mistakes are told at once. A misspelled key is told, taken for its nearest name and read on, so that it
hides neither its own value nor the rules of its section; where a section is broken, the rules between the
other sections still run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from serving.blueprint.compatibility import JSON_TYPES, schema_errors
from serving.blueprint.crosschecks import cross_findings
from serving.blueprint.environment import Environment, environment_rules
from serving.blueprint.errors import Finding, InputError, KeyPath, Problem
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Contract
from serving.blueprint.source import MAXIMUM_PROBLEMS, Source, read_source
from serving.blueprint.translation import UNKNOWN_KEY, pydantic_findings
from serving.blueprint.wording import nearest, shown_path, shown_value

PathLike: TypeAlias = str | os.PathLike[str]
Model = TypeVar("Model", bound=BaseModel)
CrossFindings: TypeAlias = Callable[[Mapping[str, Any]], Iterable[Finding]]

_EVERY: Final = object()
SCHEMA_PLACES: Final[tuple[tuple[object, ...], ...]] = (
    ("contract", "request"),
    ("contract", "response"),
    ("contract", "stages", _EVERY, "input"),
    ("contract", "stages", _EVERY, "output"),
    ("contract", "supported_versions", _EVERY, "request"),
    ("contract", "supported_versions", _EVERY, "response"),
)
"""Where a blueprint expects a JSON Schema, inline or as `{file: path}`."""

_STACK_FILE: Final = ("Pulumi.", ".yaml")


@dataclass(frozen=True, slots=True)
class LoadedBlueprint:
    """A valid blueprint and where its keys stand."""

    blueprint: Blueprint
    source: Source


def load_blueprint(path: PathLike) -> LoadedBlueprint:
    """Read one blueprint.

    Raises:
        InputError: With every problem of the file and of the schema files that it names.
    """
    return load_blueprints(path)[0]


def load_blueprints(paths: PathLike | Iterable[PathLike]) -> tuple[LoadedBlueprint, ...]:
    """Read blueprints, sorted by file name, each file once.

    Args:
        paths: Files, and folders whose `*.yaml` are read (hidden files and folders inside are not).

    Raises:
        InputError: With every problem of every file.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    problems: list[Problem] = []
    files = _files(given, problems)
    loaded: list[LoadedBlueprint] = []
    schemas = _SchemaFiles()
    for file in files:
        try:
            loaded.append(_load(file, schemas))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple(loaded)


def load_environment(data: object, source: Source, base_path: KeyPath = ()) -> Environment:
    """Validate an environment.

    Args:
        data: The configured value, from Pulumi or from the stack file.
        source: The stack file, for places; a place is unknown where the file does not hold the key.
        base_path: Key path of the environment in that file.

    Raises:
        InputError: With every problem.
    """
    environment, findings = validate_sections(Environment, data, environment_rules)
    if environment is None:
        raise InputError(problem_at(source, replace(f, path=(*base_path, *f.path))) for f in findings)
    return environment


def read_stack_file(path: PathLike) -> tuple[dict[str, Any], Source]:
    """Read the configuration of a stack, `Pulumi.<stack>.yaml`, as key -> value.

    Raises:
        InputError: There is no such stack (the stacks there are, and the nearest name, are told), or the
            file holds no configuration.
    """
    stack_file = Path(path)
    if not os.path.lexists(stack_file):
        raise InputError([_no_stack(stack_file)])
    source = read_source(stack_file)
    config = source.parse().get("config")
    if isinstance(config, dict):
        return config, source
    finding = Finding(
        ("config",),
        "required key is missing" if config is None else "is not a mapping",
        effect="the stack has no configuration",
        remedy="write `config:` and below it one line for each key",
    )
    raise InputError([problem_at(source, finding)])


def problem_at(source: Source, finding: Finding) -> Problem:
    """Give a finding its place, its value (never a secret one) and the nearest allowed name."""
    location = source.locate(finding.path, at_key=finding.message == UNKNOWN_KEY)
    value = source.value(finding.path)
    return Problem(
        file=location.file,
        line=location.place.line,
        column=location.place.column,
        key=shown_path(finding.path),
        message=finding.message,
        value=None if value is None or isinstance(value, (dict, list)) else shown_value(finding.path, value),
        effect=finding.effect,
        remedy=finding.remedy,
        allowed=tuple(str(name) for name in finding.allowed),
        suggestion=_suggestion(finding, value),
    )


def validate_sections(
    model: type[Model], document: object, cross: CrossFindings = lambda _sections: ()
) -> tuple[Model | None, tuple[Finding, ...]]:
    """Validate a document; either the model or findings come back.

    Args:
        model: What the document is to be. Its own validators may run the rules between sections.
        document: Plain data.
        cross: The rules between sections, from the sections that are valid; called only where the model's
            own validators cannot run because some section is not.
    """
    try:
        return _validated(model, document), ()
    except ValidationError as error:
        found = pydantic_findings(model, error)
    misspelled = [finding for finding in found if finding.message == UNKNOWN_KEY]
    if not misspelled:
        return None, _limited([*found, *_between_valid_sections(model, document, found, cross)])
    corrected, written = _corrected(document, misspelled)
    try:
        _validated(model, corrected)
    except ValidationError as error:
        further = pydantic_findings(model, error)
        further += _between_valid_sections(model, corrected, further, cross)
        return None, _limited([*misspelled, *(_as_written(finding, written) for finding in further)])
    return None, _limited(misspelled)


def _validated(model: type[Model], document: object) -> Model:
    return model.model_validate_json(json.dumps(document, default=str), strict=True)


def _between_valid_sections(
    model: type[BaseModel], document: object, found: Sequence[Finding], cross: CrossFindings
) -> list[Finding]:
    """Run the rules between those sections that have no finding of their own."""
    broken = {finding.path[0] for finding in found if finding.path}
    if not broken or not isinstance(document, dict):
        return []  # the model's own validators have run, or there are no sections at all
    sections: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in broken:
            continue
        if key in document:
            # metadata alone: an alias has no meaning outside of its model
            kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            adapter: TypeAdapter[Any] = TypeAdapter(kind)
            sections[name] = adapter.validate_json(json.dumps(document[key], default=str), strict=True)
        else:
            sections[name] = field.get_default(call_default_factory=True)
    return list(cross(sections))


def _corrected(document: object, misspelled: Sequence[Finding]) -> tuple[Any, dict[KeyPath, KeyPath]]:
    """A copy with every unknown key renamed to its nearest name, or left out; and new path -> written path."""
    copy = json.loads(json.dumps(document, default=str))
    written: dict[KeyPath, KeyPath] = {}
    for finding in misspelled:
        *parents, key = finding.path
        mapping = copy
        for part in parents:
            mapping = mapping[part]
        value = mapping.pop(key)
        meant = nearest(str(key), finding.allowed)
        if meant is not None and meant not in mapping:
            mapping[meant] = value
            written[(*parents, meant)] = finding.path
    return copy, written


def _as_written(finding: Finding, written: Mapping[KeyPath, KeyPath]) -> Finding:
    """The same finding, at the key as it stands in the file."""
    for length in range(len(finding.path), 0, -1):
        original = written.get(finding.path[:length])
        if original is not None:
            return replace(finding, path=(*original, *finding.path[length:]))
    return finding


def _limited(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    distinct = list(dict.fromkeys(findings))
    more = len(distinct) - MAXIMUM_PROBLEMS
    if more <= 0:
        return tuple(distinct)
    return (*distinct[:MAXIMUM_PROBLEMS], Finding((), f"and {more} more problems"))


def _suggestion(finding: Finding, value: object) -> str | None:
    """The allowed name that was probably meant."""
    key = finding.path[-1] if finding.path else ""
    written = key if finding.message == UNKNOWN_KEY or not isinstance(value, str) else value
    allowed = [str(name) for name in finding.allowed]
    return nearest(str(written), allowed) if written not in allowed else None


def _no_stack(stack_file: Path) -> Problem:
    prefix, suffix = _STACK_FILE
    folder = stack_file.parent
    names = sorted(found.name for found in folder.glob(f"{prefix}*{suffix}")) if folder.is_dir() else []
    stacks = [name.removeprefix(prefix).removesuffix(suffix) for name in names]
    wanted = stack_file.name.removeprefix(prefix).removesuffix(suffix)
    return Problem(
        file=str(stack_file),
        line=0,
        column=0,
        key="",
        message=f"there is no stack '{wanted}'",
        effect="nothing says what the stack has",
        remedy="name a stack that there is, or write its file",
        allowed=tuple(stacks),
        suggestion=nearest(wanted, stacks),
    )


# --- files -------------------------------------------------------------------------------------------------


def _files(paths: Sequence[PathLike], problems: list[Problem]) -> list[str]:
    """The files to read, sorted, each once under the first of its names."""
    names: list[str] = []
    for path in paths:
        name = os.fsdecode(path)
        names += _in_folder(name, problems) if os.path.isdir(name) else [name]
    by_identity: dict[str, str] = {}
    for name in sorted(names):
        by_identity.setdefault(_identity(name), name)
    return sorted(by_identity.values())


def _identity(name: str) -> str:
    try:
        return os.path.realpath(name)
    except ValueError:  # a NUL in the name, which reading it will refuse
        return name


def _in_folder(folder: str, problems: list[Problem]) -> list[str]:
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    except OSError as error:
        problems.append(Problem(folder, 0, 0, "", f"cannot be read: {error.strerror}"))
        return []
    problems += [
        Problem(os.path.join(folder, name), 0, 0, "", "is not read", remedy="rename it to end in .yaml")
        for name in entries
        if name.endswith(".yml")
    ]
    found = [os.path.join(folder, name) for name in entries if name.endswith(".yaml")]
    if not found:
        remedy = "name a folder with blueprints, or write one with `serving new`"
        problems.append(Problem(folder, 0, 0, "", "holds no *.yaml", remedy=remedy))
    return found


def _load(file: str, schemas: _SchemaFiles) -> LoadedBlueprint:
    source = read_source(file)
    document = source.parse()
    source, problems = schemas.include(source, document)
    if problems:
        problems += [problem_at(source, finding) for finding in _findings_beside_schemas(document)]
        raise InputError(problems)
    blueprint, findings = validate_sections(Blueprint, document, cross_findings)
    if blueprint is None:
        raise InputError(problem_at(source, finding) for finding in findings)
    return LoadedBlueprint(blueprint, source)


def _findings_beside_schemas(document: dict[str, Any]) -> Iterator[Finding]:
    """What else is wrong where a schema of the contract is: rules that compare schemas could only guess."""
    section = SCHEMA_PLACES[0][0]
    rest = {key: value for key, value in document.items() if key != section}
    for finding in validate_sections(Blueprint, rest, cross_findings)[1]:
        if finding.path != (section,):
            yield finding
    for finding in validate_sections(Contract, document[str(section)])[1]:
        yield replace(finding, path=(str(section), *finding.path))


class _SchemaFiles:
    """Reads the schema files that blueprints name, each file once however many blueprints name it."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Source, dict[str, Any]]] = {}

    def include(self, source: Source, document: dict[str, Any]) -> tuple[Source, list[Problem]]:
        """Put the content of schema files in the place of `{file: ...}`, and check every schema.

        Returns:
            The source with what was included, and what is wrong.
        """
        included: dict[KeyPath, Source] = {}
        problems: list[Problem] = []
        for path, holder in _schema_holders(document):
            schema = holder[path[-1]]
            if isinstance(schema, dict) and "file" in schema:
                try:
                    included[path], holder[path[-1]] = self._content(source, path, schema)
                except InputError as error:
                    problems += error.problems
                    holder[path[-1]] = {}  # so that nothing is told twice
        complete = replace(source, included=included) if included else source
        for path, holder in _schema_holders(document):
            problems += _invalid_schema(complete, path, holder[path[-1]])
        return complete, problems

    def _content(self, source: Source, path: KeyPath, schema: dict[str, Any]) -> tuple[Source, dict[str, Any]]:
        name = schema["file"]
        if len(schema) > 1 or not isinstance(name, str) or not name:
            _refuse(source, path, "`file` stands alone and names a file", "write {file: path/to/schema.json}")
        folder = os.path.dirname(os.path.realpath(source.file))
        file = os.path.realpath(os.path.join(folder, name))
        if os.path.isabs(name) or not _is_inside(file, _repository(folder)):
            _refuse(
                source,
                (*path, "file"),
                "leads out of the repository of the blueprint",
                "name a file beside the blueprint or below the folder around it",
            )
        if file not in self._read:
            self._read[file] = self._parsed(source, (*path, "file"), name)
        return self._read[file]

    @staticmethod
    def _parsed(source: Source, path: KeyPath, name: str) -> tuple[Source, dict[str, Any]]:
        try:
            content = read_source(os.path.normpath(os.path.join(os.path.dirname(source.file), name)))
        except InputError as error:
            for problem in error.problems:
                if not problem.line:  # nothing could be read: the place to mend is the blueprint
                    _refuse(source, path, problem.message, problem.remedy)
            raise
        return content, content.parse()


def _schema_holders(document: dict[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Every place with a schema: its path, and the mapping that holds it under the last key."""
    for place in SCHEMA_PLACES:
        yield from _matching(document, place, ())


def _matching(value: object, place: Sequence[object], path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    first, *rest = place
    if first is _EVERY:
        keys: Iterable[Any] = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    else:
        keys = [first] if isinstance(value, dict) and first in value else []
    for key in keys:
        if not rest:
            yield (*path, key), value
        else:
            yield from _matching(value[key], rest, (*path, key))  # type: ignore[index]  # it has this key


def _invalid_schema(source: Source, path: KeyPath, schema: object) -> list[Problem]:
    if not isinstance(schema, dict):
        return []  # the section's own type says so
    return [
        problem_at(
            source,
            Finding(
                (*path, *place),
                f"not a JSON Schema (2020-12): {reason}",
                effect="the stages of the contract could not be checked against each other",
                remedy="correct it as https://json-schema.org/draft/2020-12/schema asks",
                allowed=JSON_TYPES if place[-1:] == ("type",) else (),
            ),
        )
        for place, reason in schema_errors(schema)
    ]


def _repository(folder: str) -> str:
    """The folder around the blueprints' folder; in the root of a file system, that folder itself."""
    parent = os.path.dirname(folder)
    return folder if os.path.dirname(parent) == parent else parent


def _is_inside(file: str, folder: str) -> bool:
    return os.path.commonpath([file, folder]) == folder


def _refuse(source: Source, path: KeyPath, message: str, remedy: str) -> NoReturn:
    effect = "the contract would be unknown"
    raise InputError([problem_at(source, Finding(path, message, effect, remedy))])
