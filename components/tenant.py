"""One tenant of a cluster: its namespace and the walls around it.

Owns the namespace, what may be used in it, who may do what in it, and that nobody may talk to anybody unless a
workload's own policy says so. Workloads are the business of `ModelService`; priority classes belong to the
cluster (`ClusterAddons`).
"""

from collections.abc import Sequence
from typing import Any, Final, NotRequired, TypedDict

import pulumi
from pydantic import Field

from components.isolation import allow_dns, default_deny
from components.lineage import annotations, labels
from components.manifest import KubernetesObject, Manifest, create_object, declared_dependencies
from components.namespaces import namespace_manifest
from components.node_labels import GPU_RESOURCE, SHARED_GPU_RESOURCE
from components.options import parse_args, type_token
from serving.blueprint.environment.tenants import DEFAULT_PODS, DEFAULT_STORAGE_GIB
from serving.blueprint.schema.base import Name, Section

_LOOK = ("get", "list", "watch")

_MOST_OBJECTS: Final = {
    "configmaps": 50,
    "secrets": 50,
    "services": 20,
    "jobs.batch": 100,
}
"""Most objects of a kind for each service: several times what any service of ours has.

None of a kind that a chart brings: the quota controller learns of such kinds every half minute only, and until then
each of their objects is refused ("status unknown for quota"), which a new cluster would fail on.
"""


class TenantArgs(TypedDict):
    """Arguments of `Tenant`.

    Attributes:
        name: Name of the tenant and of its namespace.
        cpu: CPU cores that it may request.
        memory_gib: Memory that it may use, GiB.
        accelerators: Accelerators, or parts of them, that it may use.
        accelerator_slices: Shares of accelerators that replicas take turns on; none by default.
        pods: Pods that it may have; 200 by default.
        ephemeral_storage_gib: Disk of nodes that its pods may use, GiB; 4,096 by default.
        services: How many services it has, for the number of objects that it may have; 1 by default.
        operators: Groups that may promote, abort and restart its services.
        viewers: Groups that may look.
        tags: Ownership tags.
    """

    name: str
    cpu: int
    memory_gib: int
    accelerators: int
    accelerator_slices: NotRequired[int]
    pods: NotRequired[int]
    ephemeral_storage_gib: NotRequired[int]
    services: NotRequired[int]
    operators: NotRequired[list[str]]
    viewers: NotRequired[list[str]]
    tags: dict[str, str]


class TenantSpec(Section):
    """The validated arguments."""

    name: Name
    cpu: int = Field(gt=0)
    memory_gib: int = Field(gt=0)
    accelerators: int = Field(ge=0)
    accelerator_slices: int = Field(default=0, ge=0)
    pods: int = Field(default=DEFAULT_PODS, gt=0)
    ephemeral_storage_gib: int = Field(default=DEFAULT_STORAGE_GIB, gt=0)
    services: int = Field(default=1, gt=0)
    operators: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    tags: dict[str, str]


