from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence

import pytest

from components.routing import STAND_IN_HEADER
from serving.blueprint import ladder
from serving.blueprint.ladder import LOW_PRIORITY, PRIORITY_HEADER, Rung, SwitchedBy, rung_of, switch_text
from serving.blueprint.schema.degradation import Action
from tests.cluster.binaries import find
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.performances import CHAT
from tests.cluster.rehearsals.split import Request, Rule, rule_for
from tests.cluster.rehearsals.theatre import Performance, Theatre

LOW = {PRIORITY_HEADER: LOW_PRIORITY}


@pytest.fixture
def chat(theatre: Theatre) -> Iterator[Performance]:
    performance = theatre.open("chat", CHAT)
    yield performance
    theatre.close(performance)


def rung(performance: Performance, action: Action) -> Rung:
    found = rung_of(performance.workload.blueprint, action)
    assert found is not None
    return found


def run(performance: Performance, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command word for word."""
    kubectl = find("kubectl")
    assert kubectl is not None
    path = f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "KUBECONFIG": str(performance.theatre.plane.kubeconfig)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def switch(performance: Performance, action: Action, *, on: bool) -> None:
    result = run(performance, shlex.split(switch_text(rung(performance, action), on=on)))
    assert result.returncode == 0, result.stderr


def taken(performance: Performance, **headers: str) -> Rule:
    """The rule that takes a consumer's request, as the routes stand now."""
    routes = performance.theatre.api.list("gateway.networking.k8s.io/v1", "HTTPRoute", performance.namespace)
    found = rule_for(
        [{"kind": "HTTPRoute", **route} for route in routes],
        Request(performance.host, "/v1/chat/completions", headers),
    )
    assert found is not None
    return found


def answered_by(performance: Performance, **headers: str) -> tuple[str, ...]:
    """Services that answer a request; none where the gateway itself does."""
    return tuple(name for name, weight in taken(performance, **headers).backends if weight)


def test_the_runbooks_commands_climb_the_ladder_and_come_back(chat: Performance) -> None:
    world, began = chat.theatre.world, chat.theatre.world.now
    own, smaller = (chat.workload.stable_service,), ("chat-fallback",)
    assert answered_by(chat) == own

    switch(chat, Action.SHED_LOW_PRIORITY, on=True)
    assert answered_by(chat) == own
    assert taken(chat, **LOW).route == rung(chat, Action.SHED_LOW_PRIORITY).name
    assert answered_by(chat, **LOW) == ()

    switch(chat, Action.SMALLER_MODEL, on=True)
    assert answered_by(chat) == smaller
    assert answered_by(chat, **LOW) == (), "who was shed stays shed"

    switch(chat, Action.STATIC_ANSWER, on=True)
    assert answered_by(chat) == ()
    assert "ExtensionRef" in taken(chat).filters
    assert taken(chat).route == rung(chat, Action.STATIC_ANSWER).name

    switch(chat, Action.STATIC_ANSWER, on=False)
    assert answered_by(chat) == smaller
    switch(chat, Action.SMALLER_MODEL, on=False)
    assert answered_by(chat) == own
    switch(chat, Action.SHED_LOW_PRIORITY, on=False)
    assert answered_by(chat, **LOW) == own
    assert answered_by(chat, **{STAND_IN_HEADER: "true"}) == smaller
    assert not world.unserved(chat.namespace)
    programme.note("(g) degradation", f"three rungs up and down by six commands in {world.now - began:.1f} s")


def test_a_condition_neither_takes_over_nor_ends_what_a_person_began(chat: Performance) -> None:
    answer = rung(chat, Action.STATIC_ANSWER)
    by_condition = {on: ladder.switch(answer, on=on, by=SwitchedBy.CONDITION) for on in (True, False)}
    switch(chat, Action.STATIC_ANSWER, on=True)
    for on in (True, False):
        assert run(chat, by_condition[on]).returncode != 0
    assert answered_by(chat) == ()
    switch(chat, Action.STATIC_ANSWER, on=False)
    for on in (True, False):
        result = run(chat, by_condition[on])
        assert result.returncode == 0, result.stderr
        assert (answered_by(chat) == ()) is on


def test_a_command_given_twice_does_no_more_than_once(chat: Performance) -> None:
    for on in (True, False):
        for _ in range(2):
            switch(chat, Action.STATIC_ANSWER, on=on)
        assert (answered_by(chat) == ()) is on
