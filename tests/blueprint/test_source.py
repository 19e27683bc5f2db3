"""Reading YAML: what a scalar means, where keys stand, and that no file does harm."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.blueprint import source as source_module
from serving.blueprint.errors import InputError, Problem
from serving.blueprint.source import (
    LARGEST_EXACT_INTEGER,
    MAXIMUM_DEPTH,
    MAXIMUM_DOCUMENT_BYTES,
    MAXIMUM_PROBLEMS,
    Place,
    Source,
    read_source,
)


@pytest.fixture(autouse=True, params=["libyaml", "python"])
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libyaml is missing, PyYAML's own parser reads; both must mean the same."""
    loader = yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader
    monkeypatch.setattr(source_module, "_LOADER", loader)


def _parse(text: str) -> dict[str, Any]:
    return Source("x.yaml", text).parse()


def _problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        _parse(text)
    return caught.value.problems


def _problem(text: str) -> Problem:
    (problem,) = _problems(text)
    return problem


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        (str(LARGEST_EXACT_INTEGER), LARGEST_EXACT_INTEGER),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("1.2.3", "1.2.3"),
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("08:30", "08:30"),
        ("1:30:00", "1:30:00"),
        ("2026-11-23", "2026-11-23"),
        ("y", "y"),
        ("yes please", "yes please"),
        ("'yes'", "yes"),
        ('"012"', "012"),
        ("5 min", "5 min"),
        ("[1, a, null]", [1, "a", None]),
        ("{b: {c: 1}}", {"b": {"c": 1}}),
    ],
)
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(written: str, value: Any) -> None:
    found = _parse(f"a: {written}\n")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "written",
    ["yes", "No", "ON", "off", "010", "-007", "007.5", "1_000", "0b11", "-0x1", ".inf", "-.INF", ".nan", "1e999"],
)
def test_scalars_that_readers_disagree_about_are_refused(written: str) -> None:
    problem = _problem(f"a:\n  - {written}\n")
    assert (problem.line, problem.column, problem.key) == (2, 5, "a[0]")
    assert "quotes" in problem.remedy


@pytest.mark.parametrize("written", [str(LARGEST_EXACT_INTEGER + 1), "9" * 5_000, "0x" + "f" * 100])
def test_integers_that_a_double_would_round_are_refused(written: str) -> None:
    assert "2^53" in _problem(f"a: {written}").message


def test_a_refused_value_under_a_secret_key_is_not_repeated() -> None:
    assert "0123456" not in str(_problem("db_password: 0123456"))


def test_switches_are_plain_text_as_keys() -> None:
    assert _parse("on: 1\nyes: 2\n") == {"on": 1, "yes": 2}


@pytest.mark.parametrize("key", ["1", "true", "~", "0.5", "[a]", "{a: b}", "010", "<<"])
def test_keys_that_are_not_text_are_refused(key: str) -> None:
    assert _problem(f"? {key}\n: 1\n").line == 1


def test_both_of_two_equal_keys_are_found_at_the_second_one() -> None:
    problem = _problem("a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert (problem.line, problem.column, problem.key) == (4, 3, "a.b")


def test_several_mistakes_of_one_file_are_told_at_once() -> None:
    assert [p.line for p in _problems("a: yes\na: 1\n2: x\nb: !t y\nc: 010\n")] == [1, 2, 3, 4, 5]


def test_a_mistake_before_a_syntax_error_is_told_with_it() -> None:
    assert [p.line for p in _problems("a: yes\nb: [\n")] == [1, 3]


def test_no_file_makes_more_problems_than_a_person_reads() -> None:
    assert len(_problems("a: no\n" * 10_000)) == MAXIMUM_PROBLEMS


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a: b: c", 1, 5), ("a:\n  - x\n b: 1", 3, 2), ("a: @x", 1, 4), ("a: 'x", 1, 6), ("%YAML 3.0\n---\na: 1", 1, 1)],
)
def test_a_syntax_error_is_told_at_its_place(text: str, line: int, column: int) -> None:
    problem = _problem(text)
    assert problem.line == line
    assert source_module._LOADER is yaml.SafeLoader or problem.column == column


def test_a_tab_as_indentation_is_called_a_tab() -> None:
    problem = _problem("a:\n\tb: 1\n")
    assert (problem.line, problem.column) == (2, 1)
    assert "tab" in problem.message


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_document_is_refused(text: str) -> None:
    assert _problem(text).message == "the document is empty"


