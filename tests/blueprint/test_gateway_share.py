from __future__ import annotations

import pytest

from serving.blueprint.gateway_share import (
    CONNECTIONS_PER_PROXY,
    LEAST_PROXIES,
    MOST_PROXIES,
    SHARED_PER_PROXY,
    claimed,
    needed_proxies,
    parallel_requests,
)
from serving.blueprint.schema import Blueprint
from serving.blueprint.timing import request_seconds
from tests.documents import SERVICES, blueprint

FLEET = [blueprint(service) for service in SERVICES]


def busy(peak_rps: float) -> Blueprint:
    return blueprint(
        "fraud-score",
        **{"scaling.traffic.peak_rps": peak_rps, "scaling.max_replicas": 1_000, "scaling.replica_rps": 900},
    )


@pytest.mark.parametrize("proxies", [LEAST_PROXIES, 5])
def test_all_but_one_of_the_proxies_carry_the_declared_peak(proxies: int) -> None:
    for service in FLEET:
        in_flight = service.scaling.traffic.peak_rps * request_seconds(service)
        assert parallel_requests(service, proxies) * (proxies - 1) >= in_flight


def test_the_shares_of_all_services_fit_into_each_proxy() -> None:
    proxies = needed_proxies(FLEET)
    assert proxies is not None
    assert sum(claimed(service, proxies) for service in FLEET) <= SHARED_PER_PROXY < CONNECTIONS_PER_PROXY


def test_no_more_proxies_are_kept_than_the_shares_need() -> None:
    fleet = [busy(20_000)]
    proxies = needed_proxies(fleet)
    assert proxies is not None
    assert proxies > LEAST_PROXIES
    assert claimed(fleet[0], proxies - 1) > SHARED_PER_PROXY >= claimed(fleet[0], proxies)


def test_what_does_not_fit_into_the_most_proxies_fits_into_none() -> None:
    assert needed_proxies([busy(20_000), busy(SHARED_PER_PROXY * MOST_PROXIES)]) is None


def test_each_version_of_the_contract_and_the_stand_in_may_fill_its_own_share() -> None:
    chat, fraud = blueprint("chat"), blueprint("fraud-score")
    assert claimed(chat, 2) == 2 * 2 * parallel_requests(chat, 2)
    assert claimed(fraud, 2) == 2 * parallel_requests(fraud, 2)
