from __future__ import annotations

import pulumi
import pytest

from components.manifest import (
    FORCE_OWNERSHIP,
    KubernetesObject,
    create_lasting_object,
    create_object,
    create_release,
    declared_dependencies,
    type_token,
)
from serving.blueprint.versions import Chart
from tests.components.recorder import Recorder

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant"}}


class Sample(pulumi.ComponentResource):
    def __init__(self, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Sample", "sample", None, opts)
        self.child = create_object(self, "sample-namespace", NAMESPACE, declared_dependencies(opts))


@pytest.mark.parametrize(
    ("api_version", "kind", "token"),
    [
        ("v1", "Namespace", "kubernetes:core/v1:Namespace"),
        ("policy/v1", "PodDisruptionBudget", "kubernetes:policy/v1:PodDisruptionBudget"),
        ("argoproj.io/v1alpha1", "Rollout", "kubernetes:argoproj.io/v1alpha1:Rollout"),
    ],
)
def test_an_object_has_the_type_token_of_the_kubernetes_provider(api_version: str, kind: str, token: str) -> None:
    assert type_token({"apiVersion": api_version, "kind": kind}) == token


def test_a_manifest_is_registered_as_it_stands(record: Recorder) -> None:
    recorded = record(Sample)
    assert recorded.one("kubernetes:core/v1:Namespace").inputs == NAMESPACE


def test_a_lasting_object_stays_and_is_taken_over_by_whoever_makes_it_again(record: Recorder) -> None:
    def program() -> None:
        create_lasting_object(pulumi.ComponentResource("test:index:Sample", "sample"), "lasting", NAMESPACE)

    lasting = record(program).one("kubernetes:core/v1:NamespacePatch")
    assert (lasting.protect, lasting.retain_on_delete) == (False, True)
    assert lasting["metadata"] == {"name": "tenant", "annotations": FORCE_OWNERSHIP}


def test_children_wait_for_what_their_component_depends_on(record: Recorder) -> None:
    def program() -> None:
        first = KubernetesObject("first", NAMESPACE, pulumi.ResourceOptions())
        Sample(pulumi.ResourceOptions(depends_on=[first]))

    recorded = record(program)
    assert recorded.named("first").urn in recorded.named("sample-namespace").dependencies


def test_no_declared_dependency_is_none_at_all() -> None:
    assert declared_dependencies(None) == ()
    assert declared_dependencies(pulumi.ResourceOptions()) == ()


def test_dependencies_that_are_not_known_yet_are_refused(record: Recorder) -> None:
    def program() -> None:
        later: pulumi.Output[list[pulumi.Resource]] = pulumi.Output.from_input([])
        with pytest.raises(TypeError, match="plain resources"):
            declared_dependencies(pulumi.ResourceOptions(depends_on=later))

    record(program)


@pytest.mark.parametrize(
    ("repository", "chart", "options"),
    [
        ("https://charts.example.com", "thing", {"repo": "https://charts.example.com"}),
        ("oci://registry.example.com/charts", "oci://registry.example.com/charts/thing", None),
    ],
)
def test_a_release_is_pinned_and_rolled_back_as_a_whole(
    record: Recorder, repository: str, chart: str, options: object
) -> None:
    pinned = Chart("thing", "1.2.3", repository, "things")

    def program() -> None:
        create_release(Sample(), "release", pinned, {"replicas": 2})

    release = record(program).one("kubernetes:helm.sh/v3:Release")
    assert (release["chart"], release["version"], release["namespace"]) == (chart, "1.2.3", "things")
    assert release.get("repositoryOpts") == options
    assert release["atomic"] is True
    assert release["values"] == {"replicas": 2}
