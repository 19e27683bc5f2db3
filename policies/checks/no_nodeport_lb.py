"""Rule `no-nodeport-lb`: no Service opens the cluster to the outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import SERVICE
from policies.views import Node, Resource
from policies.workloads import object_name

# Annotations that make a load balancer internal, and the values that do; read 2026-11:
# AWS Load Balancer Controller, docs/guide/service/annotations.md; kubernetes/cloud-provider-aws and
# cloud-provider-azure, annotation references; Google Kubernetes Engine, "Internal LoadBalancer Service".
_INTERNAL: Final = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
    "service.beta.kubernetes.io/aws-load-balancer-internal": ("true", "0.0.0.0/0"),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("internal",),
    "cloud.google.com/load-balancer-type": ("internal",),
    "service.beta.kubernetes.io/oci-load-balancer-internal": ("true",),
}


class Exposure(Parameters):
    """Parameters."""

    edge_names: tuple[str, ...] = Field(
        default=(), description="Names of the Services that are the edge: their load balancers may be public."
    )


def check(service: Resource, parameters: Exposure) -> Outcomes:
    """Judge one Service."""
    spec = service["spec"]
    yield from judge_each((spec["externalIPs"],), _judge_addresses)
    kind = spec["type"].text()
    if kind == "NodePort":
        yield Violation(f"{spec['type'].place} is NodePort: every node listens on a port of its own")
    elif kind == "LoadBalancer" and not (_is_internal(service["metadata"]) or _is_edge(service, parameters)):
        yield Violation(f"{spec['type'].place} is LoadBalancer, and no annotation makes it internal")


def _is_edge(service: Resource, parameters: Exposure) -> bool:
    return bool(parameters.edge_names) and object_name(service) in parameters.edge_names


def _judge_addresses(addresses: Node) -> Iterator[Outcome]:
    if addresses.items():
        yield Violation(f"{addresses.place} takes over traffic of addresses that nobody gave to the Service")


def _is_internal(metadata: Node) -> bool:
    annotations = metadata["annotations"].entries()
    stated = [
        (annotations[key].text() or "").lower() in values for key, values in _INTERNAL.items() if key in annotations
    ]
    return bool(stated) and all(stated)


RULE = Rule(
    id="no-nodeport-lb",
    title="No Service opens ports of nodes, takes over addresses, or makes a public load balancer",
    description=(
        "A Service is of type ClusterIP or ExternalName, or a LoadBalancer with an annotation that makes it internal "
        "(AWS, Azure, Google Cloud and Oracle Cloud); it has no externalIPs. The Services of the edge are named by a "
        "parameter."
    ),
    effect="the service can be reached around the gateway, which verifies, limits and logs requests",
    remedy=(
        "use type ClusterIP behind the gateway, or annotate "
        "`service.beta.kubernetes.io/aws-load-balancer-scheme: internal`; remove externalIPs"
    ),
    topic=Topic.NETWORK,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(SERVICE,),
    parameters=Exposure,
    check=check,
)
