from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from components.routing import (
    PREVIEW_HEADER,
    STAND_IN_HEADER,
    VARIANT_HEADER,
    route,
    traffic_policy,
    unknown_version_answer,
)
from components.workload import Workload
from serving.blueprint.headers import VERSION_HEADER, deprecation_headers
from serving.blueprint.schema.contract import SupportedVersion
from serving.blueprint.timing import UPSTREAM_IDLE_SECONDS
from tests.components.serving_samples import NAMES, NEW_VERSION, SLEEPING, WORKLOADS, stand_in, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)
NEW_ENGINE: dict[str, object] = {
    "model.engine.name": "triton",
    "model.engine.version": "2.60.0",
    "model.engine.image": "serving/triton",
    "model.format": "onnx",
}
"""What an engine of another make changes in the fraud score's blueprint."""

HOSTS = ["service.example.com", "eu-west-1.service.example.com"]


def spec(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = route(sample, HOSTS, "gateway", "edge", "https")["spec"]
    return found


def serving(sample: Workload) -> list[dict[str, Any]]:
    """The rules that lead to replicas; one that refuses leads to none."""
    return [rule for rule in spec(sample)["rules"] if "backendRefs" in rule]


def wanted(rule: dict[str, Any]) -> dict[str, str]:
    match = rule["matches"][0]
    return {header["name"]: header["value"] for header in match.get("headers", [])}


def answered(rule: dict[str, Any]) -> dict[str, str]:
    headers = [header for one in rule["filters"] for header in one["responseHeaderModifier"]["set"]]
    return {header["name"]: header["value"] for header in headers}


@every_workload
def test_at_rest_all_traffic_goes_to_the_stable_version(sample: Workload) -> None:
    for rule in serving(sample):
        weights = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
        assert weights == {sample.stable_service: 100, sample.canary_service: 0}


@every_workload
def test_stable_and_canary_are_counted_apart_by_a_filter_and_their_place(sample: Workload) -> None:
    for rule in serving(sample):
        variants = [
            header["value"]
            for backend in rule["backendRefs"]
            for one in backend["filters"]
            for header in one["requestHeaderModifier"]["set"]
            if header["name"] == VARIANT_HEADER
        ]
        assert variants == ["stable", "canary"]


@every_workload
def test_every_supported_contract_version_has_a_rule_that_says_so(sample: Workload) -> None:
    contract = sample.blueprint.contract
    versions = [answered(rule)[VERSION_HEADER] for rule in serving(sample)]
    assert versions == [*(older.version for older in contract.supported_versions), contract.version]


def test_only_answers_of_an_older_version_are_marked_as_deprecated() -> None:
    *older, current = serving(workload())
    assert older
    assert all({"deprecation", "sunset"} <= set(answered(rule)) for rule in older)
    assert set(answered(current)) == {VERSION_HEADER}


def test_deprecation_dates_are_written_as_their_standards_ask() -> None:
    version = SupportedVersion(version="1.0.0", deprecated_on=date(2026, 9, 1), removed_on=date(2027, 3, 1))
    headers = deprecation_headers(version)
    assert datetime.fromtimestamp(int(headers["deprecation"].removeprefix("@")), UTC).date() == date(2026, 9, 1)
    assert parsedate_to_datetime(headers["sunset"]).date() == date(2027, 3, 1)
    assert headers["sunset"].endswith("GMT")


@every_workload
def test_a_version_that_is_not_served_is_answered_with_those_that_are(sample: Workload) -> None:
    if sample.stands_in:
        return
    (refusing,) = [rule for rule in spec(sample)["rules"] if "backendRefs" not in rule]
    (match,) = refusing["matches"]
    (asked,) = [header for header in match["headers"] if header["name"] == VERSION_HEADER]
    assert asked["type"] == "RegularExpression"
    answer = unknown_version_answer(sample)
    (filtered,) = refusing["filters"]
    assert filtered["extensionRef"]["name"] == answer["metadata"]["name"]
    told = answer["spec"]["directResponse"]
    assert told["statusCode"] == 400
    contract = sample.blueprint.contract
    for version in (contract.version, *(older.version for older in contract.supported_versions)):
        assert version in told["body"]["inline"]
    # Envoy takes bodies for formats
    assert "%" not in told["body"]["inline"]


@every_workload
def test_every_version_that_is_served_is_asked_for_exactly(sample: Workload) -> None:
    """The gateway prefers an exact header to an expression, so that a served version is never an unknown one."""
    contract = sample.blueprint.contract
    exact = {
        header["value"]
        for rule in serving(sample)
        for match in rule["matches"]
        for header in match.get("headers", ())
        if (header["name"], header["type"]) == (VERSION_HEADER, "Exact")
    }
    served = {older.version for older in contract.supported_versions}
    assert exact == served | (set() if sample.stands_in else {contract.version})


@pytest.mark.parametrize(
    "changes",
    [
        NEW_VERSION,
        {"model.engine.image_digest": "sha256:" + "f" * 64},
        NEW_ENGINE,
        {**NEW_VERSION, **NEW_ENGINE},
    ],
    ids=["version", "build", "engine", "version and engine"],
)
def test_a_new_model_or_engine_touches_nothing_that_a_consumer_meets(changes: dict[str, object]) -> None:
    """Not the route, not the answer to unknown versions, not the treatment: a rollout may be moving weights there."""
    before, after = workload(), workload(**changes)
    assert before.model != after.model
    assert route(before, HOSTS, "gateway", "edge", "https") == route(after, HOSTS, "gateway", "edge", "https")
    for rendered in (traffic_policy, unknown_version_answer):
        assert rendered(before) == rendered(after)


@every_workload
def test_the_gateway_ends_an_idle_connection_before_the_replica_does(sample: Workload) -> None:
    """Else a request meets a connection that is just being closed, and is answered 503."""
    idle = int(traffic_policy(sample)["spec"]["timeout"]["http"]["connectionIdleTimeout"].removesuffix("s"))
    program = sample.blueprint.contract.stages.ingress.validation is not None
    assert idle < (2 * UPSTREAM_IDLE_SECONDS if program else 5)


def test_a_stand_in_is_reached_only_by_those_who_ask_for_it() -> None:
    assert all(wanted(rule)[STAND_IN_HEADER] == "true" for rule in serving(stand_in()))
    assert not any(STAND_IN_HEADER in wanted(rule) for rule in serving(workload("chat")))


def test_a_version_that_waits_to_be_switched_to_has_a_preview_route() -> None:
    sample = workload(**{"rollout.strategy": "blue-green"})
    *_, preview = serving(sample)
    assert wanted(preview) == {PREVIEW_HEADER: "true"}
    assert [backend["weight"] for backend in preview["backendRefs"]] == [0, 100]


@every_workload
def test_a_request_is_given_up_before_its_replica_would_be_killed(sample: Workload) -> None:
    for rule in serving(sample):
        assert int(rule["timeouts"]["request"].removesuffix("s")) < sample.grace_seconds


@every_workload
def test_larger_requests_than_the_contract_allows_are_refused(sample: Workload) -> None:
    policy = traffic_policy(sample)["spec"]
    assert policy["requestBuffer"]["limit"] == str(sample.blueprint.contract.max_request_bytes)
    assert [target["name"] for target in policy["targetRefs"]] == [sample.name]


@every_workload
def test_only_requests_that_no_replica_saw_are_tried_again(sample: Workload) -> None:
    triggers = traffic_policy(sample)["spec"]["retry"]["retryOn"]["triggers"]
    assert set(triggers) <= {"connect-failure", "refused-stream"}


@every_workload
def test_replicas_that_start_are_asked_only_where_there_are_no_others(sample: Workload) -> None:
    assert traffic_policy(sample)["spec"]["healthCheck"]["panicThreshold"] == 1


@pytest.mark.parametrize(("least", "kept"), [(0, True), (1, False)])
def test_requests_are_counted_at_the_gateway_where_no_replica_may_run(least: int, kept: bool) -> None:
    sample = workload("embedding", **{**SLEEPING, "scaling.min_replicas": least})
    assert (traffic_policy(sample)["spec"].get("routingType") == "Service") is kept


@every_workload
def test_retries_are_a_share_of_what_is_in_flight_and_never_all_of_it(sample: Workload) -> None:
    budget = traffic_policy(sample)["spec"]["circuitBreaker"]["retryBudget"]
    assert 0 < budget["percent"]["numerator"] < 50
    assert budget["minRetryConcurrency"] > 0


def test_the_breaker_leaves_room_for_the_busiest_minute() -> None:
    sample = workload(**{"scaling.traffic.peak_rps": 5_000, "scaling.max_replicas": 1_000})
    breaker = traffic_policy(sample)["spec"]["circuitBreaker"]
    assert breaker["maxParallelRequests"] >= 5_000 * sample.request_seconds


def test_a_grpc_contract_gets_a_grpc_route_without_http_matches() -> None:
    schema = {"type": "object"}
    sample = workload(
        **{
            "contract.protocol": "grpc",
            "contract.request": schema,
            "contract.response": schema,
            "contract.stages": {},
            "contract.supported_versions": [],
            "degradation": {},
        }
    )
    manifest = route(sample, HOSTS, "gateway", "edge", "https")
    assert manifest["kind"] == "GRPCRoute"
    for rule in manifest["spec"]["rules"]:
        assert "timeouts" not in rule
        assert all("path" not in match for match in rule["matches"])