@pytest.mark.parametrize("text", ["- 1\n", "word\n", "3\n", "'text'\n"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    assert "not a mapping" in _problem(text).message


def test_a_second_document_is_refused_where_it_starts() -> None:
    assert _problem("a: 1\n---\nb: 2\n").line == 2


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!str", "!own", "!!binary"])
def test_tags_are_refused(tag: str) -> None:
    assert "tag" in _problem(f"a: {tag} x\n").message


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "a:\n" + "".join(" " * i + "a:\n" for i in range(1, 200))]
)
def test_nesting_beyond_the_limit_is_refused_before_anything_recurses(text: str) -> None:
    assert str(MAXIMUM_DEPTH) in _problem(text).message


def test_nesting_up_to_the_limit_is_read() -> None:
    assert _parse("a: " + "[" * (MAXIMUM_DEPTH - 1) + "]" * (MAXIMUM_DEPTH - 1))


def test_an_alias_repeats_what_it_names() -> None:
    assert _parse("a: &x {b: [1, 2]}\nc: *x\nd: &y 5\ne: *y\n") == {
        "a": {"b": [1, 2]},
        "c": {"b": [1, 2]},
        "d": 5,
        "e": 5,
    }


def test_a_yaml_bomb_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert "aliases expand" in _problem(bomb).message


def test_a_bomb_of_one_long_text_is_refused() -> None:
    assert "aliases expand" in _problem(f"a: &x {'y' * 100_000}\nb: [{'*x, ' * 100}]\n").message


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: *x}", "a: *x", "a: *x\nb: &x 1", "a: &x 1\nb: &x [*x]"])
def test_an_alias_without_a_finished_anchor_is_refused(text: str) -> None:
    assert "alias" in _problem(text).message


def test_an_escape_for_a_control_character_is_refused() -> None:
    assert "control character" in _problem('a: "\\e[31mred"').message


_TEXT = """\
name: chat
tiers:
  - {min: 1, max: 2}
  - min: 3
    max: 4
shared: &s
  deep: [a, b]
again: *s
"""


@pytest.mark.parametrize(
    ("path", "key_place", "value_place"),
    [
        (("name",), (1, 1), (1, 7)),
        (("tiers",), (2, 1), (3, 3)),
        (("tiers", 0, "max"), (3, 14), (3, 19)),
        (("tiers", 1), (4, 5), (4, 5)),
        (("tiers", 1, "max"), (5, 5), (5, 10)),
        (("shared", "deep", 1), (7, 13), (7, 13)),
        (("again", "deep", 1), (7, 13), (7, 13)),
        (("again",), (8, 1), (6, 9)),
    ],
)
def test_every_key_and_value_has_its_place(
    path: tuple[str | int, ...], key_place: tuple[int, int], value_place: tuple[int, int]
) -> None:
    source = Source("x.yaml", _TEXT)
    assert source.key_place(path) == Place(*key_place)
    assert source.value_place(path) == Place(*value_place)


@pytest.mark.parametrize("path", [("nope",), ("name", "deeper"), ("tiers", 9), ("tiers", "min")])
def test_what_is_not_there_has_no_place_of_its_own(path: tuple[str | int, ...]) -> None:
    source = Source("x.yaml", _TEXT)
    assert source.key_place(path) is None
    assert source.value_place(path) is None


def test_the_cursor_goes_to_a_scalar_to_the_key_of_a_mapping_and_around_what_is_missing() -> None:
    source = Source("x.yaml", _TEXT)
    assert source.locate(("name",)).place == Place(1, 7)
    assert source.locate(("name",), at_key=True).place == Place(1, 1)
    assert source.locate(("shared",)).place == Place(6, 1)
    assert source.locate(("tiers", 1, "missing", "deeper")).place == Place(4, 5)
    assert source.locate(()).place == Place(1, 1)


def test_values_are_found_by_path() -> None:
    source = Source("x.yaml", _TEXT)
    assert source.value(("tiers", 1, "max")) == 4
    assert source.value(("tiers", 1, "max", "deeper")) is None
    assert source.value(("tiers", "1")) is None


