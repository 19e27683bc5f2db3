"""The rungs of the degradation ladder at the gateway: worse answers that stand ready as routes of their own.

Owns what each rung looks like: its route, what it answers with, and how the gateway treats the smaller model behind
it. A rung's route states no gateway: attaching it is switching it on, by the command of `serving.blueprint.ladder`,
and who gives that command by itself is `components.degradation_switch`. Nothing here changes the service's own route,
which a rollout may be moving at the same time.

Which route wins: Envoy Gateway puts regular expressions of paths before prefixes whatever else they match, and among
them longer ones first (envoyproxy/gateway v1.9.0, internal/gatewayapi/sort.go, read 2026-11; the Gateway API leaves
the place of regular expressions to implementations). So each rung matches every path by an expression that is longer
than that of the rung before. Who has been shed stays shed, whatever else is switched on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.manifest import Manifest
from components.routing import (
    ANY_VERSION,
    STAND_IN_HEADER,
    Headers,
    answered_headers,
    contract_versions,
    filter_reference,
    refuses_unknown_versions,
    renaming,
    route_filter,
    timeouts,
    traffic_policy,
    unknown_version_name,
)
from components.workload import SERVICE_PORT, Workload
from serving.blueprint.headers import VERSION_HEADER
from serving.blueprint.ladder import DEGRADATION_HEADER, LOW_PRIORITY, PRIORITY_HEADER, RUNG_NUMBER, Rung
from serving.blueprint.schema.contract import Delivery, Protocol
from serving.blueprint.schema.degradation import Action

_Match = Sequence[dict[str, str]]
"""Headers that a request must all have."""

_TOO_MANY_REQUESTS: Final = 429
"""As Kubernetes' own API server sheds: it is no fault of the service, and must not look like one to whoever counts
5xx."""

_ASKS_FOR_STREAM: Final = ("accept", ".*text/event-stream.*")
"""The only sign of a streaming caller that a route can match: `stream: true` stands in the body."""

_CHUNKS: Final = {"chat-completions": "chat.completion.chunk"}
"""Task of an OpenAI contract -> `object` of the events of its streams (OpenAI API reference, read 2026-11)."""


def rung_route(workload: Workload, rung: Rung, hosts: Sequence[str], stand_in: Workload | None = None) -> Manifest:
    """The complete route of a rung; it belongs to no gateway until it is switched on.

    Args:
        workload: The service's own workload.
        rung: The rung.
        hosts: Every host under which the service is reached.
        stand_in: The workload of the smaller model; where the rung routes to one.
    """
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": workload.metadata(rung.name, **{RUNG_NUMBER: str(rung.number)}),
        "spec": {"hostnames": list(hosts), "rules": list(_rules(workload, rung, stand_in))},
    }


def rung_filters(workload: Workload, rung: Rung, stand_in: Workload | None = None) -> dict[str, Manifest]:
    """What the gateway does besides routing, by suffix of the logical name."""
    if rung.action is Action.SMALLER_MODEL:
        named = None if stand_in is None else renaming(stand_in)
        return {} if named is None else {"path": route_filter(workload, rung.name, named)}
    if rung.action is Action.SHED_LOW_PRIORITY:
        return {"answer": route_filter(workload, rung.name, {"directResponse": _refusal()})}
    answers = {"answer": route_filter(workload, rung.name, {"directResponse": _static_answer(rung)})}
    if _chunk_object(workload) is not None:
        events = {"directResponse": _static_events(workload, rung)}
        answers["events"] = route_filter(workload, _events_name(rung), events)
    return answers


def rung_traffic(rung: Rung, stand_in: Workload | None, limits: Mapping[str, Any] | None = None) -> Manifest | None:
    """How the gateway treats the smaller model behind a rung: as it treats it behind its own route."""
    if rung.action is not Action.SMALLER_MODEL or stand_in is None:
        return None
    return traffic_policy(stand_in, rung.name, limits)


def _rules(workload: Workload, rung: Rung, stand_in: Workload | None) -> Iterator[dict[str, Any]]:
    if rung.action is Action.SHED_LOW_PRIORITY:
        yield _shedding_rule(workload, rung)
        return
    current = [(VERSION_HEADER, workload.blueprint.contract.version)]
    for wanted, answered in contract_versions(workload.blueprint.contract):
        # who states the version that everybody gets states a known one
        asked = [_exactly(wanted)] if wanted else [[], _exactly(current)]
        if rung.action is Action.SMALLER_MODEL:
            yield _smaller_rule(workload, rung, stand_in, asked, answered)
            continue
        yield _answering_rule(rung, asked, answered, rung.name)
        if _chunk_object(workload) is not None:
            yield _answering_rule(rung, [[*headers, _LIKE_STREAM] for headers in asked], answered, _events_name(rung))
    if refuses_unknown_versions(workload):
        yield _unknown_version_rule(workload, rung)


def _shedding_rule(workload: Workload, rung: Rung) -> dict[str, Any]:
    """Only those who said that they may be refused; everybody else falls through to the next route."""
    answered = [(DEGRADATION_HEADER, rung.action.value), ("retry-after", str(rung.step.until.for_seconds))]
    beyond_all = len(workload.blueprint.degradation.ladder) + 1
    return {
        "matches": [_match(beyond_all, _exactly([(PRIORITY_HEADER, LOW_PRIORITY)]))],
        # a direct response ends the list of filters: what comes after it is not read
        "filters": [answered_headers(answered), filter_reference(rung.name)],
    }


def _unknown_version_rule(workload: Workload, rung: Rung) -> dict[str, Any]:
    """A version that is not served is none while the service is degraded either."""
    stated = [[dict(ANY_VERSION)]]
    if rung.action is Action.STATIC_ANSWER and _chunk_object(workload) is not None:
        stated.append([dict(ANY_VERSION), _LIKE_STREAM])  # or the answer as events would come first
    return {
        "matches": [_match(rung.number, headers) for headers in stated],
        "filters": [filter_reference(unknown_version_name(workload))],
    }


def _answering_rule(rung: Rung, asked: Sequence[_Match], answered: Headers, filter_name: str) -> dict[str, Any]:
    told = [*answered, (DEGRADATION_HEADER, rung.action.value)]
    return {
        "matches": [_match(rung.number, headers) for headers in asked],
        "filters": [answered_headers(told), filter_reference(filter_name)],
    }


def _smaller_rule(
    workload: Workload, rung: Rung, stand_in: Workload | None, asked: Sequence[_Match], answered: Headers
) -> dict[str, Any]:
    if stand_in is None:
        raise ValueError(f"{rung.name} needs the workload of the smaller model")
    told = [*answered, (DEGRADATION_HEADER, rung.action.value), (STAND_IN_HEADER, "true")]
    named = [] if renaming(stand_in) is None else [filter_reference(rung.name)]
    rule: dict[str, Any] = {
        "matches": [_match(rung.number, headers) for headers in asked],
        "filters": [answered_headers(told), *named],
        # a new version of the smaller model moves no weights here: what is stable of it answers
        "backendRefs": [
            {"group": "", "kind": "Service", "name": stand_in.stable_service, "port": SERVICE_PORT, "weight": 1}
        ],
    }
    return rule | timeouts(workload)


def _match(length: int, headers: _Match) -> dict[str, Any]:
    """Every path, by an expression whose length decides between rungs."""
    match: dict[str, Any] = {"path": {"type": "RegularExpression", "value": "/" + length * ".*"}}
    return match | ({"headers": list(headers)} if headers else {})


def _exactly(headers: Headers) -> list[dict[str, str]]:
    return [{"type": "Exact", "name": name, "value": value} for name, value in headers]


_LIKE_STREAM: Final = {"type": "RegularExpression", "name": _ASKS_FOR_STREAM[0], "value": _ASKS_FOR_STREAM[1]}


def _refusal() -> dict[str, Any]:
    message = f"Overloaded: requests with {PRIORITY_HEADER}: {LOW_PRIORITY} are refused for now."
    body = {"error": {"message": message, "type": "overloaded", "code": Action.SHED_LOW_PRIORITY.value}}
    return _direct_response(_TOO_MANY_REQUESTS, "application/json", _json(body))


def _static_answer(rung: Rung) -> dict[str, Any]:
    return _direct_response(200, "application/json", _json(rung.step.static_answer or {}))


def _static_events(workload: Workload, rung: Rung) -> dict[str, Any]:
    """The same answer as a stream: one event with all of it, and the end."""
    answer = dict(rung.step.static_answer or {})
    choices = [
        {**{key: value for key, value in choice.items() if key != "message"}, "delta": choice["message"]}
        for choice in answer.get("choices", [])
    ]
    event = {**answer, "object": _chunk_object(workload), "choices": choices}
    return _direct_response(200, "text/event-stream", f"data: {_json(event)}\n\ndata: [DONE]\n\n")


def _chunk_object(workload: Workload) -> str | None:
    """What an event of the contract's streams calls itself; None where nobody knows how they look."""
    contract = workload.blueprint.contract
    if contract.protocol is not Protocol.OPENAI or Delivery.STREAM not in contract.delivery:
        return None
    return _CHUNKS.get(contract.task or "")


def _direct_response(status: int, content_type: str, body: str) -> dict[str, Any]:
    """Bodies are formats in which `%` begins a command of Envoy (its access log's command operators)."""
    return {
        "statusCode": status,
        "contentType": content_type,
        "body": {"type": "Inline", "inline": body.replace("%", "%%")},
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _events_name(rung: Rung) -> str:
    return f"{rung.name}-events"
