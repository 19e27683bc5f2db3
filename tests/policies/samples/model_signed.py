"""Samples of `model-signed`."""

from __future__ import annotations

from policies.images import SAGEMAKER_MODEL
from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import MANIFEST_ANNOTATION, SIGNER_ANNOTATION, TagKey
from tests.policies.harness import DIGEST, Case, Declared, Json, Sample
from tests.policies.samples.workloads import IMAGE, INFERENCE, container, deployment, groups, pods

KEY = TagKey.MODEL_DIGEST.label
SIGNED = {KEY: DIGEST, MANIFEST_ANNOTATION: "llm/1.4.0/manifest.json", SIGNER_ANNOTATION: "alias/model-signing"}
OTHER = "sha256:" + "cd" * 32


def serving(marks: Json = SIGNED, in_pods: Json = SIGNED, *arguments: str, token: str = ROLLOUT) -> Declared:
    template = pods(container(args=list(arguments)), labels={**INFERENCE, **in_pods})
    return deployment(token, labels={**INFERENCE, **marks}, template=template)


def without(key: str) -> Json:
    return {name: value for name, value in SIGNED.items() if name != key}


def model(tags: Json) -> Declared:
    return Declared(SAGEMAKER_MODEL, "llm", {"primaryContainer": {"image": IMAGE}, "tags": tags})


TAGS = {"model-digest": DIGEST, "model-manifest": "s3://models/llm/manifest.json", "model-signer": "release"}

SAMPLES = (
    Sample(Case.ALLOWED, "signed", (serving(),)),
    Sample(Case.ALLOWED, "verified", (serving(SIGNED, SIGNED, f"--digest={DIGEST}"),)),
    Sample(Case.ALLOWED, "verified, in two words", (serving(SIGNED, SIGNED, "--model-digest", DIGEST),)),
    Sample(Case.ALLOWED, "model", (model(TAGS),)),
    Sample(Case.DISALLOWED, "no digest", (serving(without(KEY)),), (f"metadata has no {KEY}",)),
    Sample(
        Case.DISALLOWED,
        "no signer of the pods",
        (serving(SIGNED, without(SIGNER_ANNOTATION)),),
        (f"spec.template.metadata has no {SIGNER_ANNOTATION}",),
    ),
    Sample(
        Case.DISALLOWED,
        "no digest at all of workers",
        (groups(worker=pods(labels={**INFERENCE, **without(KEY)}), leader=pods(labels={**INFERENCE, **SIGNED})),),
        ("model-digest is", "metadata has no", "metadata has no", "workerTemplate.metadata has no"),
    ),
    Sample(
        Case.DISALLOWED,
        "short digest",
        (serving({**SIGNED, KEY: DIGEST[:-1]}),),
        (f"{KEY} is",),
    ),
    Sample(
        Case.DISALLOWED,
        "manifest that is no reference",
        (serving({**SIGNED, MANIFEST_ANNOTATION: "see the wiki"}),),
        (f"{MANIFEST_ANNOTATION} is",),
    ),
    Sample(
        Case.DISALLOWED,
        "verifies something else",
        (serving(SIGNED, SIGNED, f"--digest={OTHER}"),),
        ("args[0] verifies another digest",),
    ),
    Sample(
        Case.DISALLOWED,
        "verifies something else, in two words",
        (serving(SIGNED, SIGNED, "fetch", "--digest", OTHER),),
        ("args[1] verifies another digest",),
    ),
    Sample(Case.DISALLOWED, "model", (model({**TAGS, "model-signer": ""}),), ("the model has no model-signer",)),
    Sample(
        Case.UNKNOWN,
        "an unknown digest does not hide the missing signer",
        (serving({KEY: UNKNOWN, MANIFEST_ANNOTATION: "a/b.json"}),),
        (f"metadata has no {SIGNER_ANNOTATION}", "model-digest is not known"),
    ),
    Sample(Case.UNKNOWN, "argument", (serving(SIGNED, SIGNED, UNKNOWN),), ("args[0] is not known",)),
    Sample(Case.NOT_APPLICABLE, "serves no model", (deployment(labels={"app": "web"}, template=pods(labels={})),)),
)
