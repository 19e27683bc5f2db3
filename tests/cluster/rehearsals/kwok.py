"""How the pretended kubelets behave: stages for KWOK, which plays nodes and pods.

Owns what matters to a rehearsal: a replica is ready some time after it was placed, and a replica that is to go
stays for the whole of its grace, as one does whose longest request has just begun.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tests.cluster.rehearsals.theatre import LOST_LABEL

_START_MILLISECONDS: Final = 300
_NODE_CONDITIONS: Final = {
    "Ready": "True",
    "MemoryPressure": "False",
    "DiskPressure": "False",
    "PIDPressure": "False",
    "NetworkUnavailable": "False",
}

_NODE_STATUS: Final = "conditions:\n" + "".join(
    f'- {{type: {kind}, status: "{status}", reason: Pretended, message: "", '
    "lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}\n"
    for kind, status in _NODE_CONDITIONS.items()
)

_POD_STATUS: Final = """\
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
{{ $ips := PodIPsWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
{{ with $ips }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
"""


def write_stages(file: Path) -> Path:
    """Write the stages that KWOK is started with (`kwok --config`)."""
    file.write_text(yaml.safe_dump_all(_stages(), sort_keys=False))
    return file


def _stages() -> list[dict[str, Any]]:
    gone = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}
    here = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    unready = {
        "key": '.status.conditions.[] | select( .type == "Ready" ) | .status',
        "operator": "NotIn",
        "values": ["True"],
    }
    heard = {"key": f'.metadata.labels["{LOST_LABEL}"]', "operator": "DoesNotExist"}
    start = {"delay": {"durationMilliseconds": _START_MILLISECONDS}}
    # the deletion timestamp is the moment of the request plus the grace
    grace = {"delay": {"durationMilliseconds": 0, "durationFrom": {"expressionFrom": ".metadata.deletionTimestamp"}}}
    return [
        _stage("Node", "node-ready", [heard, unready], {"next": {"statusTemplate": _NODE_STATUS}}),
        _stage("Pod", "pod-ready", [here, unready], {**start, "next": {"statusTemplate": _POD_STATUS}}),
        _stage("Pod", "pod-gone", [gone], {**grace, "next": {"delete": True}}),
    ]


def _stage(kind: str, name: str, when: list[dict[str, Any]], then: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {"resourceRef": {"apiGroup": "v1", "kind": kind}, "selector": {"matchExpressions": when}, **then},
    }
