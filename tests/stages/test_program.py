from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from serving.blueprint.headers import CALLER_HEADER, VERSION_HEADER
from serving.stages.problems import CONTENT_TYPE, UNREACHED
from tests.stages.chain import (
    ADMIN,
    DECISION,
    DELIVERY,
    FEATURES,
    PATIENCE_MS,
    PAYMENT,
    ROW,
    SCORE,
    SERVER,
    Chain,
    chat_chain,
    fraud_chain,
    never_answers,
)

SECRET = "tok-SECRET-SECRET-SECRET"
QUESTION = {"model": "qwen3-8b", "messages": [{"role": "user", "content": "hello"}]}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == CONTENT_TYPE
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert SECRET not in answer.text
    return document


def test_a_request_goes_through_features_server_and_delivery() -> None:
    chain = fraud_chain()
    answer = chain.post(PAYMENT)
    assert (answer.status_code, answer.json()) == (200, DECISION)
    assert chain.ports() == [FEATURES, SERVER, DELIVERY]
    assert [json.loads(request.content) for request in chain.asked] == [PAYMENT, ROW, SCORE]
    assert [request.url.path for request in chain.asked] == ["/features", "/score", "/decision"]


def test_answers_say_which_version_they_keep_to_and_when_an_old_one_ends() -> None:
    chain = fraud_chain()
    assert chain.post(PAYMENT).headers[VERSION_HEADER] == "3.1.0"
    old = chain.post(PAYMENT, x_contract_version="3.0.0")
    assert old.headers[VERSION_HEADER] == "3.0.0"
    assert {"deprecation", "sunset"} <= set(old.headers)


def test_each_version_is_held_to_its_own_schema() -> None:
    with_priority = {**PAYMENT, "priority": "low"}  # new in 3.1
    chain = fraud_chain()
    assert chain.post(with_priority).status_code == 200
    told = problem(chain.post(with_priority, x_contract_version="3.0.0"), 422)
    assert told["errors"] == [{"pointer": "", "rule": "additionalProperties"}]


def test_a_version_that_nobody_serves_is_refused_with_those_that_are() -> None:
    told = problem(fraud_chain().post(PAYMENT, x_contract_version=SECRET), 400)
    assert "3.0.0, 3.1.0" in told["detail"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"card_token": SECRET[:9]}, {"pointer": "/card_token", "rule": "minLength"}),
        ({"currency": SECRET}, {"pointer": "/currency", "rule": "enum"}),
        ({"amount_cents": SECRET}, {"pointer": "/amount_cents", "rule": "type"}),
        ({SECRET: 1}, {"pointer": "", "rule": "additionalProperties"}),
    ],
)
def test_a_refusal_names_the_place_and_never_the_value(change: dict[str, Any], error: dict[str, str]) -> None:
    chain = fraud_chain()
    told = problem(chain.post({**PAYMENT, **change}, x_request_id="r-1"), 422)
    assert told["errors"] == [error]
    assert told["request_id"] == "r-1"
    assert chain.asked == []


def test_names_that_a_caller_made_up_are_not_repeated() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    chain = fraud_chain(**{"contract.stages.ingress.input": schema, "contract.request": schema} | _OPEN)
    told = problem(chain.post({SECRET: "text"}), 422)
    assert told["errors"] == [{"pointer": "/*", "rule": "type"}]


_OPEN: dict[str, object] = {
    "contract.supported_versions": [],
    "contract.stages.ingress.output": {"type": "object", "additionalProperties": {"type": "integer"}},
    "contract.stages.features.input": {"type": "object", "additionalProperties": {"type": "integer"}},
}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"payment_id": NaN}',
        b'{"payment_id": 1, "payment_id": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5_000,
        '{"payment_id": "ü"}'.encode("utf-16"),
    ],
)
def test_what_two_programs_could_read_differently_is_no_request(body: bytes) -> None:
    chain = fraud_chain(**{"contract.max_request_bytes": 1_000_000})
    problem(chain.post(body), 400)
    assert chain.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": ""},
        {"content_encoding": "gzip"},
    ],
)
def test_only_plain_json_is_taken(headers: dict[str, str]) -> None:
    problem(fraud_chain().post(PAYMENT, **headers), 415)


