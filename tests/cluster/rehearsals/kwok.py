"""How the pretended kubelets behave here: stages for KWOK.

Owns the two differences to KWOK's own fast stages. A replica that is to go stays for the whole of its grace, as one
does whose longest request has just begun. And a node falls silent for certain: KWOK 0.8.0 forgets one that loses its
label, but a heartbeat that is under way then brings about the next one, and so on for ever (`immediateNextStage`,
pkg/kwok/controllers/node_controller.go, read 2026-11-26), unless the stage asks for the label too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from tests.cluster.binaries import source_of
from tests.cluster.control_plane import ControlPlane
from tests.cluster.crds import zip_folder
from tests.cluster.processes import Process

PLAYED: Final = {"rehearsal/alive": "true"}
"""Label of the nodes; without it nothing is heard of a node any more."""

# By their status, and not by leases: KWOK 0.8.0 renews no lease any more once nodes were deleted (its log, 2026-11-26).
_STAGES: Final = ("node/fast", "node/heartbeat", "pod/fast")
_OWN: Final = "pod-delete"

_GOES_AFTER_ITS_GRACE: Final[dict[str, Any]] = {
    "apiVersion": "kwok.x-k8s.io/v1alpha1",
    "kind": "Stage",
    "metadata": {"name": _OWN},
    "spec": {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": [{"key": ".metadata.deletionTimestamp", "operator": "Exists"}]},
        # the deletion timestamp is the moment of the request plus the grace
        "delay": {"durationMilliseconds": 0, "durationFrom": {"expressionFrom": ".metadata.deletionTimestamp"}},
        "next": {"delete": True},
    },
}


def start_kwok(plane: ControlPlane) -> Process:
    """KWOK for the rehearsals' nodes."""
    config = plane.folder / "rehearsals-kwok.yaml"
    config.write_text(yaml.safe_dump_all([*_stages(), _GOES_AFTER_ITS_GRACE]), encoding="utf-8")
    ((label, value),) = PLAYED.items()
    return plane.run(
        "rehearsals-kwok",
        "kwok",
        f"--kubeconfig={plane.kubeconfig}",
        f"--config={config}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-label-selector={label}={value}",
        "--node-lease-duration-seconds=0",
    )


def _stages() -> Iterator[dict[str, Any]]:
    """KWOK's own, from its module."""
    source = source_of("kwok")
    root = zip_folder(source.module, source.version) / "kustomize" / "stage"
    for file in (file for stage in _STAGES for file in sorted((root / stage).glob("*.yaml"))):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        if document["kind"] == "Stage" and document["metadata"]["name"] != _OWN:
            if document["spec"]["resourceRef"]["kind"] == "Node":
                document["spec"]["selector"]["matchLabels"] = dict(PLAYED)
            yield document
