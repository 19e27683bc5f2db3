"""What consumers see of asynchronous delivery: 202 with a place to ask, and at that place the answer once it is there.

Owns the HTTP side: when a request is answered later, what is said meanwhile, and that the worker asks the program
itself as a consumer would. Storage is `serving.stages.delivery`, the loop `serving.stages.worker`.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from serving.blueprint.delivery import DELIVERIES_PATH, IDEMPOTENCY_HEADER, LATER, PREFER_HEADER
from serving.blueprint.headers import CALLER_HEADER, VERSION_HEADER
from serving.stages.delivery import Deliveries, KeyReusedError, Payload, State, Ticket
from serving.stages.problems import UNREACHED, ProblemError, kind_of
from serving.stages.settings import DeliverySettings
from serving.stages.worker import UnreachedError, Worker

Application = Callable[[Mapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]

ENDING_SIGNAL: Final = signal.SIGUSR1
"""Says that the replica is to end: long before the program is told to, which outlives the server."""

_JSON: Final = "application/json"
_ASK_AGAIN_SECONDS: Final = 5
_LONGEST_KEY: Final = 255
_IDS: Final = re.compile("[0-9a-f]{64}")
_KEPT_HEADERS: Final = frozenset(
    {VERSION_HEADER, CALLER_HEADER, "content-type", "traceparent", "tracestate", "baggage"}
)
"""What a request must still say when it is worked on."""


class Later:
    """Takes requests in, hands answers out, and works on what waits."""

    def __init__(
        self,
        settings: DeliverySettings,
        deliveries: Deliveries,
        program: Application,
        path: str,
        ready: Callable[[], Awaitable[bool]],
        tell: Callable[[int], None],
    ) -> None:
        """Prepare; `start` begins to work.

        Args:
            settings: Where requests wait.
            deliveries: What stores them.
            program: Answers requests, as an ASGI application.
            path: Where requests are posted.
            ready: Whether the server can answer now.
            tell: Takes the number of requests that wait.
        """
        self._settings, self._deliveries = settings, deliveries
        self._program, self._path, self._ready = program, path, ready
        self._worker = Worker(settings, deliveries, self._answer, self._may_work, tell)
        self._working: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work on what waits, if this replica is to work at all, until it is said that it is to end."""
        if self._settings.parallel_requests:
            asyncio.get_running_loop().add_signal_handler(ENDING_SIGNAL, self._worker.stop)
            self._working = asyncio.create_task(self._worker.run())
            self._watching = asyncio.create_task(self._worker.watch())

    async def stop(self) -> None:
        """Take nothing more, and wait for what runs."""
        self._worker.stop()
        if self._working is not None and self._watching is not None:
            await self._working
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _may_work(self) -> bool:
        """A version that is being judged works on nothing: a bad one would spoil what nobody watches."""
        file = self._settings.variant_file
        try:
            variant = None if file is None else Path(file).read_text(encoding="utf-8").strip()
        except OSError:
            return False
        return variant == self._settings.working_variant and await self._ready()

    def meant(self, headers: Mapping[str, str]) -> bool:
        """Whether a request is to be answered later."""
        wishes = {wish.strip().lower() for wish in headers.get(PREFER_HEADER, "").split(",")}
        return self._settings.always or LATER in wishes

    async def take_in(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Store a request that was checked; status, headers and body of what the caller is told.

        Raises:
            ProblemError: The key stands for another request, is too long, or nothing can be stored now.
        """
        key = headers.get(IDEMPOTENCY_HEADER) or str(uuid.uuid4())
        if len(key) > _LONGEST_KEY:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, "key-too-long", f"{IDEMPOTENCY_HEADER} has at most {_LONGEST_KEY} characters"
            )
        kept = {name: value for name, value in headers.items() if name in _KEPT_HEADERS}
        caller = headers.get(CALLER_HEADER, "")
        try:
            ticket = await asyncio.to_thread(self._deliveries.take_in, caller, key, Payload(body, kept))
        except KeyReusedError:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "key-reused",
                f"this {IDEMPOTENCY_HEADER} stands for another request; choose a new key for a new request",
            ) from None
        except (BotoCoreError, ClientError):
            raise _unavailable() from None
        return self._told(ticket, {"preference-applied": LATER})

    async def collect(self, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """What has become of a request: still waiting, or its answer, as it would have been given at once.

        Raises:
            ProblemError: There is no such request of this caller, it could not be answered, or it waited too long.
        """
        ticket_id, ticket = path.removeprefix(f"{DELIVERIES_PATH}/"), None
        try:
            if _IDS.fullmatch(ticket_id):
                ticket = await asyncio.to_thread(self._deliveries.ticket, ticket_id, headers.get(CALLER_HEADER, ""))
            if ticket is not None and ticket.state is State.ANSWERED:
                answer = await asyncio.to_thread(self._deliveries.answer, ticket)
                return ticket.answer_status or HTTPStatus.OK, dict(answer.headers), answer.body
        except (BotoCoreError, ClientError):
            raise _unavailable() from None
        if ticket is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "no-such-request", "there is no such request of yours")
        if ticket.state is State.FAILED:
            raise ProblemError(HTTPStatus.BAD_GATEWAY, "not-answered", "no attempt to answer the request worked")
        if ticket.overdue:
            raise ProblemError(HTTPStatus.GONE, "waited-too-long", "the request waited too long and was given up")
        return self._told(ticket, {})

    def _told(self, ticket: Ticket, further: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        place = f"{self._settings.origin}{DELIVERIES_PATH}/{ticket.id}"
        headers = {"content-type": _JSON, "location": place, "retry-after": str(_ASK_AGAIN_SECONDS), **further}
        return HTTPStatus.ACCEPTED, headers, json.dumps({"id": ticket.id, "state": ticket.state.value}).encode()

    async def _answer(self, payload: Payload) -> tuple[int, Payload]:
        """Ask the program as a consumer who waits would."""
        exchange = _Inside(payload)
        headers = {"content-type": _JSON, **payload.headers}
        scope = {
            "type": "http",
            "method": "POST",
            "path": self._path,
            "server": ("127.0.0.1", None),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            "serving.wait": True,
        }
        await self._program(scope, exchange.receive, exchange.send)
        if not exchange.ended:
            return HTTPStatus.BAD_GATEWAY, Payload(b"", {})  # what is there of it is no answer
        body = b"".join(exchange.parts)
        if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR and kind_of(body) == UNREACHED:
            raise UnreachedError
        return exchange.status, Payload(body, exchange.headers)


class _Inside:
    """One request from inside the process: what it sends, and what comes back."""

    def __init__(self, payload: Payload) -> None:
        self._body: bytes | None = payload.body
        self.status: int = HTTPStatus.BAD_GATEWAY  # an answer that never begins
        self.ended = False
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []

    async def receive(self) -> MutableMapping[str, Any]:
        if self._body is None:
            await asyncio.Event().wait()  # nobody leaves
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            pairs = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            self.headers = {name: value for name, value in pairs.items() if name != "content-length"}
        else:
            self.parts.append(message.get("body", b""))
            self.ended = not message.get("more_body", False)


def _unavailable() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "nothing-stored",
        "requests can't be stored or found at the moment; nothing was taken in",
        headers={"retry-after": str(_ASK_AGAIN_SECONDS)},
    )
