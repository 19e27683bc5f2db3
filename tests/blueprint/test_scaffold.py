"""The blueprint that a team begins with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.blueprint.errors import InputError, Problem
from serving.blueprint.loader import load_blueprint
from serving.blueprint.scaffold import Kind, new_blueprint, render
from serving.workspace import load_fleet

_NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True)


def _problem(name: str, folder: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        new_blueprint(name, Kind.LLM, folder)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("kind", Kind)
def test_a_new_blueprint_is_valid_short_and_commented(tmp_path: Path, kind: Kind) -> None:
    path = new_blueprint("svc", kind, tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    blueprint = load_blueprint(path).blueprint
    assert blueprint.name == "svc"
    assert len(lines) < 40
    assert sum("#" in line for line in lines) >= 8
    # what `serving contract-test` asks for
    assert blueprint.contract.request_path is not None
    assert blueprint.contract.stages.ingress.validation is not None


def test_new_blueprints_of_all_kinds_pass_the_checks_between_services_and_of_their_metrics(tmp_path: Path) -> None:
    for kind in Kind:
        new_blueprint(f"svc-{kind}", kind, tmp_path)
    assert len(load_fleet([tmp_path])) == len(Kind)


@settings(max_examples=30, deadline=None)
@given(st.one_of(_NAMES, st.sampled_from(["no", "yes", "null", "true", "on", "off"])), st.sampled_from(Kind))
def test_every_allowed_name_gives_a_valid_blueprint(
    tmp_path_factory: pytest.TempPathFactory, name: str, kind: Kind
) -> None:
    path = tmp_path_factory.getbasetemp() / "new.yaml"
    path.write_text(render(name, kind), encoding="utf-8")
    assert load_blueprint(path).blueprint.identity.name == name


@pytest.mark.parametrize(
    "name", ["", "Chat", "1chat", "chat_2", "-chat", "chat-", "a" * 31, "../chat", "a\nb", "$name"]
)
def test_a_name_that_the_schema_refuses_writes_nothing(tmp_path: Path, name: str) -> None:
    assert _problem(name, tmp_path).key == "identity.name"
    assert list(tmp_path.iterdir()) == []


def test_a_blueprint_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "svc.yaml"
    path.write_text("mine", encoding="utf-8")
    assert _problem("svc", tmp_path).file == str(path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "svc.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert "already" in _problem("svc", tmp_path).message
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_folder_that_is_missing_is_an_input_error(tmp_path: Path) -> None:
    assert "cannot be written" in _problem("svc", tmp_path / "nope").message
