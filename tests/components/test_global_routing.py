"""Routing between regions."""

from __future__ import annotations

from typing import Any

import pytest

from components.global_routing import (
    REGION_WIRING,
    WIRING,
    GlobalRouting,
    GlobalRoutingArgs,
    GlobalRoutingSpec,
    RoutedRegionArgs,
    RoutedRegionSpec,
    RoutedServiceArgs,
    RoutedServiceSpec,
    routes,
    switch_points,
)
from components.hosts import regional_host
from serving.blueprint.environment import RegionRole, RoutingPolicy
from serving.blueprint.errors import InputError
from serving.blueprint.schema.recovery import FailoverMode
from tests.components.recorder import Recorded, Recorder, Resource

HOST = "chat.ml.example.com"
ACTIVE = [("eu-west-1", "active"), ("eu-central-1", "active")]


def run(
    record: Recorder,
    tags: dict[str, str],
    regions: list[tuple[str, str]],
    failover: str = "automatic",
    weights: dict[str, int] | None = None,
    **more: Any,
) -> Recorded:
    args: GlobalRoutingArgs = {
        "environment": "prod",
        "zone_id": "Z0123456789",
        "services": {"chat": {"host": HOST, "readiness_path": "/health", "failover": failover}},
        "regions": [
            {
                "name": name,
                "role": role,
                "weight": (weights or {}).get(name, 100),
                "dns_name": f"lb.{name}.elb.amazonaws.com",
                "zone_id": f"Z{name}",
            }
            for name, role in regions
        ],
        "tags": tags,
    }
    return record(lambda: GlobalRouting("routing", {**args, **more}))  # type: ignore[typeddict-item]


def records(made: Recorded, name: str = HOST) -> list[Resource]:
    return [record for record in made.of_type("Record") if record["name"] == name]


def test_the_arguments_are_the_specs_and_the_wiring() -> None:
    assert set(GlobalRoutingArgs.__annotations__) == set(GlobalRoutingSpec.model_fields) | WIRING
    assert set(RoutedRegionArgs.__annotations__) == set(RoutedRegionSpec.model_fields) | REGION_WIRING
    assert set(RoutedServiceArgs.__annotations__) == set(RoutedServiceSpec.model_fields)


def test_one_region_needs_one_plain_record_and_nothing_to_check(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, ACTIVE[:1])
    (only,) = made.of_type("Record")
    assert only["name"] == HOST
    assert "setIdentifier" not in only.inputs
    assert made.of_type("HealthCheck") == []


def test_active_regions_answer_by_latency_and_only_while_they_are_healthy(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags, ACTIVE)
    for one in records(made):
        (policy,) = one["latencyRoutingPolicies"]
        assert policy["region"] == one["setIdentifier"]
        (check,) = made.source_of(one, "healthCheckId")
        assert check["fqdn"] == regional_host(HOST, policy["region"])
        assert one["aliases"][0]["evaluateTargetHealth"] is True
    assert {one["setIdentifier"] for one in records(made)} == {name for name, _ in ACTIVE}


def test_a_passive_region_answers_only_when_the_active_one_does_not(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, [ACTIVE[0], ("us-east-1", "passive")])
    kinds = {one["failoverRoutingPolicies"][0]["type"]: one for one in records(made)}
    assert set(kinds) == {"PRIMARY", "SECONDARY"}
    assert "eu-west-1" in kinds["PRIMARY"]["aliases"][0]["name"]
    assert "us-east-1" in kinds["SECONDARY"]["aliases"][0]["name"]


def test_several_active_regions_before_a_passive_one_are_a_name_of_their_own(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags, [*ACTIVE, ("us-east-1", "passive")])
    (primary,) = [one for one in records(made) if one["setIdentifier"] == "primary"]
    group = primary["aliases"][0]["name"]
    members = records(made, group)
    assert {one["setIdentifier"] for one in members} == {name for name, _ in ACTIVE}
    assert {one.urn for one in members} & primary.dependencies


def test_no_health_check_may_move_traffic_where_people_decide(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, [ACTIVE[0], ("us-east-1", "passive")], failover="manual")
    for one in records(made):
        assert "healthCheckId" not in one.inputs
        assert one["aliases"][0]["evaluateTargetHealth"] is False
    weights = {one["setIdentifier"]: one["weightedRoutingPolicies"][0]["weight"] for one in records(made)}
    assert weights["eu-west-1"] > 0
    assert weights["us-east-1"] == 0


def test_a_health_check_asks_the_service_itself_over_https(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, ACTIVE, service_tags={"chat": {"service": "chat"}})
    for check in made.of_type("HealthCheck"):
        assert (check["type"], check["port"], check["resourcePath"]) == ("HTTPS", 443, "/health")
        assert check["enableSni"] is True
        assert check["tags"]["service"] == "chat"
        (regional,) = records(made, check["fqdn"])
        assert "failoverRoutingPolicies" not in regional.inputs


