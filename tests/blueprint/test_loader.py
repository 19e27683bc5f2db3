"""From files to models: every mistake at once, each at its place, and nothing but an InputError."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.blueprint.errors import Finding, InputError, Problem
from serving.blueprint.findings import raise_findings
from serving.blueprint.loader import (
    SCHEMA_PLACES,
    load_blueprint,
    load_blueprints,
    load_environment,
    problem_at,
    read_stack_file,
    validate_sections,
)
from serving.blueprint.scaffold import Kind, render
from serving.blueprint.schema import Blueprint
from serving.blueprint.source import MAXIMUM_PROBLEMS, Source
from serving.blueprint.translation import UNKNOWN_KEY

REPOSITORY = Path(__file__).parents[2]


class _Toy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Level(IntEnum):
    LOW = 1
    HIGH = 2


class _Color(StrEnum):
    RED = "red"
    GREEN = "green"


class _Range(_Toy):
    low: int = Field(default=0, description="Lower end.")
    high: int = Field(default=1, description="Upper end.")

    @model_validator(mode="after")
    def _check(self) -> _Range:
        raise_findings([Finding(("high",), "high below low")] if self.high < self.low else [])
        return self


class _Circle(_Toy):
    shape: Literal["circle"]
    radius: float = Field(gt=0, le=10)


class _Box(_Toy):
    shape: Literal["box"]
    sides: tuple[int, ...] = Field(min_length=1)


class _Document(_Toy):
    version: Literal[1] = Field(alias="schema")
    color: _Color = _Color.RED
    level: _Level = _Level.LOW
    spans: tuple[_Range, ...] = ()
    figures: dict[str, Annotated[_Circle | _Box, Field(discriminator="shape")]] = Field(default_factory=dict)
    name: str | None = Field(default=None, pattern="^[a-z]+$", description="What it is called.")
    on: bool = False

    @model_validator(mode="after")
    def _check(self) -> _Document:
        raise_findings(_cross({"color": self.color, "on": self.on}))
        return self


def _cross(sections: Mapping[str, Any]) -> Iterable[Finding]:
    if sections.get("color") is _Color.GREEN and sections.get("on"):
        yield Finding(("on",), "green is never on")


def _all_findings(**document: Any) -> tuple[Finding, ...]:
    model, findings = validate_sections(_Document, {"schema": 1, **document}, _cross)
    assert (model is None) == bool(findings)
    return findings


def _findings(**document: Any) -> dict[tuple[str | int, ...], Finding]:
    """Findings by path; one a path."""
    findings = _all_findings(**document)
    by_path = {finding.path: finding for finding in findings}
    assert len(by_path) == len(findings)
    return by_path


def test_a_valid_document_comes_back_as_its_model() -> None:
    model, findings = validate_sections(_Document, {"schema": 1, "spans": [{"low": 1, "high": 2}]})
    assert findings == ()
    assert model is not None
    assert model.spans[0].high == 2


def test_an_unknown_key_is_told_with_the_keys_that_there_are() -> None:
    finding = _findings(spans=[{"lo": 0}])["spans", 0, "lo"]
    assert finding.message == UNKNOWN_KEY
    assert finding.allowed == ("low", "high")


def test_the_allowed_keys_are_those_that_are_written_not_those_of_the_program() -> None:
    assert "schema" in _findings(shema=1)[("shema",)].allowed


def test_a_misspelled_key_hides_neither_its_value_nor_the_rules_of_its_section() -> None:
    findings = _all_findings(spans=[{"low": 5, "hihg": 3}, {"hgih": "x"}, {"low": 5, "higth": 3}])
    assert sorted((finding.path, finding.message) for finding in findings) == [
        (("spans", 0, "hihg"), "high below low"),
        (("spans", 0, "hihg"), UNKNOWN_KEY),
        (("spans", 1, "hgih"), "text where a whole number belongs"),
        (("spans", 1, "hgih"), UNKNOWN_KEY),
        (("spans", 2, "higth"), "high below low"),
        (("spans", 2, "higth"), UNKNOWN_KEY),
    ]


def test_what_is_wrong_below_a_misspelled_key_is_told_where_it_is_written() -> None:
    assert _findings(spasn=[{"low": "x"}]).keys() == {("spasn",), ("spasn", 0, "low")}


def test_a_rule_of_a_section_is_told_at_its_path_in_the_document() -> None:
    assert _findings(spans=[{}, {"low": 5, "high": 3}])["spans", 1, "high"].message == "high below low"


def test_rules_between_sections_run_while_another_section_is_broken() -> None:
    assert _findings(color="green", on=True, name="X").keys() == {("on",), ("name",)}


def test_rules_between_sections_do_not_run_on_a_broken_section() -> None:
    assert _findings(color="greeen", on=True).keys() == {("color",)}


def test_a_rule_between_sections_is_told_once_where_all_sections_are_valid() -> None:
    assert _findings(color="green", on=True).keys() == {("on",)}


@pytest.mark.parametrize(
    ("document", "path", "allowed"),
    [
        ({"color": "blue"}, ("color",), ("red", "green")),
        ({"level": 3}, ("level",), ("1", "2")),
        ({"schema": 2}, ("schema",), ("1",)),
        ({"figures": {"f": {"shape": "cirle"}}}, ("figures", "f", "shape"), ("circle", "box")),
        ({"figures": {"f": {}}}, ("figures", "f", "shape"), ("circle", "box")),
    ],
)
def test_a_value_outside_of_a_closed_set_is_told_with_the_set(
    document: dict[str, Any], path: tuple[str | int, ...], allowed: tuple[str, ...]
) -> None:
    assert _findings(**document)[path].allowed == allowed


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ({"figures": {"f": {"shape": "circle", "radius": 0}}}, ("figures", "f", "radius"), "more than 0"),
        ({"figures": {"f": {"shape": "circle", "radius": 11}}}, ("figures", "f", "radius"), "at most 10"),
        ({"figures": {"f": {"shape": "circle"}}}, ("figures", "f", "radius"), "missing"),
        ({"figures": {"f": {"shape": "box", "sides": []}}}, ("figures", "f", "sides"), "fewer than 1"),
        ({"figures": {"f": {"shape": "box", "sides": [1.5]}}}, ("figures", "f", "sides", 0), "whole number"),
        ({"name": "X"}, ("name",), "pattern"),
        ({"name": 5}, ("name",), "text"),
        ({"spans": {}}, ("spans",), "a mapping where a list"),
        ({"spans": [[]]}, ("spans", 0), "a list where a mapping"),
    ],
)
def test_a_wrong_value_is_told_at_its_path_in_the_document_whatever_the_union_around_it(
    document: dict[str, Any], path: tuple[str | int, ...], words: str
) -> None:
    found = _findings(**document)
    assert found.keys() == {path}
    assert words in found[path].message


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"spans": [{"low": "5"}]}, ("spans", 0, "low")),
        ({"spans": [{"low": True}]}, ("spans", 0, "low")),
        ({"spans": [{"low": 1.0}]}, ("spans", 0, "low")),
        ({"on": "true"}, ("on",)),
        ({"on": 1}, ("on",)),
    ],
)
def test_no_value_is_taken_for_one_of_another_type(document: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert _findings(**document).keys() == {path}


@pytest.mark.parametrize(
    ("value", "remedy"), [("5 min", "unit"), ("120ms", "unit"), ("5", "quotes"), ("many", "what it is for: Lower end.")]
)
def test_text_in_the_place_of_a_number_gets_the_remedy_that_fits(value: str, remedy: str) -> None:
    assert remedy in _findings(spans=[{"low": value}])["spans", 0, "low"].remedy


@pytest.mark.parametrize("document", [None, 3, "text", []])
def test_what_is_no_mapping_at_all_is_one_finding(document: object) -> None:
    model, findings = validate_sections(_Document, document)
    assert model is None
    assert [finding.path for finding in findings] == [()]


def test_no_document_makes_more_findings_than_a_person_reads() -> None:
    _, findings = validate_sections(_Document, {"schema": 1, "spans": [{"low": "x"}] * 1_000})
    assert len(findings) == MAXIMUM_PROBLEMS + 1
    assert "900" in findings[-1].message


# --- problems ----------------------------------------------------------------------------------------------


def _problem(text: str, finding: Finding) -> Problem:
    return problem_at(Source("x.yaml", text), finding)


def test_a_problem_carries_place_key_value_and_nearest_name() -> None:
    problem = _problem("a:\n  b: yellwo\n", Finding(("a", "b"), "no color", allowed=("red", "yellow")))
    assert (problem.line, problem.column, problem.key, problem.value) == (2, 6, "a.b", '"yellwo"')
    assert problem.suggestion == "yellow"


def test_an_unknown_key_is_shown_at_the_key_with_the_nearest_key() -> None:
    problem = _problem("a: {hihg: red}", Finding(("a", "hihg"), UNKNOWN_KEY, allowed=("low", "high", "red")))
    assert (problem.column, problem.suggestion) == (5, "high")


def test_a_value_that_is_allowed_is_not_suggested() -> None:
    assert _problem("a: red", Finding(("a",), "not now", allowed=("red", "green"))).suggestion is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2"),
        ("db_password", "hunter2"),
        ("authToken", "hunter2"),
        ("hf_token", "hunter2"),
        ("api_key", "hunter2"),
        ("private-key", "hunter2"),
        ("client_secret", "hunter2"),
        ("note", "AKIAABCDEFGHIJKLMNOP"),
        ("note", "-----BEGIN PRIVATE KEY-----"),
    ],
)
def test_a_value_that_may_be_a_secret_is_never_shown(key: str, value: str) -> None:
    assert value not in str(_problem(f'{key}: "{value}"', Finding((key,), "wrong")))


@pytest.mark.parametrize("key", ["time_to_first_token_ms", "tokens_per_second", "usd_per_token", "max_tokens", "key"])
def test_a_key_that_speaks_of_a_models_tokens_is_no_secret(key: str) -> None:
    assert _problem(f"{key}: 7", Finding((key,), "wrong")).value == "7"


def test_a_long_value_is_shortened_and_a_mapping_is_not_shown() -> None:
    assert len(_problem(f"a: {'x' * 1_000}", Finding(("a",), "wrong")).value or "") == 60
    assert _problem("a: {b: 1}", Finding(("a",), "wrong")).value is None


def test_a_key_cannot_write_to_the_terminal() -> None:
    source = Source("x.yaml", "a: 1")
    assert "\x1b" not in str(problem_at(source, Finding(("a\x1b[31m",), "wrong")))


# --- files -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for blueprints inside a repository."""
    path = tmp_path / "repository" / "blueprints"
    path.mkdir(parents=True)
    return path


