"""Rule `lineage-tags`: lineage tags of AWS resources are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from policies.frameworks import AI_ACT_12, ISO_A_7_5
from policies.rule import (
    ANY_TYPE,
    Kind,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
    judge_filled,
)
from policies.tagging import is_aws, taggable, tags
from policies.views import Node, Resource
from serving.blueprint.tags import LINEAGE_KEYS


class LineageTags(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(
        default=tuple(key.value for key in LINEAGE_KEYS),
        min_length=1,
        description="Lineage tag keys that must be there.",
    )


def check(resource: Resource, parameters: LineageTags) -> Outcomes:
    """Judge the tags of an AWS resource that carries some of the lineage: then it must carry all of it."""
    if not is_aws(resource) or taggable(resource.token) is False:
        return
    found = {key: node for key, node in tags(resource).items() if not node.missing}
    if not found.keys().isdisjoint(parameters.keys):
        yield from _judge(found, parameters.keys)


def _judge(found: Mapping[str, Node], keys: tuple[str, ...]) -> Iterator[Outcome]:
    missing = [key for key in keys if key not in found]
    if missing:
        yield Violation(f"tag{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing")
    yield from judge_each((found[key] for key in keys if key in found), judge_filled)


RULE = Rule(
    id="lineage-tags",
    title="AWS resources that carry lineage tags carry all of them",
    description=(
        "Every taggable AWS resource that carries any lineage tag carries all of them (model, version, digest, "
        "contract, training run, dataset, feature view, commit, risk class), its provider's default tags included. "
        "A resource without any is not judged: nothing says that it belongs to a model."
    ),
    effect="stored models, queues and keys cannot be traced back to the model and the data that they hold",
    remedy="add the missing keys; `components.lineage` renders all of them",
    topic=Topic.LINEAGE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=LineageTags,
    check=check,
    frameworks=(ISO_A_7_5, AI_ACT_12),
)
