"""Project and stack files are read as the engine reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serving.blueprint.errors import InputError
from serving.preview.project import SECRET_PLACEHOLDER, load_project, load_stack_config


def project_in(folder: Path, project: str = "name: demo\nruntime: python\n", stack: str = "") -> Path:
    (folder / "Pulumi.yaml").write_text(project)
    (folder / "Pulumi.dev.yaml").write_text(stack)
    (folder / "__main__.py").write_text("")
    return folder


def config_of(folder: Path) -> dict[str, str]:
    return dict(load_stack_config(load_project(folder), "dev").values)


def refusal(folder: Path, stack: str = "dev") -> str:
    with pytest.raises(InputError) as caught:
        load_stack_config(load_project(folder), stack)
    return str(caught.value)


def test_structured_values_reach_the_program_as_json_text(tmp_path: Path) -> None:
    project_in(tmp_path, stack="config:\n  demo:shape: {b: [1, two], a: true}\n")
    assert json.loads(config_of(tmp_path)["demo:shape"]) == {"a": True, "b": [1, "two"]}


def test_scalars_reach_the_program_as_the_text_that_the_engine_makes_of_them(tmp_path: Path) -> None:
    project_in(tmp_path, stack="config:\n  demo:a: true\n  demo:b: 7\n  demo:c: text\n")
    assert config_of(tmp_path) == {"demo:a": "true", "demo:b": "7", "demo:c": "text"}


def test_yaml_is_read_as_version_1_2(tmp_path: Path) -> None:
    project_in(tmp_path, stack="config:\n  demo:x: {on: yes, since: 2026-10-01}\n")
    assert json.loads(config_of(tmp_path)["demo:x"]) == {"on": "yes", "since": "2026-10-01"}


def test_a_key_without_a_namespace_belongs_to_the_project(tmp_path: Path) -> None:
    project_in(tmp_path, stack="config:\n  size: 3\n")
    assert config_of(tmp_path) == {"demo:size": "3"}


def test_the_project_gives_defaults_that_the_stack_overrides(tmp_path: Path) -> None:
    declared = "name: demo\nruntime: python\nconfig:\n  a: 1\n  b: {type: integer, default: 2}\n  c: {value: 3}\n"
    project_in(tmp_path, declared, "config: {demo:a: 10}\n")
    assert config_of(tmp_path) == {"demo:a": "10", "demo:b": "2", "demo:c": "3"}


def test_a_declared_value_that_nobody_sets_is_refused_by_name(tmp_path: Path) -> None:
    project_in(tmp_path, "name: demo\nruntime: python\nconfig:\n  size: {type: integer}\n")
    assert "demo:size" in refusal(tmp_path)


def test_encrypted_values_become_placeholders_and_their_keys_are_secret(tmp_path: Path) -> None:
    project_in(tmp_path, stack="config:\n  demo:a: {secure: AAAB}\n  demo:b: {deep: [{secure: AAAC}]}\n  demo:c: x\n")
    config = load_stack_config(load_project(tmp_path), "dev")
    assert config.secret_keys == {"demo:a", "demo:b"}
    assert config.values["demo:a"] == SECRET_PLACEHOLDER
    assert "AAAC" not in config.values["demo:b"]


def test_an_unknown_stack_is_refused_with_the_ones_there_are(tmp_path: Path) -> None:
    assert "allowed: dev" in refusal(project_in(tmp_path), "prod")


@pytest.mark.parametrize("stack", ["../dev", "dev/../dev", "", "a" * 101])
def test_a_stack_name_never_leads_out_of_the_project(tmp_path: Path, stack: str) -> None:
    assert "no stack" in refusal(project_in(tmp_path), stack)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    assert "Pulumi.yaml" in refusal(tmp_path)


def test_another_language_is_refused(tmp_path: Path) -> None:
    assert "python" in refusal(project_in(tmp_path, "name: demo\nruntime: {name: nodejs}\n"))


def test_broken_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    assert "Pulumi.dev.yaml:2:" in refusal(project_in(tmp_path, stack="config:\n  a: 1 2: 3\n"))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    project_in(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_bytes(b"config:\n  a: \xff\n")
    assert "UTF-8" in refusal(tmp_path)
