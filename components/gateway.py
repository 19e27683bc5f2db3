"""The gateway of one cluster: where requests come in from the load balancer and are handed to services.

Owns the GatewayClass, the Gateway with its one listener, the proxies behind it (on nodes of purpose `system`), their
certificate, and the binding to the load balancer's target group. Routes belong to the services; the controller that
makes all this work is one of the `ClusterAddons`. Names here are fixed, because a cluster has one gateway.
"""

from collections.abc import Sequence
from typing import Any, Final, NotRequired, TypedDict

import pulumi
from pydantic import Field

from components.access_log import telemetry_format
from components.addons.definition import CRITICAL, SYSTEM_NODES, requests
from components.addons.opentelemetry_collector import COLLECTOR, OTLP_PORT, VARIANT_ATTRIBUTE
from components.edge import GATEWAY_HEALTH_PATH, GATEWAY_PORT, GATEWAY_PROTOCOL
from components.lineage import labels
from components.manifest import KubernetesObject, Manifest, create_object, declared_dependencies
from components.node_labels import HOST_LABEL, ZONE_LABEL
from components.options import parse_args, type_token
from components.routing import VARIANT_HEADER
from serving.blueprint import ladder
from serving.blueprint.gateway_share import (
    CONNECTIONS_PER_PROXY,
    LEAST_PROXIES,
    PROXY_CPU_MILLICORES,
    PROXY_MEMORY_MIB,
)
from serving.blueprint.headers import CALLER_HEADER
from serving.blueprint.schema.base import Section
from serving.blueprint.tags import PLATFORM_SERVICE, TagKey
from serving.blueprint.versions import TESTED_VERSIONS

_CONTROLLER: Final = "gateway.envoyproxy.io/gatewayclass-controller"
_OWNED_BY_GATEWAY: Final = "gateway.envoyproxy.io/owning-gateway-name"
_CERTIFICATE_SECRET: Final = "serving-gateway-tls"  # noqa: S105  (a name)

_DRAIN_SECONDS: Final = 300
"""Long streams end by themselves before a proxy goes."""
_LEAST_DRAIN_SECONDS: Final = 30
"""Until the load balancer has taken a proxy out of its target group (deregistration is not instant)."""


class GatewayArgs(TypedDict):
    """Arguments of `Gateway`.

    Attributes:
        environment: Name of the environment.
        target_group_arn: Target group of the load balancer whose targets are the gateway's pods.
        replicas: Fewest proxies.
        max_replicas: Most proxies.
        bootstrap: Patch of the proxies' own configuration, YAML: the bucket bounds of their histograms.
        tags: Ownership tags.
    """

    environment: str
    target_group_arn: pulumi.Input[str]
    replicas: NotRequired[int]
    max_replicas: NotRequired[int]
    bootstrap: NotRequired[str]
    tags: dict[str, str]


class GatewaySpec(Section):
    """The plain part of the arguments."""

    environment: str
    replicas: int = Field(default=LEAST_PROXIES, ge=LEAST_PROXIES)
    max_replicas: int = Field(default=6, ge=2, le=100)
    bootstrap: str | None = None
    tags: dict[str, str]


WIRING = frozenset({"target_group_arn"})


