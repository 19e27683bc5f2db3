"""Rule `lineage-consistent`: one release tells one story wherever it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
)
from policies.stack import Stack
from policies.tagging import is_aws, taggable, tags
from policies.tokens import SERVERS
from policies.views import Malformed, Node, Resource, Undetermined
from policies.workloads import borrows_pods, marks, pod_templates, serves_inference
from serving.blueprint.tags import LABEL_PREFIX, TagKey

_RELEASE = (TagKey.SERVICE, TagKey.MODEL, TagKey.MODEL_VERSION)
"""What names a release; resources that do not state all three belong to none."""

Release = tuple[str, ...]


class Lineage(Parameters):
    """Parameters."""

    keys: tuple[str, ...] = Field(
        default=(
            TagKey.MODEL_DIGEST.value,
            TagKey.CONTRACT_VERSION.value,
            TagKey.TRAINING_RUN.value,
            TagKey.DATASET.value,
            TagKey.FEATURE_VIEW.value,
            TagKey.SOURCE_COMMIT.value,
            TagKey.RISK_CLASS.value,
        ),
        min_length=1,
        description="Keys whose values are the same for all that belongs to one version of one service's model.",
    )
    label_prefix: str = Field(default=LABEL_PREFIX, description="What stands before a key in a Kubernetes label.")


@dataclass(slots=True)
class _Said:
    """What the resources of a release say, key by key: value -> how many say so, in the order of the stack."""

    values: dict[str, Counter[str]] = field(default_factory=dict)

    def usual(self, key: str) -> str | None:
        """What most of them say; of several, what the first one said."""
        counts = self.values.get(key)
        return max(counts, key=lambda value: counts[value]) if counts else None


def check(resource: Resource, parameters: Lineage) -> Outcomes:
    """Judge the lineage of a resource by that of its release, and that of its pods by its own."""
    found = _lineage(resource, parameters)
    release = None if found is None else _release(found)
    if found is None or release is None:
        return
    said = _releases(resource.stack, parameters).get(release, _Said())
    stated = [key for key in parameters.keys if key in found]
    yield from judge_each(stated, lambda key: _judge(found[key], said.usual(key), "others of its release"))
    if resource.token in SERVERS and not borrows_pods(resource):
        yield from judge_each(pod_templates(resource), lambda pods: _judge_pods(pods, found, parameters))


def _judge_pods(template: Node, found: Mapping[str, Node], parameters: Lineage) -> Outcomes:
    in_pods = _unprefixed(marks(template["metadata"]), parameters)
    keys = [key for key in (*(key.value for key in _RELEASE), *parameters.keys) if key in found and key in in_pods]
    yield from judge_each(keys, lambda key: _judge(in_pods[key], found[key].text(), "its workload"))


def _judge(node: Node, expected: str | None, whose: str) -> Iterator[Outcome]:
    text = node.text()
    if text is not None and expected is not None and text != expected:
        yield Violation(f"{node.place} is {node.shown}, and not what {whose} says")


def _lineage(resource: Resource, parameters: Lineage) -> Mapping[str, Node] | None:
    """Tags, or labels and annotations without their prefix, of what may belong to a release."""
    if is_aws(resource):
        return tags(resource) if taggable(resource.token) is not False else None
    if resource.token in SERVERS and serves_inference(resource):
        return _unprefixed(marks(resource["metadata"]), parameters)
    return None


def _unprefixed(found: Mapping[str, Node], parameters: Lineage) -> dict[str, Node]:
    prefix = parameters.label_prefix
    return {key.removeprefix(prefix): node for key, node in found.items() if key.startswith(prefix)}


def _release(found: Mapping[str, Node]) -> Release | None:
    if any(key.value not in found for key in _RELEASE):
        return None
    return tuple(found[key.value].text() or "" for key in _RELEASE)


def _releases(stack: Stack, parameters: Lineage) -> dict[Release, _Said]:
    return stack.index(("releases", parameters), lambda: _index(stack, parameters))


def _index(stack: Stack, parameters: Lineage) -> dict[Release, _Said]:
    """What every release says. A resource that cannot be read counts for nothing here: it is judged itself."""
    releases: dict[Release, _Said] = {}
    for resource in stack.resources:
        try:
            found = _lineage(resource, parameters)
            release = None if found is None else _release(found)
        except (Undetermined, Malformed):
            continue
        if found is not None and release is not None:
            _count(releases.setdefault(release, _Said()), found, parameters)
    return releases


def _count(said: _Said, found: Mapping[str, Node], parameters: Lineage) -> None:
    for key in parameters.keys:
        raw = found[key].raw if key in found else None
        if isinstance(raw, str) and not found[key].unknown:
            said.values.setdefault(key, Counter())[raw] += 1


RULE = Rule(
    id="lineage-consistent",
    title="All that belongs to one version of a model agrees on where it comes from",
    description=(
        "AWS resources with lineage tags, and workloads labelled `app.kubernetes.io/component: inference`, belong to "
        "one release if they name the same service, model and version: across regions, stores and the cluster they "
        "then name the same digest, contract, training run, dataset, feature views, commit and risk class. Pods say "
        "what their workload says. What most say counts; whoever differs is reported."
    ),
    effect="one answer has two histories, and an audit or a rollback picks the wrong one",
    remedy="render all tags and labels of a release from one place, as `components.lineage` does",
    topic=Topic.LINEAGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=Lineage,
    check=check,
    frameworks=(ISO_A_7_5, AI_ACT_12),
)
