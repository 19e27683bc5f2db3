"""The worker beside a server: takes requests from the queue, has them answered, stores the answers.

Owns the loop, its drain, and what an answer means for the queue. A request goes through the program itself, exactly as
if a consumer had sent it and waited: the same stages, the same checks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from serving.stages.delivery import Deliveries, Payload, Reference
from serving.stages.settings import DeliverySettings

_FIRST_WAIT_SECONDS: Final = 5
"""Before the second attempt; each further one waits twice as long, up to the time of an attempt."""

_PAUSE_SECONDS: Final = 5.0
"""After a call of AWS that failed: asking again at once would not help it."""

_COUNT_SECONDS: Final = 10.0
"""Between two counts: more often than metrics are scraped."""

_UNSETTLED: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that are about the moment and not about the request."""

_LOG = logging.getLogger(__name__)

Answer = Callable[[Payload], Awaitable[tuple[int, Payload]]]


class Worker:
    """Works until it is told to stop."""

    def __init__(
        self, settings: DeliverySettings, deliveries: Deliveries, answer: Answer, tell: Callable[[int], None]
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            settings: How many requests at a time, and how long one may take.
            deliveries: Where requests come from.
            answer: Answers one, as the program answers consumers.
            tell: Takes the number of requests that wait, every few seconds.
        """
        self._tell = tell
        self._settings, self._deliveries, self._answer = settings, deliveries, answer
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Count what waits, for the autoscaler; returns when told to stop."""
        while not self._stopping.is_set():
            try:
                self._tell(await asyncio.to_thread(self._deliveries.waiting))
            except (BotoCoreError, ClientError):
                _LOG.exception("the queue can't be counted")
            await self._pause(_COUNT_SECONDS)

    async def run(self) -> None:
        """Take references while there is room for them; returns when told to stop and all that runs has ended."""
        while not self._stopping.is_set():
            room = self._settings.parallel_requests - len(self._running)
            if room == 0:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
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
        try:
            payload = await asyncio.to_thread(self._deliveries.claim, reference)
            if payload is None:
                return
            async with asyncio.timeout(self._settings.visibility_timeout_seconds):
                status, answer = await self._answer(payload)
            if settled(status):
                await asyncio.to_thread(self._deliveries.finish, reference, status, answer)
                return
            _LOG.warning("ticket %s: attempt %d was answered by %d", reference.ticket_id, reference.attempt, status)
        except Exception:  # noqa: BLE001  the reference must not be lost, whatever it was
            _LOG.exception("ticket %s: attempt %d failed", reference.ticket_id, reference.attempt)
        await self._give_back(reference)

    async def _give_back(self, reference: Reference) -> None:
        try:
            await asyncio.to_thread(self._deliveries.give_back, reference, wait_seconds(reference.attempt))
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
