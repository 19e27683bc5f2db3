"""The dev stack under the real engine with the real Kubernetes provider, against the control plane of the tests.

AWS is the tests' own provider, which says that the cluster is this one; `aws eks get-token` is a program that hands out
an administrator's certificate. The charts of add-ons are said to be there already, because no chart repository can be
reached: their definitions and namespaces are. The tests of this module build on each other in their order, as a stack's
life does.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from components.addons import DEFINITIONS
from serving.blueprint.environment import Addon
from tests.cluster.control_plane import ControlPlane
from tests.engine.conftest import NO_ENGINE, PULUMI, Engine, fresh_stack

PROVIDER = shutil.which("pulumi-resource-kubernetes")
NO_PROVIDER = "pulumi-resource-kubernetes is not on PATH (it is on no package registry); install it to run this test"
SERVICE, VERSION, NEXT = "fraud-score", "3.2.0", "3.2.1"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(PULUMI is None, reason=NO_ENGINE),
    pytest.mark.skipif(PROVIDER is None, reason=NO_PROVIDER),
]


@pytest.fixture(scope="module")
def engine(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engine")
    authority, certificate, key = control_plane.administrator()
    cluster = {"endpoint": control_plane.url, "certificate": base64.b64encode(authority.encode()).decode()}
    made = fresh_stack(folder, "dev", packages=("aws",), variables={"TESTS_CLUSTER": json.dumps(cluster)})
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"clientCertificateData": certificate, "clientKeyData": key},
    }
    stand_in = folder / "bin" / "aws"
    stand_in.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(credential)}\nEND\n")
    stand_in.chmod(0o755)
    made.edit(**{"cluster.provided_addons": [addon.value for addon in Addon]})
    theirs = sorted({one.chart.namespace for one in DEFINITIONS.values() if one.own_namespace})
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in theirs]
    control_plane.api.apply(*namespaces)
    yield made
    _remove(control_plane, [*namespaces, *_objects(made)])


def _objects(engine: Engine) -> list[dict[str, Any]]:
    """The Kubernetes objects in the stack's state, in the order in which they were made."""
    return [one["inputs"] for one in engine.resources() if one["type"].startswith("kubernetes:")]


def _remove(control_plane: ControlPlane, objects: list[dict[str, Any]]) -> None:
    """What holds data is protected, so that the engine refuses to destroy the stack."""
    for one in reversed(objects):
        control_plane.api.delete(one)
    left = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}

    def gone() -> bool:
        return not left & {one["metadata"]["name"] for one in control_plane.api.list("v1", "Namespace")}

    control_plane.api.wait("namespaces gone", gone, 180)


def test_1_one_up_creates_everything(engine: Engine, control_plane: ControlPlane) -> None:
    engine.done("up", "--yes", "--skip-preview")
    objects = _objects(engine)
    assert len(objects) > 50
    for one in objects:
        name, namespace = one["metadata"]["name"], one["metadata"].get("namespace", "")
        assert control_plane.api.find(one["apiVersion"], one["kind"], name, namespace), f"{one['kind']} {name}"


def test_2_a_second_preview_is_empty(engine: Engine) -> None:
    engine.done("preview", "--expect-no-changes")


def test_3_so_is_a_preview_that_reads_the_cluster_first(engine: Engine) -> None:
    objects = [one["urn"] for one in engine.resources() if one["type"].startswith("kubernetes:")]
    targets = [argument for urn in objects for argument in ("--target", urn)]
    engine.done("preview", "--refresh", "--expect-no-changes", *targets)


def test_4_another_version_of_the_model_changes_only_what_names_the_version(engine: Engine) -> None:
    path = engine.project / "blueprints" / f"{SERVICE}.yaml"
    document = yaml.safe_load(path.read_text())
    assert document["model"]["version"] == VERSION
    path.write_text(path.read_text().replace(VERSION, NEXT))
    steps = json.loads(engine.done("preview", "--json"))["steps"]
    changed = [step for step in steps if step["op"] != "same"]
    assert {step["op"] for step in changed} == {"update"}
    assert any(step["urn"].endswith(f"Rollout::serving-eu-west-1-{SERVICE}-rollout") for step in changed)
    silent = [step["urn"] for step in changed if NEXT not in json.dumps(step["newState"]["inputs"])]
    assert silent == []
    engine.done("up", "--yes", "--skip-preview")
    engine.done("preview", "--expect-no-changes")


def test_5_the_cluster_has_the_new_version_and_the_route_of_consumers_is_the_old_one(
    engine: Engine, control_plane: ControlPlane
) -> None:
    rollout = control_plane.api.get("argoproj.io/v1alpha1", "Rollout", SERVICE, "payments")
    assert rollout["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/version"] == NEXT
    route = control_plane.api.get("gateway.networking.k8s.io/v1", "HTTPRoute", SERVICE, "payments")
    assert route["metadata"]["generation"] == 1
