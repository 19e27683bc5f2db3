from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from components.degradation import rung_filters, rung_route, rung_traffic
from components.rollout import analysis_template
from components.routing import STAND_IN_HEADER, renaming_filter, route, unknown_version_name
from components.workload import Workload
from serving.blueprint.compatibility import instance_errors
from serving.blueprint.headers import VERSION_HEADER
from serving.blueprint.ladder import DEGRADATION_HEADER, LOW_PRIORITY, PRIORITY_HEADER, Rung, rung_of, rungs
from serving.blueprint.schema.degradation import Action
from tests.components.serving_samples import PROMETHEUS, stand_in, workload
from tests.documents import SERVICES

HOSTS = ["service.example.com", "eu-west-1.service.example.com"]
SAMPLES = [(service, rung) for service in SERVICES for rung in rungs(workload(service).blueprint)]
every_rung = pytest.mark.parametrize(("service", "rung"), SAMPLES, ids=[rung.name for _, rung in SAMPLES])

Match = dict[str, Any]


def smaller(service: str) -> Workload | None:
    return stand_in() if service == "chat" else None


def built(service: str, rung: Rung) -> dict[str, Any]:
    return dict(rung_route(workload(service), rung, HOSTS, smaller(service)))


def matches(manifest: dict[str, Any]) -> list[Match]:
    return [match for rule in manifest["spec"]["rules"] for match in rule["matches"]]


def precedence(match: Match) -> tuple[int, int, int, int]:
    """How far before others a match goes (envoyproxy/gateway v1.9.0, internal/gatewayapi/sort.go); higher wins."""
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    kind = ("PathPrefix", "RegularExpression", "Exact").index(path["type"])
    length = 0 if path == {"type": "PathPrefix", "value": "/"} else len(path["value"])
    headers = match.get("headers", [])
    return kind, length, len(headers), sum(header.get("type", "Exact") == "Exact" for header in headers)


