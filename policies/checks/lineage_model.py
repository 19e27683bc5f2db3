"""Rule `lineage-model`: what serves a model says which model, from where."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.frameworks import AI_ACT_12, ISO_A_7_5
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import SERVERS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, marks, pod_templates, serves_inference
from serving.blueprint.tags import LABEL_PREFIX, LINEAGE_KEYS


class Lineage(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(
        default=tuple(key.value for key in LINEAGE_KEYS),
        min_length=1,
        description="Lineage keys that must be there.",
    )
    label_prefix: str = Field(default=LABEL_PREFIX, description="What stands before a key.")


def check(workload: Resource, parameters: Lineage) -> Outcomes:
    """Judge a workload that serves a model, and the pods it makes."""
    if not serves_inference(workload):
        return
    metadata = [workload["metadata"]]
    if not borrows_pods(workload):
        metadata += [template["metadata"] for template in pod_templates(workload)]
    yield from judge_each(metadata, lambda node: _judge(node, parameters))


def _judge(metadata: Node, parameters: Lineage) -> Iterator[Outcome]:
    found = marks(metadata)
    names = (f"{parameters.label_prefix}{key}" for key in parameters.keys)
    yield from judge_each(names, lambda name: _judge_mark(metadata, found.get(name), name))


def _judge_mark(metadata: Node, mark: Node | None, name: str) -> Iterator[Outcome]:
    if mark is None or not (mark.text() or "").strip():
        yield Violation(f"{metadata.place} has no {name}")


RULE = Rule(
    id="lineage-model",
    title="Whatever serves a model names the model and where it comes from",
    description=(
        "Deployments, Rollouts and LeaderWorkerSets labelled `app.kubernetes.io/component: inference` carry the "
        "lineage keys (model, version, digest, contract, training run, dataset, feature view, commit, risk class) as "
        "labels or annotations, on the workload and on the pods."
    ),
    effect="an answer cannot be traced back to the model and the data that it came from",
    remedy=("add the missing keys to the workload and to its pod template; `components.lineage` renders all of them"),
    topic=Topic.LINEAGE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=SERVERS,
    parameters=Lineage,
    check=check,
    frameworks=(ISO_A_7_5, AI_ACT_12),
)
