"""Namespaces and the level of pod security in them.

Owns the Pod Security Standards labels. What else a tenant's namespace holds is the business of `Tenant`.
"""

from collections.abc import Mapping
from enum import StrEnum

from components.manifest import Manifest
from serving.blueprint.versions import TESTED_VERSIONS


class PodSecurity(StrEnum):
    """A level of the Pod Security Standards."""

    RESTRICTED = "restricted"
    PRIVILEGED = "privileged"
    """Only for what must reach the node itself, such as a device plugin."""


def namespace_manifest(
    name: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
    level: PodSecurity = PodSecurity.RESTRICTED,
) -> Manifest:
    """A namespace in which the level is enforced, and told of in warnings and audit records."""
    security: dict[str, str] = {}
    for mode in ("enforce", "audit", "warn"):
        security[f"pod-security.kubernetes.io/{mode}"] = level.value
        security[f"pod-security.kubernetes.io/{mode}-version"] = TESTED_VERSIONS.pod_security
    metadata = {"name": name, "labels": {**labels, **security}}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
