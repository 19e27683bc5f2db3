"""The program itself, an ASGI application: what comes in is checked, the stages are called, the answer goes out.

Owns the order of the checks and what is passed on. Answers that come as a stream go through as they come.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, MutableMapping
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx

from serving.blueprint.delivery import DELIVERIES_PATH
from serving.blueprint.headers import CALLER_HEADER, VERSION_HEADER
from serving.stages.calls import DEADLINE_HEADER, Caller, Deadline, StageFailedError, rejected, whole
from serving.stages.documents import Schema, parse
from serving.stages.metrics import Metrics
from serving.stages.problems import CONTENT_TYPE, ProblemError
from serving.stages.settings import Settings, Step
from serving.stages.tokens import bounded

if TYPE_CHECKING:
    from serving.stages.later import Later  # needs the AWS SDK, which most programs can do without

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REQUEST_ID_HEADER: Final = "x-request-id"
_JSON: Final = "application/json"
_STREAM: Final = "text/event-stream"

_PASSED_ON: Final = frozenset(
    {"accept", "traceparent", "tracestate", "baggage", REQUEST_ID_HEADER, CALLER_HEADER, "x-serving-variant"}
)
"""Request headers that stages get; a caller's token is none of them."""

_GIVEN_BACK: Final = frozenset({"content-type", "cache-control", "retry-after"})
"""Headers of the server that consumers get: not what it is, nor what it is told."""


_NO_TIMEOUT: Final = httpx.Timeout(None)
"""Times are kept by stage and request, not by read and write."""

_READY_SECONDS: Final = 3
"""As long as a probe waits for the same answer."""

_IDLE_SECONDS: Final = 3.0
"""A connection to a stage is not used again after so long. Servers on uvicorn close theirs after 5 s without a request
(uvicorn 0.54.0, `Config.timeout_keep_alive`; vLLM, `VLLM_HTTP_TIMEOUT_KEEP_ALIVE`; read 2026-11)."""


class Gone(Exception):  # noqa: N818  (nothing went wrong here)
    """The consumer is no longer there."""


