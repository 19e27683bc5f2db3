"""Calling a stage: its time, its second attempt, and what its failure means.

Owns the reaction to failures that the blueprint declares. `degrade` is answered as unavailable: the step of the ladder
is taken by the conditions that the blueprint states, for which these answers count as errors.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx

from serving.stages.metrics import Metrics
from serving.stages.problems import UNREACHED, ProblemError
from serving.stages.settings import Step

DEADLINE_HEADER: Final = "x-envoy-expected-rq-timeout-ms"
"""Time that is left, milliseconds (Envoy documentation, "Router > x-envoy-expected-rq-timeout-ms")."""


class StageFailedError(Exception):
    """A stage did not do its work.

    Attributes:
        reason: timeout, unreached (nobody listened), connection (it broke off) or status.
        status: What it answered, if it answered.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the answer must be complete, on the monotonic clock; None: nobody said."""

    at: float | None

    def until(self, timeout_ms: int) -> float:
        """When a stage that begins now must have ended, its answer included: after its own time, or what is left."""
        own = time.monotonic() + timeout_ms / 1_000
        return own if self.at is None else min(own, self.at)


class Caller:
    """Calls stages on the loopback address."""

    def __init__(self, metrics: Metrics, client: httpx.AsyncClient) -> None:
        self._metrics, self._client = metrics, client

    async def call(
        self,
        step: Step,
        path: str,
        content: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str],
        until: float,
        method: str = "POST",
    ) -> httpx.Response:
        """Begin a call; the answer's body is not read yet, and whoever gets it must close it.

        All of it ends at `until`, on the monotonic clock.

        Raises:
            StageFailedError: No answer in time, none at all, or one that says that the stage failed.
        """
        attempts = 2 if step.on_failure == "retry" and isinstance(content, bytes) else 1
        while True:
            attempts -= 1
            try:
                return await self._try(step, path, content, headers, until, method)
            except StageFailedError as failure:
                self._metrics.failures.labels(step.stage, failure.reason).inc()
                if attempts == 0 or time.monotonic() >= until:
                    raise

    async def _try(
        self,
        step: Step,
        path: str,
        content: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str],
        until: float,
        method: str,
    ) -> httpx.Response:
        left = until - time.monotonic()
        if left <= 0:
            raise StageFailedError("timeout")
        request = self._client.build_request(
            method,
            f"http://127.0.0.1:{step.port}{path}",
            content=content or None,
            headers={**headers, DEADLINE_HEADER: str(int(left * 1_000)), "accept-encoding": "identity"},
        )
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(left):
                response = await self._client.send(request, stream=True)
        except TimeoutError:
            raise StageFailedError("timeout") from None
        except httpx.ConnectError:
            raise StageFailedError("unreached") from None
        except httpx.TransportError:
            raise StageFailedError("connection") from None
        self._metrics.seconds.labels(step.stage).observe(time.perf_counter() - begun)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            await response.aclose()
            raise StageFailedError("status", response.status_code)
        return response


async def whole(response: httpx.Response, until: float) -> bytes:
    """The body of an answer, the call closed.

    Raises:
        StageFailedError: It does not end in time, or breaks off.
    """
    try:
        async with asyncio.timeout(until - time.monotonic()):
            return await response.aread()
    except TimeoutError:
        raise StageFailedError("timeout") from None
    except httpx.TransportError:
        raise StageFailedError("connection") from None
    finally:
        await response.aclose()


def rejected(step: Step, failure: StageFailedError) -> ProblemError:
    """What a consumer is told of a stage that failed."""
    if step.on_failure == "degrade" or failure.status == HTTPStatus.SERVICE_UNAVAILABLE:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    elif failure.reason == "timeout":
        status = HTTPStatus.GATEWAY_TIMEOUT
    else:
        status = HTTPStatus.BAD_GATEWAY
    kind = UNREACHED if failure.reason == "unreached" else "stage-failed"
    return ProblemError(status, kind, f"stage '{step.stage}' failed: {failure.reason}")
