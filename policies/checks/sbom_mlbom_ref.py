"""Rule `sbom-mlbom-ref`: what serves a model says what it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import SERVERS
from policies.views import Node, Resource
from policies.workloads import marks, serves_inference
from serving.blueprint.tags import LABEL_PREFIX

_REFERENCE: Final = re.compile(r"^(?=.*(://|@sha256:[0-9a-f]{64}|^sha256:[0-9a-f]{64}$))[^\s]{8,}$", re.ASCII)
"""An URL, or a reference by digest: what a document says must not change behind its name."""


class Bills(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(
        default=(f"{LABEL_PREFIX}sbom", f"{LABEL_PREFIX}ml-bom", f"{LABEL_PREFIX}provenance"),
        min_length=1,
        description="Annotations that refer to the bill of materials of the images, that of the model, and to how "
        "both were built.",
    )


def check(workload: Resource, parameters: Bills) -> Outcomes:
    """Judge a workload that serves a model."""
    if not serves_inference(workload):
        return
    found = marks(workload["metadata"])
    missing = [key for key in parameters.keys if key not in found]
    if missing:
        yield Violation(f"metadata has no {', '.join(missing)}")
    yield from judge_each((found[key] for key in parameters.keys if key in found), _judge)


def _judge(node: Node) -> Iterator[Outcome]:
    if not _REFERENCE.match(node.text() or ""):
        yield Violation(f"{node.place} is {node.shown}, which is neither an URL nor a reference by digest")


RULE = Rule(
    id="sbom-mlbom-ref",
    title="Whatever serves a model refers to the bills of materials of its images and its model",
    description=(
        "Deployments, Rollouts and LeaderWorkerSets labelled `app.kubernetes.io/component: inference` refer, as "
        "annotations, to the SBOM of their images, the ML-BOM of their model (CycloneDX), and to the provenance of "
        "both (SLSA), each by URL or digest. Advisory by default: registries keep these documents beside the image, "
        "by its digest, which a stack does not show."
    ),
    effect="nobody can tell within the hour which services contain the library or the data set of the day",
    remedy="publish the documents with the release, and annotate the workload with their addresses",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.LOW,
    tokens=SERVERS,
    parameters=Bills,
    check=check,
    level=Level.ADVISORY,
)
