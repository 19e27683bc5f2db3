"""Which signatures an image must carry before a tenant's pod may use it.

Owns Kyverno's ImageValidatingPolicy. Amazon ECR signs what is pushed with AWS Signer, and that can only be verified
with Signer's plugin for Notation, which Kyverno has no place for: its verifier is made without plugins and trusts
stores of type `ca` only (kyverno/kyverno v1.19.1, pkg/image/verifiers/ivpol/notary/helpers.go, read 2026-11). So the
cluster asks for the release pipeline's own signature (cosign, with a key), which lies beside the image and is
replicated with it. Public halves are stated in the policy: whether a pod may start depends on no other service than
the registry that it needs anyway, and no transparency log of somebody else learns the names of private images.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from components.manifest import Manifest

POLICY_NAME: Final = "serving-tenant-images"

_WAIT_SECONDS: Final = 15
"""Time for the registry to answer; the API server itself waits 30 seconds at most."""

_KINDS: Final = ("containers", "initContainers", "ephemeralContainers", "volumes")
"""Where a pod names images; all but the last are Kyverno's own."""


def signature_policy(
    registries: Sequence[str], public_keys: Sequence[str], namespaces: Sequence[str], labels: Mapping[str, str]
) -> Manifest:
    """The policy: each image in the namespaces is signed with one of the keys.

    Images from elsewhere are no business of it: they are refused as such before (`components.admission_pods`).

    Args:
        registries: Hosts and prefixes of the images that are signed.
        public_keys: Keys, PEM; two while one takes over from the other.
        namespaces: Namespaces of tenants.
        labels: Labels of the object.
    """
    tenants = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ImageValidatingPolicy",
        "metadata": {"name": POLICY_NAME, "labels": dict(labels)},
        "spec": {
            "failurePolicy": "Fail",
            "validationActions": ["Deny"],
            "webhookConfiguration": {"timeoutSeconds": _WAIT_SECONDS},
            # pods only: whatever makes pods ends there
            "autogen": {"podControllers": {"controllers": []}},
            "matchConstraints": {
                "namespaceSelector": {"matchExpressions": [tenants]},
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "resources": ["pods", "pods/ephemeralcontainers"],
                        "operations": ["CREATE", "UPDATE"],
                    }
                ],
            },
            # most changes of a pod are of its labels and its status: they must not wait for a registry
            "matchConditions": [
                {"name": "other-images", "expression": "oldObject == null || object.spec != oldObject.spec"}
            ],
            "matchImageReferences": [{"glob": f"{registry}/*"} for registry in registries],
            "images": [
                {
                    "name": "volumes",
                    "expression": "object.spec.?volumes.orValue([]).filter(v, has(v.image))"
                    ".map(v, v.image.?reference.orValue(''))",
                }
            ],
            "credentials": {"providers": ["amazon"]},
            "attestors": [_attestor(index, key) for index, key in enumerate(public_keys)],
            # nothing is changed on the way: what was reviewed is what runs
            "validationConfigurations": {"mutateDigest": False, "verifyDigest": True, "required": True},
            "validations": [_validation(kind, len(public_keys)) for kind in _KINDS],
        },
    }


def _attestor_name(index: int) -> str:
    return f"release{index}"


def _attestor(index: int, key: str) -> dict[str, Any]:
    return {
        "name": _attestor_name(index),
        "cosign": {
            "key": {"data": key},
            "ctlog": {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True},
        },
    }


def _validation(kind: str, keys: int) -> dict[str, str]:
    attestors = ", ".join(f"attestors.{_attestor_name(index)}" for index in range(keys))
    return {
        "expression": f"images.{kind}.map(i, verifyImageSignatures(i, [{attestors}])).all(found, found > 0)",
        "message": f"images of {kind} without a signature of the release pipeline; nobody vouches for what they do;"
        " let the pipeline publish them, which signs what it pushes",
    }
