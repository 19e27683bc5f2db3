"""Faults of what runs: images, models, and what says where they come from."""

from __future__ import annotations

from policies.tokens import ROLLOUT
from tests.policies.mutation.fault import Fault, add, drop, edit, named, put, remove

_REPOSITORY = "aws:ecr/repository:Repository"
_TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
_SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
_POD = "spec.template.spec"
_DIGEST = "serving.blueprint/model-digest"
_PODS_ANNOTATIONS = ("spec", "template", "metadata", "annotations")


def unpinned(image: str) -> str:
    """By tag."""
    return image.partition("@")[0] + ":1.0.0"


FAULTS = (
    Fault("image by tag", ROLLOUT, edit(f"{_POD}.containers.*.image", to=unpinned), ("img-digest-pinned",)),
    Fault(
        "image of the start by tag",
        ROLLOUT,
        edit(f"{_POD}.initContainers.*.image", to=unpinned),
        ("img-digest-pinned",),
    ),
    Fault(
        "image of somebody",
        ROLLOUT,
        edit(f"{_POD}.containers.0.image", to=lambda image: "docker.io/somebody/server@" + image.partition("@")[2]),
        ("img-registry-allowlist",),
    ),
    Fault("tags may move", (_REPOSITORY, _TEMPLATE), put("imageTagMutability", "MUTABLE"), ("ecr-immutable-strict",)),
    Fault("tags not stated", (_REPOSITORY, _TEMPLATE), drop("imageTagMutability"), ("ecr-immutable-strict",)),
    Fault(
        "some tags may move",
        (_REPOSITORY, _TEMPLATE),
        lambda entry: put("imageTagMutabilityExclusionFilters", [{"filter": "latest*", "filterType": "WILDCARD"}])(
            next(put("imageTagMutability", "IMMUTABLE_WITH_EXCLUSION")(entry))[1] or entry
        ),
        ("ecr-immutable-strict",),
    ),
    Fault("basic scanning", _SCANNING, put("scanType", "BASIC"), ("ecr-scan-enhanced",)),
    Fault(
        "scanned once",
        _SCANNING,
        put("rules.*.scanFrequency", "SCAN_ON_PUSH"),
        ("ecr-scan-enhanced",),
        where=named("eu-west-1"),
    ),
    Fault("no scanning", _SCANNING, remove, ("ecr-scan-enhanced",), where=named("eu-west-1")),
    Fault("no inspector", "aws:inspector2/enabler:Enabler", remove, ("ecr-scan-enhanced",)),
    Fault("images are not signed", "aws:cloudcontrol/resource:Resource", remove, ("ecr-signing",)),
    Fault(
        "no profile to sign with",
        "aws:signer/signingProfile:SigningProfile",
        remove,
        survives="what signs is named by its ARN, and may belong to another stack",
    ),
    Fault("digest of the model dropped", ROLLOUT, drop(*_PODS_ANNOTATIONS, _DIGEST), ("model-signed", "lineage-model")),
    Fault(
        "signer of the model dropped",
        ROLLOUT,
        drop(*_PODS_ANNOTATIONS, "serving.blueprint/model-signer"),
        ("model-signed",),
    ),
    Fault(
        "code of the model is trusted",
        ROLLOUT,
        edit(f"{_POD}.containers.0.args", to=lambda args: [*args, "--trust-remote-code"]),
        ("model-safetensors-only",),
    ),
    Fault(
        "images are verified, and let in all the same",
        "kubernetes:gateway.networking.k8s.io/v1:Gateway",
        add(
            "kubernetes:policies.kyverno.io/v1:ImageValidatingPolicy",
            {
                "metadata": {"name": "images"},
                "spec": {"validationActions": ["Audit"], "matchImageReferences": [{"glob": "*"}]},
            },
        ),
        ("admission-verify-images",),
    ),
    Fault(
        "image of nodes that is outdated",
        "aws:eks/nodeGroup:NodeGroup",
        put("amiType", "AL2_x86_64"),
        ("ami-provenance",),
    ),
    Fault(
        "image of nodes is what is latest",
        "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
        put("spec.amiSelectorTerms.0.alias", "al2023@latest"),
        ("ami-provenance",),
    ),
    Fault(
        "unsigned code is warned of",
        _SCANNING,
        add(
            "aws:lambda/codeSigningConfig:CodeSigningConfig",
            {
                "region": "eu-west-1",
                "allowedPublishers": {"signingProfileVersionArns": ["arn:aws:signer:eu-west-1:444455556666:/x/y/z"]},
                "policies": {"untrustedArtifactOnDeployment": "Warn"},
            },
        ),
        ("lambda-code-signing", "tag-required-set"),
        each=1,
    ),
)