def _write(folder: Path, name: str = "svc", *changes: tuple[str, str], kind: Kind = Kind.LLM) -> Path:
    """A valid blueprint with some text replaced."""
    text = render(name, kind)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _problems(load: Callable[[], object]) -> dict[str, Problem]:
    with pytest.raises(InputError) as caught:
        load()
    return {problem.key: problem for problem in caught.value.problems}


def test_the_blueprints_of_the_repository_load() -> None:
    assert load_blueprints(REPOSITORY / "blueprints")


@pytest.mark.parametrize("stack_file", sorted(REPOSITORY.glob("Pulumi.*.yaml")), ids=lambda path: str(path.name))
def test_the_environments_of_the_repository_load(stack_file: Path) -> None:
    config, source = read_stack_file(stack_file)
    (key,) = [key for key in config if key.endswith(":environment")]
    assert load_environment(config[key], source, ("config", key)).regions


def test_all_mistakes_of_all_sections_are_told_at_once_each_at_its_place(folder: Path) -> None:
    path = _write(
        folder,
        "svc",
        ("slo:", "sloo:"),
        ("99.5", "100"),
        ("tier: 2", "tier: 7"),
        ("size_gib: 15", "size_gib: 15GiB"),
        ("max_replicas: 3", "max_replicas: 0"),
        ("format: safetensors", "format: safetensor"),
        ("cost: {monthly_ceiling_usd: 8000}\n", ""),
    )
    found = _problems(lambda: load_blueprint(path))
    assert found.keys() == {
        "sloo",
        "sloo.availability_percent",
        "identity.tier",
        "model.size_gib",
        "scaling.max_replicas",
        "model.format",
        "cost",
    }
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, problem in found.items():
        name = key.rpartition(".")[2]
        assert key == "cost" or name in lines[problem.line - 1]
    assert found["sloo"].suggestion == "slo"
    assert found["model.format"].suggestion == "safetensors"


