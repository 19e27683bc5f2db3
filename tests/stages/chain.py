"""A chain for tests: the program in front of stages that are plain functions, all in one process, no port opened."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from serving.blueprint.schema import Blueprint
from serving.stages.program import Program
from serving.stages.rendering import settings_of
from serving.stages.settings import Settings
from tests.documents import blueprint

SERVER, FEATURES, DELIVERY, ADMIN = 8080, 9000, 9001, 8901
PAYMENT = {
    "payment_id": "pay-00000001",
    "card_token": "tok-0123456789abcdef",
    "merchant_id": "m-1",
    "amount_cents": 1_999,
    "currency": "EUR",
}
ROW = {"features": [0.5] * 24}
SCORE = {"score": 0.25}
DECISION = {"score": 0.25, "decision": "accept", "model_version": "3.2.0"}

PATIENCE_MS = 20_000
"""What a stage is given where a test is not about time: the shipped 20 ms are less than a busy machine takes."""

Handler = Callable[[httpx.Request], Awaitable[httpx.Response] | httpx.Response]


@dataclass
class Chain:
    """The program, and what its stages were asked."""

    settings: Settings
    stages: dict[int, Handler]
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.program = Program(self.settings, ADMIN, httpx.AsyncClient(transport=httpx.MockTransport(self._answer)))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        answer = self.stages[request.url.port or 0](request)
        return answer if isinstance(answer, httpx.Response) else await answer

    def ports(self) -> list[int | None]:
        return [request.url.port for request in self.asked]

    def metrics(self) -> str:
        return self.program.metrics.exposition().decode()

    async def send(
        self, method: str, path: str, content: bytes | AsyncIterator[bytes] = b"", port: int = 80, **headers: str
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=_on(self.program, port))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as client:
            return await client.request(method, path, content=content, headers=named)

    def request(self, method: str, path: str, content: bytes = b"", port: int = 80, **headers: str) -> httpx.Response:
        return asyncio.run(self.send(method, path, content, port, **headers))

    def post(self, document: object, **headers: str) -> httpx.Response:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"content_type": "application/json", **headers}
        return self.request("POST", self.settings.request_path, body, 80, **headers)


def _on(program: Program, port: int) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await program({**scope, "server": ("127.0.0.1", port)}, receive, send)

    return app


def settings(service: Blueprint, **changes: Any) -> Settings:
    rendered = settings_of(service, server_port=SERVER, readiness_path="/v2/health/ready", drain_seconds=5)
    return replace(rendered, **changes)


def fraud_chain(stages: Mapping[int, Handler] | None = None, /, **changes: object) -> Chain:
    """The shipped fraud score: features, server and delivery answer as its contract says unless told otherwise."""
    well: dict[int, Handler] = {
        FEATURES: lambda _: httpx.Response(200, json=ROW),
        SERVER: lambda _: httpx.Response(200, json=SCORE),
        DELIVERY: lambda _: httpx.Response(200, json=DECISION),
    }
    sampled = {"contract.stages.ingress.validation": {"response_sample_percent": 100}}
    patient = {f"contract.stages.{stage}.timeout_ms": PATIENCE_MS for stage in ("features", "inference", "delivery")}
    return Chain(settings(blueprint("fraud-score", **{**sampled, **patient, **changes})), {**well, **(stages or {})})


def chat_chain(server: Handler, /, **changes: object) -> Chain:
    return Chain(settings(blueprint("chat", **changes)), {SERVER: server})


@contextmanager
def never_answers() -> Iterator[Handler]:
    """A stage that hangs."""

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    yield hang
