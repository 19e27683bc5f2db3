"""The rungs of a ladder and the command that switches them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from serving.blueprint.fleet import DERIVED_SUFFIXES
from serving.blueprint.ladder import (
    SWITCHED_BY,
    Rung,
    SwitchedBy,
    parent_reference,
    rung_of,
    rungs,
    switch,
    switch_text,
)
from serving.blueprint.schema.degradation import Action
from tests.documents import SERVICES, blueprint

RUNGS = [rung for service in SERVICES for rung in rungs(blueprint(service))]
ANNOTATION_PATH = "/metadata/annotations/serving.blueprint~1switched-by"
every_rung = pytest.mark.parametrize("rung", RUNGS, ids=[rung.name for rung in RUNGS])


def patch_of(command: tuple[str, ...]) -> dict[str, Any]:
    (patch,) = [argument for argument in command if argument.startswith("--patch=")]
    found: dict[str, Any] = json.loads(patch.removeprefix("--patch="))
    return found


def operations_of(*, on: bool) -> list[dict[str, Any]]:
    """What a condition's job sends for the first rung: a JSON Patch, all of it or nothing."""
    command = switch(RUNGS[0], on=on, by=SwitchedBy.CONDITION)
    assert "--type=json" in command
    (patch,) = [argument for argument in command if argument.startswith("--patch=")]
    found: list[dict[str, Any]] = json.loads(patch.removeprefix("--patch="))
    return found


def merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch, as RFC 7386 has it."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key, {}), value)
        else:
            result[key] = value
    return result


@every_rung
def test_off_takes_back_all_that_on_did_and_nothing_else(rung: Rung) -> None:
    at_rest = {"metadata": {"name": rung.name, "annotations": {"a": "b"}}, "spec": {"rules": []}}
    attached = merged(at_rest, patch_of(switch(rung, on=True)))
    assert attached["spec"]["parentRefs"] == [parent_reference()]
    assert merged(attached, patch_of(switch(rung, on=False))) == at_rest


@every_rung
def test_switching_twice_does_no_more_than_once(rung: Rung) -> None:
    for on in (True, False):
        patch = patch_of(switch(rung, on=on))
        once = merged({"metadata": {"annotations": {}}, "spec": {}}, patch)
        assert merged(once, patch) == once


def test_an_attached_rung_says_who_attached_it() -> None:
    patch = patch_of(switch(RUNGS[0], on=True))
    assert patch["metadata"]["annotations"] == {SWITCHED_BY: SwitchedBy.PERSON.value}
    *_, told = operations_of(on=True)
    assert (told["op"], told["value"]) == ("add", SwitchedBy.CONDITION.value)


@pytest.mark.parametrize(
    ("on", "tested"), [(True, ("/spec/parentRefs", None)), (False, (ANNOTATION_PATH, SwitchedBy.CONDITION.value))]
)
def test_a_condition_switches_nothing_that_somebody_else_has_switched(on: bool, tested: tuple[str, str | None]) -> None:
    first, *others = operations_of(on=on)
    assert (first["op"], first["path"], first["value"]) == ("test", *tested)
    assert {one["path"] for one in others} == {"/spec/parentRefs", ANNOTATION_PATH}


@every_rung
def test_what_a_person_types_is_the_command(rung: Rung) -> None:
    assert tuple(shlex.split(switch_text(rung, on=True))) == switch(rung, on=True)


def test_a_command_names_the_route_in_its_tenants_namespace() -> None:
    rung = rung_of(blueprint("chat"), Action.STATIC_ANSWER)
    assert rung is not None
    command = switch(rung, on=True)
    assert "chat-static-answer" in command
    assert "--namespace=assistants" in command


def test_no_service_may_be_called_like_a_rung_of_another() -> None:
    assert {action.value for action in Action} <= set(DERIVED_SUFFIXES)


def test_rungs_keep_the_number_that_the_ladder_gives_them_where_one_cannot_be_switched() -> None:
    ladder = blueprint("chat").degradation.model_dump(mode="json")["ladder"]
    cached = {**ladder[0], "action": "cached-answer", "cache_seconds": 60}
    sample = blueprint("chat", **{"degradation.ladder": [cached, *ladder]})
    assert [rung.number for rung in rungs(sample)] == [2, 3, 4]
