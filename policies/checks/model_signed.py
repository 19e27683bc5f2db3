"""Rule `model-signed`: what serves a model says who signed it, and checks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import ISO_A_7_5
from policies.images import SAGEMAKER_MODEL
from policies.models import options
from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.tagging import tags
from policies.tokens import SERVERS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, marks, pod_templates, serves_inference
from serving.blueprint.tags import LABEL_PREFIX, MANIFEST_ANNOTATION, SIGNER_ANNOTATION, TagKey
from serving.blueprint.vocabulary import EnvironmentKind

_DIGEST: Final = re.compile(r"^sha256:[0-9a-f]{64}$", re.ASCII)
_REFERENCE: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9+._/:@-]{2,}$", re.ASCII)
_DIGEST_OPTIONS: Final = frozenset({"digest", "manifest-digest", "model-digest"})


class Signature(Parameters):
    """Parameters."""

    digest_key: str = Field(
        default=TagKey.MODEL_DIGEST.label, description="Label or annotation with the digest of what was signed."
    )
    signature_key: str = Field(
        default=MANIFEST_ANNOTATION, description="Label or annotation that says where the signed manifest lies."
    )
    signer_key: str = Field(default=SIGNER_ANNOTATION, description="Label or annotation with the signer's identity.")


def check(resource: Resource, parameters: Signature) -> Outcomes:
    """Judge a workload that serves a model with the pods it makes, or a SageMaker model."""
    if resource.token == SAGEMAKER_MODEL:
        plain = (key.removeprefix(LABEL_PREFIX) for key in _keys(parameters))
        yield from _judge_marks(tags(resource), tuple(plain), "the model")
    elif serves_inference(resource):
        yield from _judge_marks(marks(resource["metadata"]), _keys(parameters), resource["metadata"].place)
        if not borrows_pods(resource):
            yield from judge_each(pod_templates(resource), partial(_judge_pods, parameters))


def _keys(parameters: Signature) -> tuple[str, str, str]:
    return parameters.digest_key, parameters.signature_key, parameters.signer_key


def _judge_pods(parameters: Signature, template: Node) -> Outcomes:
    found = marks(template["metadata"])
    yield from _judge_marks(found, _keys(parameters), template["metadata"].place)
    digest = found.get(parameters.digest_key)
    if digest is not None:
        yield from judge_each(containers(template), partial(_judge_container, digest))


def _judge_marks(found: Mapping[str, Node], keys: tuple[str, ...], place: str) -> Outcomes:
    judges: tuple[Callable[[str], bool], ...] = (_is_digest, _is_reference, _is_identity)
    yield from judge_each(
        zip(keys, judges, strict=True), lambda pair: _judge_mark(found.get(pair[0]), pair[0], pair[1], place)
    )


def _judge_mark(mark: Node | None, key: str, is_good: Callable[[str], bool], place: str) -> Iterator[Outcome]:
    text = "" if mark is None else (mark.text() or "").strip()
    if not text:
        yield Violation(f"{place} has no {key}")
    elif mark is not None and not is_good(text):
        yield Violation(f"{mark.place} is {mark.shown}, which is none")


def _is_digest(text: str) -> bool:
    return _DIGEST.match(text) is not None


def _is_reference(text: str) -> bool:
    return _REFERENCE.match(text) is not None


def _is_identity(text: str) -> bool:
    return text.isprintable() and not text.isspace()


def _judge_container(digest: Node, container: Node) -> Iterator[Outcome]:
    """Judge that what a container verifies is what the pod says it serves."""
    for option in options(container):
        if option.name in _DIGEST_OPTIONS and option.value != digest.text():
            yield Violation(f"{option.node.place} verifies another digest than {digest.place} names")


RULE = Rule(
    id="model-signed",
    title="Whatever serves a model names its digest, its signed manifest and the signer",
    description=(
        "Deployments, Rollouts and LeaderWorkerSets labelled `app.kubernetes.io/component: inference` and their pods "
        "carry the digest of the signed manifest (sha256), where it lies, and who signed it, as labels or "
        "annotations; SageMaker models carry them as tags, by the keys without prefix. A container that is told a "
        "digest (`--digest`, `--manifest-digest`, `--model-digest`) is told the one that the pod carries."
    ),
    effect="a model that was swapped in the store is served, and nobody could say so afterwards",
    remedy="sign the model's manifest, carry the three values, and verify them before the server starts",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*SERVERS, SAGEMAKER_MODEL),
    parameters=Signature,
    check=check,
    frameworks=(ISO_A_7_5,),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
