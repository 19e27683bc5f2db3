"""The worker beside a server: takes requests from the queue, has them answered, stores the answers.

Owns the loop, its drain, and what an answer means for the queue. A request goes through the program itself, exactly as
if a consumer had sent it and waited: the same stages, the same checks. The worker lives for longer than the server: it
takes nothing before the server is ready, nor once the replica is to end; what the server never saw costs no attempt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from serving.stages.delivery import Claim, Deliveries, Payload, Reference
from serving.stages.settings import DeliverySettings

_FIRST_WAIT_SECONDS: Final = 5
"""Before the second attempt; each further one waits twice as long, up to the time of an attempt."""

_PAUSE_SECONDS: Final = 5.0
"""After a call of AWS that failed: asking again at once would not help it."""

_LOOK_AGAIN_SECONDS: Final = 1.0
"""While this replica may not work: a model takes longer than that to load."""

_COUNT_SECONDS: Final = 10.0
"""Between two counts: more often than metrics are scraped."""

_UNSETTLED: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that are about the moment and not about the request."""

_LOG = logging.getLogger(__name__)

Answer = Callable[[Payload], Awaitable[tuple[int, Payload]]]


class UnreachedError(Exception):
    """The server was not there: it never saw the request."""


class Worker:
    """Works until it is told to stop."""

    def __init__(
        self,
        settings: DeliverySettings,
        deliveries: Deliveries,
        answer: Answer,
        may_work: Callable[[], Awaitable[bool]],
        tell: Callable[[int], None],
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            settings: How many requests at a time.
            deliveries: Where requests come from.
            answer: Answers one, as the program answers consumers; UnreachedError where no server saw it.
            may_work: Whether requests may be taken now; asked before each time.
            tell: Takes the number of requests that wait, every few seconds.
        """
        self._may_work, self._tell = may_work, tell
        self._settings, self._deliveries, self._answer = settings, deliveries, answer
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Count what waits, for the autoscaler, until cancelled."""
        while True:
            try:
                self._tell(await asyncio.to_thread(self._deliveries.waiting))
            except (BotoCoreError, ClientError):
                _LOG.exception("the queue can't be counted")
            await asyncio.sleep(_COUNT_SECONDS)

    async def run(self) -> None:
        """Take references while there is room for them; returns when told to stop and all that runs has ended."""
        while not self._stopping.is_set():
            room = self._settings.parallel_requests - len(self._running)
            if room == 0:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                continue
            if not await self._may_work():
                await self._pause(_LOOK_AGAIN_SECONDS)
                continue
            try:
                references = await asyncio.to_thread(self._deliveries.receive, room)
            except (BotoCoreError, ClientError):
                _LOG.exception("the queue can't be read")
                await self._pause(_PAUSE_SECONDS)
                continue
            for reference in references:
                task = asyncio.create_task(self._work(reference))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        await asyncio.gather(*self._running, return_exceptions=True)

    def stop(self) -> None:
        """Take nothing more; what runs may end."""
        self._stopping.set()

    async def _work(self, reference: Reference) -> None:
        """One attempt. Whatever goes wrong gives the reference back; if not even that works, its lease runs out."""
        claim: Claim | None = None
        untried = self._stopping.is_set()
        try:
            if not untried:
                claim = await asyncio.to_thread(self._deliveries.claim, reference)
                if claim is None or await self._answered(claim):
                    return
        except UnreachedError:
            untried = True
        except Exception:  # noqa: BLE001  the reference must not be lost, whatever it was
            _LOG.exception("ticket %s: an attempt failed", reference.ticket_id)
        # what breaks off while the replica ends says nothing about the request
        await self._give_back(reference, claim, untried=untried or self._stopping.is_set())

    async def _answered(self, claim: Claim) -> bool:
        """Whether an answer is there, this one or another worker's."""
        ticket_id = claim.reference.ticket_id
        async with asyncio.timeout(claim.seconds):
            status, answer = await self._answer(claim.payload)
        if not settled(status):
            _LOG.warning("ticket %s: attempt %d was answered by %d", ticket_id, claim.attempt, status)
            return False
        if not await asyncio.to_thread(self._deliveries.finish, claim, status, answer):
            _LOG.warning("ticket %s: attempt %d came too late", ticket_id, claim.attempt)
        return True

    async def _give_back(self, reference: Reference, claim: Claim | None, *, untried: bool) -> None:
        try:
            if untried:
                wait = 0 if self._stopping.is_set() else _FIRST_WAIT_SECONDS
                await asyncio.to_thread(self._deliveries.give_back_untried, reference, claim, wait)
            elif claim is not None:
                await asyncio.to_thread(self._deliveries.give_back, claim, wait_seconds(claim.attempt))
        except (BotoCoreError, ClientError):
            _LOG.exception("ticket %s: can't be given back; its lease will run out", reference.ticket_id)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def settled(status: int) -> bool:
    """Whether another attempt could not be answered otherwise: a success, or a refusal of the request itself."""
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _UNSETTLED


def wait_seconds(attempt: int) -> int:
    """How long a reference rests after an attempt, counted from 1."""
    return _FIRST_WAIT_SECONDS << min(attempt - 1, 12)
