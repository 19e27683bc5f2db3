"""The whole stack of one environment.

Owns the composition over regions: what crosses them, one `RegionalReplica` a serving region, and copies in a
recovery region. Decides no detail of a part; each part is a component of its own.
"""

from typing import Any, TypedDict

import pulumi

from components.access_log_bucket import AccessLogBucket
from components.account_defaults import AccountDefaults
from components.artifact_registry import ArtifactRegistry, ArtifactRegistryArgs
from components.audit import Audit
from components.audit_trail import trail_arn
from components.backup import Backup, BackupArgs, BackupRegionArgs, plans_of
from components.certificates import Certificates
from components.cost_guardrails import CostGuardrails
from components.dns_zone import DnsZone, DnsZoneArgs
from components.engines import server_of
from components.feature_store import FeatureStore, FeatureStoreArgs, feature_table_arn, feature_table_name
from components.global_accelerator import GlobalAccelerator
from components.global_routing import GlobalRouting, GlobalRoutingArgs, RoutedRegionSpec, routes, switch_points
from components.iam import BACKUP_ROLE, role_arn
from components.image_cache import ImageCache
from components.keys import EncryptionKeys, EncryptionKeysArgs
from components.lineage import personal_data_tags, platform_tags, service_tags
from components.model_store import ModelStore, model_bucket_name
from components.network_peering import NetworkPeering
from components.observability import REGION_LOST, SERVICES_FAIL, edge_alarm_arn
from components.options import child_options, parse_args, type_token
from components.personal_data_discovery import GRANT_OPERATIONS, service_role_arn
from components.region_switch import RegionSwitch, RegionSwitchArgs, SwitchedServiceArgs
from components.regional_replica import RegionalReplica, ServiceWiringArgs
from serving.blueprint.environment import Environment, Provision, Region, RegionRole, ServiceLinkedRole
from serving.blueprint.environment.routing import EVEN_WEIGHT, RoutingKind
from serving.blueprint.fleet import host_of
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.contract import Delivery
from serving.blueprint.schema.recovery import StatefulPart
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import DataClass, EnvironmentKind
from serving.planning.backups import backup_class, rules_for, strictest


class ServingPlatformArgs(TypedDict):
    """Arguments of `ServingPlatform`.

    Attributes:
        environment: The environment, as the stack's configuration states it.
        blueprints: The services that run in it.
    """

    environment: Any
    blueprints: list[Any]


class ServingPlatformSpec(Section):
    """The validated arguments."""

    environment: Environment
    blueprints: tuple[Blueprint, ...]


