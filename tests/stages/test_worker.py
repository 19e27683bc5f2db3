"""The worker's loop, with deliveries that are plain lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import EndpointConnectionError

from serving.stages.delivery import Claim, Payload, Reference
from serving.stages.settings import DeliverySettings
from serving.stages.worker import UnreachedError, Worker, settled, wait_seconds

SETTINGS = DeliverySettings(
    "https://eu-west-1.embedding.example.com",
    "eu-west-1",
    "queue",
    "dead-letters",
    "table",
    "bucket",
    120,
    3_600,
    3,
    parallel_requests=2,
)
ANSWER = Payload(b"{}", {})


@dataclass
class Lists:
    """Stands in for `Deliveries`: what comes, what is finished, what is given back."""

    waiting: list[Reference]
    unclaimable: set[str] = field(default_factory=set)
    broken_reads: int = 0
    lease_seconds: float = 60
    finished: list[tuple[str, int]] = field(default_factory=list)
    given_back: list[tuple[str, int]] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    receives: int = 0
    when_empty: Callable[[], None] = lambda: None

    def receive(self, at_most: int) -> list[Reference]:
        self.receives += 1
        if self.broken_reads:
            self.broken_reads -= 1
            raise EndpointConnectionError(endpoint_url="sqs")
        taken, self.waiting = self.waiting[:at_most], self.waiting[at_most:]
        if not taken:
            self.when_empty()
        return taken

    def claim(self, reference: Reference) -> Claim | None:
        if reference.ticket_id in self.unclaimable:
            return None
        payload = Payload(reference.ticket_id.encode(), {})
        return Claim(reference, reference.receives, self.lease_seconds, payload)

    def finish(self, claim: Claim, status: int, answer: Payload) -> bool:
        self.finished.append((claim.reference.ticket_id, status))
        return True

    def give_back(self, claim: Claim, wait_seconds: int) -> None:
        self.given_back.append((claim.reference.ticket_id, wait_seconds))

    def give_back_untried(self, reference: Reference, claim: Claim | None, wait_seconds: int) -> None:
        self.untried.append(reference.ticket_id)


Answer = Callable[[Payload], Awaitable[tuple[int, Payload]]]


async def always_ready() -> bool:
    return True


def worked(
    lists: Lists, answer: Answer, may_work: Callable[[], Awaitable[bool]] = always_ready, *, patient: bool = True
) -> Lists:
    """Run until the queue is empty and everything has ended; without patience the worker is told to stop before."""

    async def run() -> None:
        worker = Worker(SETTINGS, lists, answer, may_work, lambda _: None)  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if not (patient and worker._running):
                worker.stop()

        def when_empty() -> None:
            loop.call_soon_threadsafe(stop)

        lists.when_empty = when_empty
        async with asyncio.timeout(30):
            await worker.run()

    asyncio.run(run())
    return lists


def references(*names: str, attempt: int = 1) -> list[Reference]:
    return [Reference(name, f"receipt-{name}", attempt, 0) for name in names]


def always(status: int) -> Answer:
    async def answer(payload: Payload) -> tuple[int, Payload]:
        return status, ANSWER

    return answer


def test_every_request_is_answered_once() -> None:
    lists = worked(Lists(references("a", "b", "c", "d", "e")), always(200))
    assert sorted(lists.finished) == [(name, 200) for name in "abcde"]
    assert lists.given_back == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 429])
def test_what_may_work_later_is_given_back(status: int) -> None:
    lists = worked(Lists(references("a", attempt=2)), always(status))
    assert (lists.finished, lists.given_back) == ([], [("a", wait_seconds(2))])


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_is_answered_with_the_refusal(status: int) -> None:
    lists = worked(Lists(references("a")), always(status))
    assert (lists.finished, lists.given_back) == ([("a", status)], [])


def test_an_answer_that_breaks_gives_its_reference_back_and_no_other() -> None:
    async def answer(payload: Payload) -> tuple[int, Payload]:
        if payload.body == b"bad":
            raise RuntimeError("a bug")
        return 200, ANSWER

    lists = worked(Lists(references("good", "bad", "fine")), answer)
    assert sorted(lists.finished) == [("fine", 200), ("good", 200)]
    assert lists.given_back == [("bad", wait_seconds(1))]


def test_what_somebody_else_works_on_is_left_alone() -> None:
    lists = worked(Lists(references("a", "b"), unclaimable={"a"}), always(200))
    assert (lists.finished, lists.given_back) == ([("b", 200)], [])


def test_no_more_requests_run_at_a_time_than_are_allowed() -> None:
    running = most = 0

    async def answer(payload: Payload) -> tuple[int, Payload]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return 200, ANSWER

    lists = worked(Lists(references(*"abcdefgh")), answer)
    assert (len(lists.finished), most) == (8, SETTINGS.parallel_requests)


def test_a_queue_that_cannot_be_read_for_a_while_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.stages.worker._PAUSE_SECONDS", 0.01)
    lists = worked(Lists(references("a"), broken_reads=3), always(200))
    assert lists.finished == [("a", 200)]


def test_what_runs_when_the_program_is_told_to_stop_may_end() -> None:
    async def answer(payload: Payload) -> tuple[int, Payload]:
        await asyncio.sleep(0.05)
        return 200, ANSWER

    assert sorted(worked(Lists(references("a", "b")), answer, patient=False).finished) == [("a", 200), ("b", 200)]


def test_nothing_is_taken_before_the_server_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.stages.worker._LOOK_AGAIN_SECONDS", 0.01)
    asked: list[int] = []
    lists = Lists(references("a"))

    async def may_work() -> bool:
        asked.append(lists.receives)
        return len(asked) > 3

    worked(lists, always(200), may_work)
    assert asked[:4] == [0, 0, 0, 0]
    assert lists.finished == [("a", 200)]


def test_a_request_that_reached_no_server_is_given_back_untried() -> None:
    async def answer(payload: Payload) -> tuple[int, Payload]:
        raise UnreachedError

    lists = worked(Lists(references("a")), answer)
    assert (lists.untried, lists.given_back) == (["a"], [])


def test_a_replica_that_is_to_end_takes_nothing_more_and_blames_no_request() -> None:
    lists = Lists(references("running", "late"))

    async def run() -> None:
        async def answer(payload: Payload) -> tuple[int, Payload]:
            worker.stop()
            return 502, ANSWER

        worker = Worker(SETTINGS, lists, answer, always_ready, lambda _: None)  # type: ignore[arg-type]
        async with asyncio.timeout(30):
            await worker.run()
        await worker._work(references("received-meanwhile")[0])

    asyncio.run(run())
    assert lists.given_back == []
    assert set(lists.untried) >= {"running", "received-meanwhile"}
    assert lists.receives == 1


def test_an_attempt_ends_with_its_lease() -> None:
    async def answer(payload: Payload) -> tuple[int, Payload]:
        await asyncio.sleep(30)
        return 200, ANSWER

    lists = worked(Lists(references("a"), lease_seconds=0.01), answer)
    assert (lists.finished, lists.given_back) == ([], [("a", wait_seconds(1))])


def test_waits_double_from_attempt_to_attempt() -> None:
    assert [wait_seconds(attempt) for attempt in (1, 2, 3)] == [5, 10, 20]
    assert settled(299)
