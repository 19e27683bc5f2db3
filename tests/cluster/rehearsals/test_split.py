from __future__ import annotations

import re
from typing import Any

import pytest

from components.gateway import Gateway
from components.routing import route
from serving.blueprint.headers import VERSION_HEADER
from serving.telemetry.gateway import Variant
from serving.telemetry.metrics import Scope
from tests.cluster.rehearsals.exporter import cluster_of
from tests.cluster.rehearsals.split import Request, rule_for, weights
from tests.components.serving_samples import NAMES, WORKLOADS, workload

HOST = "fraud-score.example.com"


def rendered(sample: Any, **metadata: str) -> dict[str, Any]:
    manifest = dict(route(sample, [HOST], Gateway.NAME, Gateway.NAMESPACE, Gateway.LISTENER))
    return {**manifest, "metadata": {**manifest["metadata"], "creationTimestamp": "2026-01-01T00:00:00Z", **metadata}}


def test_a_request_without_headers_is_taken_by_the_present_version() -> None:
    sample = workload()
    taken = rule_for([rendered(sample)], Request(HOST))
    assert taken is not None
    assert taken.index == len(sample.blueprint.contract.supported_versions)
    assert taken.shares == (1.0, 0.0)


def test_a_request_for_an_older_version_is_taken_by_its_rule() -> None:
    older = workload().blueprint.contract.supported_versions[0].version
    taken = rule_for([rendered(workload())], Request(HOST, headers={VERSION_HEADER: older}))
    assert taken is not None
    assert taken.index == 0


def test_a_route_that_is_attached_to_nothing_takes_nothing() -> None:
    detached = rendered(workload())
    detached["spec"] = {**detached["spec"], "parentRefs": []}
    assert rule_for([detached], Request(HOST)) is None


def test_of_two_equal_matches_the_older_route_wins() -> None:
    younger = rendered(workload(), name="a-younger", creationTimestamp="2026-02-01T00:00:00Z")
    taken = rule_for([younger, rendered(workload())], Request(HOST))
    assert taken is not None
    assert taken.route == "fraud-score"


def test_an_exact_path_wins_over_a_prefix_whatever_their_ages() -> None:
    exact = rendered(workload(), name="exact", creationTimestamp="2026-02-01T00:00:00Z")
    exact["spec"] = {**exact["spec"], "rules": [{"matches": [{"path": {"type": "Exact", "value": "/v1"}}]}]}
    taken = rule_for([rendered(workload()), exact], Request(HOST, path="/v1"))
    assert taken is not None
    assert taken.route == "exact"


@pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)
@pytest.mark.parametrize(("backend", "variant"), [(0, Variant.STABLE), (1, Variant.CANARY)])
def test_queries_ask_for_the_clusters_that_the_exporter_names(sample: Any, backend: int, variant: Variant) -> None:
    manifest = rendered(sample)
    headers = {h["name"]: h["value"] for h in manifest["spec"]["rules"][-1]["matches"][0].get("headers", ())}
    taken = rule_for([manifest], Request(HOST, headers=headers))
    assert taken is not None
    ((label, name),) = cluster_of(taken, backend)
    for asked in (variant, Variant.ALL):
        (matcher,) = Scope(sample.namespace, sample.name, asked).clusters(sample.blueprint)
        assert matcher.label == label
        assert re.fullmatch(matcher.value, name)


def test_every_rule_of_a_route_states_the_weights_of_both_versions() -> None:
    assert weights(rendered(workload())) == [{"fraud-score": 100, "fraud-score-canary": 0}] * 2