def test_places_and_values_inside_an_included_document_are_those_of_its_file() -> None:
    inner = Source("inner.json", '{\n  "type": "object"}')
    outer = Source("x.yaml", "schema: {file: inner.json}\n", {("schema",): inner})
    assert outer.locate(("schema", "type")) == ("inner.json", Place(2, 11))
    assert outer.value(("schema", "type")) == "object"


def test_columns_count_characters_not_bytes() -> None:
    assert _problem("ä: {ü: yes}").column == 8


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _read_problem(path: str | Path) -> Problem:
    with pytest.raises(InputError) as caught:
        read_source(path)
    (problem,) = caught.value.problems
    return problem


def test_bytes_that_are_not_utf8_are_told_with_offset_and_place(tmp_path: Path) -> None:
    problem = _read_problem(_write(tmp_path / "x.yaml", "ä: 1\nb: \xe9\n".encode() + b"c: \xff\n"))
    assert "offset 15" in problem.message
    assert (problem.line, problem.column) == (3, 4)


@pytest.mark.parametrize("content", ["a: 1\n".encode("utf-16"), b"\x80", "ü".encode("latin-1")])
def test_other_encodings_are_refused(tmp_path: Path, content: bytes) -> None:
    assert "UTF-8" in _read_problem(_write(tmp_path / "x.yaml", content)).message


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    assert read_source(_write(tmp_path / "x.yaml", b"\xef\xbb\xbfa: 1\n")).parse() == {"a": 1}


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff"])
def test_characters_that_hide_or_break_lines_are_refused_at_their_place(tmp_path: Path, character: str) -> None:
    problem = _read_problem(_write(tmp_path / "x.yaml", f"a: 1\r\nb: x{character}y\n".encode()))
    assert (problem.line, problem.column) == (2, 5)
    assert f"U+{ord(character):04X}" in problem.message


def test_a_file_over_the_size_limit_is_refused_and_one_at_the_limit_is_read(tmp_path: Path) -> None:
    filled = b"a: " + b"x" * (MAXIMUM_DOCUMENT_BYTES - 3)
    assert len(read_source(_write(tmp_path / "x.yaml", filled)).parse()["a"]) == MAXIMUM_DOCUMENT_BYTES - 3
    assert "larger" in _read_problem(_write(tmp_path / "y.yaml", filled + b"x")).message


def test_a_missing_file_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "chat.yaml").touch()
    assert _read_problem(tmp_path / "caht.yaml").suggestion == "chat.yaml"


def _loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [(Path.mkdir, "a folder"), (os.mkfifo, "a FIFO"), (_loop, "cannot be read")],
)
def test_what_is_no_regular_file_is_refused_without_being_opened(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    make(tmp_path / "x.yaml")
    assert message in _read_problem(tmp_path / "x.yaml").message


@pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5_000, "no/such/folder/x.yaml", f"{__file__}/x", "/dev/null"])
def test_a_name_that_names_no_file_is_an_input_error(name: str) -> None:
    assert _read_problem(name).line == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_an_input_error(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.yaml", b"a: 1\n")
    path.chmod(0)
    assert "cannot be read" in _read_problem(path).message


_PIECES = st.sampled_from(
    [
        *("a: ", "b", "- ", "? ", ": ", "[", "]", "{", "}", ",", "&x ", "*x", "!t ", "|\n", ">-\n", "'", '"', "\\x00"),
        *("\n", "  ", "\t", "#c", "%", "@", "---\n", "...\n", "<<: ", "yes", "010", "1e5", "\u00e9", "\\ud800", "~"),
    ]
)


def _outcome(read: Callable[[], dict[str, Any]]) -> dict[str, Any] | tuple[Problem, ...]:
    try:
        return read()
    except InputError as error:
        return error.problems


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join))
@example("? - &x\n? *x\n")
@example("{? [*x]: &x }")
def test_no_text_raises_anything_but_an_input_error(text: str) -> None:
    source = Source("x.yaml", text)
    outcome = _outcome(source.parse)
    places = [source.key_place((key,)) for key in outcome] if isinstance(outcome, dict) else [outcome]
    assert all(places)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_an_input_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = _write(tmp_path_factory.getbasetemp() / "fuzz.yaml", content)
    outcome = _outcome(lambda: read_source(path).parse())
    assert isinstance(outcome, dict) or {problem.file for problem in outcome} == {str(path)}
