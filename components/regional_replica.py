"""One serving region: everything that the region needs to serve on its own.

Owns the composition of a cell: network, cluster, node groups, edge, observability, tenants and services.
What crosses regions (keys, artifacts, models, features, routing, backups, budgets) is made by
`ServingPlatform` and handed in.
"""

from collections.abc import Iterable
from math import ceil
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.admission import Admission, AdmissionArgs, admitted_tenant
from components.cluster import Cluster, ClusterArgs, ExistingClusterArgs
from components.cluster_addons import ClusterAddons, ClusterAddonsArgs, LoggedServiceArgs
from components.delivery_queue import DeliveryQueue, DeliveryQueueArgs
from components.edge import GATEWAY_PORT, GATEWAY_PROTOCOL
from components.gateway import Gateway
from components.gpu_node_group import GpuNodeGroup
from components.hosts import regional_host
from components.iam import arn
from components.karpenter_prerequisites import KarpenterPrerequisites
from components.lineage import platform_tags, service_tags, tenant_tags
from components.load_balancer import (
    LEAST_IDLE_SECONDS,
    LEAST_REQUESTS_PER_IP,
    MOST_IDLE_SECONDS,
    MOST_REQUESTS_PER_IP,
    RATE_WINDOW_SECONDS,
    LoadBalancer,
    LoadBalancerArgs,
)
from components.model_service import ModelService, ModelServiceArgs
from components.network import Network
from components.network_endpoints import ALL_ENDPOINTS, ESSENTIAL_ENDPOINTS
from components.network_ids import network_ids
from components.node_group import NodeGroupConfigArgs, capacity_ranks, gpu_sharing_args
from components.node_pools import NodePools
from components.observability import Observability, ObservabilityArgs
from components.options import child_options, parse_args, type_token
from components.tenant import Tenant
from serving.blueprint.environment import (
    Compute,
    EncryptionControl,
    Environment,
    ExistingCluster,
    NatMode,
    NodeGroup,
    NodePurpose,
    NodeStarter,
    Provision,
)
from serving.blueprint.fleet import host_of
from serving.blueprint.gateway_share import fewest_proxies, most_proxies
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.contract import Delivery
from serving.blueprint.schema.recovery import StatefulPart
from serving.blueprint.timing import request_seconds
from serving.blueprint.vocabulary import EnvironmentKind
from serving.planning.addons import addon_needs
from serving.planning.backups import backup_class, rules_for, strictest
from serving.planning.capacity import fabric_adapters
from serving.telemetry.gateway import bootstrap_patch

_PEAK_MARGIN: Final = 2
"""How far above the declared peaks one address may go before the firewall takes it for an attack."""


class ServiceWiringArgs(TypedDict):
    """What a service that reads feature views needs of its store.

    Attributes:
        feature_table: Name of its online store.
        feature_table_arn: ARN of that table's replica in this region.
        feature_key_arn: Key of that replica.
    """

    feature_table: str
    feature_table_arn: pulumi.Input[str]
    feature_key_arn: pulumi.Input[str]


class RegionalReplicaArgs(TypedDict):
    """Arguments of `RegionalReplica`.

    Attributes:
        environment: The environment, as the stack's configuration states it.
        blueprints: The services that run here.
        region: Which of the environment's regions.
        registry: Registry host and prefix of this region's images.
        model_bucket: Name of the model store's bucket in this region.
        services: Service name -> wiring of its feature store.
        delivery_key_arns: Service that answers later -> key of its data class in this region; none by default.
        certificate_arns: Validated certificates of the hosts; the first is the listener's default.
        access_log_bucket: Bucket that takes the load balancer's access logs.
        key_arn: Key for the platform's own data in this region.
        metrics_key_arn: Key of the metrics in this region.
        model_key_arn: Key of the model store in this region.
    """

    environment: Any
    blueprints: list[Any]
    region: str
    registry: str
    model_bucket: str
    services: dict[str, ServiceWiringArgs]
    delivery_key_arns: NotRequired[dict[str, pulumi.Input[str]]]
    certificate_arns: list[pulumi.Input[str]]
    access_log_bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    metrics_key_arn: pulumi.Input[str]
    model_key_arn: pulumi.Input[str]


