"""Samples of `no-deprecated-api`."""

from __future__ import annotations

from policies.scaling import SCALED_OBJECT
from policies.tokens import BUCKET, DEPLOYMENT, ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
CLAIM = "kubernetes:resource.k8s.io/v1beta1:ResourceClaim"


def kubernetes(rest: str) -> Declared:
    return Declared(f"kubernetes:{rest}", "one", {"metadata": {"name": "one"}})


def scaling(version: object, token: str = AUTOSCALER) -> Declared:
    return Declared(token, "one", {"spec": {"scaleTargetRef": {"apiVersion": version, "kind": "Deployment"}}})


SAMPLES = (
    Sample(Case.ALLOWED, "stable", (Declared(DEPLOYMENT, "one", {}), scaling("apps/v1"))),
    Sample(Case.ALLOWED, "alpha of a custom resource", (Declared(ROLLOUT, "one", {}), scaling(None, SCALED_OBJECT))),
    Sample(Case.ALLOWED, "gateway", (kubernetes("gateway.networking.k8s.io/v1beta1:ReferenceGrant"),)),
    Sample(
        Case.ALLOWED,
        "an exception",
        (Declared(CLAIM, "one", {}),),
        parameters={"allowed": ["resource.k8s.io/v1beta1:ResourceClaim"]},
    ),
    Sample(
        Case.DISALLOWED,
        "by an older name of the type",
        (kubernetes("extensions/v1beta1:Deployment"),),
        ("Deployment of extensions/v1beta1 is no stable API",),
    ),
    Sample(Case.DISALLOWED, "ingress", (kubernetes("networking.k8s.io/v1beta1:Ingress"),), ("is no stable API",)),
    Sample(
        Case.DISALLOWED,
        "autoscaler",
        (kubernetes("autoscaling/v2beta2:HorizontalPodAutoscaler"),),
        ("is no stable API",),
    ),
    Sample(Case.DISALLOWED, "alpha", (Declared(CLAIM.replace("beta", "alpha"), "one", {}),), ("is no stable API",)),
    Sample(Case.DISALLOWED, "stable and deprecated", (kubernetes("core/v1:ComponentStatus"),), ("is no stable API",)),
    Sample(
        Case.DISALLOWED,
        "a custom resource that is no version that its project still serves",
        (kubernetes("karpenter.sh/v1beta1:NodePool"),),
        ("NodePool of karpenter.sh/v1beta1 is no version that its project still serves",),
    ),
    Sample(
        Case.ALLOWED,
        "an alpha that is served for another kind",
        (kubernetes("gateway.networking.k8s.io/v1alpha2:TCPRoute"),),
    ),
    Sample(
        Case.DISALLOWED,
        "a version that is served for other kinds only",
        (kubernetes("gateway.networking.k8s.io/v1alpha2:GRPCRoute"),),
        ("GRPCRoute of gateway.networking.k8s.io/v1alpha2 is no version that its project still serves",),
    ),
    Sample(
        Case.DISALLOWED,
        "a secret of an operator that has moved on",
        (kubernetes("external-secrets.io/v1beta1:ExternalSecret"),),
        ("ExternalSecret of external-secrets.io/v1beta1 is no version that its project still serves",),
    ),
    Sample(
        Case.DISALLOWED,
        "a group that was renamed",
        (kubernetes("keda.k8s.io/v1alpha1:ScaledObject"),),
        ("ScaledObject of keda.k8s.io/v1alpha1 is no version that its project still serves",),
    ),
    Sample(
        Case.DISALLOWED,
        "what an autoscaler refers to",
        (scaling("extensions/v1beta1"),),
        ("spec.scaleTargetRef: Deployment of extensions/v1beta1",),
    ),
    Sample(
        Case.DISALLOWED,
        "what a rollout refers to",
        (Declared(ROLLOUT, "one", {"spec": {"workloadRef": {"apiVersion": "apps/v1beta2", "kind": "Deployment"}}}),),
        ("spec.workloadRef: Deployment of apps/v1beta2",),
    ),
    Sample(Case.UNKNOWN, "what it refers to", (scaling(UNKNOWN),), ("spec.scaleTargetRef.apiVersion is not known",)),
    Sample(Case.NOT_APPLICABLE, "AWS", (Declared(BUCKET, "one", {}),)),
)
