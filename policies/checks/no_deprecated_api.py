"""Rule `no-deprecated-api`: no Kubernetes API that is gone, going, or not finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

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
)
from policies.views import Node, Resource

# Groups that the API server itself serves, or served: API reference 1.35; kubernetes/api (2026-07-24), `GroupName`,
# read 2026-11-26. All others are CRDs, whose authors ship alpha and beta versions for years: of those, only what is
# known to be gone is refused.
_BUILT_IN: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "auditregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "core",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "meta",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "settings.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
# Versions of CRDs, or of one kind, that their projects serve no more, each -> its replacement. Sources are what each
# project says of its releases, and its CRDs as of 2026-08, read 2026-11-26: cert-manager 1.6 (release notes); Karpenter
# 0.33 and 1.1 (upgrade guide); external-snapshotter 2.0 and 6.1 (CHANGELOG); Gateway API 0.6, 0.8 and 1.2 (CHANGELOG;
# routes for TCP, TLS and UDP still have v1alpha2 in the experimental channel); External Secrets 0.17 (release notes as
# others quote them; its chart can still serve v1beta1); KEDA 2.0 (CHANGELOG).
_GATEWAY: Final = "gateway.networking.k8s.io"
_GONE: Final = {
    "cert-manager.io/v1alpha2": "cert-manager.io/v1",
    "cert-manager.io/v1alpha3": "cert-manager.io/v1",
    "cert-manager.io/v1beta1": "cert-manager.io/v1",
    "external-secrets.io/v1alpha1": "external-secrets.io/v1",
    "external-secrets.io/v1beta1": "external-secrets.io/v1",
    **{
        f"{_GATEWAY}/v1alpha2:{kind}": f"{_GATEWAY}/v1"
        for kind in ("Gateway", "GatewayClass", "GRPCRoute", "HTTPRoute")
    },
    f"{_GATEWAY}/v1alpha2:ReferenceGrant": f"{_GATEWAY}/v1beta1",
    f"{_GATEWAY}/v1alpha2:ReferencePolicy": f"{_GATEWAY}/v1beta1 as a ReferenceGrant",
    "karpenter.sh/v1alpha5": "karpenter.sh/v1",
    "karpenter.sh/v1beta1": "karpenter.sh/v1",
    "karpenter.k8s.aws/v1alpha1": "karpenter.k8s.aws/v1",
    "karpenter.k8s.aws/v1beta1": "karpenter.k8s.aws/v1",
    "keda.k8s.io/v1alpha1": "keda.sh/v1alpha1",
    "snapshot.storage.k8s.io/v1alpha1": "snapshot.storage.k8s.io/v1",
    "snapshot.storage.k8s.io/v1beta1": "snapshot.storage.k8s.io/v1",
}
_GONE_KINDS: Final = frozenset({"core/v1:ComponentStatus"})
"""Stable versions that are deprecated (since Kubernetes 1.19: kubernetes/api, core/v1/types.go, read 2026-11-26)."""
_REFERENCES: Final = ("scaleTargetRef", "workloadRef")
"""Where an object names the API of another one."""
_UNFINISHED: Final = re.compile(r"^v\d+(alpha|beta)\d+$", re.ASCII)


class Apis(Parameters):
    """Parameters."""

    allowed: tuple[str, ...] = Field(
        default=(),
        description="Kinds that may be used before they are finished, as `resource.k8s.io/v1beta1:ResourceClaim`.",
    )


def check(resource: Resource, parameters: Apis) -> Outcomes:
    """Judge the API that a Kubernetes object is written in, as the program names it, and those that it refers to."""
    package, _, rest = resource.type.partition(":")
    if package != "kubernetes":
        return
    version, _, kind = rest.partition(":")
    yield from _judge(version, kind, parameters, "")
    yield from judge_each(_REFERENCES, lambda keys: _judge_reference(resource.at("spec", keys), parameters))


def _judge_reference(reference: Node, parameters: Apis) -> Iterator[Outcome]:
    version = reference["apiVersion"]
    if not version.missing:
        yield from _judge(version.text() or "", reference["kind"].text() or "", parameters, f"{reference.place}: ")


def _judge(version: str, kind: str, parameters: Apis, place: str) -> Iterator[Outcome]:
    group, _, number = version.partition("/")
    if f"{version}:{kind}" in parameters.allowed:
        return
    successor = _GONE.get(version) or _GONE.get(f"{version}:{kind}")
    if successor:
        yield Violation(
            f"{place}{kind} of {version} is no version that its project still serves", remedy=f"write it in {successor}"
        )
    elif group in _BUILT_IN and (_UNFINISHED.match(number) or f"{version}:{kind}" in _GONE_KINDS):
        yield Violation(f"{place}{kind} of {version} is no stable API")


RULE = Rule(
    id="no-deprecated-api",
    title="Kubernetes objects are written in stable APIs",
    description=(
        "No object is of an alpha or beta version of a group that Kubernetes itself serves: such versions are off by "
        "default on EKS, change between releases, or are gone already (Deployments of extensions/v1beta1, Ingresses "
        "of networking.k8s.io/v1beta1, autoscalers of autoscaling/v2beta2). Of custom resources only versions that "
        "their projects serve no more are refused. The version is that which the program names, not the one that it "
        "stands for; what `scaleTargetRef` and `workloadRef` name is judged alike."
    ),
    effect="the object cannot be created, or the next upgrade of the cluster makes it unmanageable",
    remedy="write it in the stable version of its kind; Kubernetes' deprecated API migration guide says what changes",
    topic=Topic.CHANGE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=Apis,
    check=check,
)
