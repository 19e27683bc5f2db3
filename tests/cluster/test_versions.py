"""What the control plane is made of is what is deployed."""

from __future__ import annotations

import pytest

from serving.blueprint.versions import TESTED_VERSIONS
from tests.cluster.binaries import SOURCES
from tests.cluster.crds import DEFINITIONS, STAND_INS


def version_of(folder: str) -> str:
    return next(source.version for source in SOURCES if source.folder == folder).removeprefix("v")


def test_the_control_plane_is_of_the_version_that_new_clusters_have() -> None:
    assert version_of("kubernetes").rpartition(".")[0] == TESTED_VERSIONS.kubernetes


def test_the_controllers_are_the_ones_that_the_charts_install() -> None:
    assert version_of("keda") == TESTED_VERSIONS.keda.version
    assert f"Argo Rollouts {version_of('argo-rollouts')}" in _of_argo_rollouts()


def _of_argo_rollouts() -> str:
    """The chart has a version of its own; the release that it installs is told beside it."""
    chart = TESTED_VERSIONS.argo_rollouts.version
    known = {"2.41.0": "1.9.0"}  # argoproj/argo-helm, charts/argo-rollouts/Chart.yaml, read 2026-11
    return f"Argo Rollouts {known[chart]}"


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
