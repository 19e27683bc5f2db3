"""One model service inside one cluster, rendered from its blueprint.

Owns the composition: which objects a service consists of, in what order they come to be, and the AWS identity
of its replicas. How each object looks is in the modules that it calls: `workload`, `pod`, `pod_monitor`,
`rollout`, `autoscaler`, `routing`, `isolation`, `degradation`, `degradation_switch`. What several services share is
`Tenant`, `Gateway` and `ClusterAddons`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.access import access_policy, rate_limit
from components.autoscaler import scaled_object
from components.cluster import cluster_arn
from components.cluster_addons import ClusterAddons
from components.degradation import rung_filters, rung_route, rung_traffic
from components.degradation_switch import switch_access, switch_jobs, switch_policy
from components.delivery_queue import DeliveryNames, deliver_statements, delivery_settings
from components.feature_store import read_features
from components.gateway import Gateway
from components.hosts import regional_host
from components.iam import Condition, Statement, arn, create_role, pod_identity_trust, role_name
from components.isolation import workload_policy
from components.leader_worker_set import leader_worker_set
from components.manifest import Manifest, create_object, declared_dependencies
from components.model_fetch import model_prefix
from components.model_store import read_models
from components.options import child_options, parse_args, type_token
from components.pod import PodContext, image, pod_template
from components.pod_monitor import pod_monitor
from components.rollout import analysis_template, rollout
from components.routing import refuses_unknown_versions, renaming_filter, route, traffic_policy, unknown_version_answer
from components.workload import Workload, disruption_budget, service_account, services, stand_in_tags
from serving.blueprint.environment import Callers
from serving.blueprint.gateway_share import LEAST_PROXIES
from serving.blueprint.ladder import Rung, rungs
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Name, Section, Sha256
from serving.blueprint.schema.contract import Delivery
from serving.stages.settings import DeliverySettings

FEATURE_TABLE_VARIABLE: Final = "FEATURE_TABLE"
"""Environment variable by which a server learns the name of its online feature table."""


class ModelServiceArgs(TypedDict):
    """Arguments of `ModelService`.

    Attributes:
        blueprint: The service: a blueprint, or a mapping of the same shape.
        environment: Name of the environment.
        region: AWS region of the cluster.
        account_id: AWS account of the cluster.
        cluster_name: Name of the cluster.
        host: Public host of the service.
        registry: Host and prefix of the registry that holds all images.
        tools_image: Repository of the image that fetches and verifies models.
        tools_image_digest: Its digest.
        model_bucket: Bucket of the model store in this region.
        model_key_arn: Key of that bucket.
        signer_key_arn: Key whose public part verifies manifests, where it is another account's or region's; by default
            those here that have the alias that a manifest names.
        feature_table: Online feature table; where the model reads feature views.
        feature_table_arn: The table in this region; needed with `feature_table`.
        feature_key_arn: Key of that table; needed with `feature_table`.
        delivery_key_arn: Key of what waits; needed where the contract delivers answers later.
        callers: The identity provider whose tokens the gateway verifies; anybody may call by default.
        prometheus_url: Where autoscaler and analyses ask; the cluster's own Prometheus by default.
        fabric_adapters: Elastic Fabric Adapters of each node of a replica that spans nodes; none by default.
        aws_cidrs: Where AWS APIs answer on port 443; `0.0.0.0/0` for public addresses (gateway endpoints).
        gateway_proxies: Fewest proxies of the gateway, among which limits are divided.
        tags: Ownership and lineage of the service.
        fallback_tags: The same of the fallback model; where there is one beside the service's own.
    """

    blueprint: Any
    environment: str
    region: str
    account_id: str
    cluster_name: str
    host: str
    registry: str
    tools_image: str
    tools_image_digest: str
    model_bucket: str
    model_key_arn: pulumi.Input[str]
    signer_key_arn: NotRequired[pulumi.Input[str]]
    feature_table: NotRequired[str]
    feature_table_arn: NotRequired[pulumi.Input[str]]
    feature_key_arn: NotRequired[pulumi.Input[str]]
    delivery_key_arn: NotRequired[pulumi.Input[str]]
    callers: NotRequired[Any]
    prometheus_url: NotRequired[str]
    fabric_adapters: NotRequired[int]
    aws_cidrs: list[str]
    gateway_proxies: NotRequired[int]
    tags: dict[str, str]
    fallback_tags: NotRequired[dict[str, str]]


class ModelServiceSpec(Section):
    """The plain part of the arguments."""

    blueprint: Blueprint
    environment: Name
    region: str
    account_id: str
    cluster_name: str
    host: str
    registry: str
    tools_image: str
    tools_image_digest: Sha256
    model_bucket: str
    feature_table: str | None = None
    callers: Callers | None = None
    prometheus_url: str = ClusterAddons.PROMETHEUS_URL
    fabric_adapters: int = Field(default=0, ge=0)
    aws_cidrs: tuple[str, ...] = Field(min_length=1)
    gateway_proxies: int = Field(default=LEAST_PROXIES, ge=1)
    tags: dict[str, str]
    fallback_tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "ModelServiceSpec":
        fallback = self.blueprint.degradation.fallback
        if fallback is not None and fallback.model is not None and not self.fallback_tags:
            raise ValueError("fallback_tags are needed: the blueprint keeps a fallback model beside its own")
        if self.blueprint.governance.lineage.feature_views and self.feature_table is None:
            raise ValueError("feature_table is needed: the model reads feature views")
        return self


WIRING = frozenset({"model_key_arn", "signer_key_arn", "feature_table_arn", "feature_key_arn", "delivery_key_arn"})


class ModelService(pulumi.ComponentResource):
    """A model behind a host: fetched and verified, rolled out with care, scaled by its load, fenced in."""

    role_arn: pulumi.Output[str]
    """Role of the service's pods."""
    rollout_name: pulumi.Output[str]
    """Name of the Rollout of the service's own model; of its LeaderWorkerSet where replicas span nodes."""
    url: pulumi.Output[str]
    """Where consumers reach the service."""

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ModelService"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(ModelServiceSpec, "ModelService", name, args, WIRING)
        self._blueprint = self._spec.blueprint
        self._ready = declared_dependencies(opts)
        self._delivery_names = self._planned_delivery()
        self._workloads = list(self._planned_workloads())
        identity = self._create_identity()
        self._access = self._create("access", self._access_policy(), self._ready)
        for workload in self._workloads:
            self._create_workload(workload, identity)
        self._create_ladder()
        self.rollout_name = pulumi.Output.from_input(self._blueprint.name)
        self.url = pulumi.Output.from_input(f"https://{self._spec.host}")
        self.register_outputs({"role_arn": self.role_arn, "rollout_name": self.rollout_name, "url": self.url})

    def _planned_delivery(self) -> DeliveryNames | None:
        spec, blueprint = self._spec, self._blueprint
        if Delivery.ASYNC not in blueprint.contract.delivery:
            return None
        return DeliveryNames(spec.environment, spec.account_id, spec.region, blueprint.data_name)

    def _planned_workloads(self) -> Iterator[Workload]:
        """The service's own model, and the fallback model where one is kept beside it."""
        blueprint, scaling = self._blueprint, self._blueprint.scaling
        yield Workload(
            name=blueprint.name,
            blueprint=blueprint,
            model=blueprint.model,
            tags=self._spec.tags,
            min_replicas=scaling.min_replicas,
            max_replicas=scaling.max_replicas,
            gateway_proxies=self._spec.gateway_proxies,
        )
        fallback = blueprint.degradation.fallback
        if fallback is not None and fallback.model is not None:
            yield Workload(
                name=f"{blueprint.name}-fallback",
                blueprint=blueprint,
                model=fallback.model,
                tags=stand_in_tags(self._spec.fallback_tags),
                min_replicas=fallback.min_replicas,
                max_replicas=fallback.max_replicas,
                stands_in=True,
                gateway_proxies=self._spec.gateway_proxies,
            )

    def _create_identity(self) -> list[pulumi.Resource]:
        """Service account, role and association: replicas must come after all three to be given credentials."""
        spec, blueprint = self._spec, self._blueprint
        account = self._create("account", service_account(blueprint, spec.tags), self._ready)
        role, permissions = create_role(
            self,
            f"{self._name}-role",
            role_name(spec.environment, spec.region, blueprint.name),
            description=f"Replicas of {blueprint.name} in cluster {spec.cluster_name}",
            trust=pod_identity_trust(spec.account_id, cluster_arn(spec.cluster_name, spec.region, spec.account_id)),
            tags=spec.tags,
            statements=self._statements(),
        )
        association = aws.eks.PodIdentityAssociation(
            f"{self._name}-identity",
            region=spec.region,
            cluster_name=spec.cluster_name,
            namespace=blueprint.identity.tenant,
            service_account=blueprint.name,
            role_arn=role.arn,
            tags=spec.tags,
            opts=child_options(self, depends_on=[account]),
        )
        self.role_arn = role.arn
        return [account, association, *permissions]

    def _statements(self) -> list[Statement]:
        """Its own models, nobody else's; the key of their signature; its own features."""
        spec, args = self._spec, self._args
        prefixes = sorted({model_prefix(workload.model.manifest) for workload in self._workloads})
        statements = read_models(spec.model_bucket, spec.region, prefixes, args["model_key_arn"])
        statements += self._verify_signatures()
        if self._delivery_names is not None:
            statements += deliver_statements(self._delivery_names, spec.region, args["delivery_key_arn"])
        if spec.feature_table is not None:
            statements += read_features(args["feature_table_arn"], spec.region, args["feature_key_arn"])
        return statements

    def _verify_signatures(self) -> list[Statement]:
        """The key that is given, or those of this account and region that have the alias that a manifest names.

        A statement cannot name a key by its alias as a resource, only in a condition (AWS KMS developer guide, "Use
        aliases to control access to KMS keys", read 2026-11-26).
        """
        spec, actions = self._spec, ("kms:GetPublicKey", "kms:Verify")
        if "signer_key_arn" in self._args:
            return [Statement("VerifySignature", actions, (self._args["signer_key_arn"],))]
        aliases = sorted({alias for workload in self._workloads if (alias := workload.model.manifest.key_alias)})
        if not aliases:
            return []
        named = Condition("ForAnyValue:StringEquals", "kms:ResourceAliases", *aliases)
        keys = arn("kms", spec.region, spec.account_id, "key/*")
        return [Statement("VerifySignature", actions, (keys,), conditions=(named,))]

    def _create_workload(self, workload: Workload, identity: Sequence[pulumi.Resource]) -> None:
        prefix = "fallback-" if workload.stands_in else ""
        fenced = self._create(f"{prefix}network", workload_policy(workload, self._spec.aws_cidrs), self._ready)
        backends = [
            self._create(f"{prefix}{suffix}", manifest, self._ready) for suffix, manifest in services(workload).items()
        ]
        if refuses_unknown_versions(workload):
            backends.append(self._create("unknown-version", unknown_version_answer(workload), self._ready))
        if (renamed := renaming_filter(workload)) is not None:
            backends.append(self._create(f"{prefix}path", renamed, self._ready))
        # whoever finds the route must find it guarded
        routed = self._create(f"{prefix}route", self._route(workload), [*backends, self._access])
        self._create(f"{prefix}traffic", traffic_policy(workload, limits=self._limits), [routed])
        running = self._create_replicas(workload, prefix, [*identity, fenced, *backends, routed])
        self._create(f"{prefix}autoscaler", scaled_object(workload, self._spec.prometheus_url), [running])
        self._create(f"{prefix}disruptions", disruption_budget(workload), self._ready)
        self._create(f"{prefix}scrapes", pod_monitor(workload), self._ready)

    def _create_replicas(
        self, workload: Workload, prefix: str, depends_on: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        """Pods behind a controller that replaces them: single ones by a Rollout, groups by a LeaderWorkerSet."""
        template = pod_template(workload, self._context(workload))
        if workload.spans_nodes:
            groups = leader_worker_set(workload, template, self._spec.fabric_adapters)
            return self._create(f"{prefix}groups", groups, depends_on)
        analysis = analysis_template(workload, self._spec.prometheus_url)
        judged = self._create(f"{prefix}analysis", analysis, self._ready)
        return self._create(f"{prefix}rollout", rollout(workload, template), [*depends_on, judged])

    def _create_ladder(self) -> None:
        """The rungs, each ready and none of them on, and who switches them."""
        service, *others = self._workloads
        stand_in = others[0] if others else None
        ladder = rungs(self._blueprint)
        if not ladder:
            return
        may = [
            self._create(f"degradation-{suffix}", manifest, self._ready)
            for suffix, manifest in switch_access(service).items()
        ]
        fenced = switch_policy(service, self._spec.aws_cidrs)
        may.append(self._create("degradation-network", fenced, self._ready))
        for rung in ladder:
            self._create_rung(service, rung, stand_in, may)

    def _create_rung(
        self, service: Workload, rung: Rung, stand_in: Workload | None, may: Sequence[pulumi.Resource]
    ) -> None:
        spec, action = self._spec, rung.action.value
        needed = [
            self._create(f"{action}-{suffix}", manifest, self._ready)
            for suffix, manifest in rung_filters(service, rung, stand_in).items()
        ]
        # an answer must exist before a route can give it, or it would be an error 500
        route = rung_route(service, rung, self._hosts, stand_in)
        routed = self._create(f"{action}-route", route, [*self._ready, *needed, self._access])
        if (treated := rung_traffic(rung, stand_in, self._limits)) is not None:
            self._create(f"{action}-traffic", treated, [routed])
        tools = image(spec.registry, spec.tools_image, spec.tools_image_digest)
        for state, job in switch_jobs(service, rung, spec.prometheus_url, tools).items():
            self._create(f"{action}-{state}", job, [routed, *may])

    def _create(self, suffix: str, manifest: Manifest, depends_on: Sequence[pulumi.Resource]) -> pulumi.Resource:
        return create_object(self, f"{self._name}-{suffix}", manifest, depends_on)

    @property
    def _hosts(self) -> list[str]:
        return [self._spec.host, regional_host(self._spec.host, self._spec.region)]

    def _route(self, workload: Workload) -> Manifest:
        return route(workload, self._hosts, Gateway.NAME, Gateway.NAMESPACE, Gateway.LISTENER)

    def _access_policy(self) -> Manifest:
        asked = [workload.server.readiness_path for workload in self._workloads]
        return access_policy(self._workloads[0], self._spec.callers, asked)

    @property
    def _limits(self) -> dict[str, Any]:
        return rate_limit(self._blueprint.contract.limits, self._spec.gateway_proxies, self._spec.callers)

    def _context(self, workload: Workload) -> PodContext:
        table = self._spec.feature_table
        return PodContext(
            region=self._spec.region,
            registry=self._spec.registry,
            tools_image=self._spec.tools_image,
            tools_image_digest=self._spec.tools_image_digest,
            model_bucket=self._spec.model_bucket,
            environment={} if table is None else {FEATURE_TABLE_VARIABLE: table},
            delivery=self._delivery(workload),
        )

    def _delivery(self, workload: Workload) -> DeliverySettings | None:
        """Where requests wait that are answered later; the link to an answer leads to the region that holds it.

        A model that stands in takes requests in and hands answers out, and leaves the work to the service's own.
        """
        if self._delivery_names is None:
            return None
        origin = f"https://{regional_host(self._spec.host, self._spec.region)}"
        settings = delivery_settings(self._blueprint, self._delivery_names, origin)
        return replace(settings, parallel_requests=0) if workload.stands_in else settings
