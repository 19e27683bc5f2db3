"""What the modules of this folder have in common: the facts they read, and the words in which each describes itself.

Owns no add-on. Sizes of pods are `serving.planning.addons`, so that what is rendered is what is checked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from components.iam import Statement
from components.manifest import Manifest
from components.namespaces import PodSecurity
from components.node_labels import HOST_LABEL, PURPOSE_LABEL, ZONE_LABEL
from serving.blueprint.environment import Addon, NodePurpose
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.observability import LogField
from serving.blueprint.versions import Chart
from serving.planning.addons import ADDON_PODS

CRITICAL: Final = "system-cluster-critical"
"""Priority class that Kubernetes brings: controllers go before whatever they control."""

SYSTEM_NODES: Final = {PURPOSE_LABEL: NodePurpose.SYSTEM.value}

POD_SECURITY: Final = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}

RESTRICTED: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Security context of containers whose chart states none, or a weaker one."""


class LoggedService(Section):
    """A service whose lines are collected: the validated form of `LoggedServiceArgs`, which says what is what."""

    name: Name
    tenant: Name
    hosts: tuple[str, ...]
    log_group: str
    fields: tuple[LogField, ...]
    redact: tuple[LogField, ...]


@dataclass(frozen=True, slots=True)
class AddonFacts:
    """What add-ons are rendered from.

    Attributes:
        environment: Name of the environment.
        region: AWS region of the cluster.
        account_id: AWS account of the cluster.
        cluster_name: Name of the cluster.
        vpc_id: Network of the cluster.
        target_group_arns: Target groups that the load balancer controller may fill.
        remote_write_url: Where metrics are sent; None if they stay in the cluster.
        workspace_arn: Workspace behind it.
        node_group_ranks: Managed node groups in the order in which nodes are asked of them.
        interruption_queue: Queue by which Karpenter hears of nodes that go; None where it is not installed.
        signed_repositories: ARNs of repositories whose images carry signatures that are asked for.
        logged: Services whose lines are collected.
    """

    environment: str
    region: str
    account_id: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    target_group_arns: Sequence[pulumi.Input[str]] = ()
    remote_write_url: pulumi.Input[str] | None = None
    workspace_arn: pulumi.Input[str] | None = None
    node_group_ranks: Sequence[Sequence[str]] = ()
    interruption_queue: pulumi.Input[str] | None = None
    signed_repositories: Sequence[str] = ()
    logged: Sequence[LoggedService] = ()


def _nothing(_: AddonFacts) -> list[Statement]:
    return []


@dataclass(frozen=True, slots=True)
class Scrape:
    """Pods of an add-on that are scraped.

    Attributes:
        name: Name of the monitor.
        pods: Labels of the pods.
        port: Name of the container's port.
        path: Path of the metrics.
        drop: Names of metrics that nobody asks for, as a regular expression; none by default.
    """

    name: str
    pods: Mapping[str, str]
    port: str
    path: str = "/metrics"
    drop: str | None = None


@dataclass(frozen=True, slots=True)
class AddonDefinition:
    """One add-on: a pinned chart and what goes with it.

    Attributes:
        addon: Which one.
        chart: The pinned chart.
        values: Its values.
        service_account: Its service account, where it calls AWS.
        statements: What it may do in AWS.
        level: Level of pod security of its namespace.
        own_namespace: Whether the namespace is made for it; else it is one of Kubernetes' own.
        namespace_labels: Further labels of its own namespace.
        own_identity: Whether its role is made here; else whoever hands in its facts has made it.
        api_groups: Groups of the kinds that it brings.
        scrapes: What is scraped of it.
    """

    addon: Addon
    chart: Chart
    values: Callable[[AddonFacts], dict[str, Any]]
    service_account: str | None = None
    statements: Callable[[AddonFacts], list[Statement]] = _nothing
    level: PodSecurity = PodSecurity.RESTRICTED
    own_namespace: bool = True
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    own_identity: bool = True
    api_groups: frozenset[str] = field(default_factory=frozenset)
    scrapes: tuple[Scrape, ...] = ()


def resources(addon: Addon, pod: str) -> dict[str, Any]:
    """Requests and limits of one kind of pod."""
    size = ADDON_PODS[addon][pod]
    return requests(f"{size.cpu_millicores}m", f"{size.memory_mib}Mi")


def replicas(addon: Addon, pod: str) -> int:
    """How many pods of a kind there are."""
    return ADDON_PODS[addon][pod].replicas


def requests(cpu: str, memory: str) -> dict[str, Any]:
    """Requests and limits; CPU is not capped, so that nothing waits while cores are idle.

    By itself for what `ADDON_PODS` does not count: jobs, init containers, what runs on every node, and proxies.
    """
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Replicas over zones and nodes, as far as there are any."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in (ZONE_LABEL, HOST_LABEL)
    ]


def pod_monitor(scrape: Scrape, namespace: str, labels: Mapping[str, str]) -> Manifest:
    """The object by which the Prometheus operator finds what to scrape."""
    endpoint: dict[str, Any] = {"port": scrape.port, "path": scrape.path}
    if scrape.drop is not None:
        endpoint["metricRelabelings"] = [{"action": "drop", "sourceLabels": ["__name__"], "regex": scrape.drop}]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": scrape.name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"selector": {"matchLabels": dict(scrape.pods)}, "podMetricsEndpoints": [endpoint]},
    }