class Gateway(pulumi.ComponentResource):
    """The one way into a cluster."""

    NAME = ladder.GATEWAY
    NAMESPACE = ladder.GATEWAY_NAMESPACE
    LISTENER = ladder.LISTENER

    gateway_name: pulumi.Output[str]
    """Name of the Gateway object that routes attach to."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Gateway"), name, None, opts)
        self._name = name
        self._spec = parse_args(GatewaySpec, "Gateway", name, args, WIRING)
        self._labels = {"app.kubernetes.io/part-of": self.NAME, **labels(self._spec.tags)}
        installed = declared_dependencies(opts)
        gateway_class = self._create_class(installed)
        certificate = self._create_certificate(installed)
        self.gateway = self._create("gateway", self._gateway(), [gateway_class, certificate])
        self._create("clients", self._client_policy(), [self.gateway])
        self._create("binding", self._binding(args["target_group_arn"]), [self.gateway])
        self.gateway_name = pulumi.Output.from_input(self.NAME)
        self.register_outputs({"gateway_name": self.gateway_name})

    def _create(self, suffix: str, manifest: Manifest, depends_on: Sequence[pulumi.Resource]) -> KubernetesObject:
        return create_object(self, f"{self._name}-{suffix}", manifest, depends_on)

    def _create_class(self, installed: Sequence[pulumi.Resource]) -> KubernetesObject:
        proxies = self._create("proxies", self._proxies(), installed)
        return self._create("class", self._gateway_class(), [proxies])

    def _create_certificate(self, installed: Sequence[pulumi.Resource]) -> KubernetesObject:
        issuer = self._create("issuer", self._issuer(), installed)
        return self._create("certificate", self._certificate(), [issuer])

    def _metadata(self) -> dict[str, Any]:
        return {"name": self.NAME, "namespace": self.NAMESPACE, "labels": self._labels}

    def _gateway_class(self) -> Manifest:
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": self.NAME, "labels": self._labels},
            "spec": {
                "controllerName": _CONTROLLER,
                "description": "Envoy proxies behind the load balancer of the region.",
                "parametersRef": {
                    "group": "gateway.envoyproxy.io",
                    "kind": "EnvoyProxy",
                    "name": self.NAME,
                    "namespace": self.NAMESPACE,
                },
            },
        }

    def _proxies(self) -> Manifest:
        spec: dict[str, Any] = {
            "provider": {"type": "Kubernetes", "kubernetes": self._infrastructure()},
            "logging": {"level": {"default": "warn"}},
            "telemetry": {"accessLog": telemetry_format(), "tracing": _tracing()},
            "shutdown": {
                "drainTimeout": f"{_DRAIN_SECONDS}s",
                "minDrainDuration": f"{_LEAST_DRAIN_SECONDS}s",
            },
        }
        if self._spec.bootstrap is not None:
            spec["bootstrap"] = {"type": "Merge", "value": self._spec.bootstrap}
        return {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "EnvoyProxy",
            "metadata": self._metadata(),
            "spec": spec,
        }

    def _infrastructure(self) -> dict[str, Any]:
        return {
            "envoyDeployment": {
                "pod": {
                    # requests wait for proxies: for none of them may a node be missing, or taken away, and where
                    # they are no replica is pushed out by their priority. `serving.planning.addons` counts them there
                    "nodeSelector": SYSTEM_NODES,
                    "priorityClassName": CRITICAL,
                    "topologySpreadConstraints": [_spread(ZONE_LABEL), _spread(HOST_LABEL)],
                },
                "container": {"resources": requests(f"{PROXY_CPU_MILLICORES}m", f"{PROXY_MEMORY_MIB}Mi")},
            },
            "envoyHpa": {
                "minReplicas": self._spec.replicas,
                "maxReplicas": self._spec.max_replicas,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                    }
                ],
            },
            "envoyPDB": {"maxUnavailable": 1},
            # a name of our own, because the target group is bound to it; reached by pod address only
            "envoyService": {"name": self._service, "type": "ClusterIP"},
        }

    @property
    def _service(self) -> str:
        return f"{self.NAME}-gateway"

    def _issuer(self) -> Manifest:
        return {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Issuer",
            "metadata": self._metadata(),
            "spec": {"selfSigned": {}},
        }

    def _certificate(self) -> Manifest:
        """Of nobody's authority: the load balancer encrypts to it and verifies nothing (see `components.edge`)."""
        return {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": self._metadata(),
            "spec": {
                "secretName": _CERTIFICATE_SECRET,
                "dnsNames": [f"{self._service}.{self.NAMESPACE}.svc.cluster.local"],
                "duration": "2160h0m0s",  # 90 days
                "renewBefore": "720h0m0s",  # 30 days
                "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
                "usages": ["digital signature", "server auth"],
                "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": self.NAME},
            },
        }

    def _gateway(self) -> Manifest:
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": self._metadata(),
            "spec": {
                "gatewayClassName": self.NAME,
                "listeners": [
                    {
                        "name": self.LISTENER,
                        "protocol": GATEWAY_PROTOCOL,
                        "port": GATEWAY_PORT,
                        "tls": {
                            "mode": "Terminate",
                            "certificateRefs": [{"group": "", "kind": "Secret", "name": _CERTIFICATE_SECRET}],
                        },
                        "allowedRoutes": {
                            "namespaces": {"from": "Selector", "selector": {"matchExpressions": _TENANTS}},
                            "kinds": [
                                {"group": "gateway.networking.k8s.io", "kind": kind}
                                for kind in ("HTTPRoute", "GRPCRoute")
                            ],
                        },
                    }
                ],
            },
        }

    def _client_policy(self) -> Manifest:
        """What the gateway expects of its clients, all of which are the load balancer."""
        return {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "ClientTrafficPolicy",
            "metadata": self._metadata(),
            "spec": {
                "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": self.NAME}],
                "healthCheck": {"path": GATEWAY_HEALTH_PATH},
                # more would be promised to services than a proxy has memory for
                "connection": {"connectionLimit": {"value": CONNECTIONS_PER_PROXY}},
                # the last entry is written by the load balancer; whatever stands before it came from outside
                "clientIPDetection": {"xForwardedFor": {"numTrustedHops": 1}},
                # what the gateway itself says about a caller can't be brought along
                "headers": {"earlyRequestHeaders": {"remove": [CALLER_HEADER]}},
                "tls": {"minVersion": "1.2"},
                "timeout": {"http": {"requestReceivedTimeout": "60s"}},
            },
        }

    def _binding(self, target_group_arn: pulumi.Input[str]) -> Manifest:
        return {
            "apiVersion": "elbv2.k8s.aws/v1beta1",
            "kind": "TargetGroupBinding",
            "metadata": self._metadata(),
            "spec": {
                "serviceRef": {"name": self._service, "port": GATEWAY_PORT},
                "targetGroupARN": target_group_arn,
                "targetType": "ip",
                "ipAddressType": "ipv4",
            },
        }


_TENANTS: Final = [
    {"key": TagKey.TENANT.label, "operator": "Exists"},
    {"key": TagKey.TENANT.label, "operator": "NotIn", "values": [PLATFORM_SERVICE]},
]
"""Namespaces whose routes may attach: those of tenants."""


def _tracing() -> dict[str, Any]:
    """Where spans go. How many there are is each service's to say (`components.routing`); what is nobody's has none.

    A Service that is not there makes the whole Gateway invalid (envoyproxy/gateway v1.9.0, internal/gatewayapi,
    listener.go, `processTracing`, read 2026-11): the collector comes first.
    """
    collector = {
        "group": "",
        "kind": "Service",
        "name": COLLECTOR,
        "namespace": TESTED_VERSIONS.opentelemetry_collector.namespace,
        "port": OTLP_PORT,
    }
    return {
        "samplingFraction": {"numerator": 0},
        "provider": {"type": "OpenTelemetry", "backendRefs": [collector]},
        "tags": {VARIANT_ATTRIBUTE: f"%REQ({VARIANT_HEADER})%"},
    }


def _spread(topology_key: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {_OWNED_BY_GATEWAY: Gateway.NAME}},
    }
