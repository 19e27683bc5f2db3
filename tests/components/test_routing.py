from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from components.routing import (
    PREVIEW_HEADER,
    STAND_IN_HEADER,
    VARIANT_HEADER,
    VERSION_HEADER,
    deprecation_headers,
    route,
    traffic_policy,
)
from components.workload import Workload
from serving.blueprint.schema.contract import SupportedVersion
from tests.components.serving_samples import NAMES, NEW_VERSION, SLEEPING, WORKLOADS, stand_in, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)
HOSTS = ["service.example.com", "eu-west-1.service.example.com"]


def spec(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = route(sample, HOSTS, "gateway", "edge", "https")["spec"]
    return found


def wanted(rule: dict[str, Any]) -> dict[str, str]:
    (match,) = rule["matches"]
    return {header["name"]: header["value"] for header in match.get("headers", [])}


def answered(rule: dict[str, Any]) -> dict[str, str]:
    headers = [header for one in rule["filters"] for header in one["responseHeaderModifier"]["set"]]
    return {header["name"]: header["value"] for header in headers}


@every_workload
def test_at_rest_all_traffic_goes_to_the_stable_version(sample: Workload) -> None:
    for rule in spec(sample)["rules"]:
        weights = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
        assert weights == {sample.stable_service: 100, sample.canary_service: 0}


@every_workload
def test_stable_and_canary_are_counted_apart_by_a_filter_and_their_place(sample: Workload) -> None:
    for rule in spec(sample)["rules"]:
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
    versions = [answered(rule)[VERSION_HEADER] for rule in spec(sample)["rules"]]
    assert versions == [*(older.version for older in contract.supported_versions), contract.version]


def test_only_answers_of_an_older_version_are_marked_as_deprecated() -> None:
    *older, current = spec(workload())["rules"]
    assert older
    assert all({"deprecation", "sunset"} <= set(answered(rule)) for rule in older)
    assert set(answered(current)) == {VERSION_HEADER}


def test_deprecation_dates_are_written_as_their_standards_ask() -> None:
    version = SupportedVersion(version="1.0.0", deprecated_on=date(2026, 9, 1), removed_on=date(2027, 3, 1))
    headers = dict(deprecation_headers(version))
    assert datetime.fromtimestamp(int(headers["deprecation"].removeprefix("@")), UTC).date() == date(2026, 9, 1)
    assert parsedate_to_datetime(headers["sunset"]).date() == date(2027, 3, 1)
    assert headers["sunset"].endswith("GMT")


def test_a_new_model_or_engine_leaves_the_route_untouched() -> None:
    before = workload()
    after = workload(**{**NEW_VERSION, "model.engine.image_digest": "sha256:" + "f" * 64})
    assert spec(before) == spec(after)
    assert traffic_policy(before)["spec"] == traffic_policy(after)["spec"]


def test_a_stand_in_is_reached_only_by_those_who_ask_for_it() -> None:
    assert all(wanted(rule)[STAND_IN_HEADER] == "true" for rule in spec(stand_in())["rules"])
    assert not any(STAND_IN_HEADER in wanted(rule) for rule in spec(workload("chat"))["rules"])


def test_a_version_that_waits_to_be_switched_to_has_a_preview_route() -> None:
    sample = workload(**{"rollout.strategy": "blue-green"})
    *_, preview = spec(sample)["rules"]
    assert wanted(preview) == {PREVIEW_HEADER: "true"}
    assert [backend["weight"] for backend in preview["backendRefs"]] == [0, 100]


@every_workload
def test_a_request_is_given_up_before_its_replica_would_be_killed(sample: Workload) -> None:
    for rule in spec(sample)["rules"]:
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
