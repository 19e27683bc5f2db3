"""Samples of `sbom-mlbom-ref`."""

from __future__ import annotations

from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import LABEL_PREFIX
from tests.policies.harness import DIGEST, Case, Declared, Json, Sample
from tests.policies.samples.workloads import INFERENCE, deployment, pods

SBOM, ML_BOM, PROVENANCE = (f"{LABEL_PREFIX}{name}" for name in ("sbom", "ml-bom", "provenance"))
BILLS = {
    SBOM: f"registry.example.com/llm@{DIGEST}",
    ML_BOM: "https://docs.example.com/ml-bom/llm/1.4.0.json",
    PROVENANCE: DIGEST,
}


def serving(marks: Json) -> Declared:
    return deployment(ROLLOUT, labels={**INFERENCE, **marks})


SAMPLES = (
    Sample(Case.ALLOWED, "all references", (serving(BILLS),)),
    Sample(Case.ALLOWED, "keys of one's own", (serving({"sbom": BILLS[SBOM]}),), parameters={"keys": ["sbom"]}),
    Sample(Case.DISALLOWED, "none", (serving({}),), (f"metadata has no {SBOM}, {ML_BOM}, {PROVENANCE}",)),
    Sample(
        Case.DISALLOWED, "by tag", (serving({**BILLS, SBOM: "registry.example.com/llm:v1"}),), ("which is neither",)
    ),
    Sample(Case.DISALLOWED, "no reference", (serving({**BILLS, ML_BOM: "in the wiki"}),), ("which is neither",)),
    Sample(
        Case.UNKNOWN,
        "an unknown reference does not hide a missing one",
        (serving({SBOM: UNKNOWN, ML_BOM: BILLS[ML_BOM]}),),
        (f"metadata has no {PROVENANCE}", "sbom is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "serves no model", (deployment(labels={"app": "web"}, template=pods(labels={})),)),
)
