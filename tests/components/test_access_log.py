"""What a line of the gateway's access log holds, and what is left of it for a service."""

from __future__ import annotations

import pytest

from components.access_log import HOST_KEY, TIME_KEY, line_keys, redacted_keys, telemetry_format
from serving.blueprint.schema.observability import LogField, Logs


def _format() -> dict[str, str]:
    (setting,) = telemetry_format()["settings"]
    found: dict[str, str] = setting["format"]["json"]
    return found


def test_no_line_of_the_gateway_can_hold_what_was_asked_or_answered() -> None:
    written = {*_format()}
    assert {field.value for field in (LogField.PROMPT, LogField.ANSWER, LogField.TOKENS)}.isdisjoint(written)
    # neither path nor query nor any header that a consumer fills at will
    assert all("PATH" not in word.upper() for word in _format().values())


@pytest.mark.parametrize("field", list(LogField))
def test_what_a_service_asks_for_is_something_that_the_gateway_writes(field: LogField) -> None:
    assert set(line_keys([field])) <= set(_format())


def test_a_service_gets_what_it_names_and_the_time() -> None:
    assert line_keys([LogField.STATUS]) == [TIME_KEY, "status"]
    assert HOST_KEY not in line_keys(list(LogField))


def test_by_default_prompts_and_answers_are_redacted_however_a_program_calls_them() -> None:
    assert set(redacted_keys(Logs().redact)) == {"prompt", "answer"}
    assert {"request-id", "request_id"} <= set(redacted_keys([LogField.REQUEST_ID]))
    assert "latency_milliseconds" in redacted_keys([LogField.LATENCY])
