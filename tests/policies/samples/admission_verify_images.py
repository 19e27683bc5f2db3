"""Samples of `admission-verify-images`."""

from __future__ import annotations

from dataclasses import replace

from policies.checks.admission_verify_images import CLUSTER_IMAGE, CLUSTER_POLICY, VALIDATING
from policies.tokens import ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample, urn
from tests.policies.samples.workloads import container, deployment, pods

CLUSTER = urn("pulumi:providers:kubernetes", "cluster")
OTHER = urn("pulumi:providers:kubernetes", "other")
CHAT = replace(deployment(ROLLOUT), provider=CLUSTER)
GLOB = "registry.example.com/*"
NO_POLICY = ("no policy of the cluster verifies the images of 1 workload that",)


def validating(glob: object = GLOB, provider: str = CLUSTER, **spec: object) -> Declared:
    settings = {
        "failurePolicy": "Fail",
        "validationActions": ["Deny"],
        "matchImageReferences": [{"glob": glob}],
        **spec,
    }
    return Declared(VALIDATING[0], "images", {"spec": settings}, provider=provider)


def sigstore(glob: str, **spec: object) -> Declared:
    return Declared(CLUSTER_IMAGE[0], "images", {"spec": {"images": [{"glob": glob}], **spec}}, provider=CLUSTER)


def kyverno(**changes: object) -> Declared:
    rule = {"verifyImages": [{"imageReferences": [GLOB], "failureAction": "Enforce", **changes}]}
    return Declared(CLUSTER_POLICY[0], "images", {"spec": {"rules": [rule]}}, provider=CLUSTER)


SAMPLES = (
    Sample(Case.ALLOWED, "Kyverno", (CHAT, validating())),
    Sample(Case.ALLOWED, "Kyverno, all images", (CHAT, validating(matchImageReferences=[]))),
    Sample(Case.ALLOWED, "Kyverno, by expression", (CHAT, validating(matchImageReferences=[{"expression": "true"}]))),
    Sample(Case.ALLOWED, "Kyverno, older kind", (CHAT, kyverno())),
    Sample(Case.ALLOWED, "Sigstore", (CHAT, sigstore("registry.example.com/**"))),
    Sample(Case.DISALLOWED, "no policy", (CHAT,), NO_POLICY),
    Sample(Case.DISALLOWED, "policy of another cluster", (CHAT, validating(provider=OTHER)), NO_POLICY),
    Sample(
        Case.DISALLOWED, "other images", (CHAT, validating("ghcr.io/*")), ("which no policy of the cluster verifies",)
    ),
    Sample(
        Case.DISALLOWED,
        "a star that ends at a slash",
        (
            replace(
                deployment(ROLLOUT, template=pods(container(image="registry.example.com/a/b:v1"))), provider=CLUSTER
            ),
            sigstore("registry.example.com/*"),
        ),
        ("which no policy of the cluster verifies",),
    ),
    Sample(Case.DISALLOWED, "audits", (CHAT, validating(validationActions=["Audit"])), ("has no Deny",)),
    Sample(Case.DISALLOWED, "fails open", (CHAT, validating(failurePolicy="Ignore")), ("failurePolicy is Ignore",)),
    Sample(Case.DISALLOWED, "warns", (CHAT, sigstore("**", mode="warn")), ("mode is warn",)),
    Sample(Case.DISALLOWED, "older kind audits", (CHAT, kyverno(failureAction="Audit")), ("failureAction is",)),
    Sample(Case.DISALLOWED, "older kind by default", (CHAT, kyverno(failureAction=None)), ("which means Audit",)),
    Sample(
        Case.UNKNOWN,
        "image",
        (
            replace(deployment(ROLLOUT, template=pods(container(image=UNKNOWN))), provider=CLUSTER),
            validating(),
        ),
        ("image is not known",),
    ),
    Sample(Case.UNKNOWN, "glob", (CHAT, validating(UNKNOWN)), ("glob is not known",)),
    Sample(
        Case.NOT_APPLICABLE,
        "serves no model",
        (replace(deployment(labels={"app": "web"}, template=pods(labels={})), provider=CLUSTER),),
    ),
)
