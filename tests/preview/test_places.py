"""A finding is shown where it can be mended: blueprint, program or configuration, and only files of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.preview.places import places
from serving.preview.plan import Place
from serving.preview.project import load_project, load_stack_config
from serving.preview.runner import run_program
from tests.preview.samples import PROGRAMS

PROGRAM = """import pulumi
import pulumi_aws as aws


class Thing(pulumi.CustomResource):
    def __init__(self, name, inputs):
        super().__init__("demo:index:Thing", name, inputs)


def thing(name, **inputs):
    Thing(name, inputs)


thing("plain")
thing("labelled", metadata={"labels": {"serving.blueprint/service": "chat"}})
thing("tagged", tags={"service": "chat-large"})
thing("shared", tags={"service": "platform"})
thing("eu-chat-role")
thing("eu-chat-large-role")
thing("chatter")
thing("chat-search")
aws.Provider("ours", region="eu-west-1")
"""
BLUEPRINT = "# yaml\nschema: 1\nidentity:\n  name: {}\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Logical name -> place, in a project with blueprints."""
    root = tmp_path_factory.mktemp("project").resolve()
    (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (root / "Pulumi.dev.yaml").write_text("config:\n  demo:environment:\n    kind: dev\n    policies: {}\n")
    (root / "__main__.py").write_text(PROGRAM)
    (root / "blueprints").mkdir()
    for name in ("chat", "chat-large", "search"):
        (root / f"blueprints/{name}.yaml").write_text(BLUEPRINT.format(name))
    (root / "blueprints/broken.yaml").write_text("{")
    (root / "blueprints/list.yaml").write_text("- 1\n")
    project = load_project(root)
    recording = run_program(project, load_stack_config(project, "dev"))
    urns = [registration.urn for registration in recording.registrations]
    made = places(recording, project, [*urns, "urn:pulumi:dev::demo::pulumi:providers:aws::default"])
    assert [place.urn for place in made] == sorted(place.urn for place in made)
    assert all((root / place.file).read_text().count("\n") >= place.line for place in made)
    return {place.urn.rpartition("::")[2]: f"{place.file}:{place.line}" for place in made}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("labelled", "blueprints/chat.yaml:4"),
        ("tagged", "blueprints/chat-large.yaml:4"),
        ("eu-chat-role", "blueprints/chat.yaml:4"),
        ("eu-chat-large-role", "blueprints/chat-large.yaml:4"),
    ],
)
def test_what_belongs_to_a_service_stands_in_its_blueprint(name: str, place: str, found: dict[str, str]) -> None:
    assert found[name] == place


@pytest.mark.parametrize("name", ["plain", "shared", "chatter", "chat-search"])
def test_what_belongs_to_no_service_or_maybe_to_two_stands_in_the_program(name: str, found: dict[str, str]) -> None:
    line = PROGRAM.splitlines().index("    Thing(name, inputs)") + 1
    assert found[name] == f"__main__.py:{line}"


def test_a_provider_of_the_program_stands_in_the_program(found: dict[str, str]) -> None:
    assert found["ours"].startswith("__main__.py:")


@pytest.mark.parametrize("name", ["demo-dev", "default"])
def test_the_stack_and_providers_of_the_engine_stand_in_the_configuration(name: str, found: dict[str, str]) -> None:
    assert found[name] == "Pulumi.dev.yaml:4"


def test_a_resource_of_a_component_stands_where_it_is_registered() -> None:
    project = load_project((PROGRAMS / "platform").resolve())
    recording = run_program(project, load_stack_config(project, "dev"))
    (urn,) = [one.urn for one in recording.registrations if one.name == "models-key"]
    assert places(recording, project, [urn]) == (Place(urn, "__main__.py", 17),)
    assert Path(project.root / "__main__.py").read_text().splitlines()[16].strip().startswith("self.key")


def test_a_stack_without_configuration_stands_in_the_program() -> None:
    project = load_project((PROGRAMS / "duplicates").resolve())
    recording = run_program(project, load_stack_config(project, "dev"))
    (place,) = places(recording, project, ["urn:pulumi:dev::x::pulumi:providers:aws::default"])
    assert (place.file, place.line) == ("__main__.py", 1)