def wins(request: dict[str, str], *manifests: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Route and rule that answer a request with these headers, of all that are attached."""
    fitting = [
        (precedence(match), manifest["metadata"]["name"], rule)
        for manifest in manifests
        for rule in manifest["spec"]["rules"]
        for match in rule["matches"]
        if fits(match, request)
    ]
    best = max(place for place, _, _ in fitting)
    ((_, name, rule),) = [one for one in fitting if one[0] == best]
    return name, rule


def fits(match: Match, request: dict[str, str]) -> bool:
    path = match["path"]
    on_path = path["type"] == "PathPrefix" or re.fullmatch(path["value"], "/v1/chat/completions") is not None
    return on_path and all(
        header["name"] in request
        and (re.fullmatch(header["value"], request[header["name"]]) if header["type"] == "RegularExpression" else
             header["value"] == request[header["name"]])
        for header in match.get("headers", [])
    )  # fmt: skip


def main_routes(service: str, **changes: object) -> list[dict[str, Any]]:
    others = [] if (found := smaller(service)) is None else [found]
    return [dict(route(one, HOSTS, "gateway", "edge", "https")) for one in (workload(service, **changes), *others)]


def own_rules(service: str, rung: Rung) -> list[dict[str, Any]]:
    """Rules by which the rung itself answers; who asks for a version that is not served is answered as ever."""
    unknown = unknown_version_name(workload(service))
    return [rule for rule in built(service, rung)["spec"]["rules"] if unknown not in str(rule["filters"])]


def told(rule: dict[str, Any]) -> dict[str, str]:
    headers = rule["filters"][0]["responseHeaderModifier"]["set"]
    return {header["name"]: header["value"] for header in headers}


def answers(service: str, rung: Rung) -> Iterator[dict[str, Any]]:
    for manifest in rung_filters(workload(service), rung, smaller(service)).values():
        yield manifest["spec"]["directResponse"]


@every_rung
def test_a_rung_belongs_to_no_gateway_until_it_is_switched_on(service: str, rung: Rung) -> None:
    assert "parentRefs" not in built(service, rung)["spec"]


@every_rung
def test_a_rung_answers_at_every_host_of_the_service(service: str, rung: Rung) -> None:
    assert built(service, rung)["spec"]["hostnames"] == HOSTS


@every_rung
@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_an_attached_rung_goes_before_every_rule_of_the_services_own_routes(
    service: str, rung: Rung, strategy: str
) -> None:
    weakest = min(precedence(match) for match in matches(built(service, rung)))
    for own in main_routes(service, **{"rollout.strategy": strategy, "rollout.max_surge_percent": 100}):
        assert all(precedence(match) < weakest for match in matches(own))


def test_of_two_rungs_the_harsher_one_answers() -> None:
    ladder = [built("chat", rung) for rung in rungs(workload("chat").blueprint)]
    everything = [*main_routes("chat"), *ladder]
    assert wins({}, *everything)[0] == "chat-static-answer"
    assert wins({}, *everything[:-1])[0] == "chat-smaller-model"
    assert wins({}, *everything[:-2])[0] == "chat"


def test_who_is_shed_stays_shed_whatever_else_is_on() -> None:
    ladder = [built("chat", rung) for rung in rungs(workload("chat").blueprint)]
    asked = {PRIORITY_HEADER: LOW_PRIORITY, VERSION_HEADER: "1.0.0", "accept": "text/event-stream"}
    assert wins(asked, *main_routes("chat"), *ladder)[0] == "chat-shed-low-priority"


def test_only_those_are_shed_who_said_that_they_may_be() -> None:
    rung = rung_of(workload("chat").blueprint, Action.SHED_LOW_PRIORITY)
    assert rung is not None
    attached = [*main_routes("chat"), built("chat", rung)]
    for priority in ("high", "normal", ""):
        assert wins({PRIORITY_HEADER: priority}, *attached)[0] == "chat"
    assert wins({}, *attached)[0] == "chat"


def test_who_is_shed_is_told_when_to_come_again() -> None:
    rung = rung_of(workload("chat").blueprint, Action.SHED_LOW_PRIORITY)
    assert rung is not None
    (rule,) = built("chat", rung)["spec"]["rules"]
    assert told(rule)["retry-after"] == str(rung.step.until.for_seconds)
    (answer,) = answers("chat", rung)
    assert answer["statusCode"] == 429


@every_rung
def test_every_answer_of_a_rung_says_so(service: str, rung: Rung) -> None:
    for rule in own_rules(service, rung):
        assert told(rule)[DEGRADATION_HEADER] == rung.action.value


@every_rung
def test_headers_are_set_before_the_answer_that_ends_the_list(service: str, rung: Rung) -> None:
    for rule in own_rules(service, rung):
        kinds = [one["type"] for one in rule["filters"]]
        assert kinds[0] == "ResponseHeaderModifier"
        assert kinds.count("ExtensionRef") == len(kinds) - 1


@every_rung
def test_every_answer_that_a_rung_names_exists(service: str, rung: Rung) -> None:
    named = {
        one["extensionRef"]["name"]
        for rule in own_rules(service, rung)
        for one in rule["filters"]
        if one["type"] == "ExtensionRef"
    }
    made = {one["metadata"]["name"] for one in rung_filters(workload(service), rung, smaller(service)).values()}
    assert named == made


@pytest.mark.parametrize("service", ["chat", "fraud-score"])
def test_a_static_answer_is_the_blueprints_and_fits_the_contract(service: str) -> None:
    contract = workload(service).blueprint.contract
    rung = rung_of(workload(service).blueprint, Action.STATIC_ANSWER)
    assert rung is not None
    answer = next(answers(service, rung))
    assert (answer["statusCode"], answer["contentType"]) == (200, "application/json")
    body = json.loads(answer["body"]["inline"].replace("%%", "%"))
    assert body == rung.step.static_answer
    assert list(instance_errors(body, contract.public_response)) == []


def test_a_percent_sign_in_an_answer_is_no_command_to_the_gateway() -> None:
    ladder = workload().blueprint.degradation.model_dump(mode="json")["ladder"]
    ladder[1]["static_answer"]["reasons"] = ["50 % of %REQ(:path)%"]
    sample = workload(**{"degradation.ladder": ladder})
    rung = rung_of(sample.blueprint, Action.STATIC_ANSWER)
    assert rung is not None
    (made,) = rung_filters(sample, rung).values()
    inline = made["spec"]["directResponse"]["body"]["inline"]
    assert "50 %% of %%REQ(:path)%%" in inline


def test_a_static_answer_keeps_the_versions_apart() -> None:
    rung = rung_of(workload().blueprint, Action.STATIC_ANSWER)
    assert rung is not None
    attached = [*main_routes("fraud-score"), built("fraud-score", rung)]
    name, rule = wins({VERSION_HEADER: "3.0.0"}, *attached)
    assert (name, told(rule)[VERSION_HEADER]) == ("fraud-score-static-answer", "3.0.0")
    assert {"deprecation", "sunset"} <= set(told(rule))
    assert told(wins({}, *attached)[1])[VERSION_HEADER] == "3.1.0"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("action", [Action.SMALLER_MODEL, Action.STATIC_ANSWER])
def test_a_version_that_is_not_served_is_not_served_by_a_rung_either(action: Action, accept: str) -> None:
    rung = rung_of(workload("chat").blueprint, action)
    assert rung is not None
    attached = [*main_routes("chat"), built("chat", rung)]
    for version, refused in (("9.9.9", True), ("1.0.0", False), ("1.1.0", False)):
        name, rule = wins({VERSION_HEADER: version, "accept": accept}, *attached)
        assert name == rung.name
        assert (unknown_version_name(workload("chat")) in str(rule["filters"])) is refused


def test_who_asks_for_events_gets_the_static_answer_as_events() -> None:
    rung = rung_of(workload("chat").blueprint, Action.STATIC_ANSWER)
    assert rung is not None
    asked = {"accept": "text/event-stream, */*", VERSION_HEADER: "1.0.0"}
    _, rule = wins(asked, built("chat", rung))
    assert rule["filters"][-1]["extensionRef"]["name"] == "chat-static-answer-events"
    _, events = answers("chat", rung)
    assert events["contentType"] == "text/event-stream"
    first, last, rest = events["body"]["inline"].split("\n\n")
    chunk = json.loads(first.removeprefix("data: "))
    assert chunk["object"] == "chat.completion.chunk"
    assert chunk["choices"][0]["delta"]["content"].startswith("I can't answer")
    assert (last, rest) == ("data: [DONE]", "")


def test_a_contract_without_streams_gets_no_events() -> None:
    rung = rung_of(workload().blueprint, Action.STATIC_ANSWER)
    assert rung is not None
    assert len(list(answers("fraud-score", rung))) == 1


def test_the_smaller_model_is_reached_by_everybody_and_says_that_it_stands_in() -> None:
    rung = rung_of(workload("chat").blueprint, Action.SMALLER_MODEL)
    assert rung is not None
    for rule in own_rules("chat", rung):
        assert [backend["name"] for backend in rule["backendRefs"]] == [stand_in().stable_service]
        assert told(rule)[STAND_IN_HEADER] == "true"
        assert rule["timeouts"] == {"request": f"{workload('chat').request_seconds}s"}


def test_the_gateway_treats_the_smaller_model_alike_on_both_routes() -> None:
    rung = rung_of(workload("chat").blueprint, Action.SMALLER_MODEL)
    assert rung is not None
    policy = rung_traffic(rung, stand_in())
    assert policy is not None
    assert [target["name"] for target in policy["spec"]["targetRefs"]] == [rung.name]
    assert policy["metadata"]["name"] == rung.name


def test_paths_that_name_the_model_are_led_to_the_smaller_one() -> None:
    sample = workload("chat", **{"contract.protocol": "open-inference-v2", "contract.task": ..., "contract.limits": {}, "contract.stages.ingress.validation": None, "contract.delivery": ["sync"], "slo.time_to_first_token_ms": ..., "slo.min_tokens_per_second": ..., "degradation.ladder.2.action": "cached-answer", "degradation.ladder.2.cache_seconds": 60, "rollout.analysis": []})  # fmt: skip  # noqa: E501
    rung = rung_of(sample.blueprint, Action.SMALLER_MODEL)
    assert rung is not None
    smaller = replace(stand_in(), blueprint=sample.blueprint)
    (made,) = rung_filters(sample, rung, smaller).values()
    own = renaming_filter(smaller)
    assert own is not None
    assert own["spec"] == made["spec"], "whoever tries it before everybody gets it asks by the service's path too"
    for rule in route(smaller, ["chat.example.com"], "gateway", "edge", "https")["spec"]["rules"]:
        assert own["metadata"]["name"] in [one.get("extensionRef", {}).get("name") for one in rule["filters"]]
    rewrite = made["spec"]["urlRewrite"]["path"]["replaceRegexMatch"]
    pattern, substitution = rewrite["pattern"], rewrite["substitution"]
    assert re.sub(pattern, substitution, "/v2/models/qwen3-8b/infer") == "/v2/models/qwen3-1-7b/infer"
    assert re.sub(pattern, substitution, "/v2/models/qwen3-8b") == "/v2/models/qwen3-1-7b"
    assert re.sub(pattern, substitution, "/v2/models/qwen3-8b-other/infer") == "/v2/models/qwen3-8b-other/infer"


@every_rung
def test_while_a_rung_takes_the_traffic_a_rollout_has_nothing_to_judge_and_waits(service: str, rung: Rung) -> None:
    """No value is inconclusive, and after some of it a person must look: the rollout pauses, it does not go on."""
    for metric in analysis_template(workload(service), PROMETHEUS)["spec"]["metrics"]:
        query = metric["provider"]["prometheus"]["query"]
        for pattern in re.findall(r'envoy_cluster_name=~"([^"]+)"', query):
            assert re.fullmatch(pattern, f"httproute/{rung.tenant}/{rung.name}/rule/0") is None
            assert re.fullmatch(pattern, f"httproute/{rung.tenant}/{rung.name}/rule/0/backend/1") is None
        assert metric["successCondition"].startswith("len(result) > 0")
        assert metric["failureCondition"].startswith("len(result) > 0")
        assert metric["inconclusiveLimit"] > 0
