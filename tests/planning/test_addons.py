"""Whether the platform itself has room."""

from __future__ import annotations

import pytest

from serving.blueprint.environment import Addon
from serving.blueprint.gateway_share import most_proxies
from serving.planning.addons import ADDON_PODS, addon_needs, system_findings, wanted_addons
from tests.documents import SERVICES, STACKS, blueprint, environment

FLEET = [blueprint(service) for service in SERVICES]


@pytest.mark.parametrize("stack", STACKS)
def test_system_nodes_of_the_shipped_stacks_hold_the_controllers_with_one_node_lost(stack: str) -> None:
    assert list(system_findings(environment(stack), FLEET)) == []


def test_system_nodes_that_nobody_grows_are_found_too_few() -> None:
    # with Karpenter the fewest are all there are
    few = {"regions.0.node_groups.0.min_nodes": 1, "regions.0.node_groups.0.max_nodes": 6}
    [finding] = system_findings(environment("prod", **few), FLEET)
    assert finding.path == ("regions", 0, "node_groups", 0, "min_nodes")
    assert "0.0 cores" in finding.message
    assert list(system_findings(environment("prod", **few, **{"cluster.karpenter": False}), FLEET)) == []


def test_machines_that_are_too_small_are_found() -> None:
    small = {"regions.0.node_groups.0.instance_types": ["m7i.large"]}
    [finding] = system_findings(environment("dev", **small, **{"regions.0.node_groups.0.max_nodes": 2}), FLEET)
    assert finding.path[-1] == "max_nodes"


def test_what_is_there_already_takes_no_room() -> None:
    small = {"regions.0.node_groups.0.instance_types": ["m7i.large"], "regions.0.node_groups.0.max_nodes": 4}
    everything = {"cluster.provided_addons": [addon.value for addon in Addon]}
    assert list(system_findings(environment("dev", **small), FLEET)) != []
    assert list(system_findings(environment("dev", **small, **everything), FLEET)) == []


def test_as_many_proxies_as_there_may_be_are_counted() -> None:
    peak = {"scaling.traffic.peak_rps": 20_000, "scaling.max_replicas": 1_000, "scaling.replica_rps": 900}
    busy = [blueprint("fraud-score", **peak)]
    assert most_proxies(busy) > most_proxies(FLEET)
    findings = list(system_findings(environment("prod"), busy))
    assert [finding.path[:2] for finding in findings] == [("regions", 0), ("regions", 1)]
    larger = {f"regions.{region}.node_groups.0.instance_types": ["m7i.2xlarge"] for region in (0, 1)}
    assert list(system_findings(environment("prod", **larger), busy)) == []


def wanted(stack: str, **changes: object) -> set[Addon]:
    document = environment(stack, **changes)
    return set(wanted_addons(addon_needs(document, document.regions[0], FLEET)))


def test_one_starter_of_nodes_is_counted() -> None:
    starters = {Addon.CLUSTER_AUTOSCALER, Addon.KARPENTER}
    assert starters & wanted("dev") == {Addon.CLUSTER_AUTOSCALER}
    assert starters & wanted("prod") == {Addon.KARPENTER}


def test_everything_that_can_be_lost_once_is_there_twice() -> None:
    # one of these may be away for the time of a restart: nothing that serves asks it
    alone = {"operator", "kube-state-metrics"}
    for addon, pods in ADDON_PODS.items():
        for pod, size in pods.items():
            assert size.replicas >= 2 or (addon is Addon.PROMETHEUS and pod in alone), (addon, pod)