def test_the_charset_may_be_said() -> None:
    assert fraud_chain().post(PAYMENT, content_type='Application/JSON; charset="UTF-8"').status_code == 200


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused_announced_or_not(announced: bool) -> None:
    chain = fraud_chain()

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1_024

    body = b" " * 20_480 if announced else parts()
    answer = asyncio.run(chain.send("POST", "/score", body, content_type="application/json"))
    assert "16384" in problem(answer, 413)["detail"]


def test_the_largest_body_that_is_allowed_passes() -> None:
    body = json.dumps(PAYMENT).encode().ljust(16_384)
    assert fraud_chain().post(body).status_code == 200
    assert fraud_chain().post(body + b" ").status_code == 413


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/score", 405), ("POST", "/metrics", 404)])
def test_nothing_but_the_contract_is_reached(method: str, path: str, status: int) -> None:
    chain = fraud_chain()
    problem(chain.request(method, path), status)
    assert chain.asked == []


def test_health_checks_ask_the_server_itself() -> None:
    chain = fraud_chain({SERVER: lambda _: httpx.Response(503)})
    assert chain.request("GET", "/v2/health/ready").status_code == 503
    assert chain.ports() == [SERVER]


def test_stages_get_the_caller_the_trace_and_the_time_that_is_left_but_no_token() -> None:
    chain = fraud_chain()
    chain.post(
        PAYMENT,
        authorization="Bearer x",
        cookie="a=b",
        x_request_id="r-1",
        traceparent="00-1-2-01",
        x_envoy_expected_rq_timeout_ms=str(PATIENCE_MS // 2),
        **{CALLER_HEADER: "shop"},
    )
    assert chain.ports() == [FEATURES, SERVER, DELIVERY]
    for request in chain.asked:
        assert {"authorization", "cookie"}.isdisjoint(request.headers)
        assert (request.headers["x-request-id"], request.headers["traceparent"]) == ("r-1", "00-1-2-01")
        assert request.headers[CALLER_HEADER] == "shop"
        assert int(request.headers["x-envoy-expected-rq-timeout-ms"]) <= PATIENCE_MS // 2


def test_a_stage_that_hangs_is_given_up_after_its_time() -> None:
    with never_answers() as hang:
        hasty = {"contract.stages.inference.timeout_ms": 50}
        told = problem(fraud_chain({SERVER: hang}, **hasty).post(PAYMENT), 503)  # inference degrades
        assert "timeout" in told["detail"]
        hasty = {"contract.stages.delivery.timeout_ms": 50}
        problem(fraud_chain({DELIVERY: hang}, **hasty).post(PAYMENT), 504)


def test_a_request_whose_time_is_over_asks_nobody() -> None:
    chain = fraud_chain()
    problem(chain.post(PAYMENT, x_envoy_expected_rq_timeout_ms="0"), 504)
    assert chain.asked == []


def test_a_stage_is_asked_twice_only_where_the_blueprint_says_so() -> None:
    broken = {FEATURES: lambda _: httpx.Response(500)}
    retried = fraud_chain(broken)
    problem(retried.post(PAYMENT), 502)
    assert retried.ports() == [FEATURES, FEATURES]
    rejected = fraud_chain(broken, **{"contract.stages.features.on_failure": "reject"})
    problem(rejected.post(PAYMENT), 502)
    assert rejected.ports() == [FEATURES]


def test_a_declared_default_stands_in_for_a_stage_that_failed() -> None:
    changes = {"contract.stages.features.on_failure": "default", "contract.stages.features.default_value": ROW}
    chain = fraud_chain({FEATURES: lambda _: httpx.Response(500)}, **changes)
    assert chain.post(PAYMENT).json() == DECISION
    assert json.loads(chain.asked[1].content) == ROW


def test_a_stage_that_cannot_be_reached_has_failed() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    told = problem(fraud_chain({DELIVERY: refuse}).post(PAYMENT), 502)
    assert (told["type"], "delivery" in told["detail"]) == (f"urn:serving:problem:{UNREACHED}", True)


def test_what_the_server_refuses_is_told_as_it_says_it_and_not_delivered() -> None:
    chain = fraud_chain({SERVER: lambda _: httpx.Response(429, json={"wait": True}, headers={"retry-after": "1"})})
    answer = chain.post(PAYMENT)
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, {"wait": True}, "1")
    assert chain.ports() == [FEATURES, SERVER]


