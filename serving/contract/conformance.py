"""Whether a running service keeps its contract: generated requests by schemathesis, and what no generator knows.

Needs the extra `contract`. Owns what is checked: every supported version answers valid requests as its schema says and
refuses invalid ones; answers say their version, and older ones when they end; what is too large, of another type or for
another version is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import httpx
import hypothesis
import schemathesis
from requests.exceptions import RequestException
from schemathesis.core.failures import Failure, FailureGroup

from serving.blueprint.headers import VERSION_HEADER, deprecation_headers
from serving.blueprint.schema.contract import Contract
from serving.contract.openapi import document, versions

if TYPE_CHECKING:
    from schemathesis import Case, Response
    from schemathesis.schemas import APIOperation

    Operation = APIOperation[Any, Any, Any, Any]

_REFUSED: Final = range(400, 500)
_ANSWER_SECONDS: Final = 30
"""A request that takes longer is not answered."""


def broken_promises(contract: Contract, url: str, *, examples: int = 20, seed: int = 1) -> list[str]:
    """What the service at a URL does not keep; empty if it keeps everything.

    Args:
        contract: What is promised.
        url: Where the service answers, without the contract's path.
        examples: Most generated requests a version, valid and invalid each.
        seed: The same seed makes the same requests.

    Raises:
        ValueError: The contract does not say on which path requests come.
        httpx.TransportError: Nobody answers at the URL.
    """
    with httpx.Client(base_url=url, timeout=_ANSWER_SECONDS) as client:
        stated = list(_stated(contract, client))
    generated = (
        f"version {version}: {told}"
        for version in versions(contract)
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
        for told in _generated(_operation(contract, version), version, url, mode, examples, seed)
    )
    return [*stated, *generated]


def _operation(contract: Contract, version: str) -> Operation:
    described = document(contract, version)
    # a request without the version's header, or with other ones, is as valid: only bodies are to be made invalid
    described["paths"][contract.request_path]["post"]["parameters"] = []
    operation: Operation = schemathesis.openapi.from_dict(described)[contract.request_path]["POST"]  # type: ignore[index]
    return operation


def _generated(
    operation: Operation, version: str, url: str, mode: schemathesis.GenerationMode, examples: int, seed: int
) -> list[str]:
    found: set[str] = set()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        # all that is found is told, so there is nothing to make smaller
        phases=[hypothesis.Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Operation]) -> None:
        try:
            response = case.call(base_url=url, headers={VERSION_HEADER: version}, timeout=_ANSWER_SECONDS)
        except RequestException as error:
            found.add(f"a request is not answered: {type(error).__name__}")
        else:
            found.update(_judged(operation, response, valid=mode is schemathesis.GenerationMode.POSITIVE))

    ask()
    return sorted(found)


def _judged(operation: Operation, response: Response, *, valid: bool) -> Iterator[str]:
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
    path = contract.request_path or ""
    json_type = {"content-type": "application/json"}
    carried: dict[str, dict[str, str]] = {contract.version: {}}
    carried |= {older.version: deprecation_headers(older) for older in contract.supported_versions}
    for version, expected in carried.items():
        answer = client.post(path, content=b"{}", headers={**json_type, VERSION_HEADER: version})
        for name, value in {VERSION_HEADER: version, **expected}.items():
            if answer.headers.get(name) != value:
                yield f"version {version}: answers don't carry {name}: {value}"
    too_large = json.dumps("x" * contract.max_request_bytes).encode()
    refusals = {
        "a body that is too large": (too_large, json_type, {413}),
        "a body of another type": (b"{}", {"content-type": "text/plain"}, {415}),
        "a body that is no JSON": (b"{", json_type, {400, 422}),
        "a version that nobody serves": (b"{}", {**json_type, VERSION_HEADER: "0.0.0"}, {400}),
    }
    for what, (content, headers, refused) in refusals.items():
        try:
            status = client.post(path, content=content, headers=headers).status_code
        except httpx.TransportError as error:
            yield f"{what} is not answered: {type(error).__name__}"
        else:
            if status not in refused:
                yield f"{what} is answered {status}, not {' or '.join(map(str, sorted(refused)))}"
