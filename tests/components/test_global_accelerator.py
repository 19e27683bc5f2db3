"""Two addresses for all regions."""

from __future__ import annotations

from typing import Any

import pytest

from components.access_log_bucket import ACCELERATOR_LOGS_PREFIX
from components.global_accelerator import (
    REGION_WIRING,
    WIRING,
    AcceleratedRegionArgs,
    AcceleratedRegionSpec,
    GlobalAccelerator,
    GlobalAcceleratorArgs,
    GlobalAcceleratorSpec,
    traffic_dials,
)
from serving.blueprint.environment import RegionRole
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder

HOST = "chat.ml.example.com"


def run(record: Recorder, tags: dict[str, str], *roles: str, **more: Any) -> Recorded:
    args: GlobalAcceleratorArgs = {
        "environment": "prod",
        "hosts": {"chat": HOST, "embedding": "embedding.ml.example.com"},
        "regions": [
            {"name": f"eu-west-{index}", "role": role, "load_balancer_arn": f"arn:of:{index}"}
            for index, role in enumerate(roles, start=1)
        ],
        "zone_id": "Z0123456789",
        "log_bucket": "logs",
        "tags": tags,
    }
    return record(lambda: GlobalAccelerator("accelerator", {**args, **more}))  # type: ignore[typeddict-item]


def specs(**weights: int) -> list[AcceleratedRegionSpec]:
    """Regions by the second part of their name; a negative weight is a passive region."""
    return [
        AcceleratedRegionSpec(
            name=f"eu-{name}-1",
            role=RegionRole.ACTIVE if weight >= 0 else RegionRole.PASSIVE,
            weight=abs(weight),
        )
        for name, weight in weights.items()
    ]


def test_the_arguments_are_the_specs_and_the_wiring() -> None:
    assert set(GlobalAcceleratorArgs.__annotations__) == set(GlobalAcceleratorSpec.model_fields) | WIRING
    assert set(AcceleratedRegionArgs.__annotations__) == set(AcceleratedRegionSpec.model_fields) | REGION_WIRING


def test_every_host_is_the_accelerator(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, "active", "active")
    accelerator = made.one("Accelerator")
    assert accelerator.protect
    assert {one["name"] for one in made.of_type("Record")} == {HOST, "embedding.ml.example.com"}
    for one in made.of_type("Record"):
        assert accelerator.urn in one.dependencies


def test_only_https_comes_in_and_every_flow_is_logged(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, "active", "active")
    listener = made.one("Listener")
    assert (listener["protocol"], listener["portRanges"]) == ("TCP", [{"fromPort": 443, "toPort": 443}])
    attributes = made.one("Accelerator")["attributes"]
    assert (attributes["flowLogsEnabled"], attributes["flowLogsS3Bucket"]) == (True, "logs")
    assert f"{attributes['flowLogsS3Prefix']}/" == ACCELERATOR_LOGS_PREFIX


def test_a_waiting_region_takes_nothing_but_can_be_failed_over_to(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, "active", "passive")
    groups = {one["endpointGroupRegion"]: one for one in made.of_type("EndpointGroup")}
    assert {name: one["trafficDialPercentage"] for name, one in groups.items()} == {"eu-west-1": 100, "eu-west-2": 0}
    for one in groups.values():
        (endpoint,) = one["endpointConfigurations"]
        assert endpoint["weight"] > 0
        assert endpoint["clientIpPreservationEnabled"] is True


@pytest.mark.parametrize(
    ("weights", "dials"),
    [
        ({"west": 100, "north": 100}, {"eu-west-1": 100, "eu-north-1": 100}),
        ({"west": 100, "north": 5}, {"eu-west-1": 100, "eu-north-1": 5}),
        ({"west": 200, "north": 50}, {"eu-west-1": 100, "eu-north-1": 25}),
        ({"west": 50, "north": -100}, {"eu-west-1": 100, "eu-north-1": 0}),
    ],
)
def test_the_largest_share_is_all_that_is_nearest(weights: dict[str, int], dials: dict[str, float]) -> None:
    assert traffic_dials(specs(**weights)) == dials


def test_a_recovery_region_can_not_be_an_endpoint(record: Recorder, tags: dict[str, str]) -> None:
    with pytest.raises(InputError, match="serves nobody"):
        run(record, tags, "active", "recovery")