def test_what_the_features_stage_refuses_is_the_requests_fault_and_the_delivery_stages_is_not() -> None:
    refuse = {FEATURES: lambda _: httpx.Response(404, text=SECRET)}
    assert "'features'" in problem(fraud_chain(refuse).post(PAYMENT), 422)["detail"]
    problem(fraud_chain({DELIVERY: lambda _: httpx.Response(400, text=SECRET)}).post(PAYMENT), 502)


def test_what_the_server_is_stays_hidden() -> None:
    chain = fraud_chain({DELIVERY: lambda _: httpx.Response(200, json=DECISION, headers={"server": "x", "x-own": "y"})})
    assert {"server", "x-own"}.isdisjoint(chain.post(PAYMENT).headers)


def test_sampled_answers_are_compared_with_the_contract_and_never_held_back() -> None:
    chain = fraud_chain({DELIVERY: lambda _: httpx.Response(200, json={"score": 2})})
    assert chain.post(PAYMENT).json() == {"score": 2}
    assert 'serving_stages_checked_answers_total{valid="false",version="3.1.0"} 1.0' in chain.metrics()


def test_every_so_many_answers_are_compared() -> None:
    chain = fraud_chain(**{"contract.stages.ingress.validation": {"response_sample_percent": 25}})
    for _ in range(8):
        chain.post(PAYMENT)
    assert 'valid="true",version="3.1.0"} 2.0' in chain.metrics()


def test_probes_and_scrapes_have_a_port_of_their_own() -> None:
    chain = fraud_chain()
    assert {chain.request("GET", path, port=ADMIN).status_code for path in ("/live", "/ready", "/metrics")} == {200}
    assert chain.request("GET", "/score", port=ADMIN).status_code == 404
    assert chain.request("GET", "/live").status_code == 404
    assert 'outcome="no-such-path"' in chain.request("GET", "/metrics", port=ADMIN).text


STREAM = [b'data: {"choices": []}\n\n', b"data: [DONE]\n\n"]


class Parts(httpx.AsyncByteStream):
    def __init__(self, parts: list[bytes], *, hang: bool = False) -> None:
        self.parts, self.hang, self.closed = parts, hang, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            yield part
        if self.hang:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


def streaming(parts: Parts) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=parts)


async def events(chain: Chain, *, leave: bool = False) -> list[dict[str, Any]]:
    """What the program sends, part by part."""
    sent: list[dict[str, Any]] = []
    begun = asyncio.Event()
    body = json.dumps({**QUESTION, "stream": True}).encode()
    incoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await (begun if leave else asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))
        if message["type"] == "http.response.body":
            begun.set()

    headers = [(b"content-type", b"application/json")]
    path = "/v1/chat/completions"
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "server": ("127.0.0.1", 80)}
    await chain.program(scope, receive, send)
    return sent


def test_a_stream_goes_through_part_by_part() -> None:
    parts = Parts(STREAM)
    start, *body = asyncio.run(events(chat_chain(lambda _: streaming(parts))))
    assert dict(start["headers"])[b"content-type"] == b"text/event-stream"
    assert [part["body"] for part in body] == [*STREAM, b""]
    assert parts.closed


def test_a_consumer_that_leaves_ends_the_generation() -> None:
    parts = Parts(STREAM, hang=True)
    chain = chat_chain(lambda _: streaming(parts))
    asyncio.run(events(chain, leave=True))
    assert parts.closed
    assert 'outcome="gone"' in chain.metrics()


