"""What an ASGI transport in the same process can't show: refusals arrive over a real connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from serving.blueprint.timing import UPSTREAM_IDLE_SECONDS
from serving.stages.__main__ import server_config
from serving.stages.program import _IDLE_SECONDS, Program
from tests.stages.chain import Chain, fraud_chain

CHAIN = fraud_chain()
LIMIT = CHAIN.settings.max_request_bytes
JSON = "content-type: application/json"


@contextmanager
def listening(program: Program) -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(program, log_level="warning", access_log=False))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    serving.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        serving.join()


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with listening(CHAIN.program) as address:
        yield address


def asked(address: tuple[str, int], chain: Chain, *headers: str, body: bytes = b"") -> bytes:
    """What a consumer reads who sends all before it reads, and takes its time."""
    lines = (f"POST {chain.settings.request_path} HTTP/1.1", "host: service.test", *headers, "", "")
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        for start in range(0, len(body), 1_024):
            connection.sendall(body[start : start + 1_024])
            time.sleep(0.001)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = connection.recv(65_536)
            assert part, "the connection ended before the answer"
            answer += part
        return answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [((JSON,), b"413"), (("content-type: text/plain",), b"415"), ((JSON, "x-contract-version: 0.0.0"), b"400")],
)
def test_a_refusal_arrives_although_the_body_was_not_wanted(
    address: tuple[str, int], headers: tuple[str, ...], status: bytes
) -> None:
    body = b" " * LIMIT * 2
    answer = asked(address, CHAIN, *headers, f"content-length: {len(body)}", body=body)
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_who_waits_to_be_asked_for_a_body_that_is_too_large_is_refused_at_once(address: tuple[str, int]) -> None:
    answer = asked(address, CHAIN, JSON, f"content-length: {LIMIT + 1}", "expect: 100-continue")
    assert answer.startswith(b"HTTP/1.1 413")


def test_who_never_ends_a_body_is_refused_nevertheless(address: tuple[str, int]) -> None:
    answer = asked(address, CHAIN, JSON, f"content-length: {LIMIT * 10}", body=b" ")
    assert answer.startswith(b"HTTP/1.1 413")


def test_whoever_sends_closes_an_idle_connection_first() -> None:
    config = server_config(CHAIN.program, CHAIN.settings)
    assert config.timeout_keep_alive > UPSTREAM_IDLE_SECONDS
    assert uvicorn.Config(CHAIN.program).timeout_keep_alive > _IDLE_SECONDS
