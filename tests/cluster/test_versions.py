"""What the control plane is made of is what is deployed."""

from __future__ import annotations

import pytest

from serving.blueprint.versions import TESTED_VERSIONS, Chart
from tests.cluster.binaries import SOURCES
from tests.cluster.crds import DEFINITIONS, STAND_INS, Definitions


def version_of(folder: str) -> str:
    return next(source.version for source in SOURCES if source.folder == folder).removeprefix("v")


def test_the_control_plane_is_of_the_version_that_new_clusters_have() -> None:
    assert version_of("kubernetes").rpartition(".")[0] == TESTED_VERSIONS.kubernetes


def test_the_controllers_are_the_ones_that_the_charts_install() -> None:
    assert version_of("keda") == TESTED_VERSIONS.keda.version
    assert version_of("argo-rollouts") == installed_by(TESTED_VERSIONS.argo_rollouts)


INSTALLS = {
    ("argo-rollouts", "2.41.0"): "1.9.0",  # argoproj/argo-helm, charts/argo-rollouts/Chart.yaml, read 2026-11
    # prometheus-community/helm-charts, charts/kube-prometheus-stack/Chart.yaml, read 2026-11
    ("kube-prometheus-stack", "88.5.3"): "0.93.1",
    ("kyverno", "3.9.1"): "1.19.1",  # lists of installed releases of public repositories, read 2026-11
}
"""What charts install whose versions are their own; the others have the version of what they install."""

CHARTS = {
    "github.com/envoyproxy/gateway": TESTED_VERSIONS.envoy_gateway,
    "github.com/cert-manager/cert-manager": TESTED_VERSIONS.cert_manager,
    "github.com/argoproj/argo-rollouts": TESTED_VERSIONS.argo_rollouts,
    "github.com/kedacore/keda/v2": TESTED_VERSIONS.keda,
    "github.com/prometheus-operator/prometheus-operator": TESTED_VERSIONS.prometheus,
    "github.com/aws/karpenter-provider-aws": TESTED_VERSIONS.karpenter,
    "github.com/kyverno/kyverno": TESTED_VERSIONS.kyverno,
    "sigs.k8s.io/lws": TESTED_VERSIONS.leader_worker_set,
}
"""Module -> the chart that brings its definitions."""


def installed_by(chart: Chart) -> str:
    return INSTALLS.get((chart.name, chart.version), chart.version.removeprefix("v"))


@pytest.mark.parametrize("entry", DEFINITIONS, ids=[entry.module for entry in DEFINITIONS])
def test_definitions_are_those_that_are_deployed_or_it_is_said_why_not(entry: Definitions) -> None:
    is_deployed = entry.version.removeprefix("v") == installed_by(CHARTS[entry.module])
    assert is_deployed == (not entry.differs)


@pytest.mark.parametrize("folder", ["argo-rollouts", "keda"])
def test_definitions_are_those_of_the_controllers(folder: str) -> None:
    source = next(source for source in SOURCES if source.folder == folder)
    assert source.version in {entry.version for entry in DEFINITIONS if entry.module == source.module}


def test_a_group_is_defined_once() -> None:
    groups = [group for entry in DEFINITIONS for group in entry.groups] + list(STAND_INS)
    assert len(groups) == len(set(groups))


def test_a_program_is_built_from_a_pinned_module() -> None:
    assert all(source.version.startswith("v") for source in SOURCES)
    names = [name for source in SOURCES for name in source.programs]
    assert len(names) == len(set(names))