@pytest.mark.parametrize("failover", FailoverMode)
@pytest.mark.parametrize("policy", RoutingPolicy)
@pytest.mark.parametrize("switched", [False, True])
@pytest.mark.parametrize("active", range(1, 4))
@pytest.mark.parametrize("passive", range(3))
def test_route_53_accepts_every_topology(
    failover: FailoverMode, policy: RoutingPolicy, switched: bool, active: int, passive: int
) -> None:
    """Per name: one policy, distinct identifiers, at most one primary and one secondary, no dangling target."""
    roles = ["active"] * active + ["passive"] * passive
    regions = [
        RoutedRegionSpec.model_validate({"name": f"eu-west-{index}", "role": role}) for index, role in enumerate(roles)
    ]
    planned = list(routes(HOST, regions, failover, policy, [one.name for one in regions] if switched else ()))
    made: set[str] = set()
    for route in planned:
        assert route.target in {region.name for region in regions} | made  # targets stand before they are named
        made.add(route.name)
    for name in made:
        same = [route for route in planned if route.name == name]
        kinds = {frozenset(route.policy) for route in same}
        assert len(kinds) == 1
        identifiers = [route.policy.get("set_identifier") for route in same]
        assert len(set(identifiers)) == len(same)
    reached = {route.target for route in planned} & {region.name for region in regions}
    assert reached == {region.name for region in regions}
    assert len({(route.name, route.suffix) for route in planned}) == len(planned)


@pytest.mark.parametrize("seconds", [0, 11, 60])
def test_only_the_intervals_of_route_53_are_taken(record: Recorder, tags: dict[str, str], seconds: int) -> None:
    with pytest.raises(InputError, match="every 10 or every 30"):
        run(record, tags, ACTIVE, health_check_interval_seconds=seconds)


def test_a_recovery_region_can_not_be_routed_to(record: Recorder, tags: dict[str, str]) -> None:
    with pytest.raises(InputError, match="serves nobody"):
        run(record, tags, [*ACTIVE, ("us-east-1", "recovery")])


def specs(*roles: str) -> list[RoutedRegionSpec]:
    return [RoutedRegionSpec(name=f"eu-west-{index}", role=RegionRole(role)) for index, role in enumerate(roles)]


def test_a_weight_is_a_regions_share_of_the_requests(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, ACTIVE, policy="weighted", weights={"eu-central-1": 5, "eu-west-1": 95})
    assert {one["setIdentifier"]: one["weightedRoutingPolicies"][0]["weight"] for one in records(made)} == {
        "eu-west-1": 95,
        "eu-central-1": 5,
    }
    assert all(made.source_of(one, "healthCheckId") for one in records(made))


def test_a_switched_region_serves_while_the_switch_is_open_and_the_service_is_well(
    record: Recorder, tags: dict[str, str]
) -> None:
    switches = {f"chat/{name}": f"switch-{name}" for name, _ in ACTIVE}
    made = run(record, tags, ACTIVE, switch_check_ids=switches)
    for one in records(made):
        assert one["healthCheckId"] == f"switch-{one['setIdentifier']}"
        (alias,) = one["aliases"]
        assert alias["evaluateTargetHealth"] is True
        (below,) = records(made, alias["name"])
        (check,) = made.source_of(below, "healthCheckId")
        assert check["resourcePath"] == "/health"
        assert below["aliases"][0]["name"].startswith("lb.")


def test_a_record_keeps_its_name_when_a_switch_is_added(record: Recorder, tags: dict[str, str]) -> None:
    switches = {f"chat/{name}": f"switch-{name}" for name, _ in ACTIVE}
    before = {one.name for one in run(record, tags, ACTIVE).of_type("Record")}
    after = {one.name for one in run(record, tags, ACTIVE, switch_check_ids=switches).of_type("Record")}
    assert before < after


def test_people_move_traffic_by_the_switch_and_by_nothing_else(record: Recorder, tags: dict[str, str]) -> None:
    switches = {"chat/eu-west-1": "one", "chat/us-east-1": "other"}
    made = run(record, tags, [ACTIVE[0], ("us-east-1", "passive")], "manual", switch_check_ids=switches)
    assert {one["healthCheckId"] for one in records(made)} == {"one", "other"}
    assert all(one["aliases"][0]["evaluateTargetHealth"] is False for one in records(made))


def test_the_switch_of_a_waiting_region_does_not_hold_up_its_health_checks() -> None:
    """It is closed until people open it; the failover of the health checks must not wait for that."""
    planned = list(
        routes(HOST, specs("active", "passive"), FailoverMode.AUTOMATIC, switched=["eu-west-0", "eu-west-1"])
    )
    assert [route.switched for route in planned if route.switched] == ["eu-west-0"]
    assert switch_points(planned, ["eu-west-0", "eu-west-1"]) == (
        HOST,
        {"eu-west-0": "primary", "eu-west-1": "secondary"},
    )


def test_a_switch_acts_where_the_regions_of_its_side_stand_side_by_side() -> None:
    names = ["eu-west-0", "eu-west-1", "eu-west-2"]
    planned = list(routes(HOST, specs("active", "active", "passive"), FailoverMode.AUTOMATIC, switched=names))
    assert switch_points(planned, names) == (f"primary.{HOST}", {name: name for name in names[:2]})
    assert switch_points(list(routes(HOST, specs("active"), FailoverMode.AUTOMATIC, switched=names)), names) == ("", {})
