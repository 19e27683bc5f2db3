"""A program runs as the engine would run it, and all that it registers is in the plan."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from pathlib import Path

import pulumi
import pytest

from serving.blueprint.errors import InputError
from serving.preview.plan import Plan, PlanResource, to_json
from serving.preview.recording import Kind, Severity
from serving.preview.runner import ProgramError
from serving.preview.session import Request, preview
from serving.preview.values import SECRET, UNKNOWN
from tests.preview.samples import SECRET as SECRET_TEXT
from tests.preview.samples import preview_of


def named(plan: Plan, name: str) -> PlanResource:
    return next(resource for resource in plan.resources if resource.name == name)


def test_a_urn_carries_the_types_of_all_parents_but_the_stack(platform: Plan) -> None:
    assert named(platform, "models-bucket").urn == (
        "urn:pulumi:dev::platform::demo:store:Store$aws:s3/bucket:Bucket::models-bucket"
    )


def test_parents_and_kinds_are_kept(platform: Plan) -> None:
    store = named(platform, "models")
    assert store.kind is Kind.COMPONENT
    assert named(platform, "models-bucket").parent == store.urn
    assert named(platform, "elsewhere").kind is Kind.PROVIDER


def test_protection_and_retention_are_kept(platform: Plan) -> None:
    bucket = named(platform, "models-bucket")
    assert bucket.protected
    assert bucket.options["retainOnDelete"] is True
    assert not named(platform, "models-key").protected


def test_a_child_takes_the_provider_of_its_component(platform: Plan) -> None:
    assert named(platform, "copy-bucket").provider == named(platform, "elsewhere").urn
    assert named(platform, "models-bucket").provider == ""


def test_computed_outputs_and_identifiers_are_unknown(platform: Plan) -> None:
    policy = named(platform, "models-policy")
    assert policy.inputs == {"bucket": UNKNOWN, "policy": UNKNOWN}


def test_dependencies_are_kept_by_property_and_in_the_whole(platform: Plan) -> None:
    bucket, key = named(platform, "models-bucket").urn, named(platform, "models-key").urn
    policy = named(platform, "models-policy")
    assert policy.property_dependencies == {"bucket": (bucket,), "policy": (key,)}
    assert policy.dependencies == tuple(sorted((bucket, key)))


def test_aliases_are_kept(platform: Plan) -> None:
    assert named(platform, "models").options["aliases"] == [{"name": "old-models"}]


def test_exports_are_the_outputs_with_unknowns_and_secrets(platform: Plan) -> None:
    assert platform.outputs["bucket"] == "demo-models"
    assert platform.outputs["key"] == UNKNOWN
    assert platform.outputs["password"] == SECRET


def test_configuration_reaches_the_program(platform: Plan) -> None:
    assert platform.outputs["shape"] == {"zones": ["a", "b"], "since": "2026-10-01"}


def test_secrets_are_masked_wherever_they_stand(platform: Plan) -> None:
    assert named(platform, "db").inputs["password"] == SECRET
    assert named(platform, "hidden").inputs["value"] == SECRET
    assert named(platform, "configured").inputs["value"] == SECRET
    assert SECRET_TEXT not in to_json(platform)


def test_an_encrypted_configuration_value_is_told_as_unchecked(platform: Plan) -> None:
    assert any("platform:token" in entry.subject for entry in platform.unchecked)


def test_regions_come_from_providers_and_the_stack_and_components_follow(platform: Plan) -> None:
    assert named(platform, "models-bucket").region == "eu-west-1"
    assert named(platform, "copy-bucket").region == "eu-north-1"
    assert named(platform, "copy").region == "eu-north-1"
    assert named(platform, "role").region is None


def test_versions_of_the_sdks_are_said_once(platform: Plan) -> None:
    assert set(platform.sdk_versions) == {"aws"}
    assert "version" not in named(platform, "role").options


def test_the_same_program_gives_the_same_bytes(platform: Plan) -> None:
    assert to_json(preview_of("platform")) == to_json(platform)


def test_one_urn_taken_twice_is_found_with_both_places() -> None:
    (duplicate,) = preview_of("duplicates").duplicates
    assert duplicate.urn.endswith("demo:index:Group$demo:index:Thing::thing")
    parents = [place.split("::")[-1].rstrip(")") for place in duplicate.places]
    assert parents == ["one", "two"]
    assert all(place.startswith("__main__.py:20 ") for place in duplicate.places)


def test_an_apply_that_raises_fails_the_run_and_names_no_secret() -> None:
    with pytest.raises(ProgramError) as caught:
        preview_of("failing_apply")
    assert "__main__.py:12: ValueError: cannot work with [secret]" in str(caught.value)


def test_a_lookup_is_refused_by_name_even_if_the_program_catches_the_refusal() -> None:
    with pytest.raises(InputError) as caught:
        preview_of("lookup")
    assert caught.value.problems[0].key == "aws:index/getAvailabilityZones:getAvailabilityZones"


def test_what_the_program_says_is_kept_without_secrets() -> None:
    messages = preview_of("talkative").messages
    assert [(m.severity, m.text) for m in messages if not m.urn] == [
        (Severity.INFO, "to the output"),
        (Severity.INFO, "to the errors"),
        (Severity.WARNING, "about everything"),
    ]
    (about,) = [m for m in messages if m.urn]
    assert about.text == "the password is [secret]"
    assert about.urn.endswith("::thing")


def test_transforms_that_are_not_applied_are_told() -> None:
    assert any(entry.subject == "transforms" for entry in preview_of("talkative").unchecked)
    assert not any(entry.subject == "transforms" for entry in preview_of("duplicates").unchecked)


def test_a_program_that_refuses_its_input_hands_on_every_problem() -> None:
    with pytest.raises(InputError) as caught:
        preview_of("refusing")
    assert caught.value.problems[0].place == "blueprints/chat.yaml:12:3"


def test_a_defect_of_the_program_is_told_with_its_line() -> None:
    with pytest.raises(ProgramError, match=r"__main__\.py:5: ValueError"):
        preview_of("broken")


@pytest.mark.parametrize("program", ["duplicates", "broken"])
def test_the_caller_finds_its_process_as_it_was(program: str) -> None:
    def state() -> tuple[object, ...]:
        frames = getattr(sys, "tracebacklimit", None)
        return os.getcwd(), list(sys.path), list(sys.argv), gc.isenabled(), frames, pulumi.get_stack(), sys.stdout

    before = state()
    with contextlib.suppress(ProgramError):
        preview_of(program)
    assert state() == before


def write_program(folder: Path, source: str) -> Request:
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("")
    (folder / "__main__.py").write_text("import asyncio\nimport pulumi\n" + source)
    return Request(folder, "dev")


def test_an_export_made_after_the_program_has_ended_comes_too_late_as_under_the_engine(tmp_path: Path) -> None:
    source = "pulumi.Output.from_input(1).apply(lambda v: pulumi.export('late', v))\npulumi.export('early', 1)\n"
    assert preview(write_program(tmp_path, source)).outputs == {"early": 1}


def test_a_program_that_waits_for_something_outside_is_waited_for(tmp_path: Path) -> None:
    source = (
        "async def slow():\n    await asyncio.sleep(0.05)\n    return 'done'\n"
        "thing = pulumi.CustomResource('demo:index:Thing', 'thing', {'value': slow()})\n"
        "pulumi.export('value', pulumi.Output.from_input(slow()))\n"
    )
    plan = preview(write_program(tmp_path, source))
    assert plan.outputs == {"value": "done"}
    assert named(plan, "thing").inputs == {"value": "done"}


def test_a_program_with_an_entry_point_of_its_own_is_run(tmp_path: Path) -> None:
    source = "async def main():\n    await asyncio.sleep(0)\n    return {'answer': 42}\npulumi.run(main)\n"
    assert preview(write_program(tmp_path, source)).outputs == {"answer": 42}


def test_blocking_work_of_the_program_still_gets_a_thread(tmp_path: Path) -> None:
    source = (
        "import threading\nasync def who():\n"
        "    return await asyncio.to_thread(lambda: threading.current_thread() is threading.main_thread())\n"
        "pulumi.export('main', pulumi.Output.from_input(who()))\n"
    )
    assert preview(write_program(tmp_path, source)).outputs == {"main": False}