class Tenant(pulumi.ComponentResource):
    """A namespace that keeps its tenant in, and the others out."""

    namespace_name: pulumi.Output[str]
    """Name of the tenant's namespace."""

    def __init__(self, name: str, args: TenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Tenant"), name, None, opts)
        self._name = name
        self._spec = parse_args(TenantSpec, "Tenant", name, args)
        self._labels = {"app.kubernetes.io/part-of": self._spec.name, **labels(self._spec.tags)}
        self.namespace = self._create_namespace(declared_dependencies(opts))
        for suffix, manifest in self._walls().items():
            create_object(self, f"{name}-{suffix}", manifest, [self.namespace])
        self.namespace_name = pulumi.Output.from_input(self._spec.name)
        self.register_outputs({"namespace_name": self.namespace_name})

    def _create_namespace(self, depends_on: Sequence[pulumi.Resource]) -> KubernetesObject:
        manifest = namespace_manifest(self._spec.name, self._labels, annotations(self._spec.tags))
        return create_object(self, f"{self._name}-namespace", manifest, depends_on)

    def _walls(self) -> dict[str, Manifest]:
        """Suffix of the logical name -> object."""
        namespace = self._spec.name
        return {
            "quota": self._quota(),
            "limits": self._limits(),
            "default-deny": default_deny(namespace, self._labels),
            "allow-dns": allow_dns(namespace, self._labels),
            **self._access("viewer", self._spec.viewers, _VIEWER_RULES),
            **self._access("operator", self._spec.operators, _VIEWER_RULES + _OPERATOR_RULES),
        }

    def _metadata(self, name: str) -> dict[str, Any]:
        return {"name": name, "namespace": self._spec.name, "labels": self._labels}

    def _quota(self) -> Manifest:
        """What may be requested. CPU has no limits anywhere, so none is counted.

        Nothing of a service is kept in the cluster: no volume claims. Objects are counted so that a loop that
        makes them fills a tenant's share, and not the store that all of the cluster's controllers live on.
        """
        memory, storage = f"{self._spec.memory_gib}Gi", f"{self._spec.ephemeral_storage_gib}Gi"
        hard = {
            "requests.cpu": str(self._spec.cpu),
            "requests.memory": memory,
            "limits.memory": memory,
            f"requests.{GPU_RESOURCE}": str(self._spec.accelerators),
            f"requests.{SHARED_GPU_RESOURCE}": str(self._spec.accelerator_slices),
            "requests.ephemeral-storage": storage,
            "limits.ephemeral-storage": storage,
            "pods": str(self._spec.pods),
            "persistentvolumeclaims": "0",
            **{f"count/{kind}": str(most * self._spec.services) for kind, most in _MOST_OBJECTS.items()},
            # the gateway is the only way in
            "services.nodeports": "0",
            "services.loadbalancers": "0",
        }
        return {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": self._metadata("quota"),
            "spec": {"hard": hard},
        }

    def _limits(self) -> Manifest:
        """What a container gets that states nothing.

        No bounds: a container that states its own wishes is never refused or changed, except that a memory
        limit must be its request, because the quota counts what was requested and nodes run out of what is
        used.
        """
        given = {"memory": "512Mi", "ephemeral-storage": "1Gi"}
        return {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": self._metadata("limits"),
            "spec": {
                "limits": [
                    {
                        "type": "Container",
                        "default": given,
                        "defaultRequest": {"cpu": "100m", **given},
                        "maxLimitRequestRatio": {"memory": "1"},
                    }
                ]
            },
        }

    def _access(self, role: str, groups: Sequence[str], rules: Sequence[Manifest]) -> dict[str, Manifest]:
        """A role and who has it; neither where nobody has it."""
        if not groups:
            return {}
        api = "rbac.authorization.k8s.io"
        return {
            f"{role}-role": {
                "apiVersion": f"{api}/v1",
                "kind": "Role",
                "metadata": self._metadata(role),
                "rules": list(rules),
            },
            f"{role}-binding": {
                "apiVersion": f"{api}/v1",
                "kind": "RoleBinding",
                "metadata": self._metadata(role),
                "roleRef": {"apiGroup": api, "kind": "Role", "name": role},
                "subjects": [{"apiGroup": api, "kind": "Group", "name": group} for group in sorted(set(groups))],
            },
        }


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Manifest:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


_VIEWER_RULES = (
    _rule("", ("pods", "services", "events", "resourcequotas", "limitranges"), _LOOK),
    _rule("", ("pods/log",), ("get",)),
    _rule("apps", ("replicasets", "statefulsets"), _LOOK),
    _rule("batch", ("jobs",), _LOOK),
    _rule("leaderworkerset.x-k8s.io", ("leaderworkersets",), _LOOK),
    # Argo's command line waits until it sees experiments too
    _rule("argoproj.io", ("rollouts", "analysistemplates", "analysisruns", "experiments"), _LOOK),
    _rule("keda.sh", ("scaledobjects", "scaledjobs"), _LOOK),
    _rule("autoscaling", ("horizontalpodautoscalers",), _LOOK),
    _rule("policy", ("poddisruptionbudgets",), _LOOK),
    _rule("networking.k8s.io", ("networkpolicies",), _LOOK),
    _rule("gateway.networking.k8s.io", ("httproutes", "grpcroutes"), _LOOK),
    # how the gateway treats them; keys of callers are in secrets, which nobody reads
    _rule("gateway.envoyproxy.io", ("backendtrafficpolicies", "securitypolicies", "httproutefilters"), _LOOK),
    _rule("monitoring.coreos.com", ("podmonitors",), _LOOK),
)
"""Everything but secrets and configuration."""

_OPERATOR_RULES = (
    # promote, abort and retry are patches of the Rollout's status; pause, restart and undo of the Rollout itself
    # (argo-rollouts v1.9.0, pkg/kubectl-argo-rollouts/cmd, read 2026-11)
    _rule("argoproj.io", ("rollouts", "rollouts/status"), ("patch",)),
    # an annotation pauses the autoscaler
    _rule("keda.sh", ("scaledobjects",), ("patch",)),
    _rule("", ("pods/eviction",), ("create",)),
)
"""What runbooks ask a tenant's own people to do; whatever else changes goes through the stack.

Admission judges what they patch like everything else in the namespace, and the next deployment writes what the
blueprint says."""
