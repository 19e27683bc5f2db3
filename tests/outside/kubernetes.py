"""The Kubernetes objects of a plan in kinds that a scanner knows.

Owns the translation of custom resources that hold pods: checkov reads templates of Kubernetes' own kinds only, and
would pass what it does not read. A rollout is a deployment with another strategy, so it is shown as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.preview.manifests import planned_objects
from serving.preview.plan import Plan

Manifest = Mapping[str, Any]


def for_scanner(plan: Plan) -> dict[str, list[Manifest]]:
    """A plan's objects by cluster; objects of the same name are one to a scanner."""
    objects: dict[str, list[Manifest]] = {}
    for one in planned_objects(plan):
        objects.setdefault(one.cluster, []).extend(known_kinds(one.manifest))
    return objects


def in_its_cluster(manifest: Manifest, cluster: str, suffix: str = "") -> Manifest:
    """The manifest under a name that carries its cluster: of two with one name a scanner would read one."""
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "name": f"{cluster}-{metadata['name']}{suffix}"}}


def known_kinds(manifest: Manifest) -> Iterator[Manifest]:
    """A manifest, or what stands for it."""
    spec = manifest.get("spec", {})
    match manifest["kind"]:
        case "Rollout":
            yield _workload(manifest, "Deployment", "", spec["template"])
        case "LeaderWorkerSet":
            group = spec["leaderWorkerTemplate"]
            for part in ("leaderTemplate", "workerTemplate"):
                if part in group:
                    yield _workload(manifest, "Deployment", f"-{part.removesuffix('Template')}", group[part])
        case "ScaledJob":
            yield _workload(manifest, "Job", "", spec["jobTargetRef"]["template"])
        case _:
            yield manifest


def _workload(manifest: Manifest, kind: str, suffix: str, template: Manifest) -> Manifest:
    metadata = manifest["metadata"]
    return {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {**metadata, "name": f"{metadata['name']}{suffix}"},
        "spec": {"template": template},
    }
