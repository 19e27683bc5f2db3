"""Who may talk to whom in a tenant's namespace.

Owns the network policies: nothing by default, and for each workload exactly the edges that it needs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from components.addons.envoy_gateway import PROXY_PODS
from components.addons.prometheus import PROMETHEUS_PODS
from components.manifest import Manifest
from components.workload import Workload
from serving.blueprint.schema.stage_programs import ADMIN_PORT
from serving.blueprint.versions import TESTED_VERSIONS
from serving.telemetry.metrics import engine_metrics_endpoint

POD_IDENTITY_ADDRESS: Final = "169.254.170.23/32"
POD_IDENTITY_PORT: Final = 80
"""The EKS Pod Identity agent on every node (Amazon EKS user guide, "Set up the Amazon EKS Pod Identity Agent", read
2026-11)."""

EVERYWHERE: Final = "0.0.0.0/0"
_PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""Ranges that no public address of AWS lies in: RFC 1918, RFC 6598 (carriers), RFC 3927 (link-local)."""

SERVICE_RANGES: Final = ("10.100.0.0/16", "172.20.0.0/16")
"""Where EKS puts the addresses of a cluster's services, the API server's among them, unless it is told otherwise
(Amazon EKS API reference, KubernetesNetworkConfigRequest, read 2026-11)."""

_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_HTTPS: Final = 443
_DNS: Final = 53


def default_deny(namespace: str, labels: Mapping[str, str]) -> Manifest:
    """Nobody talks to anybody."""
    return _policy("default-deny", namespace, labels, ["Ingress", "Egress"], {})


def allow_dns(namespace: str, labels: Mapping[str, str]) -> Manifest:
    """Every pod may ask the cluster's DNS."""
    ports = [{"protocol": protocol, "port": _DNS} for protocol in ("UDP", "TCP")]
    dns = _pods("kube-system", {"k8s-app": "kube-dns"})
    return _policy("allow-dns", namespace, labels, ["Egress"], {"egress": [{"to": [dns], "ports": ports}]})


def workload_policy(workload: Workload, aws_cidrs: Sequence[str]) -> Manifest:
    """Requests from the gateway, scrapes from Prometheus; credentials and AWS APIs for the replicas.

    The pods of a replica that spans nodes also talk among each other, on ports that they agree upon when they start;
    what goes over fabric adapters no network policy sees, but the nodes' security group alone.

    Args:
        workload: The workload.
        aws_cidrs: Where AWS APIs answer on port 443.
    """
    scraped = [engine_metrics_endpoint(workload.model).port]
    if workload.blueprint.contract.stages.ingress.validation is not None:
        scraped.append(ADMIN_PORT)
    ingress = [
        {"from": [_GATEWAY], "ports": [_tcp(workload.entry_port)]},
        {"from": [_PROMETHEUS], "ports": [_tcp(port) for port in scraped]},
    ]
    egress = [
        {"to": [{"ipBlock": {"cidr": POD_IDENTITY_ADDRESS}}], "ports": [_tcp(POD_IDENTITY_PORT)]},
        {"to": [{"ipBlock": _block(cidr)} for cidr in aws_cidrs], "ports": [_tcp(_HTTPS)]},
    ]
    if workload.spans_nodes:
        group = {"podSelector": {"matchLabels": workload.selector}}
        ingress.append({"from": [group]})
        egress.append({"to": [group]})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": workload.metadata(),
        "spec": {
            "podSelector": {"matchLabels": workload.selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }


def api_server_policy(metadata: Mapping[str, Any], pods: Mapping[str, str], cidrs: Sequence[str]) -> Manifest:
    """Nothing but the API server, for pods that only give it an order.

    Args:
        metadata: Metadata of the policy.
        pods: Labels of the pods.
        cidrs: Where the cluster's API server answers: its network interfaces in the cluster's own network.
    """
    api_server = [{"ipBlock": _block(cidr)} for cidr in (*SERVICE_RANGES, *cidrs)]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": dict(metadata),
        "spec": {
            "podSelector": {"matchLabels": dict(pods)},
            # no rule of ingress is none allowed; an empty list the server drops, and every update would send it again
            "policyTypes": ["Ingress", "Egress"],
            "egress": [{"to": api_server, "ports": [_tcp(_HTTPS)]}],
        },
    }


def _policy(
    name: str, namespace: str, labels: Mapping[str, str], kinds: Sequence[str], rules: Mapping[str, Any]
) -> Manifest:
    """A policy for all pods of a namespace."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"podSelector": {}, "policyTypes": list(kinds), **rules},
    }


def _pods(namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: namespace}},
        "podSelector": {"matchLabels": dict(labels)},
    }


def _tcp(port: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": port}


def _block(cidr: str) -> dict[str, Any]:
    """A range; everywhere means the public internet, never the networks of our own."""
    return {"cidr": cidr} | ({"except": list(_PRIVATE)} if cidr == EVERYWHERE else {})


_GATEWAY: Final = _pods(TESTED_VERSIONS.envoy_gateway.namespace, PROXY_PODS)
_PROMETHEUS: Final = _pods(TESTED_VERSIONS.prometheus.namespace, PROMETHEUS_PODS)
