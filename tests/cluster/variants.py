"""Stacks that nobody ships: what the shipped ones leave out, so that it meets an API server too.

Owns what is changed of `dev`: kinds of compute and of replicas, signatures and strategies that blueprints and
environments may choose.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from serving.preview.manifests import write_manifests
from tests.components.serving_samples import OVER_NODES, SLEEPING
from tests.documents import SERVICES, blueprint_document, changed, environment_document
from tests.edits.plans import Documents, plan

PUBLIC_KEY = f"-----BEGIN PUBLIC KEY-----\n{'A' * 64}\n{'B' * 60}\n-----END PUBLIC KEY-----"

_LARGE_GROUP: Mapping[str, Any] = {
    "name": "gpu-h100",
    "purpose": "gpu",
    "instance_types": ["p5.48xlarge"],
    "capacity": "on-demand",
    "min_nodes": 0,
    "max_nodes": 4,
    "disk_gib": 1_000,
}
_SWITCHED_AT_ONCE: Mapping[str, object] = {"rollout.strategy": "blue-green", "rollout.steps": []}


def _auto_mode(documents: Documents) -> None:
    changed(documents.environment, {"cluster.compute": "auto-mode", "registry": {"signature_keys": [PUBLIC_KEY]}})
    changed(documents.blueprints["fraud-score"], _SWITCHED_AT_ONCE)
    changed(documents.blueprints["embedding"], SLEEPING)


def _over_nodes(documents: Documents) -> None:
    changed(documents.environment, {"cluster.karpenter": True})
    documents.regions[0]["node_groups"].append({**copy.deepcopy(_LARGE_GROUP), "efa": True, "zones": ["eu-west-1a"]})
    changed(documents.blueprints["chat"], OVER_NODES)


VARIANTS: Mapping[str, Callable[[Documents], None]] = {"auto-mode": _auto_mode, "over-nodes": _over_nodes}
"""Name -> what is changed of `dev`; each has one cluster."""


def write(variant: str, folder: Path) -> None:
    """The Kubernetes objects of a variant, a folder a cluster, as `serving preview --manifests` writes them."""
    documents = Documents(environment_document("dev"), {service: blueprint_document(service) for service in SERVICES})
    VARIANTS[variant](documents)
    for service in documents.environment["services"]:
        documents.environment["services"][service] = {}
    write_manifests(plan(documents), folder)