class ServingPlatform(pulumi.ComponentResource):
    """Everything that one environment's blueprints need."""

    urls: dict[str, str]
    """Service -> where consumers reach it."""
    name_servers: pulumi.Output[list[str]]
    """Name servers of a new zone, for the parent zone; none where the zone was there already."""

    def __init__(self, name: str, args: ServingPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ServingPlatform"), name, None, opts)
        spec = parse_args(ServingPlatformSpec, "ServingPlatform", name, args)
        self._name = name
        self._environment, self._blueprints = spec.environment, spec.blueprints
        self._tags = platform_tags(spec.environment)
        self._hosts = {b.name: host_of(spec.environment, b) for b in spec.blueprints}
        self.keys = self._create_keys()
        self.account_defaults = self._create_account_defaults()
        self.log_buckets = {region.name: self._create_log_bucket(region) for region in spec.environment.regions}
        self.registry = self._create_registry()
        self.image_cache = self._create_image_cache()
        self.zone = self._create_zone()
        self.certificates = self._create_certificates()
        self.replicas = {region.name: self._create_replica(region) for region in spec.environment.serving_regions}
        # after the cells, whose endpoints are the only way to them; the cells know them by name
        self.model_store = self._create_model_store()
        self.feature_stores = self._create_feature_stores()
        self.region_switch = self._create_region_switch()
        self.peerings = self._create_peerings()
        self.routing = self._create_accelerator() if self._accelerated else self._create_routing()
        self.backup = self._create_backup()
        self.audit = self._create_audit()
        self.cost = self._create_cost_guardrails()
        self.urls = {service: f"https://{host}" for service, host in self._hosts.items()}
        self.name_servers = self.zone.name_servers
        self.register_outputs({"urls": self.urls, "name_servers": self.name_servers})

    @property
    def _home(self) -> str:
        return self._environment.home_region.name

    @property
    def _regions(self) -> list[str]:
        return [region.name for region in self._environment.regions]

    @property
    def _other_regions(self) -> list[str]:
        return [region for region in self._regions if region != self._home]

    @property
    def _most_sensitive(self) -> DataClass:
        """The data class of what all services share; the enum is declared in rising order."""
        used = {DataClass.INTERNAL, *(b.governance.data_class for b in self._blueprints)}
        return max(used, key=list(DataClass).index)

    @property
    def _reading(self) -> list[Blueprint]:
        """Services that read feature views."""
        return [b for b in self._blueprints if b.governance.lineage.feature_views]

    @property
    def _personal(self) -> list[Blueprint]:
        """Services whose requests, answers or features hold personal data."""
        return [b for b in self._blueprints if b.governance.personal_data.processed]

    def _key_arns(self, data_class: DataClass) -> dict[str, pulumi.Input[str]]:
        return {region: self.keys.arn(region, data_class.value) for region in self._regions}

    def _log_bucket_names(self) -> dict[str, pulumi.Input[str]]:
        return {region: bucket.name for region, bucket in self.log_buckets.items()}

    def _s3_endpoint_ids(self) -> dict[str, list[pulumi.Input[str]]]:
        """Region -> ways to its buckets; a region without a network has none, and an unknown one is not said."""
        found: dict[str, list[pulumi.Input[str]]] = {
            region: [] for region in self._regions if region not in self.replicas
        }
        for region, replica in self.replicas.items():
            if replica.s3_endpoint_id is not None:
                found[region] = [replica.s3_endpoint_id]
        return found

    def _custodians(self) -> list[str]:
        """Roles that use data of every kind from outside the networks."""
        environment = self._environment
        backup = role_arn(environment.name, environment.account_id, self._home, BACKUP_ROLE)
        return [backup, *environment.cluster.admin_role_arns]

    def _feature_custodians(self, blueprint: Blueprint) -> list[str]:
        macie = service_role_arn(self._environment.account_id, self._home)
        searched = [macie] if blueprint.governance.personal_data.processed else []
        return [*self._custodians(), *self._environment.feature_store.pipeline_role_arns, *searched]

    def _create_keys(self) -> EncryptionKeys:
        used = {DataClass.INTERNAL, *(b.governance.data_class for b in self._blueprints)}
        environment, audit = self._environment, self._environment.audit
        args: EncryptionKeysArgs = {
            "environment": environment.name,
            "account_id": environment.account_id,
            "home_region": self._home,
            "regions": self._regions,
            "data_classes": sorted(data_class.value for data_class in used),
            "metrics_regions": [region.name for region in environment.serving_regions],
            "node_regions": [region.name for region in environment.serving_regions],
            "existing": {
                region: {one.value: key for one, key in keys.items()}
                for region, keys in environment.keys.existing.items()
            },
            "existing_metrics": dict(environment.keys.existing_metrics),
            "admin_role_arns": list(environment.cluster.admin_role_arns),
            "create_autoscaling_role": ServiceLinkedRole.AUTOSCALING in environment.service_linked_roles,
            "config_history": audit.config is Provision.MANAGED,
            "tags": self._tags,
        }
        if audit.trail is Provision.MANAGED:
            args["trail_arn"] = trail_arn(environment.name, environment.account_id, self._home)
        if audit.macie is Provision.MANAGED and self._personal:
            args["grantees"] = [
                {
                    "role_arn": service_role_arn(environment.account_id, self._home),
                    "operations": list(GRANT_OPERATIONS),
                    "data_classes": sorted({b.governance.data_class.value for b in self._personal}),
                }
            ]
        return EncryptionKeys(f"{self._name}-keys", args, child_options(self))

    def _create_account_defaults(self) -> AccountDefaults | None:
        if self._environment.account_defaults is Provision.PROVIDED:
            return None
        return AccountDefaults(
            f"{self._name}-account",
            {
                "environment": self._environment.name,
                "account_id": self._environment.account_id,
                "regions": self._regions,
                "key_arns": self._key_arns(DataClass.INTERNAL),
                "tags": self._tags,
            },
            child_options(self),
        )

    def _create_log_bucket(self, region: Region) -> AccessLogBucket:
        return AccessLogBucket(
            f"{self._name}-logs-{region.name}",
            {
                "environment": self._environment.name,
                "account_id": self._environment.account_id,
                "region": region.name,
                "retention_days": self._environment.log_retention_days,
                "accelerator": self._accelerated and region.name == self._home,
                "tags": self._tags,
            },
            child_options(self),
        )

    @property
    def _accelerated(self) -> bool:
        return self._environment.routing.kind is RoutingKind.ACCELERATOR

    def _create_registry(self) -> ArtifactRegistry:
        images = {self._environment.tools.image}
        for blueprint in self._blueprints:
            images.add(blueprint.model.engine.image)
            fallback = blueprint.degradation.fallback
            if fallback is not None and fallback.model is not None:
                images.add(fallback.model.engine.image)
        args: ArtifactRegistryArgs = {
            "environment": self._environment.name,
            "account_id": self._environment.account_id,
            "home_region": self._home,
            "replica_regions": self._other_regions,
            "repositories": sorted(images),
            "publisher_role_arns": list(self._environment.publisher_role_arns),
            "admin_role_arns": list(self._environment.cluster.admin_role_arns),
            "signing": self._environment.registry.signing,
            "key_arns": self._key_arns(DataClass.INTERNAL),
            "tags": self._tags,
        }
        existing = self._environment.registry.existing
        if existing is not None:
            args["existing_account_id"] = existing.account_id
            args["existing_prefix"] = existing.prefix
        return ArtifactRegistry(f"{self._name}-registry", args, child_options(self))

    def _create_image_cache(self) -> ImageCache | None:
        caches = self._environment.registry.caches
        if not caches:
            return None
        return ImageCache(
            f"{self._name}-image-cache",
            {
                "environment": self._environment.name,
                "account_id": self._environment.account_id,
                "regions": [region.name for region in self._environment.serving_regions],
                "upstreams": [
                    {"upstream": cache.upstream.value, "credential_arns": cache.credential_arns} for cache in caches
                ],
                "admin_role_arns": list(self._environment.cluster.admin_role_arns),
                "key_arns": self._key_arns(DataClass.INTERNAL),
                "tags": self._tags,
            },
            child_options(self),
        )

    def _create_model_store(self) -> ModelStore:
        production = self._environment.kind is EnvironmentKind.PROD
        tags = platform_tags(self._environment, self._most_sensitive)
        rules = rules_for(self._blueprints, StatefulPart.MODEL_STORE)
        if rules:
            tags = tags | {TagKey.BACKUP_PLAN: backup_class(strictest(rules))}
        return ModelStore(
            f"{self._name}-models",
            {
                "environment": self._environment.name,
                "account_id": self._environment.account_id,
                "home_region": self._home,
                "replica_regions": self._other_regions,
                # in compliance mode nobody can shorten the lock, so dev, whose stack comes and goes, does not use it
                "object_lock_mode": "COMPLIANCE" if production else "GOVERNANCE",
                "object_lock_days": self._environment.model_lock_days,
                "noncurrent_days": self._environment.model_lock_days,
                "key_arns": self._key_arns(self._most_sensitive),
                "log_buckets": self._log_bucket_names(),
                "endpoint_ids": self._s3_endpoint_ids(),
                "exempt_role_arns": [*self._custodians(), *self._environment.publisher_role_arns],
                "tags": tags,
            },
            child_options(self),
        )

    def _create_feature_stores(self) -> dict[str, FeatureStore]:
        return {blueprint.name: self._create_feature_store(blueprint) for blueprint in self._reading}

    def _create_feature_store(self, blueprint: Blueprint) -> FeatureStore:
        rules, settings = rules_for([blueprint], StatefulPart.FEATURE_STORE), self._environment.feature_store
        args: FeatureStoreArgs = {
            "environment": self._environment.name,
            "account_id": self._environment.account_id,
            "service": blueprint.data_name,
            "home_region": self._home,
            "replica_regions": self._other_regions,
            "deletion_protection": True,
            "feature_views": [
                {"name": view.name, "version": view.version} for view in blueprint.governance.lineage.feature_views
            ],
            "offline_retention_days": blueprint.governance.retention.feature_days,
            "key_arns": self._key_arns(blueprint.governance.data_class),
            "log_buckets": self._log_bucket_names(),
            "endpoint_ids": self._s3_endpoint_ids(),
            "exempt_role_arns": self._feature_custodians(blueprint),
            "tags": service_tags(self._environment, blueprint)
            | personal_data_tags(blueprint)
            | {TagKey.BACKUP_PLAN: backup_class(strictest(rules))},
        }
        if settings.max_read_units is not None:
            args["max_read_units"] = settings.max_read_units
        if settings.max_write_units is not None:
            args["max_write_units"] = settings.max_write_units
        return FeatureStore(f"{self._name}-features-{blueprint.data_name}", args, child_options(self))

    def _create_zone(self) -> DnsZone:
        args: DnsZoneArgs = {
            "environment": self._environment.name,
            "domain": self._environment.domain,
            "tags": self._tags,
        }
        if self._environment.hosted_zone.id is not None:
            args["hosted_zone_id"] = self._environment.hosted_zone.id
        return DnsZone(f"{self._name}-zone", args, child_options(self))

    def _create_certificates(self) -> Certificates | None:
        if self._environment.edge.certificate_arns:
            return None
        return Certificates(
            f"{self._name}-certificates",
            {
                "environment": self._environment.name,
                "hosts": sorted(self._hosts.values()),
                "regions": [region.name for region in self._environment.serving_regions],
                "zone_id": self.zone.zone_id,
                "tags": self._tags,
            },
            child_options(self),
        )

    def _certificate_arns(self, region: str) -> list[pulumi.Input[str]]:
        if self.certificates is None:
            return [*self._environment.edge.certificate_arns[region]]
        return [*self.certificates.arns[region]]

    def _create_replica(self, region: Region) -> RegionalReplica:
        return RegionalReplica(
            f"{self._name}-{region.name}",
            {
                "environment": self._environment,
                "blueprints": list(self._blueprints),
                "region": region.name,
                "registry": self.registry.registry(region.name),
                "model_bucket": model_bucket_name(self._environment.name, self._environment.account_id, region.name),
                "services": {b.name: self._feature_wiring(b, region.name) for b in self._reading},
                "delivery_key_arns": self._delivery_key_arns(region.name),
                "certificate_arns": self._certificate_arns(region.name),
                "access_log_bucket": self.log_buckets[region.name].name,
                "key_arn": self.keys.arn(region.name, DataClass.INTERNAL.value),
                "metrics_key_arn": self.keys.metrics_arn(region.name),
                "model_key_arn": self.keys.arn(region.name, self._most_sensitive.value),
            },
            child_options(self),
        )

    def _delivery_key_arns(self, region: str) -> dict[str, pulumi.Input[str]]:
        later = [b for b in self._blueprints if Delivery.ASYNC in b.contract.delivery]
        return {b.name: self.keys.arn(region, b.governance.data_class.value) for b in later}

    def _create_peerings(self) -> list[NetworkPeering]:
        named = {tuple(sorted((region.name, peer))) for region in self._environment.regions for peer in region.peers}
        return [self._create_peering(one, other) for one, other in sorted(named)]

    def _create_peering(self, one: str, other: str) -> NetworkPeering:
        """Connect two regions; the order of their names decides who asks, so that naming either one is the same."""
        cidrs = {region.name: region.cidr for region in self._environment.regions}
        network, peer = self.replicas[one].network, self.replicas[other].network
        return NetworkPeering(
            f"{self._name}-peering-{one}-{other}",
            {
                "environment": self._environment.name,
                "region": one,
                "cidr": cidrs[one],
                "peer_region": other,
                "peer_cidr": cidrs[other],
                "vpc_id": network.vpc_id,
                "route_table_ids": {**network.private_route_table_ids},
                "peer_vpc_id": peer.vpc_id,
                "peer_route_table_ids": {**peer.private_route_table_ids},
                "tags": self._tags,
            },
            child_options(self),
        )

    def _feature_wiring(self, blueprint: Blueprint, region: str) -> ServiceWiringArgs:
        environment = self._environment
        return {
            "feature_table": feature_table_name(environment.name, blueprint.data_name),
            "feature_table_arn": feature_table_arn(
                environment.name, environment.account_id, region, blueprint.data_name
            ),
            "feature_key_arn": self.keys.arn(region, blueprint.governance.data_class.value),
        }

    def _create_routing(self) -> GlobalRouting:
        environment = self._environment
        args: GlobalRoutingArgs = {
            "environment": environment.name,
            "zone_id": self.zone.zone_id,
            "services": {
                b.name: {
                    "host": self._hosts[b.name],
                    "readiness_path": server_of(b.model, b.contract, drain_seconds=0).readiness_path,
                    "failover": b.recovery.failover.value,
                }
                for b in self._blueprints
            },
            "regions": [
                {
                    "name": region.name,
                    "role": region.role.value,
                    "weight": environment.routing.weights.get(region.name, EVEN_WEIGHT),
                    "dns_name": self.replicas[region.name].dns_name,
                    "zone_id": self.replicas[region.name].zone_id,
                }
                for region in environment.serving_regions
            ],
            "policy": environment.routing.policy.value,
            "health_check_interval_seconds": environment.routing.health_check.interval_seconds,
            "health_check_failures": environment.routing.health_check.failures,
            "tags": self._tags,
            "service_tags": {b.name: service_tags(environment, b) for b in self._blueprints},
        }
        if self.region_switch is not None:
            args["switch_check_ids"] = dict(self.region_switch.check_ids)
        return GlobalRouting(f"{self._name}-routing", args, child_options(self))

    def _create_accelerator(self) -> GlobalAccelerator:
        environment = self._environment
        return GlobalAccelerator(
            f"{self._name}-accelerator",
            {
                "environment": environment.name,
                "hosts": dict(self._hosts),
                "regions": [
                    {
                        "name": region.name,
                        "role": region.role.value,
                        "weight": environment.routing.weights.get(region.name, EVEN_WEIGHT),
                        "load_balancer_arn": self.replicas[region.name].load_balancer.arn,
                    }
                    for region in environment.serving_regions
                ],
                "zone_id": self.zone.zone_id,
                "log_bucket": self.log_buckets[self._home].name,
                "tags": self._tags,
            },
            child_options(self),
        )

    def _create_region_switch(self) -> RegionSwitch | None:
        """Plans for leaving a region by decision, where there is one to leave."""
        environment, switch = self._environment, self._environment.routing.region_switch
        if not switch.enabled:
            return None
        args: RegionSwitchArgs = {
            "environment": environment.name,
            "account_id": environment.account_id,
            "home_region": self._home,
            "regions": [
                {
                    "name": region.name,
                    "role": region.role.value,
                    "lost_alarm_arn": self._edge_alarm(region, REGION_LOST),
                    "health_alarm_arn": self._edge_alarm(region, SERVICES_FAIL),
                }
                for region in environment.serving_regions
            ],
            "services": {b.name: self._switched(b) for b in self._blueprints},
            "rto_minutes": min(b.recovery.rto_minutes for b in self._blueprints),
            "automatic": switch.automatic,
            "zone_id": self.zone.zone_id,
            "tags": self._tags,
        }
        if switch.approver_role_arn is not None:
            args["approver_role_arn"] = switch.approver_role_arn
        watched = [replica.observability for replica in self.replicas.values()]
        return RegionSwitch(f"{self._name}-region-switch", args, child_options(self, depends_on=watched))

    def _edge_alarm(self, region: Region, suffix: str) -> str:
        return edge_alarm_arn(self._environment.name, region.name, self._environment.account_id, suffix)

    def _switched(self, blueprint: Blueprint) -> SwitchedServiceArgs:
        """The records of a service that a plan closes: those that `GlobalRouting` makes of the same facts."""
        environment = self._environment
        serving = [region.name for region in environment.serving_regions]
        planned = routes(
            self._hosts[blueprint.name],
            [RoutedRegionSpec(name=region.name, role=region.role) for region in environment.serving_regions],
            blueprint.recovery.failover,
            environment.routing.policy,
            serving,
        )
        name, identifiers = switch_points([*planned], serving)
        return {"record_name": name, "record_identifiers": identifiers}

    def _create_backup(self) -> Backup:
        copies = [region.name for region in self._environment.regions if region.role is RegionRole.RECOVERY]
        args: BackupArgs = {
            "environment": self._environment.name,
            "account_id": self._environment.account_id,
            "regions": [self._backup_region(region) for region in self._regions],
            "copy_vault_arns": list(self._environment.backup.copy_vault_arns),
            "manage_region_settings": self._environment.backup.manage_region_settings,
            "plans": plans_of(self._blueprints, air_gap=self._environment.backup.air_gapped_vault),
            "restore_test_every_days": min(b.recovery.restore_test_every_days for b in self._blueprints),
            "tags": self._tags,
        }
        if copies:
            args["copy_to"] = copies[0]
        if self._environment.backup.air_gap_key_arn is not None:
            args["air_gap_key_arn"] = self._environment.backup.air_gap_key_arn
        if self._environment.kind is EnvironmentKind.PROD:
            # AWS Backup: a compliance lock can be taken back for at least three days
            # (botocore 1.44.5, backup, PutBackupVaultLockConfiguration)
            args["lock_changeable_for_days"] = 3
        return Backup(f"{self._name}-backup", args, child_options(self))

    def _backup_region(self, region: str) -> BackupRegionArgs:
        args: BackupRegionArgs = {"name": region, "key_arn": self.keys.arn(region, self._most_sensitive.value)}
        if region in self.replicas:
            args["alert_topic_arn"] = self.replicas[region].topic_arn
        return args

    def _create_audit(self) -> Audit:
        environment, audit = self._environment, self._environment.audit
        stores: list[ModelStore | FeatureStore] = [self.model_store, *self.feature_stores.values()]
        production = environment.kind is EnvironmentKind.PROD
        return Audit(
            f"{self._name}-audit",
            {
                "environment": environment.name,
                "account_id": environment.account_id,
                "home_region": self._home,
                "regions": self._regions,
                "trail": audit.trail.value,
                "trail_insights": audit.trail_insights,
                "guardduty": audit.guardduty.value,
                "config": audit.config.value,
                "create_config_role": ServiceLinkedRole.CONFIG in environment.service_linked_roles,
                "security_hub": audit.security_hub.value,
                "macie": audit.macie.value,
                "data_buckets": [store.bucket_name(region) for store in stores for region in self._regions],
                "personal_data_buckets": self._personal_buckets(),
                "personal_data_keys": self._personal_keys(),
                "lock_mode": "COMPLIANCE" if production else "GOVERNANCE",
                "retention_days": max(
                    environment.log_retention_days, *(b.governance.retention.audit_days for b in self._blueprints)
                ),
                "key_arn": self.keys.arn(self._home, DataClass.INTERNAL.value),
                "log_bucket": self.log_buckets[self._home].name,
                "topic_arns": {region: replica.topic_arn for region, replica in self.replicas.items()},
                "tags": self._tags,
            },
            child_options(self),
        )

    def _personal_buckets(self) -> dict[str, list[str]]:
        """Region -> buckets with declared personal data: the offline features of the services that process it."""
        if not self._personal:
            return {}
        stores = [self.feature_stores[b.name] for b in self._personal if b.name in self.feature_stores]
        return {region: [store.bucket_name(region) for store in stores] for region in self._regions}

    def _personal_keys(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        classes = sorted({b.governance.data_class for b in self._personal if b.name in self.feature_stores})
        return {region: {one.value: self.keys.arn(region, one.value) for one in classes} for region in self._regions}

    def _create_cost_guardrails(self) -> CostGuardrails:
        environment = self._environment
        return CostGuardrails(
            f"{self._name}-cost",
            {
                "environment": environment.name,
                "account_id": environment.account_id,
                "region": self._home,
                "monthly_usd": environment.budget.monthly_usd,
                "notify": list(environment.budget.notify),
                "activate_cost_tags": environment.budget.cost_tags is Provision.MANAGED,
                "growth_stop": environment.budget.growth_stop.value,
                "growth_role_names": [name for replica in self.replicas.values() for name in replica.growth_role_names],
                "allowed_instance_families": list(environment.budget.allowed_instance_families),
                "services": {
                    b.name: {
                        "monthly_ceiling_usd": b.cost.monthly_ceiling_usd,
                        "notify": [b.identity.contacts.email],
                        "percents": list(b.cost.actions.by_percent()),
                    }
                    for b in self._blueprints
                },
                "key_arn": self.keys.arn(self._home, DataClass.INTERNAL.value),
                "tags": self._tags,
            },
            child_options(self),
        )
