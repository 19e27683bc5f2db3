"""Whether the platform itself has room."""

from __future__ import annotations

import pytest

from serving.blueprint.environment import Addon
from serving.planning.addons import ADDON_PODS, system_findings, wanted_addons
from tests.documents import STACKS, environment


@pytest.mark.parametrize("stack", STACKS)
def test_system_nodes_of_the_shipped_stacks_hold_the_controllers_with_one_node_lost(stack: str) -> None:
    assert list(system_findings(environment(stack))) == []


def test_system_nodes_that_nobody_grows_are_found_too_few() -> None:
    # with Karpenter the fewest are all there are
    few = {"regions.0.node_groups.0.min_nodes": 1, "regions.0.node_groups.0.max_nodes": 6}
    [finding] = system_findings(environment("prod", **few))
    assert finding.path == ("regions", 0, "node_groups", 0, "min_nodes")
    assert "0.0 cores" in finding.message
    assert list(system_findings(environment("prod", **few, **{"cluster.karpenter": False}))) == []


def test_machines_that_are_too_small_are_found() -> None:
    small = {"regions.0.node_groups.0.instance_types": ["m7i.large"]}
    [finding] = system_findings(environment("dev", **small, **{"regions.0.node_groups.0.max_nodes": 2}))
    assert finding.path[-1] == "max_nodes"


def test_what_is_there_already_takes_no_room() -> None:
    small = {"regions.0.node_groups.0.instance_types": ["m7i.large"]}
    everything = {"cluster.provided_addons": [addon.value for addon in Addon]}
    assert list(system_findings(environment("dev", **small, **everything))) == []


def test_one_starter_of_nodes_is_counted() -> None:
    dev, prod = environment("dev"), environment("prod")
    starters = {Addon.CLUSTER_AUTOSCALER, Addon.KARPENTER}
    assert starters & set(wanted_addons(dev, dev.regions[0])) == {Addon.CLUSTER_AUTOSCALER}
    assert starters & set(wanted_addons(prod, prod.regions[0])) == {Addon.KARPENTER}


def test_everything_that_can_be_lost_once_is_there_twice() -> None:
    # one of these may be away for the time of a restart: nothing that serves asks it
    alone = {"operator", "kube-state-metrics"}
    for addon, pods in ADDON_PODS.items():
        for pod, size in pods.items():
            assert size.replicas >= 2 or (addon is Addon.PROMETHEUS and pod in alone), (addon, pod)
