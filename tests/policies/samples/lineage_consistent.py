"""Samples of `lineage-consistent`."""

from __future__ import annotations

from dataclasses import replace

from policies.tokens import BUCKET, ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import LINEAGE_KEYS, TagKey
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import INFERENCE, deployment, pods

RELEASE = {TagKey.SERVICE.value: "chat", **{key.value: f"a-{key.value}" for key in LINEAGE_KEYS}}
RUN = TagKey.TRAINING_RUN.value


def labels(tags: Json) -> Json:
    return {**INFERENCE, **{TagKey(key).label: value for key, value in tags.items()}}


def serving(name: str, tags: Json = RELEASE, in_pods: Json | None = None) -> Declared:
    template = pods(labels=labels(tags if in_pods is None else in_pods))
    return replace(deployment(ROLLOUT, labels=labels(tags), template=template), name=name)


def bucket(name: str, tags: Json = RELEASE) -> Declared:
    return Declared(BUCKET, name, {"tags": tags})


OTHER = {**RELEASE, RUN: "another-run"}

SAMPLES = (
    Sample(
        Case.ALLOWED, "the same everywhere", (bucket("eu-west-1"), bucket("eu-north-1"), serving("a"), serving("b"))
    ),
    Sample(
        Case.ALLOWED,
        "another version",
        (serving("a"), serving("b", {**OTHER, TagKey.MODEL_VERSION.value: "2.0.0"})),
    ),
    Sample(Case.ALLOWED, "another service of the same model", (serving("a"), serving("b", {**OTHER, "service": "x"}))),
    Sample(
        Case.DISALLOWED,
        "another region",
        (serving("a"), serving("b"), serving("c", OTHER)),
        ('training-run is "another-run", and not what others of its release says',),
    ),
    Sample(
        Case.DISALLOWED,
        "the store",
        (serving("a"), serving("b"), bucket("models", OTHER)),
        ("tags.training-run is",),
    ),
    Sample(
        Case.DISALLOWED,
        "two that differ",
        (serving("a"), bucket("models", OTHER)),
        ("labels.serving.blueprint/training-run",),
    ),
    Sample(
        Case.DISALLOWED,
        "by default tags",
        (serving("a"), serving("b"), Declared(BUCKET, "models", {}, default_tags=OTHER)),
        ("training-run is",),
    ),
    Sample(
        Case.DISALLOWED,
        "pods",
        (serving("a", RELEASE, OTHER),),
        ("spec.template.metadata.labels.serving.blueprint/training-run is",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown value does not hide another",
        (serving("a"), serving("b"), bucket("models", {**OTHER, "dataset": UNKNOWN})),
        ("tags.training-run is", "tags.dataset is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "which release",
        (serving("a"), bucket("models", {**RELEASE, "model": UNKNOWN})),
        ("tags.model is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no lineage", (bucket("a", {"owner": "x"}), bucket("b", {"owner": "y"}))),
    Sample(Case.NOT_APPLICABLE, "no version", (bucket("a", {"service": "chat", "model": "x", RUN: "1"}),)),
)