def test_rules_between_sections_are_told_beside_a_broken_section(folder: Path) -> None:
    path = _write(
        folder,
        "svc",
        ("format: safetensors", "format: pickle"),
        ("[sync, stream]", "[sync]"),
    )
    assert _problems(lambda: load_blueprint(path)).keys() == {"model.format", "slo.time_to_first_token_ms"}


def test_a_folder_is_read_in_the_order_of_its_names_without_what_is_hidden_or_inside(folder: Path) -> None:
    for name in ("svc-b", "svc-a", "svc-c"):
        _write(folder, name)
    (folder / ".hidden.yaml").write_text("[", encoding="utf-8")
    (folder / "inside.yaml.d").mkdir()
    (folder / "notes.md").write_text("[", encoding="utf-8")
    assert [loaded.blueprint.name for loaded in load_blueprints(folder)] == ["svc-a", "svc-b", "svc-c"]


def test_files_and_folders_are_read_together_each_file_once_in_a_stable_order(folder: Path) -> None:
    for name in ("svc-b", "svc-a"):
        _write(folder, name)
    (folder / "link.yaml").symlink_to(folder / "svc-a.yaml")
    paths: list[str | Path] = [folder / "svc-b.yaml", folder, str(folder / "svc-a.yaml")]
    loaded, in_another_order = load_blueprints(paths), load_blueprints(paths[::-1])
    assert [one.source.file for one in loaded] == [one.source.file for one in in_another_order]
    assert sorted(one.blueprint.name for one in loaded) == ["svc-a", "svc-b"]