def test_a_stream_that_does_not_end_in_time_breaks_off_without_an_end() -> None:
    parts = Parts(STREAM, hang=True)
    changes = {"contract.stages.inference.timeout_ms": 50, "contract.stages.delivery.timeout_ms": 50}
    chain = chat_chain(lambda _: streaming(parts), **changes)
    sent = asyncio.run(events(chain))
    assert sent[-1].get("more_body") is True
    assert parts.closed
    assert 'serving_stages_failures_total{reason="broken-stream",stage="inference"} 1.0' in chain.metrics()


def test_a_stream_goes_through_the_delivery_stage_where_there_is_one() -> None:
    container = {"image": "a", "image_digest": "sha256:" + "a" * 64, "port": DELIVERY, "cpu": 1, "memory_mib": 64}
    chain = chat_chain(lambda _: streaming(Parts(STREAM)), **{"contract.stages.delivery.container": container})
    chain.stages[DELIVERY] = lambda request: streaming(Parts([request.content.upper()]))
    _, *body = asyncio.run(events(chain))
    assert b"".join(part["body"] for part in body) == b"".join(STREAM).upper()


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({}, 200),
        ({"max_tokens": 2_048}, 200),
        ({"max_tokens": 2_049}, 422),
        ({"max_tokens": 1_024, "n": 2}, 200),
        ({"max_tokens": 1_025, "n": 2}, 422),
        ({"max_completion_tokens": 2_049}, 422),
        ({"max_completion_tokens": "many"}, 422),
        ({"n": 2_049}, 422),
        ({"n": -1}, 422),
    ],
)
def test_no_request_may_have_more_tokens_generated_than_the_contract_allows(wish: dict[str, Any], status: int) -> None:
    chain = chat_chain(lambda _: httpx.Response(200, json={}))
    assert chain.post({**QUESTION, **wish}).status_code == status


def test_a_request_that_states_no_tokens_gets_the_most_and_is_otherwise_unchanged() -> None:
    chain = chat_chain(lambda _: httpx.Response(200, json={}))
    chain.post({**QUESTION, "n": 2})
    assert json.loads(chain.asked[0].content) == {**QUESTION, "n": 2, "max_tokens": 1_024}


def test_a_request_that_needs_no_change_is_passed_on_byte_by_byte() -> None:
    body = json.dumps({**QUESTION, "max_tokens": 5}, indent=3).encode()
    chain = chat_chain(lambda _: httpx.Response(200, json={}))
    chain.post(body)
    assert chain.asked[0].content == body


@pytest.mark.parametrize(("letters", "status"), [(98_304, 200), (98_305, 422)])
def test_the_texts_of_a_prompt_are_bounded_in_bytes(letters: int, status: int) -> None:
    chain = chat_chain(lambda _: httpx.Response(200, json={}))
    text = "ü" * (letters // 2) + "x" * (letters % 2)
    asked = {**QUESTION, "messages": [{"role": "user", "content": text}]}
    assert chain.post(json.dumps(asked, ensure_ascii=False).encode()).status_code == status


def test_a_stage_has_its_time_once_for_the_beginning_and_the_rest_of_its_answer() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.3)
        yield json.dumps(SCORE).encode()

    async def begin(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.3)
        return httpx.Response(200, content=slowly())

    timed = {"contract.stages.inference.timeout_ms": 500, "contract.stages.inference.on_failure": "reject"}
    assert fraud_chain({SERVER: begin}, **timed).post(PAYMENT).status_code == 504


def test_a_request_has_its_time_although_no_header_says_it() -> None:
    told: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        told.append(int(request.headers["x-envoy-expected-rq-timeout-ms"]))
        return httpx.Response(200, json=SCORE)

    chain = fraud_chain({SERVER: answer}, **{"contract.stages.inference.timeout_ms": 80_000})
    chain.settings = replace(chain.settings, request_seconds=2)
    chain.__post_init__()
    chain.post(PAYMENT)
    assert 0 < told[0] <= 2_000
