"""Asynchronous delivery as consumers see it, through the program."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from serving.blueprint.headers import CALLER_HEADER
from serving.stages.delivery import Reference
from serving.stages.later import ENDING_SIGNAL, Later
from tests.stages.bench import ATTEMPTS, Bench, open_bench
from tests.stages.chain import DECISION, PAYMENT, SCORE, SERVER, Chain, fraud_chain

ASKED = {"prefer": "respond-async", "idempotency-key": "order-1", CALLER_HEADER: "shop"}


class Desk:
    """The program with its queue, worked on when the test says so."""

    def __init__(self, bench: Bench, chain: Chain, **changes: Any) -> None:
        self.bench, self.chain = bench, chain
        settings = replace(bench.settings, **changes)
        self.later = Later(
            settings,
            bench.deliveries,
            chain.program,
            chain.settings.request_path,
            chain.program.ready,
            chain.program.metrics.waiting.set,
        )
        chain.program.later = self.later

    def post(self, document: object = PAYMENT, **headers: str) -> httpx.Response:
        return self.chain.post(document, **{**ASKED, **headers})

    def get(self, path: str, caller: str = "shop") -> httpx.Response:
        headers: dict[str, Any] = {CALLER_HEADER: caller}
        return self.chain.request("GET", path, **headers)

    def work(self) -> None:
        """One attempt at each request that waits."""

        async def once(references: list[Reference]) -> None:
            for reference in references:
                await self.later._worker._work(reference)

        asyncio.run(once(self.bench.deliveries.receive(10)))


@pytest.fixture
def bench(aws_credentials: None) -> Iterator[Bench]:
    with open_bench() as opened:
        yield opened


@contextmanager
def immediate_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr("serving.stages.worker._FIRST_WAIT_SECONDS", 0)
        yield


def place(accepted: httpx.Response) -> str:
    assert accepted.status_code == 202, accepted.text
    return httpx.URL(accepted.headers["location"]).path


def test_a_request_is_accepted_answered_by_the_whole_chain_and_fetched(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    accepted = desk.post()
    assert accepted.headers["preference-applied"] == "respond-async"
    assert accepted.headers["location"].startswith(bench.settings.origin)
    assert desk.chain.asked == []
    waiting = desk.get(place(accepted))
    assert (waiting.status_code, waiting.json()["state"]) == (202, "queued")
    assert "retry-after" in waiting.headers
    desk.work()
    answer = desk.get(place(accepted))
    assert (answer.status_code, answer.json()) == (200, DECISION)
    assert answer.headers["content-type"] == "application/json"


def test_whoever_does_not_ask_for_it_is_answered_at_once(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    assert desk.chain.post(PAYMENT).json() == DECISION
    assert bench.deliveries.waiting() == 0


def test_a_contract_without_direct_answers_queues_every_request(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain(), always=True)
    assert desk.chain.post(PAYMENT).status_code == 202
    desk.work()
    assert bench.deliveries.waiting() == 0


def test_what_is_no_request_is_refused_before_it_is_queued(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    assert desk.post({"amount_cents": 1}).status_code == 422
    assert bench.deliveries.waiting() == 0


def test_a_request_that_is_sent_again_is_the_same_request(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    first, second = desk.post(), desk.post()
    assert place(first) == place(second)
    desk.work()
    assert len([request for request in desk.chain.asked if request.url.port == SERVER]) == 1


def test_another_request_under_the_same_key_is_refused(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    desk.post()
    refused = desk.post({**PAYMENT, "amount_cents": 5})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:serving:problem:key-reused")


def test_requests_without_a_key_are_requests_of_their_own(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    places = {place(desk.chain.post(PAYMENT, prefer="respond-async")) for _ in range(2)}
    assert len(places) == 2


def test_nobody_sees_what_others_asked(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    accepted = desk.post()
    desk.work()
    assert desk.get(place(accepted), caller="bank").status_code == 404


def test_the_version_that_was_asked_for_is_the_one_that_answers(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    accepted = desk.post(**{"x-contract-version": "3.0.0"})
    desk.work()
    assert desk.get(place(accepted)).headers["x-contract-version"] == "3.0.0"


def test_a_server_that_fails_is_asked_again_and_in_the_end_the_caller_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(bench, fraud_chain({SERVER: lambda _: httpx.Response(500)}))
    accepted = desk.post()
    with immediate_retries(monkeypatch):
        for _ in range(ATTEMPTS):
            assert desk.get(place(accepted)).status_code == 202
            desk.work()
    told = desk.get(place(accepted))
    assert (told.status_code, told.json()["type"]) == (502, "urn:serving:problem:not-answered")


async def broken_stream() -> AsyncIterator[bytes]:
    yield b"data: {}\n\n"
    raise httpx.ReadError("the server is gone")


def test_half_an_answer_is_no_answer(bench: Bench) -> None:
    def stream(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=broken_stream())

    desk = Desk(bench, fraud_chain({SERVER: stream}))
    accepted = desk.post()
    desk.work()
    assert desk.get(place(accepted)).json()["state"] == "queued"
    assert bench.deliveries.waiting() == 1


def test_a_server_that_is_not_there_costs_no_attempt(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    desk = Desk(bench, fraud_chain({SERVER: nobody}))
    accepted = desk.post()
    with immediate_retries(monkeypatch):
        for _ in range(ATTEMPTS + 1):
            desk.work()
    assert desk.get(place(accepted)).json()["state"] == "queued"
    desk.chain.stages[SERVER] = lambda _: httpx.Response(200, json=SCORE)
    desk.work()
    assert desk.get(place(accepted)).json() == DECISION


@pytest.mark.parametrize(
    ("variant", "server", "works"),
    [("stable", 200, True), ("canary", 200, False), ("", 200, False), ("stable", 503, False)],
)
def test_only_a_version_that_was_judged_works_and_only_beside_a_server_that_is_ready(
    bench: Bench, tmp_path: Path, variant: str, server: int, works: bool
) -> None:
    (tmp_path / "variant").write_text(variant)
    chain = fraud_chain({SERVER: lambda _: httpx.Response(server)})
    judged = {"variant_file": str(tmp_path / "variant"), "working_variant": "stable"}
    assert asyncio.run(Desk(bench, chain, **judged).later._may_work()) is works


def test_a_request_that_the_server_refuses_is_answered_with_its_refusal(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain({SERVER: lambda _: httpx.Response(422, json={"detail": "no"})}))
    accepted = desk.post()
    desk.work()
    assert desk.get(place(accepted)).status_code == 422
    assert bench.deliveries.waiting() == 0


def test_a_request_that_waited_too_long_is_said_to_be_gone(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())
    accepted = desk.post()
    bench.clock.seconds += bench.settings.retention_seconds + 1
    assert desk.get(place(accepted)).status_code == 410


@pytest.mark.parametrize("path", ["/deliveries/0", "/deliveries/", "/deliveries/../etc"])
def test_places_that_were_never_given_are_not_found(bench: Bench, path: str) -> None:
    assert Desk(bench, fraud_chain()).get(path).status_code == 404


def test_a_key_that_is_too_long_is_refused(bench: Bench) -> None:
    assert Desk(bench, fraud_chain()).post(**{"idempotency-key": "k" * 256}).status_code == 400


def test_a_queue_that_is_away_is_said_to_be_and_nothing_is_promised(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="sqs")

    monkeypatch.setattr(bench.deliveries, "take_in", away)
    refused = Desk(bench, fraud_chain()).post()
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:serving:problem:nothing-stored")


def test_a_caller_cannot_pretend_to_be_the_worker(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain(), always=True)
    assert desk.chain.post(PAYMENT, **{"serving.wait": "true"}).status_code == 202


def test_the_worker_runs_while_the_program_lives(bench: Bench) -> None:
    desk = Desk(bench, fraud_chain())

    async def live() -> None:
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        said: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        living = asyncio.create_task(desk.chain.program({"type": "lifespan"}, messages.get, said.put))
        await messages.put({"type": "lifespan.startup"})
        assert (await said.get())["type"] == "lifespan.startup.complete"
        body = json.dumps(PAYMENT).encode()
        asked: dict[str, Any] = {"content_type": "application/json", **ASKED}
        mine: dict[str, Any] = {CALLER_HEADER: "shop"}
        accepted = await desk.chain.send("POST", desk.chain.settings.request_path, body, **asked)
        async with asyncio.timeout(60):
            while (await desk.chain.send("GET", place(accepted), **mine)).status_code == 202:
                await asyncio.sleep(0.05)
        os.kill(os.getpid(), ENDING_SIGNAL)
        assert desk.later._working is not None
        async with asyncio.timeout(60):
            await desk.later._working
        await messages.put({"type": "lifespan.shutdown"})
        assert (await said.get())["type"] == "lifespan.shutdown.complete"
        await living

    asyncio.run(live())