def test_the_problems_of_all_files_are_told_at_once(folder: Path) -> None:
    _write(folder, "svc-a", ("tier: 2", "tier: 7"))
    _write(folder, "svc-b", ("99.5", "100"))
    _write(folder, "svc-c")
    (folder / "svc-d.yaml").write_bytes(b"\xff")
    (folder / "svc-e.yml").touch()
    with pytest.raises(InputError) as caught:
        load_blueprints([folder, folder / "svc-f.yaml"])
    assert [Path(problem.file).name for problem in caught.value.problems] == [
        "svc-a.yaml",
        "svc-b.yaml",
        "svc-d.yaml",
        "svc-e.yml",
        "svc-f.yaml",
    ]


def test_a_folder_without_blueprints_is_refused(folder: Path) -> None:
    assert "no *.yaml" in _problems(lambda: load_blueprints(folder))[""].message


@pytest.mark.parametrize("path", ["", "a\0b", "no/such", "/dev/null"])
def test_a_path_that_names_nothing_to_read_is_an_input_error(path: str) -> None:
    assert _problems(lambda: load_blueprints(path)).keys() == {""}


# --- schemas in files of their own -------------------------------------------------------------------------

_PLACE = "  task: chat-completions"


def _with_request(folder: Path, reference: str) -> Path:
    return _write(folder, "svc", (_PLACE, f"{_PLACE}\n  request: {reference}"))


def _chat_request() -> dict[str, Any]:
    fields = {"model": {"type": "string", "minLength": 1}, "messages": {"type": "array", "minItems": 1}}
    return {"type": "object", "required": ["model", "messages"], "properties": fields}


@pytest.mark.parametrize("name", ["chat.json", "schemas/chat.json", "../schemas/chat.json", "./x/../chat.json"])
def test_a_schema_may_stand_in_a_file_relative_to_the_blueprint(folder: Path, name: str) -> None:
    target = (folder / name).resolve()
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(_chat_request(), indent=2), encoding="utf-8")
    loaded = load_blueprint(_with_request(folder, f"{{file: {name}}}"))
    assert loaded.blueprint.contract.request == _chat_request()


def test_every_place_with_a_schema_is_a_place_of_the_blueprint() -> None:
    document = Blueprint.model_json_schema(by_alias=True)

    def follow(schema: dict[str, Any], place: tuple[object, ...]) -> list[dict[str, Any]]:
        for reference in (schema, *schema.get("anyOf", ())):
            if "$ref" in reference:
                schema = document["$defs"][reference["$ref"].rpartition("/")[2]]
        if not place:
            return [schema]
        children = schema.get("properties", {})
        if isinstance(place[0], str):
            return follow(children[place[0]], place[1:])
        below = list(children.values()) or [schema["items"]]
        return [found for child in below for found in follow(child, place[1:])]

    for place in SCHEMA_PLACES:
        assert all("anyOf" in found or found.get("type") == "object" for found in follow(document, place))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{file: nope.json}", "no such file"),
        ("{file: ../../outside.json}", "leads out of the repository"),
        ("{file: /etc/hostname}", "leads out of the repository"),
        ("{file: link.json}", "leads out of the repository"),
        ("{file: .}", "a folder"),
        ("{file: 5}", "stands alone"),
        ("{file: ''}", "stands alone"),
        ("{file: chat.json, type: object}", "stands alone"),
    ],
)
def test_a_schema_file_that_cannot_be_used_is_told_in_the_blueprint(folder: Path, reference: str, message: str) -> None:
    (folder.parent.parent / "outside.json").write_text("{}", encoding="utf-8")
    (folder / "link.json").symlink_to(folder.parent.parent / "outside.json")
    path = _with_request(folder, reference)
    (problem,) = _problems(lambda: load_blueprint(path)).values()
    assert message in problem.message
    assert (problem.file, problem.line) == (str(path), 14)


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        ("[1]", 1, 1, "not a mapping"),
        ("", 1, 1, "empty"),
        ('{\n  "type": "strin"\n}', 2, 11, "not a JSON Schema"),
        ('{\n  "a": 1,\n  "a": 2\n}', 3, 3, "twice"),
        ('{"properties":\n  {"x": {"minimum": "0"}}}', 2, 21, "not a JSON Schema"),
        ("{", 1, 2, "not valid YAML"),
    ],
)
def test_what_is_wrong_in_a_schema_file_is_told_at_its_place_in_that_file(
    folder: Path, content: str, line: int, column: int, message: str
) -> None:
    target = folder / "chat.json"
    target.write_text(content, encoding="utf-8")
    path = _with_request(folder, "{file: chat.json}")
    (problem,) = _problems(lambda: load_blueprint(path)).values()
    assert (problem.file, problem.line, problem.column) == (str(target), line, column)
    assert message in problem.message


