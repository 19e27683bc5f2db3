"""Rule `tag-required-set`: everything says whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

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
from policies.workloads import is_kubernetes_object, is_namespaced, marks
from serving.blueprint.tags import LABEL_PREFIX, OWNERSHIP_KEYS


class RequiredTags(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(
        default=tuple(key.value for key in OWNERSHIP_KEYS),
        min_length=1,
        description="Tag keys that must be there.",
    )
    label_prefix: str = Field(default=LABEL_PREFIX, description="What stands before a key in a Kubernetes label.")
    exempt_types: tuple[str, ...] = Field(default=(), description="Type tokens that need no tags.")


def check(resource: Resource, parameters: RequiredTags) -> Outcomes:
    """Judge the tags of an AWS resource, or the labels and annotations of a Kubernetes object."""
    if resource.token in parameters.exempt_types:
        return
    if is_aws(resource):
        if taggable(resource.token) or (taggable(resource.token) is None and not resource["tags"].missing):
            yield from _judge(tags(resource), parameters.keys, "tag")
    elif is_kubernetes_object(resource) and is_namespaced(resource):
        keys = tuple(f"{parameters.label_prefix}{key}" for key in parameters.keys)
        yield from _judge(marks(resource["metadata"]), keys, "label")


def _judge(found: Mapping[str, Node], keys: tuple[str, ...], what: str) -> Iterator[Outcome]:
    missing = [key for key in keys if key not in found or found[key].missing]
    if missing:
        yield Violation(f"{what}{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing")
    present = (found[key] for key in keys if key not in missing)
    yield from judge_each(present, judge_filled)


RULE = Rule(
    id="tag-required-set",
    title="Every resource carries the ownership tags",
    description=(
        "Every taggable AWS resource carries the required tags, its provider's default tags included; every "
        "namespaced Kubernetes object carries them as labels or annotations. Whether an AWS type is taggable is "
        "read from the installed pulumi_aws package; a type that the package does not know is judged when it "
        "states tags."
    ),
    effect="nobody can tell whose the resource is, what it costs whom, and what data it holds",
    remedy=("add the missing keys; `components.lineage` renders all of them, or set defaultTags of the provider"),
    topic=Topic.LINEAGE,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(ANY_TYPE,),
    parameters=RequiredTags,
    check=check,
)
