"""Samples of `lineage-model`."""

from __future__ import annotations

from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Sample
from tests.policies.samples.workloads import INFERENCE, LINEAGE, deployment, groups, pods

FEWER = {key: value for key, value in LINEAGE.items() if key != TagKey.DATASET.label}

SAMPLES = (
    Sample(Case.ALLOWED, "all keys", (deployment(),)),
    Sample(Case.ALLOWED, "rollout", (deployment(ROLLOUT),)),
    Sample(
        Case.DISALLOWED,
        "workload",
        (deployment(labels={**INFERENCE, **FEWER}),),
        ("metadata has no serving.blueprint/dataset",),
    ),
    Sample(
        Case.DISALLOWED,
        "pods",
        (deployment(template=pods(labels={**INFERENCE, **FEWER})),),
        ("spec.template.metadata has no serving.blueprint/dataset",),
    ),
    Sample(
        Case.DISALLOWED,
        "workers of a group",
        (groups(worker=pods(labels={**INFERENCE, **FEWER})),),
        ("workerTemplate.metadata has no serving.blueprint/dataset",),
    ),
    Sample(
        Case.DISALLOWED,
        "empty",
        (deployment(labels={**INFERENCE, **LINEAGE, TagKey.MODEL.label: ""}),),
        ("metadata has no serving.blueprint/model:",),
    ),
    Sample(
        Case.DISALLOWED,
        "rollout that borrows its pods",
        (deployment(ROLLOUT, labels=INFERENCE, template=None, workloadRef={"name": "chat"}),),
        ("metadata has no",) * len(LINEAGE),
    ),
    Sample(
        Case.UNKNOWN,
        "a value",
        (deployment(labels={**INFERENCE, **FEWER, TagKey.DATASET.label: UNKNOWN}),),
        ("metadata.labels.serving.blueprint/dataset is not known",),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "serves no model",
        (deployment(labels={"app": "web"}, template=pods(labels={"app": "web"})),),
    ),
)