def test_an_invalid_inline_schema_is_told_with_the_types_that_there_are(folder: Path) -> None:
    path = _with_request(folder, "{type: obect}")
    (problem,) = _problems(lambda: load_blueprint(path)).values()
    assert (problem.key, problem.suggestion) == ("contract.request.type", "object")


def test_an_unreadable_schema_hides_no_other_mistake_and_invents_none(folder: Path) -> None:
    path = _write(
        folder,
        "svc",
        (_PLACE, f"{_PLACE}\n  request: {{file: nope.json}}\n  max_request_bytes: 1"),
        ("tier: 2", "tier: 7"),
    )
    found = _problems(lambda: load_blueprint(path))
    assert found.keys() == {"contract.request.file", "contract.max_request_bytes", "identity.tier"}


def test_a_schema_file_that_does_not_fit_its_neighbor_is_refused(folder: Path) -> None:
    (folder / "in.json").write_text('{"type": "object", "required": ["user"]}', encoding="utf-8")
    path = _write(folder, "svc", ("{ingress: {", "{ingress: {input: {file: in.json}, "))
    (problem,) = _problems(lambda: load_blueprint(path)).values()
    assert "'user'" in problem.message


# --- stacks ------------------------------------------------------------------------------------------------


def test_a_stack_file_gives_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  a:b: 1\n", encoding="utf-8")
    config, source = read_stack_file(tmp_path / "Pulumi.dev.yaml")
    assert config == {"a:b": 1}
    assert source.locate(("config", "a:b")).place.line == 2


def test_a_missing_stack_is_told_with_the_stacks_that_there_are(tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    (tmp_path / "Pulumi.yaml").touch()
    (problem,) = _problems(lambda: read_stack_file(tmp_path / "Pulumi.prd.yaml")).values()
    assert (problem.allowed, problem.suggestion) == (("dev", "prod"), "prod")


@pytest.mark.parametrize(("content", "line"), [("config: 3\n", 1), ("secretsprovider: x\n", 1), ("config:\n", 1)])
def test_a_stack_file_without_configuration_is_refused(tmp_path: Path, content: str, line: int) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(content, encoding="utf-8")
    assert _problems(lambda: read_stack_file(tmp_path / "Pulumi.dev.yaml"))["config"].line == line


def test_a_wrong_environment_is_told_at_its_place_in_the_stack_file(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  p:environment:\n    name: dev\n    kidn: dev\n", encoding="utf-8")
    config, source = read_stack_file(path)
    base = ("config", "p:environment")
    found = _problems(lambda: load_environment(config["p:environment"], source, base))
    unknown = found["config.p:environment.kidn"]
    assert (unknown.line, unknown.column, unknown.suggestion) == (4, 5, "kind")
    assert found["config.p:environment.domain"].line == 2


def test_an_environment_that_no_file_holds_has_no_place() -> None:
    found = _problems(lambda: load_environment({"name": 5}, Source("config", "")))
    assert {problem.place for problem in found.values()} == {"config"}


# --- fuzz --------------------------------------------------------------------------------------------------

_VALID = "\n".join(render("svc", kind) for kind in [Kind.LLM])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_VALID)), st.integers(0, 12), st.text("abc:-[]{}&*!'\"\n\t #0159,", max_size=4)),
        min_size=1,
        max_size=4,
    )
)
def test_no_mutation_of_a_blueprint_raises_anything_but_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    text = _VALID
    for start, length, replacement in edits:
        text = text[:start] + replacement + text[start + length :]
    path = tmp_path_factory.getbasetemp() / "svc.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        loaded = load_blueprint(path)
    except InputError as error:
        files = {problem.file for problem in error.problems}
    else:
        files = {loaded.source.file}
    assert files == {str(path)}
