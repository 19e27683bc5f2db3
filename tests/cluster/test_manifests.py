"""Every Kubernetes object of the stacks, as `serving preview --manifests` writes it, before a real API server.

So are those of stacks that choose what the shipped ones do not (`variants.py`).

What a Helm chart renders is not among them: that is the chart's, at the version that is pinned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from serving.cli import main
from tests.cluster.api import Api, Object, Refused
from tests.cluster.control_plane import ControlPlane
from tests.cluster.crds import DEFINITIONS, STAND_INS
from tests.cluster.variants import VARIANTS, write
from tests.documents import ROOT, STACKS

CLUSTERS = {"dev": 1, "prod": 2, **dict.fromkeys(VARIANTS, 1)}
"""Stack -> how many clusters it has."""

_ATTEMPTS = 5  # a controller may write a status between reading and applying


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Stack -> what the command wrote of it."""
    made = {}
    for variant in VARIANTS:
        made[variant] = tmp_path_factory.mktemp(variant)
        write(variant, made[variant])
    for stack in STACKS:
        made[stack] = tmp_path_factory.mktemp(stack)
        done = CliRunner().invoke(
            main,
            ["preview", "--stack", stack, "--project", str(ROOT), "--no-policies", "--manifests", str(made[stack])],
            catch_exceptions=False,
        )
        assert done.exit_code == 0, done.output
    return made


@pytest.fixture
def applied(control_plane: ControlPlane) -> Iterator[list[Object]]:
    """Objects that a test applied, to be removed after it: two clusters are never in one server at a time."""
    objects: list[Object] = []
    yield objects
    for one in reversed(objects):
        control_plane.api.delete(one)
    names = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    control_plane.api.wait("namespaces gone", lambda: not names & _namespaces(control_plane.api), 180)


def _namespaces(api: Api) -> set[str]:
    return {one["metadata"]["name"] for one in api.list("v1", "Namespace")}


@cache
def _objects(folder: Path) -> list[Object]:
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml"))]


def _clusters(folders: Mapping[str, Path], stack: str) -> list[list[Object]]:
    return [_objects(folder) for folder in sorted(folders[stack].iterdir())]


@pytest.mark.parametrize("stack", CLUSTERS)
def test_a_folder_is_written_for_each_cluster(folders: Mapping[str, Path], stack: str) -> None:
    clusters = _clusters(folders, stack)
    assert len(clusters) == CLUSTERS[stack]
    assert all(objects for objects in clusters)


def test_whatever_is_defined_is_met_by_an_object(folders: Mapping[str, Path]) -> None:
    """A definition that no object meets proves nothing."""
    used = {one["apiVersion"].partition("/")[0] for stack in CLUSTERS for one in _clusters(folders, stack)[0]}
    assert [entry.module for entry in DEFINITIONS if not used & set(entry.groups)] == []
    assert set(STAND_INS) <= used


@pytest.mark.parametrize(("stack", "cluster"), [(stack, n) for stack, many in CLUSTERS.items() for n in range(many)])
def test_every_object_is_accepted_strictly_without_a_warning_and_applying_it_again_changes_nothing(
    control_plane: ControlPlane, folders: Mapping[str, Path], applied: list[Object], stack: str, cluster: int
) -> None:
    objects = _clusters(folders, stack)[cluster]
    refused = []
    for one in objects:
        try:
            control_plane.api.apply(one)
        except Exception as error:  # noqa: BLE001  (all of them are told at once)
            refused.append(f"{_name(one)}: {error}")
        else:
            applied.append(one)
    assert not refused, "\n".join(refused)
    assert [_name(one) for one in objects if not _is_stable(control_plane.api, one)] == []


@pytest.mark.parametrize("stack", CLUSTERS)
def test_a_twin_with_a_field_that_does_not_exist_is_refused_of_every_kind(
    control_plane: ControlPlane, folders: Mapping[str, Path], applied: list[Object], stack: str
) -> None:
    objects = _clusters(folders, stack)[0]
    namespaces = [one for one in objects if one["kind"] == "Namespace"]
    control_plane.api.apply(*namespaces)
    applied.extend(namespaces)
    by_kind = {(one["apiVersion"], one["kind"]): one for one in objects}
    assert [_name(one) for one in by_kind.values() if _takes(control_plane.api, _with_unknown_field(one))] == []


def _takes(api: Api, one: Object) -> bool:
    try:
        api.apply(one, dry_run=True)
    except Refused as error:
        return "madeUp" not in str(error)  # refused, but for another reason
    return True


def _with_unknown_field(one: Object) -> Object:
    inside: Any = one.get("spec", one)
    changed = {**inside, "madeUp": "x"}
    return {**one, "spec": changed} if "spec" in one else changed


def _is_stable(api: Api, one: Object) -> bool:
    """Whether applying leaves the object as it is, but for what controllers write meanwhile."""
    for _ in range(_ATTEMPTS):
        reference = (one["apiVersion"], one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", ""))
        before = api.get(*reference)["metadata"]["resourceVersion"]
        if api.apply(one)["metadata"]["resourceVersion"] == before:
            return True
    return False


def _name(one: Object) -> str:
    return f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
