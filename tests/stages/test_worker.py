"""The worker's loop, with deliveries that are plain lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import EndpointConnectionError

from serving.stages.delivery import Payload, Reference
from serving.stages.settings import DeliverySettings
from serving.stages.worker import Worker, settled, wait_seconds

SETTINGS = DeliverySettings(
    "https://eu-west-1.embedding.example.com",
    "eu-west-1",
    "queue",
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
    finished: list[tuple[str, int]] = field(default_factory=list)
    given_back: list[tuple[str, int]] = field(default_factory=list)
    when_empty: Callable[[], None] = lambda: None

    def receive(self, at_most: int) -> list[Reference]:
        if self.broken_reads:
            self.broken_reads -= 1
            raise EndpointConnectionError(endpoint_url="sqs")
        taken, self.waiting = self.waiting[:at_most], self.waiting[at_most:]
        if not taken:
            self.when_empty()
        return taken

    def claim(self, reference: Reference) -> Payload | None:
        return None if reference.ticket_id in self.unclaimable else Payload(reference.ticket_id.encode(), {})

    def finish(self, reference: Reference, status: int, answer: Payload) -> None:
        self.finished.append((reference.ticket_id, status))

    def give_back(self, reference: Reference, wait_seconds: int) -> None:
        self.given_back.append((reference.ticket_id, wait_seconds))


Answer = Callable[[Payload], Awaitable[tuple[int, Payload]]]


def worked(lists: Lists, answer: Answer) -> Lists:
    """Run until the queue is empty and everything has ended."""

    async def run() -> None:
        worker = Worker(SETTINGS, lists, answer, lambda _: None)  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(worker.stop)

        lists.when_empty = stop
        async with asyncio.timeout(30):
            await worker.run()

    asyncio.run(run())
    return lists


def references(*names: str, attempt: int = 1) -> list[Reference]:
    return [Reference(name, f"receipt-{name}", attempt) for name in names]


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

    assert sorted(worked(Lists(references("a", "b")), answer).finished) == [("a", 200), ("b", 200)]


def test_waits_double_from_attempt_to_attempt() -> None:
    assert [wait_seconds(attempt) for attempt in (1, 2, 3)] == [5, 10, 20]
    assert settled(299)
