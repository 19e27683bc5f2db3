"""Rule `admission-verify-images`: the cluster itself refuses an image that nobody vouches for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from policies.images import images, repository_of
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import SERVERS
from policies.views import Node, Resource
from policies.workloads import serves_inference

VALIDATING: Final = tuple(
    f"kubernetes:policies.kyverno.io/{version}:ImageValidatingPolicy" for version in ("v1", "v1beta1", "v1alpha1")
)
CLUSTER_IMAGE: Final = tuple(
    f"kubernetes:policy.sigstore.dev/{version}:ClusterImagePolicy" for version in ("v1beta1", "v1alpha1")
)
CLUSTER_POLICY: Final = ("kubernetes:kyverno.io/v1:ClusterPolicy", "kubernetes:kyverno.io/v2beta1:ClusterPolicy")
_POLICIES: Final = (*VALIDATING, *CLUSTER_IMAGE, *CLUSTER_POLICY)
_DOUBLE: Final = re.compile(r"\*\*|\*|\?")


@dataclass(slots=True)
class _Cluster:
    """One cluster: what verifies images in it, and what serves models."""

    policies: list[Resource] = field(default_factory=list)
    servers: list[Resource] = field(default_factory=list)


def check_stack(stack: Stack, parameters: Parameters) -> Outcomes:
    """Judge every policy that verifies images, and every cluster that serves models by its policies."""
    yield from judge_each(stack.of(*_POLICIES), _judge_policy)
    yield from judge_each(_clusters(stack).items(), lambda item: _judge_cluster(*item))


def _clusters(stack: Stack) -> dict[str, _Cluster]:
    """Clusters by the URN of their provider."""
    clusters: dict[str, _Cluster] = {}
    for resource in stack.of(*_POLICIES, *SERVERS):
        cluster = clusters.setdefault(resource.provider.urn if resource.provider else "", _Cluster())
        (cluster.policies if resource.token in _POLICIES else cluster.servers).append(resource)
    return clusters


def _judge_policy(policy: Resource) -> Outcomes:
    if policy.token in VALIDATING:
        yield from judge_each((_judge_actions, _judge_failure), lambda judge: judge(policy))
    elif policy.token in CLUSTER_IMAGE:
        mode = policy.at("spec", "mode")
        if mode.text() == "warn":
            yield Violation(f"{mode.place} is warn", policy.urn, remedy="leave the mode out: it enforces")
    else:
        yield from _judge_kyverno_rules(policy)


def _judge_actions(policy: Resource) -> Iterator[Outcome]:
    actions = policy.at("spec", "validationActions")
    if not actions.missing and "Deny" not in [action.text() for action in actions.items()]:
        yield Violation(f"{actions.place} has no Deny", policy.urn, remedy="set validationActions to [Deny]")


def _judge_failure(policy: Resource) -> Iterator[Outcome]:
    node = policy.at("spec", "failurePolicy")
    if node.text() == "Ignore":
        yield Violation(f"{node.place} is Ignore", policy.urn, remedy="set failurePolicy to Fail")


def _judge_kyverno_rules(policy: Resource) -> Outcomes:
    yield from _judge_failure(policy)
    whole = policy.at("spec", "validationFailureAction")
    for rule in policy.at("spec", "rules").items():
        for entry in rule["verifyImages"].items():
            own = entry["failureAction"]
            action = whole if own.missing else own
            if (action.text() or "Audit").lower() != "enforce":
                shown = "missing, which means Audit" if action.missing else action.shown
                yield Violation(f"{action.place} is {shown}", policy.urn, remedy="set failureAction to Enforce")


def _judge_cluster(urn: str, cluster: _Cluster) -> Outcomes:
    servers = [server for server in cluster.servers if serves_inference(server)]
    if not servers:
        return
    patterns = [pattern for policy in cluster.policies for pattern in _patterns(policy)]
    if not patterns:
        count = f"{len(servers)} workload{'s' if len(servers) > 1 else ''}"
        yield Violation(f"no policy of the cluster verifies the images of {count} that serve models", urn)
        return
    yield from judge_each(servers, partial(_judge_server, patterns))


def _judge_server(patterns: list[re.Pattern[str]], server: Resource) -> Outcomes:
    yield from judge_each(images(server), partial(_judge_image, patterns, server.urn))


def _judge_image(patterns: list[re.Pattern[str]], urn: str, image: Node) -> Iterator[Outcome]:
    text = image.text() or ""
    if not any(pattern.fullmatch(name) for pattern in patterns for name in (text, repository_of(text))):
        yield Violation(f"{image.place} is {image.shown}, which no policy of the cluster verifies", urn)


def _patterns(policy: Resource) -> Iterator[re.Pattern[str]]:
    """Images that a policy verifies. What it picks by an expression is taken for all of them."""
    spec = policy["spec"]
    if policy.token in VALIDATING:
        references = spec["matchImageReferences"].items()
        if not references:
            yield _glob("**")
        for reference in references:
            yield _glob("**" if reference["glob"].missing else _wide(reference["glob"]))
    elif policy.token in CLUSTER_IMAGE:
        for entry in spec["images"].items():
            yield _glob(entry["glob"].text() or "")
    else:
        for rule in spec["rules"].items():
            for verified in rule["verifyImages"].items():
                for reference in verified["imageReferences"].items():
                    yield _glob(_wide(reference))


def _wide(node: Node) -> str:
    """A glob of Kyverno, whose `*` stands for slashes too, as Sigstore writes it."""
    return (node.text() or "").replace("**", "*").replace("*", "**")


def _glob(glob: str) -> re.Pattern[str]:
    parts = {"**": ".*", "*": "[^/]*", "?": "."}
    pattern, end = "", 0
    for match in _DOUBLE.finditer(glob):
        pattern += re.escape(glob[end : match.start()]) + parts[match[0]]
        end = match.end()
    return re.compile(pattern + re.escape(glob[end:]))


RULE = Rule(
    id="admission-verify-images",
    title="Clusters that serve models verify the signatures of their images",
    description=(
        "Every cluster (provider) with a workload labelled `app.kubernetes.io/component: inference` has a policy that "
        "verifies each of their images: Kyverno's ImageValidatingPolicy, a ClusterPolicy with verifyImages, or "
        "Sigstore's ClusterImagePolicy. The policy denies, and fails closed; globs are compared, conditions and "
        "attestors are not. Advisory by default: another stack, or a Helm chart, may bring the policy."
    ),
    effect="whoever can write to the registry runs what they like: a signature that nobody checks is none",
    remedy="add an ImageValidatingPolicy with validationActions [Deny] whose globs cover the images",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(*_POLICIES, *SERVERS),
    parameters=Parameters,
    check_stack=check_stack,
    level=Level.ADVISORY,
)
