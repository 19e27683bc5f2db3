"""Manifests of a plan: which, in which order, with what in the place of the unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from serving.blueprint.errors import InputError
from serving.preview.manifests import STANDS_FOR_SECRET, STANDS_FOR_UNKNOWN, planned_objects, write_manifests
from serving.preview.plan import Plan, PlanResource
from serving.preview.recording import Kind
from serving.preview.values import SECRET, UNKNOWN, PlanValue

PREFIX = "urn:pulumi:dev::p::"
PROVIDER = f"{PREFIX}pulumi:providers:kubernetes::one"


def urn(name: str) -> str:
    return f"{PREFIX}kubernetes:core/v1:ConfigMap::{name}"


def resource(name: str, *needs: str, type_: str = "kubernetes:core/v1:ConfigMap", **inputs: PlanValue) -> PlanResource:
    manifest: dict[str, PlanValue] = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, **inputs}
    return PlanResource(
        urn=f"{PREFIX}{type_}::{name}",
        type=type_,
        name=name,
        kind=Kind.CUSTOM,
        parent="",
        region=None,
        provider=PROVIDER,
        inputs=manifest,
        dependencies=needs,
        property_dependencies={},
        options={},
    )


def plan(*resources: PlanResource) -> Plan:
    return Plan("p", "dev", resources, {})


def test_what_an_object_depends_on_comes_before_it_also_through_other_resources() -> None:
    release = resource("b-release", urn("c"), type_="kubernetes:helm.sh/v3:Release")
    found = planned_objects(plan(resource("a", release.urn), release, resource("c")))
    assert [one.manifest["metadata"]["name"] for one in found] == ["c", "a"]
    assert [one.needs for one in found] == [frozenset(), {urn("c")}]


def test_a_release_is_no_object() -> None:
    assert planned_objects(plan(resource("chart", type_="kubernetes:helm.sh/v3:Release"))) == []


def test_the_unknown_and_the_secret_are_texts_and_a_literal_is_itself() -> None:
    data: dict[str, PlanValue] = {"a": UNKNOWN, "b": [SECRET], "c": {"$literal": {"$unknown": True}}}
    (one,) = planned_objects(plan(resource("a", data=data)))
    assert one.manifest["data"] == {"a": STANDS_FOR_UNKNOWN, "b": [STANDS_FOR_SECRET], "c": {"$unknown": True}}


def test_files_of_an_earlier_run_go_and_those_of_others_stay(tmp_path: Path) -> None:
    assert write_manifests(plan(resource("a"), resource("b")), tmp_path) == 2
    (tmp_path / "one" / "mine.txt").write_text("x")
    assert write_manifests(plan(resource("b")), tmp_path) == 1
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == ["0000-configmap-b.yaml", "mine.txt"]
    written = yaml.safe_load((tmp_path / "one" / "0000-configmap-b.yaml").read_text())
    assert list(written) == ["apiVersion", "kind", "metadata"]


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_manifests(plan(resource("a")), tmp_path / "file")