class Program:
    """One service's program.

    Attributes:
        metrics: What it counts.
    """

    def __init__(
        self, settings: Settings, admin_port: int | None = None, client: httpx.AsyncClient | None = None
    ) -> None:
        """Compile all schemas: one that can't be compiled ends the program before it serves anything.

        Args:
            settings: What it must know.
            admin_port: Where probes and scrapes come in; None: nowhere.
            client: For tests; by default connections are kept as long as they are used.
        """
        self.metrics = Metrics()
        self._settings, self._admin_port = settings, admin_port
        self._requests = {number: Schema(settings.request_schema(number)) for number in settings.versions}
        self._responses = {number: Schema(settings.response_schema(number)) for number in settings.versions}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_IDLE_SECONDS)
        self._client = client or httpx.AsyncClient(timeout=_NO_TIMEOUT, limits=limits, trust_env=False)
        self._caller = Caller(self.metrics, self._client)
        self._owed_checks = 0.0
        self.later: Later | None = None
        """Answers later; set where the settings say that some requests are."""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and self._admin_port is not None and scope["server"][1] == self._admin_port:
            await self._administer(scope["path"], send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup" and self.later is not None:
                self.later.start()
            if message["type"] == "lifespan.shutdown":
                if self.later is not None:
                    await self.later.stop()
                await self._client.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _administer(self, path: str, send: Send) -> None:
        bodies = {"/live": b"", "/ready": b"", "/metrics": self.metrics.exposition() if path == "/metrics" else b""}
        status = HTTPStatus.OK if path in bodies else HTTPStatus.NOT_FOUND
        await _send_whole(send, status, {"content-type": "text/plain; version=0.0.4"}, bodies.get(path, b""))

    async def _serve(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        # what the worker sends has waited long enough
        later = None if "serving.wait" in scope else self.later
        exchange = Exchange(self, self._settings, headers, send, later)
        try:
            await exchange.run(scope["method"], scope["path"], receive)
            outcome = "answered"
        except ProblemError as problem:
            outcome = problem.kind
            await exchange.let_finish(receive)
            answer = {"content-type": CONTENT_TYPE, **exchange.answer_headers, **problem.headers}
            await _send_whole(send, problem.status, answer, problem.body(headers.get(REQUEST_ID_HEADER)))
        except Gone:
            outcome = "gone"
        self.metrics.requests.labels(exchange.version, outcome).inc()

    async def ready(self) -> bool:
        """Whether the server says that it can answer."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                place = f"http://127.0.0.1:{self._settings.server.port}{self._settings.readiness_path}"
                return (await self._client.get(place)).is_success
        except (TimeoutError, httpx.HTTPError):
            return False

    def request_violations(self, version: str, document: object) -> None:
        """Refuse a document that is not a request of the version (ProblemError, 422)."""
        violations = self._requests[version].violations(document)
        if violations:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "not-the-contract",
                f"the body is no request of contract version {version}",
                violations,
            )

    def sample(self, version: str, body: bytes) -> None:
        """Compare every so many answers with the contract; only counted."""
        self._owed_checks += self._settings.response_sample_percent / 100
        if self._owed_checks < 1:
            return
        self._owed_checks -= 1
        try:
            valid = self._responses[version].accepts(json.loads(body))
        except ValueError:
            valid = False
        self.metrics.checked.labels(version, str(valid).lower()).inc()

    @property
    def caller(self) -> Caller:
        """Calls stages."""
        return self._caller


class Exchange:
    """One request and its answer."""

    def __init__(
        self, program: Program, settings: Settings, headers: Mapping[str, str], send: Send, later: Later | None
    ) -> None:
        self._program, self._settings, self._headers, self._send = program, settings, headers, send
        self._later = later
        self.version = settings.current
        self._reading = True
        left_ms = headers.get(DEADLINE_HEADER, "")
        self._deadline = Deadline(time.monotonic() + int(left_ms) / 1_000 if left_ms.isdecimal() else None)

    def _begin_to_answer(self) -> None:
        """The request is read: like at the gateway, its time begins now, and ends before what a sender said of it."""
        self._reading = False
        if self._settings.request_seconds is not None:
            self._deadline = Deadline(self._deadline.until(1_000 * self._settings.request_seconds))

    @property
    def answer_headers(self) -> dict[str, str]:
        """What every answer carries."""
        echoed = {REQUEST_ID_HEADER: self._headers[REQUEST_ID_HEADER]} if REQUEST_ID_HEADER in self._headers else {}
        return {**self._settings.versions[self.version].headers, **echoed}

    async def run(self, method: str, path: str, receive: Receive) -> None:
        """Check, call, answer.

        Raises:
            ProblemError: It ends here.
            Gone: Nobody waits for the answer.
        """
        content = b""
        if path == self._settings.request_path:
            if method != "POST":
                raise _only("POST")
            content = await self._checked(receive)
            later = self._later
            if later is not None and later.meant(self._headers):
                work = self._take_in(later, content)
            else:
                work = self._answer(content)
        elif path in (self._settings.readiness_path, *self._settings.read_paths):
            if method != "GET":
                raise _only("GET")
            work = self._read(path)
        elif self._later is not None and path.startswith(f"{DELIVERIES_PATH}/"):
            if method != "GET":
                raise _only("GET")
            work = self._collect(self._later, path)
        else:
            raise ProblemError(HTTPStatus.NOT_FOUND, "no-such-path", "the contract has no such path")
        self._begin_to_answer()
        await _unless_gone(work, receive)

    async def let_finish(self, receive: Receive) -> None:
        """Read on for a while before a refusal: a connection that is closed on unread bytes can take the answer along.

        TCP resets such a connection, and what the consumer hadn't read yet is lost (RFC 9112 section 9.6). Who waits
        to be asked for the body (`Expect: 100-continue`) isn't.
        """
        left = self._settings.max_request_bytes + _LINGER_BYTES
        if "expect" in self._headers:
            return
        with suppress(TimeoutError, Gone):
            async with asyncio.timeout(_LINGER_SECONDS):
                while self._reading and left > 0:
                    left -= len(await self._part(receive))

    async def _part(self, receive: Receive) -> bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            self._reading = False
            raise Gone
        self._reading = message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part

    async def _checked(self, receive: Receive) -> bytes:
        """The body to pass on, everything checked; cheap checks first."""
        self._check_version()
        media_type, _, parameters = self._headers.get("content-type", "").lower().partition(";")
        charset = parameters.strip().removeprefix("charset=").strip('"')
        if media_type.strip() != _JSON or charset not in ("", "utf-8") or "content-encoding" in self._headers:
            raise ProblemError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", f"the body must be {_JSON}, UTF-8, not compressed"
            )
        body = await self._body(receive)
        document = parse(body)
        self._program.request_violations(self.version, document)
        return bounded(document, body, self._settings.token_limits)

    def _check_version(self) -> None:
        asked = self._headers.get(VERSION_HEADER, self._settings.current)
        if asked not in self._settings.versions:
            known = ", ".join(sorted(self._settings.versions))
            raise ProblemError(HTTPStatus.BAD_REQUEST, "no-such-version", f"{VERSION_HEADER} is one of: {known}")
        self.version = asked

    async def _body(self, receive: Receive) -> bytes:
        most = self._settings.max_request_bytes
        too_large = ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"a request has at most {most} bytes", headers=_CLOSE
        )
        stated = self._headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > most:
            raise too_large
        parts, size = [], 0
        while self._reading:
            part = await self._part(receive)
            size += len(part)
            if size > most:
                raise too_large
            parts.append(part)
        return b"".join(parts)

    async def _take_in(self, later: Later, content: bytes) -> None:
        told = await later.take_in({**self._headers, VERSION_HEADER: self.version}, content)
        await self._tell(told)

    async def _collect(self, later: Later, path: str) -> None:
        await self._tell(await later.collect(path, self._headers))

    async def _tell(self, told: tuple[int, dict[str, str], bytes]) -> None:
        status, headers, body = told
        await _send_whole(self._send, status, {**self.answer_headers, **headers}, body)

    async def _read(self, path: str) -> None:
        server = self._settings.server
        until = self._deadline.until(server.timeout_ms)
        try:
            response = await self._program.caller.call(server, path, b"", self._onward(), until, "GET")
            body = await whole(response, until)
        except StageFailedError as failure:
            raise rejected(server, failure) from None
        await _send_whole(self._send, response.status_code, self._back(response), body)

    async def _answer(self, content: bytes | AsyncIterator[bytes]) -> None:
        """Call stage after stage; what the last one says is the answer."""
        *before, last = self._settings.steps
        for step in before:
            if step.stage == "inference":
                until = self._deadline.until(step.timeout_ms)
                response = await self._begin(step, content, until)
                if not isinstance(response, bytes) and (_is_stream(response) or _refuses(response)):
                    await self._finish(step, response, until, last)
                    return
                content = response if isinstance(response, bytes) else await self._whole(step, response, until)
            else:
                content = await self._transformed(step, content)
        until = self._deadline.until(last.timeout_ms)
        response = await self._begin(last, content, until)
        if isinstance(response, bytes):
            await self._give(HTTPStatus.OK, {"content-type": _JSON}, response)
        elif last.stage == "delivery" and _refuses(response):
            await response.aclose()
            raise rejected(last, StageFailedError("status", response.status_code))  # the consumer did nothing wrong
        else:
            await self._finish(last, response, until)

    async def _transformed(self, step: Step, content: bytes | AsyncIterator[bytes]) -> bytes:
        """What a stage makes of its input."""
        until = self._deadline.until(step.timeout_ms)
        response = await self._begin(step, content, until)
        if isinstance(response, bytes):
            return response
        if _refuses(response):
            await response.aclose()
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "stage-refused", f"stage '{step.stage}' can't work with the request"
            )
        return await self._whole(step, response, until)

    async def _begin(self, step: Step, content: bytes | AsyncIterator[bytes], until: float) -> httpx.Response | bytes:
        """The answer of a stage, or the value to go on with instead."""
        path = step.path or self._settings.request_path
        try:
            return await self._program.caller.call(step, path, content, self._onward(), until)
        except StageFailedError as failure:
            return self._instead(step, failure)

    async def _whole(self, step: Step, response: httpx.Response, until: float) -> bytes:
        try:
            return await whole(response, until)
        except StageFailedError as failure:
            self._program.metrics.failures.labels(step.stage, failure.reason).inc()
            return self._instead(step, failure)

    def _instead(self, step: Step, failure: StageFailedError) -> bytes:
        if step.on_failure == "default":
            return json.dumps(step.default_value).encode()
        raise rejected(step, failure) from None

    async def _finish(self, step: Step, response: httpx.Response, until: float, delivery: Step | None = None) -> None:
        """Hand a stage's answer on: a stream as it comes, through the delivery stage where there is one."""
        if _refuses(response) or not _is_stream(response):
            await self._give(response.status_code, self._back(response), await self._whole(step, response, until))
            return
        try:
            async with asyncio.timeout(until - time.monotonic()), aclosing(response):
                if delivery is None:
                    await _send_stream(self._send, response.status_code, self._back(response), response.aiter_raw())
                    return
                through = await self._begin(delivery, response.aiter_raw(), self._deadline.until(delivery.timeout_ms))
                if isinstance(through, bytes):
                    await self._give(HTTPStatus.OK, {"content-type": _JSON}, through)
                    return
                async with aclosing(through):
                    await _send_stream(self._send, through.status_code, self._back(through), through.aiter_raw())
        except (TimeoutError, httpx.TransportError):
            self._program.metrics.failures.labels(step.stage, "broken-stream").inc()
            raise Gone from None  # the consumer sees that the stream has no end

    async def _give(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        answer = {**headers, **self.answer_headers}
        await _send_whole(self._send, status, answer, body)
        if status == HTTPStatus.OK:
            self._program.sample(self.version, body)

    def _onward(self) -> dict[str, str]:
        passed = {name: value for name, value in self._headers.items() if name in _PASSED_ON}
        return {**passed, "content-type": _JSON, VERSION_HEADER: self.version}

    def _back(self, response: httpx.Response) -> dict[str, str]:
        given = {name: value for name, value in response.headers.items() if name in _GIVEN_BACK}
        return {**given, **self.answer_headers}


_CLOSE: Final = {"connection": "close"}
"""Whatever is left of a body that is too large is not read."""

_LINGER_SECONDS: Final = 1
_LINGER_BYTES: Final = 1_048_576
"""The longest and, beyond what a request may have, the most that is read and thrown away before a refusal."""


def _only(method: str) -> ProblemError:
    return ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, "no-such-method", f"{method} only", headers={"allow": method})


def _is_stream(response: httpx.Response) -> bool:
    media_type: str = response.headers.get("content-type", "")
    return media_type.startswith(_STREAM)


def _refuses(response: httpx.Response) -> bool:
    return response.status_code >= HTTPStatus.BAD_REQUEST


async def _unless_gone(work: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Do the work unless the consumer leaves: nobody pays for an answer that nobody reads."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Gone
        working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_whole(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    await _start(send, status, {**headers, "content-length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(send: Send, status: int, headers: Mapping[str, str], parts: AsyncIterator[bytes]) -> None:
    await _start(send, status, headers)
    async for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": pairs})
