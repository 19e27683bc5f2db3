"""Whether a running service keeps its contract: generated requests by schemathesis, and what no generator knows.

Needs the extras `contract` and `stages`. Owns what is checked: every supported version answers valid requests as its
schema says and refuses invalid ones; answers say their version, and older ones when they end; what is too large, of
another type or for another version is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import hypothesis
import schemathesis
from schemathesis.core.failures import Failure, FailureGroup

from serving.blueprint.headers import VERSION_HEADER, deprecation_headers
from serving.blueprint.schema.contract import Contract
from serving.contract.openapi import document, versions

if TYPE_CHECKING:
    from schemathesis import Case, Response
    from schemathesis.schemas import APIOperation

_REFUSED = range(400, 500)


def broken_promises(contract: Contract, url: str, *, examples: int = 50, seed: int = 1) -> list[str]:
    """What the service at a URL does not keep; empty if it keeps everything.

    Args:
        contract: What is promised.
        url: Where the service answers, without the contract's path.
        examples: Generated requests a version, valid and invalid each.
        seed: The same seed sends the same requests.
    """
    with httpx.Client(base_url=url, timeout=30) as client:
        stated = list(_stated(contract, client))
    return [
        *stated,
        *(told for version in versions(contract) for told in _generated(contract, version, url, examples, seed)),
    ]


def _generated(contract: Contract, version: str, url: str, examples: int, seed: int) -> Iterator[str]:
    schema = schemathesis.openapi.from_dict(document(contract, version))
    operation = schema[contract.request_path]["POST"]  # type: ignore[index]
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    for mode in modes:
        yield from _asked(operation, version, url, mode, examples, seed)


def _asked(
    operation: APIOperation, version: str, url: str, mode: schemathesis.GenerationMode, examples: int, seed: int
) -> Iterator[str]:
    valid = mode is schemathesis.GenerationMode.POSITIVE
    found: set[str] = set()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=timedelta(seconds=30),
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        derandomize=False,
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        case.headers = {**(case.headers or {}), VERSION_HEADER: version}
        response = case.call(base_url=url)
        found.update(f"version {version}: {told}" for told in _judged(operation, response, valid=valid))

    ask()
    yield from sorted(found)


def _judged(operation: APIOperation, response: Response, *, valid: bool) -> Iterator[str]:
    if valid and response.status_code != 200:
        yield f"a valid request is answered {response.status_code}"
    elif not valid and response.status_code not in _REFUSED:
        yield f"an invalid request is answered {response.status_code}"
    elif valid:
        try:
            operation.validate_response(response)
        except (Failure, FailureGroup):
            yield "an answer is not what the public response says"


def _stated(contract: Contract, client: httpx.Client) -> Iterator[str]:
    path = contract.request_path or "/"
    json_type = {"content-type": "application/json"}
    for older in contract.supported_versions:
        answer = client.post(path, content=b"{}", headers={**json_type, VERSION_HEADER: older.version})
        for name, value in {VERSION_HEADER: older.version, **deprecation_headers(older)}.items():
            if answer.headers.get(name) != value:
                yield f"version {older.version}: answers don't carry {name}: {value}"
    too_large = json.dumps("x" * contract.max_request_bytes).encode()
    refusals = {
        "a body that is too large": (too_large, json_type, {413}),
        "a body of another type": (b"{}", {"content-type": "text/plain"}, {415}),
        "a body that is no JSON": (b"{", json_type, {400, 422}),
        "a version that nobody serves": (b"{}", {**json_type, VERSION_HEADER: "0.0.0"}, {400}),
    }
    for what, (content, headers, expected) in refusals.items():
        status = client.post(path, content=content, headers=headers).status_code
        if status not in expected:
            yield f"{what} is answered {status}, not {' or '.join(map(str, sorted(expected)))}"
