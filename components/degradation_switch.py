"""Who switches the rungs of the degradation ladder by itself: two ScaledJobs a rung, and what they may do.

Owns the jobs that give the command of `serving.blueprint.ladder` when a rung's condition holds, their identity in the
cluster, and the walls around them. What a rung looks like is in `components.degradation`; when it is due or over in
`serving.telemetry.degradation`.

The tools image must hold `kubectl` besides `fetch` (see `components.model_fetch`).
"""

from collections.abc import Sequence
from typing import Any, Final

from components.isolation import EVERYWHERE, api_server_policy
from components.manifest import Manifest
from components.node_labels import PURPOSE_LABEL
from components.pod import container_security, pod_security
from components.priorities import priority_class
from components.workload import Workload
from serving.blueprint.environment import NodePurpose
from serving.blueprint.fleet import SWITCH_CPU, SWITCH_MEMORY_MIB
from serving.blueprint.ladder import Rung, SwitchedBy, rungs, switch
from serving.telemetry.degradation import POLLING_SECONDS, due, over
from serving.telemetry.metrics import WORKLOAD_LABEL

_COMPONENT: Final = "degradation"
_RBAC: Final = "rbac.authorization.k8s.io"
_SCRATCH: Final = "/scratch"

_LONGEST_SECONDS: Final = 120
"""A switch that has not come through by then is tried again by a new job, on what the metrics say then."""

_KEPT_SECONDS: Final = 86_400
"""Finished jobs stay for a day: who looks into an incident sees when a rung was switched."""


def switch_name(workload: Workload) -> str:
    """Name of the jobs' identity and of what it may do."""
    return f"{workload.name}-{_COMPONENT}"


def switch_access(workload: Workload) -> dict[str, Manifest]:
    """The identity of the jobs, by suffix of the logical name: it may move this service's rungs and nothing else.

    So may whoever may deploy the service: a runbook's step must not wait for somebody else.
    """
    name = switch_name(workload)
    patched = [rung.name for rung in rungs(workload.blueprint)]
    return {
        "account": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": workload.metadata(name),
            "automountServiceAccountToken": False,
        },
        "role": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "Role",
            "metadata": workload.metadata(name),
            "rules": [
                {
                    "apiGroups": ["gateway.networking.k8s.io"],
                    "resources": ["httproutes"],
                    "resourceNames": patched,
                    # `kubectl patch` reads what it patches
                    "verbs": ["get", "patch"],
                }
            ],
        },
        "binding": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": workload.metadata(name),
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
            "subjects": [
                {"kind": "ServiceAccount", "name": name, "namespace": workload.namespace},
                # what admission lets them put into a route are hosts of their tenant's
                *(
                    {"kind": "Group", "apiGroup": _RBAC, "name": group}
                    for group in sorted(set(workload.blueprint.deployers))
                ),
            ],
        },
    }


def switch_policy(workload: Workload, cidrs: Sequence[str]) -> Manifest:
    """The jobs reach the API server and nobody else; nobody reaches them.

    Args:
        workload: The service's own workload.
        cidrs: Networks of the cluster; addresses of the internet among them are left out.
    """
    name = switch_name(workload)
    return api_server_policy(
        workload.metadata(name), {WORKLOAD_LABEL: name}, [cidr for cidr in cidrs if cidr != EVERYWHERE]
    )


def switch_jobs(workload: Workload, rung: Rung, prometheus_url: str, tools_image: str) -> dict[str, Manifest]:
    """The two ScaledJobs of a rung, by suffix of the logical name.

    KEDA makes a job at every poll at which the query has a value. The query has none any more once the rung's route is
    attached, or detached; until the metric says so a second job may come, which changes nothing.

    Args:
        workload: The service's own workload.
        rung: The rung.
        prometheus_url: Where KEDA asks.
        tools_image: Reference of the image that holds `kubectl`.
    """
    blueprint = workload.blueprint
    queries = {"on": due(blueprint, rung), "off": over(blueprint, rung)}
    return {
        state: {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledJob",
            "metadata": workload.metadata(f"{rung.name}-{state}"),
            "spec": {
                "pollingInterval": POLLING_SECONDS,
                "maxReplicaCount": 1,
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 3,
                # a new version of the service must not kill a switch half way
                "rollout": {"strategy": "gradual"},
                "jobTargetRef": _job(workload, rung, tools_image, on=state == "on"),
                "triggers": [_trigger(asked, prometheus_url)],
            },
        }
        for state, asked in queries.items()
    }


def _trigger(query: str, prometheus_url: str) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "metadata": {
            "serverAddress": prometheus_url,
            "query": query,
            "threshold": "1",
            # no value is what these queries say when there is nothing to do
            "ignoreNullValues": "true",
        },
    }


def _job(workload: Workload, rung: Rung, tools_image: str, *, on: bool) -> dict[str, Any]:
    return {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 3,
        "activeDeadlineSeconds": _LONGEST_SECONDS,
        "ttlSecondsAfterFinished": _KEPT_SECONDS,
        "template": {
            "metadata": {
                "labels": {
                    **workload.labels,
                    WORKLOAD_LABEL: switch_name(workload),
                    "app.kubernetes.io/component": _COMPONENT,
                },
                "annotations": workload.annotations,
            },
            "spec": {
                "serviceAccountName": switch_name(workload),
                "automountServiceAccountToken": True,
                "enableServiceLinks": False,
                "restartPolicy": "Never",
                # the nodes that are always there: a switch cannot wait until one has started
                "nodeSelector": {PURPOSE_LABEL: NodePurpose.SYSTEM.value},
                "priorityClassName": priority_class(workload.blueprint.identity.tier),
                "securityContext": pod_security(),
                "containers": [_container(rung, tools_image, on=on)],
                "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": f"{SWITCH_MEMORY_MIB}Mi"}}],
            },
        },
    }


def _container(rung: Rung, tools_image: str, *, on: bool) -> dict[str, Any]:
    program, *arguments = switch(rung, on=on, by=SwitchedBy.CONDITION)
    fixed = {"memory": f"{SWITCH_MEMORY_MIB}Mi", "ephemeral-storage": f"{SWITCH_MEMORY_MIB}Mi"}
    return {
        "name": "switch",
        "image": tools_image,
        "imagePullPolicy": "IfNotPresent",
        "command": [program],
        "args": arguments,
        # where kubectl keeps what it learned of the API
        "env": [{"name": "HOME", "value": _SCRATCH}],
        "resources": {"requests": {"cpu": f"{round(SWITCH_CPU * 1_000)}m", **fixed}, "limits": dict(fixed)},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "scratch", "mountPath": _SCRATCH}],
    }