class RegionalReplicaSpec(Section):
    """The plain part of the arguments."""

    environment: Environment
    blueprints: tuple[Blueprint, ...]
    region: str
    registry: str
    model_bucket: str


WIRING = frozenset(
    {
        "services",
        "delivery_key_arns",
        "certificate_arns",
        "access_log_bucket",
        "key_arn",
        "metrics_key_arn",
        "model_key_arn",
    }
)


class RegionalReplica(pulumi.ComponentResource):
    """A cell: it serves as long as its region stands, whatever happens elsewhere."""

    cluster_name: pulumi.Output[str]
    """Name of the region's cluster."""
    dns_name: pulumi.Output[str]
    """Name of the load balancer, for alias records."""
    zone_id: pulumi.Output[str]
    """Zone of the load balancer's name, for alias records."""
    topic_arn: pulumi.Output[str]
    """Topic that takes the region's alerts."""
    s3_endpoint_id: pulumi.Output[str] | None
    """Gateway endpoint of S3 in the region's network; none where a network from outside names none."""

    def __init__(self, name: str, args: RegionalReplicaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("RegionalReplica"), name, None, opts)
        spec = parse_args(RegionalReplicaSpec, "RegionalReplica", name, args, WIRING)
        self._name, self._args = name, args
        self._environment, self._blueprints = spec.environment, spec.blueprints
        self._region = next(region for region in spec.environment.regions if region.name == spec.region)
        self._tags = platform_tags(spec.environment)
        self._hosts = {b.name: host_of(spec.environment, b) for b in spec.blueprints}
        given = self._region.network
        self.network = self._create_network() if given is None else network_ids(given)
        self.cluster = self._create_cluster()
        self.gpu_node_groups = self._create_gpu_node_groups()
        self.karpenter = self._create_karpenter() if self._starter is NodeStarter.KARPENTER else None
        self.load_balancer = self._create_load_balancer()
        self.observability = self._create_observability()
        self.deliveries = self._create_deliveries()
        self.addons = self._create_addons()
        self.node_pools = None if self._starter is NodeStarter.CLUSTER_AUTOSCALER else self._create_node_pools()
        self.tenants = self._create_tenants()
        self.admission = self._create_admission()
        self.gateway = self._create_gateway()
        self.services = self._create_services()
        self.cluster_name = self.cluster.name
        self.dns_name = self.load_balancer.dns_name
        self.zone_id = self.load_balancer.zone_id
        self.topic_arn = self.observability.topic_arn
        self.s3_endpoint_id = self.network.s3_endpoint_id
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "dns_name": self.dns_name,
                "topic_arn": self.topic_arn,
                "s3_endpoint_id": self.s3_endpoint_id,
            }
        )

    @property
    def _zones(self) -> list[str]:
        """The region's zones in the order in which a network hands on its subnets."""
        return sorted(set(self._region.zones))

    @property
    def _starter(self) -> NodeStarter:
        return self._environment.cluster.node_starter

    @property
    def growth_role_names(self) -> list[pulumi.Output[str]]:
        """Roles that add nodes to the region's cluster."""
        karpenter = [self.karpenter.growth_role_name] if self.karpenter else []
        return [*self.addons.growth_role_names, *karpenter]

    def _create_network(self) -> Network:
        production = self._environment.kind is EnvironmentKind.PROD
        # each interface endpoint costs by the hour and zone: dev reaches the rest through its NAT, if it has one
        endpoints = ALL_ENDPOINTS if production or self._region.nat is NatMode.NONE else ESSENTIAL_ENDPOINTS
        control = EncryptionControl.MONITOR if production else EncryptionControl.OFF
        return Network(
            f"{self._name}-network",
            {
                "environment": self._environment.name,
                "account_id": self._environment.account_id,
                "region": self._region.name,
                "cidr": self._region.cidr,
                "zones": self._zones,
                "nat": self._region.nat.value,
                "interface_endpoints": list(endpoints),
                "flow_log_retention_days": self._environment.log_retention_days,
                # one block an account and region: whoever sets the account's defaults sets it
                "block_public_access": self._environment.account_defaults is Provision.MANAGED,
                "encryption_control": (self._region.encryption_control or control).value,
                "trusted_account_ids": list(self._environment.trusted_account_ids),
                "logs_key_arn": self._args["key_arn"],
                "tags": self._tags,
            },
            child_options(self),
        )

    def _create_cluster(self) -> Cluster:
        args: ClusterArgs = {
            "environment": self._environment.name,
            "account_id": self._environment.account_id,
            "region": self._region.name,
            "version": self._environment.cluster.version,
            "auto_mode": self._environment.cluster.compute is Compute.AUTO_MODE,
            "admin_role_arns": list(self._environment.cluster.admin_role_arns),
            "group_roles": {group: list(roles) for group, roles in self._environment.cluster.group_roles.items()},
            "public_access_cidrs": list(self._environment.cluster.public_access_cidrs),
            "deletion_protection": True,
            "log_retention_days": self._environment.log_retention_days,
            "node_groups": [_node_group_args(group) for group in self._region.node_groups],
            "zones": self._zones,
            "private_subnet_ids": [*self.network.private_subnet_ids],
            "key_arn": self._args["key_arn"],
            "image_cache": bool(self._environment.registry.caches),
            "provided_addons": [addon.value for addon in self._environment.cluster.provided_eks_addons],
            "tags": self._tags,
        }
        if self._region.cluster is not None:
            args["existing"] = _existing_args(self._region.cluster)
            args["auto_mode"] = False
        rules = rules_for(self._blueprints, StatefulPart.CLUSTER)
        if rules:
            args["backup_plan"] = backup_class(strictest(rules))
        return Cluster(f"{self._name}-cluster", args, child_options(self))

    def _create_gpu_node_groups(self) -> list[GpuNodeGroup]:
        return [
            GpuNodeGroup(
                f"{self._name}-{group.name}",
                {
                    "environment": self._environment.name,
                    "account_id": self._environment.account_id,
                    "region": self._region.name,
                    "version": self._environment.cluster.version,
                    "node_group": _node_group_args(group),
                    "zones": self._zones,
                    "cluster_name": self.cluster.ready_name,
                    "node_role_arn": self.cluster.node_role_arn,
                    "subnet_ids": [*self.network.private_subnet_ids],
                    "security_group_id": self.cluster.security_group_id,
                    "key_arn": self._args["key_arn"],
                    "tags": self._tags,
                },
                child_options(self),
            )
            for group in self._region.node_groups
            if group.purpose is NodePurpose.GPU
        ]

    def _create_karpenter(self) -> KarpenterPrerequisites:
        return KarpenterPrerequisites(
            f"{self._name}-karpenter",
            {
                "environment": self._environment.name,
                "account_id": self._environment.account_id,
                "region": self._region.name,
                "cluster_name": self.cluster.cluster_name,
                "cluster": self.cluster.name,
                "image_cache": bool(self._environment.registry.caches),
                "key_arn": self._args["key_arn"],
                "tags": self._tags,
            },
            child_options(self),
        )

    def _create_load_balancer(self) -> LoadBalancer:
        args: LoadBalancerArgs = {
            "environment": self._environment.name,
            "region": self._region.name,
            "account_id": self._environment.account_id,
            "hosts": sorted(self._hosts.values()),
            "max_request_bytes": max(b.contract.max_request_bytes for b in self._blueprints),
            "gateway_port": GATEWAY_PORT,
            "gateway_protocol": GATEWAY_PROTOCOL,
            "requests_per_ip": requests_per_ip(self._blueprints),
            "idle_timeout_seconds": idle_timeout_seconds(self._blueprints),
            "log_retention_days": self._environment.log_retention_days,
            "tags": self._tags,
            "certificate_arns": self._args["certificate_arns"],
            "access_log_bucket": self._args["access_log_bucket"],
            "vpc_id": self.network.vpc_id,
            "public_subnet_ids": [*self.network.public_subnet_ids],
            "gateway_security_group_id": self.cluster.security_group_id,
            "key_arn": self._args["key_arn"],
        }
        web_acl_arn = self._environment.edge.web_acl_arns.get(self._region.name)
        if web_acl_arn is not None:
            args["web_acl_arn"] = web_acl_arn
        balancer = LoadBalancer(f"{self._name}-edge", args, child_options(self))
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-gateway-from-edge",
            region=self._region.name,
            security_group_id=self.cluster.security_group_id,
            referenced_security_group_id=balancer.security_group_id,
            description="Requests from the load balancer to the gateway",
            ip_protocol="tcp",
            from_port=GATEWAY_PORT,
            to_port=GATEWAY_PORT,
            tags=self._tags,
            opts=child_options(self),
        )
        return balancer

    def _create_observability(self) -> Observability:
        environment = self._environment
        args: ObservabilityArgs = {
            "environment": environment.name,
            "region": self._region.name,
            "account_id": environment.account_id,
            "services": [
                {"blueprint": b, "namespace": b.identity.tenant, "tags": service_tags(environment, b)}
                for b in self._blueprints
            ],
            "platform_emails": list(environment.budget.notify),
            "log_retention_days": environment.log_retention_days,
            "tags": self._tags,
            "key_arn": self._args["key_arn"],
            "metrics_key_arn": self._args["metrics_key_arn"],
            "load_balancer_arn_suffix": self.load_balancer.arn_suffix,
            "target_group_arn_suffix": self.load_balancer.target_group_arn_suffix,
        }
        if environment.runbook_base_url is not None:
            args["runbook_base_url"] = environment.runbook_base_url
        return Observability(f"{self._name}-observability", args, child_options(self))

    def _create_deliveries(self) -> dict[str, DeliveryQueue]:
        """Queues of the services that answer later. They hold what this cell has accepted: no other cell has it."""
        return {b.name: self._create_delivery(b) for b in self._blueprints if Delivery.ASYNC in b.contract.delivery}

    def _create_delivery(self, blueprint: Blueprint) -> DeliveryQueue:
        queue = blueprint.contract.queue
        args: DeliveryQueueArgs = {
            "environment": self._environment.name,
            "account_id": self._environment.account_id,
            "region": self._region.name,
            "service": blueprint.data_name,
            "max_attempts": queue.max_attempts,
            "visibility_timeout_seconds": queue.visibility_timeout_seconds,
            "retention_seconds": queue.retention_seconds,
            "oldest_seconds": queue.alert_after_seconds,
            "deletion_protection": True,
            "key_arn": self._args["delivery_key_arns"][blueprint.name],
            "log_bucket": self._args["access_log_bucket"],
            "topic_arn": self.observability.topic_arn,
            "tags": service_tags(self._environment, blueprint),
        }
        if self._environment.runbook_base_url is not None:
            args["runbook_base_url"] = self._environment.runbook_base_url
        if self.network.s3_endpoint_id is not None:
            args["endpoint_ids"] = [self.network.s3_endpoint_id]
        return DeliveryQueue(f"{self._name}-{blueprint.data_name}-delivery", args, child_options(self))

    def _in_cluster(self, depends_on: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        """Options of a component whose children live in the cluster."""
        return pulumi.ResourceOptions(parent=self, providers=[self.cluster.kubernetes_provider], depends_on=depends_on)

    def _create_addons(self) -> ClusterAddons:
        needs = addon_needs(self._environment, self._region, self._blueprints)
        args: ClusterAddonsArgs = {
            "environment": self._environment.name,
            "region": self._region.name,
            "account_id": self._environment.account_id,
            "cluster_name": self.cluster.cluster_name,
            "vpc_id": self.network.vpc_id,
            "target_group_arns": [self.load_balancer.target_group_arn],
            "remote_write_url": self.observability.prometheus_endpoint.apply(
                lambda endpoint: f"{endpoint}api/v1/remote_write"
            ),
            "workspace_arn": self.observability.workspace_arn,
            "spanning": needs.spanning,
            "gpu": needs.gpu,
            "accelerators": needs.accelerators,
            "signed_repositories": self._signed_repositories(),
            "logged": [self._logged(blueprint) for blueprint in self._blueprints],
            "node_starter": needs.node_starter.value,
            "node_group_ranks": capacity_ranks(self._region.node_groups),
            "provided": [addon.value for addon in needs.provided],
            "tags": self._tags,
        }
        if self.karpenter is not None:
            args["interruption_queue"] = self.karpenter.queue_name
        return ClusterAddons(
            f"{self._name}-addons", args, self._in_cluster([*self.cluster.node_groups, *self.cluster.addons])
        )

    def _logged(self, blueprint: Blueprint) -> LoggedServiceArgs:
        host, logs = self._hosts[blueprint.name], blueprint.observability.logs
        return {
            "name": blueprint.name,
            "tenant": blueprint.identity.tenant,
            "hosts": [host, regional_host(host, self._region.name)],
            "log_group": self.observability.log_group_names[blueprint.name],
            "fields": [field.value for field in logs.fields],
            "redact": [field.value for field in logs.redact],
        }

    def _signed_repositories(self) -> list[str]:
        """Repositories of the services' images, where the environment says whose signatures they carry."""
        if not self._environment.registry.signature_keys:
            return []
        host, _, prefix = self._args["registry"].partition("/")
        return [arn("ecr", self._region.name, host.split(".")[0], f"repository/{prefix}/*")]

    def _create_node_pools(self) -> NodePools:
        """What may be started beyond the fewest nodes of each group, once there is something that starts it."""
        role = self.karpenter.instance_profile_name if self.karpenter else self.cluster.auto_mode_node_role_name
        return NodePools(
            f"{self._name}-nodes",
            {
                "environment": self._environment.name,
                "region": self._region.name,
                "node_starter": self._starter.value,
                "node_groups": [_node_group_args(group) for group in self._region.node_groups],
                "zones": self._zones,
                "subnet_ids": [*self.network.private_subnet_ids],
                "security_group_id": self.cluster.security_group_id,
                "key_arn": self._args["key_arn"],
                "node_role": role,
                "tags": self._tags,
            },
            self._in_cluster(self.addons.release("karpenter")),
        )

    def _create_tenants(self) -> dict[str, Tenant]:
        names = {blueprint.identity.tenant for blueprint in self._blueprints}
        return {name: self._create_tenant(name) for name in sorted(names)}

    def _create_tenant(self, name: str) -> Tenant:
        tenant = self._environment.tenant(name)
        operators = {tenant.owner, *(group for b in self._services_of(name) for group in b.deployers)}
        return Tenant(
            f"{self._name}-{name}",
            {
                "name": name,
                "cpu": tenant.quota.cpu,
                "memory_gib": tenant.quota.memory_gib,
                "accelerators": tenant.quota.accelerators,
                "accelerator_slices": tenant.quota.accelerator_slices,
                "pods": tenant.quota.pods,
                "ephemeral_storage_gib": tenant.quota.ephemeral_storage_gib,
                "services": len(self._services_of(name)),
                "operators": sorted(operators),
                "tags": tenant_tags(self._environment, name),
            },
            self._in_cluster([]),
        )

    def _create_admission(self) -> Admission:
        registries = [self._args["registry"]]
        args: AdmissionArgs = {
            "tenants": [
                admitted_tenant(name, self._services_of(name), self._hosts, self._region.name, registries)
                for name in self.tenants
            ],
            "tags": self._tags,
        }
        keys = self._environment.registry.signature_keys
        if keys:
            args["signature_keys"] = list(keys)
        namespaces = [tenant.namespace for tenant in self.tenants.values()]
        needed = [*namespaces, *(self.addons.release("kyverno") if keys else [])]
        return Admission(f"{self._name}-admission", args, self._in_cluster(needed))

    def _services_of(self, tenant: str) -> list[Blueprint]:
        return [blueprint for blueprint in self._blueprints if blueprint.identity.tenant == tenant]

    def _create_gateway(self) -> Gateway:
        # the gateway refuses proxies whose spans have nowhere to go
        needed = ("envoy-gateway", "cert-manager", "aws-load-balancer-controller", "opentelemetry-collector")
        return Gateway(
            f"{self._name}-gateway",
            {
                "environment": self._environment.name,
                "target_group_arn": self.load_balancer.target_group_arn,
                # the latency rules ask for buckets at the objectives, which Envoy does not have by itself
                "bootstrap": bootstrap_patch(self._blueprints),
                "replicas": fewest_proxies(self._blueprints),
                "max_replicas": most_proxies(self._blueprints),
                "tags": self._tags,
            },
            self._in_cluster([release for addon in needed for release in self.addons.release(addon)]),
        )

    def _create_services(self) -> dict[str, ModelService]:
        needed = ("keda", "argo-rollouts", "lws", "envoy-gateway", "prometheus")
        releases = [release for addon in needed for release in self.addons.release(addon)]
        return {b.name: self._create_service(b, releases) for b in self._blueprints}

    def _create_service(self, blueprint: Blueprint, releases: list[pulumi.Resource]) -> ModelService:
        environment = self._environment
        args: ModelServiceArgs = {
            "blueprint": blueprint,
            "environment": environment.name,
            "region": self._region.name,
            "account_id": environment.account_id,
            "cluster_name": self.cluster.cluster_name,
            "host": self._hosts[blueprint.name],
            "registry": self._args["registry"],
            "tools_image": environment.tools.image,
            "tools_image_digest": environment.tools.image_digest,
            "model_bucket": self._args["model_bucket"],
            "model_key_arn": self._args["model_key_arn"],
            # S3 and DynamoDB answer on public addresses, reached through gateway endpoints
            "aws_cidrs": [self._region.cidr, "0.0.0.0/0"],
            "gateway_proxies": fewest_proxies(self._blueprints),
            "tags": service_tags(environment, blueprint),
        }
        if environment.callers is not None:
            args["callers"] = environment.callers
        if blueprint.model.resources.spans_nodes:
            args["fabric_adapters"] = fabric_adapters(blueprint.model.resources, self._region)
        store = self._args["services"].get(blueprint.name)
        if store is not None:
            args["feature_table"] = store["feature_table"]
            args["feature_table_arn"] = store["feature_table_arn"]
            args["feature_key_arn"] = store["feature_key_arn"]
        delivery = self.deliveries.get(blueprint.name)
        if delivery is not None:
            args["delivery_key_arn"] = self._args["delivery_key_arns"][blueprint.name]
            releases = [*releases, delivery]
        fallback = blueprint.degradation.fallback
        if fallback is not None and fallback.model is not None:
            args["fallback_tags"] = service_tags(environment, blueprint, fallback.model)
        tenant = self.tenants[blueprint.identity.tenant]
        return ModelService(
            f"{self._name}-{blueprint.name}",
            args,
            self._in_cluster([tenant.namespace, *self.admission.bindings, self.gateway.gateway, *releases]),
        )


def requests_per_ip(blueprints: Iterable[Blueprint]) -> int:
    """What the firewall lets one address ask in its window.

    Callers are few and often share an address, and after a failover a region serves all of them: one address may
    be the whole declared peak of all services.
    """
    peak_rps = sum(blueprint.scaling.traffic.peak_rps for blueprint in blueprints)
    declared = ceil(RATE_WINDOW_SECONDS * peak_rps * _PEAK_MARGIN)
    return min(max(LEAST_REQUESTS_PER_IP, declared), MOST_REQUESTS_PER_IP)


def idle_timeout_seconds(blueprints: Iterable[Blueprint]) -> int:
    """Silence that the load balancer bears: an answer may come whole at the very end of the longest request."""
    longest = max(request_seconds(blueprint) for blueprint in blueprints)
    return min(max(LEAST_IDLE_SECONDS, longest), MOST_IDLE_SECONDS)


def _existing_args(cluster: ExistingCluster) -> ExistingClusterArgs:
    """A cluster that is there already in the words of the components."""
    args: ExistingClusterArgs = {
        "name": cluster.name,
        "endpoint": cluster.endpoint,
        "certificate_authority": cluster.certificate_authority,
        "security_group_id": cluster.security_group_id,
    }
    if cluster.node_role_arn is not None:
        args["node_role_arn"] = cluster.node_role_arn
    return args


def _node_group_args(group: NodeGroup) -> NodeGroupConfigArgs:
    """A node group of the environment in the words of the components."""
    args: NodeGroupConfigArgs = {
        "name": group.name,
        "purpose": group.purpose.value,
        "instance_types": list(group.instance_types),
        "capacity": [capacity.value for capacity in group.capacity],
        "min_nodes": group.min_nodes,
        "max_nodes": group.max_nodes,
        "warm_nodes": group.warm_nodes,
        "disk_gib": group.disk_gib,
        "image": group.image.value,
        "zones": list(group.zones),
        "efa": group.efa,
    }
    if group.gpu_sharing is not None:
        args["gpu_sharing"] = gpu_sharing_args(group.gpu_sharing)
    if group.capacity_block is not None:
        args["capacity_block"] = {"id": group.capacity_block.id, "zone": group.capacity_block.zone}
    return args
