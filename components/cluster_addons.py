"""What a cluster must have before the first service comes: controllers, their namespaces, priority classes.

Owns in which order add-ons are installed, and what each is given: namespace, identity in AWS, release, and what is
scraped of it. What an add-on is (chart, values, permissions) is a module of `components.addons`; which are wanted is
`serving.planning.addons`, which counts them too. Each can be declared to be there already, by whatever other means;
then nothing of it is made.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.addons import DEFINITIONS, AddonDefinition, AddonFacts, LoggedService, pod_monitor
from components.addons.prometheus import PROMETHEUS_URL
from components.cluster import cluster_arn
from components.iam import PLATFORM, Statement, create_role, pod_identity_trust, role_name
from components.lineage import annotations, labels
from components.manifest import (
    HelmRelease,
    KubernetesObject,
    create_object,
    create_release,
    declared_dependencies,
)
from components.namespaces import namespace_manifest
from components.options import child_options, parse_args, type_token
from components.priorities import priority_class_manifest
from serving.blueprint.environment import Addon, NodeStarter
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.vocabulary import Tier
from serving.planning.addons import AddonNeeds, wanted_addons


class LoggedServiceArgs(TypedDict):
    """A service whose lines are collected.

    Attributes:
        name: Name of the service.
        tenant: Its namespace.
        hosts: Hosts under which it is reached in this region.
        log_group: Name of its inference log.
        fields: Fields of a line that its blueprint names.
        redact: Fields whose values must not be readable.
    """

    name: str
    tenant: str
    hosts: list[str]
    log_group: str
    fields: list[str]
    redact: list[str]


class ClusterAddonsArgs(TypedDict):
    """Arguments of `ClusterAddons`.

    Attributes:
        environment: Name of the environment.
        region: AWS region of the cluster.
        account_id: AWS account of the cluster.
        cluster_name: Name of the cluster.
        vpc_id: Network of the cluster.
        target_group_arns: Target groups that the load balancer controller may fill; none by default.
        remote_write_url: Where metrics are sent; they stay in the cluster by default.
        workspace_arn: Workspace behind `remote_write_url`; needed with it.
        gpu: Whether the NVIDIA device plugin must be installed. It keeps off nodes that bring one of their own.
        node_starter: What starts nodes: `cluster-autoscaler` (default), `karpenter` or `auto-mode`.
        interruption_queue: Queue by which Karpenter hears of nodes that go; its pods wait for it.
        spanning: Whether models span nodes, so that there are groups of pods and adapters for them; not by default.
        accelerators: Whether nodes have accelerators whose state must be measured; by default as `gpu` says.
        signed_repositories: ARNs of repositories whose images must carry a signature: Kyverno is installed, and reads
            them. None by default.
        logged: Services whose lines are collected; without any, Fluent Bit is not installed.
        node_group_ranks: Names of managed node groups in the order in which nodes are asked of them: first choices,
            second choices, and so on. By default the one that wastes least.
        provided: What is there already, by name of the add-on.
        tags: Ownership tags.
    """

    environment: str
    region: str
    account_id: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    target_group_arns: NotRequired[list[pulumi.Input[str]]]
    remote_write_url: NotRequired[pulumi.Input[str]]
    workspace_arn: NotRequired[pulumi.Input[str]]
    gpu: bool
    spanning: NotRequired[bool]
    node_starter: NotRequired[str]
    interruption_queue: NotRequired[pulumi.Input[str]]
    accelerators: NotRequired[bool]
    signed_repositories: NotRequired[list[str]]
    logged: NotRequired[list[LoggedServiceArgs]]
    node_group_ranks: NotRequired[list[list[str]]]
    provided: NotRequired[list[str]]
    tags: dict[str, str]


class ClusterAddonsSpec(Section):
    """The plain part of the arguments."""

    environment: str
    region: str
    account_id: str
    cluster_name: str
    gpu: bool
    spanning: bool = False
    node_starter: NodeStarter = NodeStarter.CLUSTER_AUTOSCALER
    accelerators: bool | None = None
    signed_repositories: tuple[str, ...] = ()
    logged: tuple[LoggedService, ...] = ()
    node_group_ranks: tuple[tuple[Name, ...], ...] = ()
    provided: tuple[Addon, ...] = ()
    tags: dict[str, str]


WIRING = frozenset({"vpc_id", "target_group_arns", "remote_write_url", "workspace_arn", "interruption_queue"})


class ClusterAddons(pulumi.ComponentResource):
    """The platform layer of a cluster."""

    PROMETHEUS_URL = PROMETHEUS_URL

    prometheus_url: pulumi.Output[str]
    """Where autoscaler and rollout analysis query metrics, inside the cluster."""

    def __init__(self, name: str, args: ClusterAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ClusterAddons"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(ClusterAddonsSpec, "ClusterAddons", name, args, WIRING)
        self._labels = {"app.kubernetes.io/part-of": self._spec.cluster_name, **labels(self._spec.tags)}
        self._cluster = declared_dependencies(opts)
        self._facts = self._gather()
        self.namespaces: dict[str, KubernetesObject] = {}
        self.growth_role_names: list[pulumi.Output[str]] = []  # of what adds nodes
        self._releases: dict[Addon, HelmRelease] = {}
        for tier in Tier:
            self._create_priority_class(tier)
        for addon in self._wanted():
            self._releases[addon] = self._create_addon(DEFINITIONS[addon])
        for addon in self._wanted():
            self._create_monitors(DEFINITIONS[addon])
        self.prometheus_url = pulumi.Output.from_input(self.PROMETHEUS_URL)
        self.register_outputs({"prometheus_url": self.prometheus_url})

    def release(self, addon: str) -> list[pulumi.Resource]:
        """What must exist before anything of the add-on's kinds; nothing if it is there already."""
        found = self._releases.get(Addon(addon))
        return [] if found is None else [found]

    @property
    def releases(self) -> list[pulumi.Resource]:
        """All releases that are made here."""
        return list(self._releases.values())

    def _gather(self) -> AddonFacts:
        spec, args = self._spec, self._args
        return AddonFacts(
            environment=spec.environment,
            region=spec.region,
            account_id=spec.account_id,
            cluster_name=spec.cluster_name,
            vpc_id=args["vpc_id"],
            target_group_arns=args.get("target_group_arns", []),
            remote_write_url=args.get("remote_write_url"),
            workspace_arn=args.get("workspace_arn"),
            node_group_ranks=spec.node_group_ranks,
            interruption_queue=args.get("interruption_queue"),
            signed_repositories=spec.signed_repositories,
            logged=spec.logged,
        )

    def _wanted(self) -> tuple[Addon, ...]:
        spec = self._spec
        needs = AddonNeeds(
            node_starter=spec.node_starter,
            gpu=spec.gpu,
            accelerators=spec.gpu if spec.accelerators is None else spec.accelerators,
            spanning=spec.spanning,
            signed=bool(spec.signed_repositories),
            logged=bool(spec.logged),
            provided=spec.provided,
        )
        return wanted_addons(needs)

    def _create_priority_class(self, tier: Tier) -> None:
        manifest = priority_class_manifest(tier, self._labels)
        create_object(self, f"{self._name}-tier-{tier.value}", manifest, self._cluster)

    def _create_addon(self, definition: AddonDefinition) -> HelmRelease:
        needed: list[pulumi.Resource] = [*self._cluster]
        if definition.own_namespace:
            needed = [self._create_namespace(definition)]
        if definition.own_identity and (statements := definition.statements(self._facts)):
            needed += self._create_identity(definition, statements)
        name = f"{self._name}-{definition.addon.value}"
        return create_release(self, name, definition.chart, definition.values(self._facts), needed)

    def _create_namespace(self, definition: AddonDefinition) -> KubernetesObject:
        namespace = definition.chart.namespace
        marks = {**self._labels, **definition.namespace_labels}
        manifest = namespace_manifest(namespace, marks, annotations(self._spec.tags), definition.level)
        name = f"{self._name}-{definition.addon.value}-namespace"
        self.namespaces[namespace] = create_object(self, name, manifest, self._cluster)
        return self.namespaces[namespace]

    def _create_monitors(self, definition: AddonDefinition) -> None:
        """What is scraped of an add-on: after its own release, whose namespace they are in, and the kind's."""
        needed = [*self.release(definition.addon), *self.release(Addon.PROMETHEUS)]
        for scrape in definition.scrapes:
            manifest = pod_monitor(scrape, definition.chart.namespace, self._labels)
            create_object(self, f"{self._name}-{scrape.name}-monitor", manifest, needed)

    def _create_identity(self, definition: AddonDefinition, statements: Sequence[Statement]) -> list[pulumi.Resource]:
        """Role and association; the controller's pods must come after both to be given credentials."""
        spec, addon = self._spec, definition.addon
        role, permissions = create_role(
            self,
            f"{self._name}-{addon.value}-role",
            role_name(spec.environment, spec.region, f"{PLATFORM}{addon.value}"),
            description=f"{addon.value} in cluster {spec.cluster_name}",
            trust=pod_identity_trust(spec.account_id, cluster_arn(spec.cluster_name, spec.region, spec.account_id)),
            tags=spec.tags,
            statements=statements,
        )
        if addon is Addon.CLUSTER_AUTOSCALER:
            self.growth_role_names.append(role.name)
        association = aws.eks.PodIdentityAssociation(
            f"{self._name}-{addon.value}-identity",
            region=spec.region,
            cluster_name=spec.cluster_name,
            namespace=definition.chart.namespace,
            service_account=definition.service_account,
            role_arn=role.arn,
            tags=spec.tags,
            opts=child_options(self, depends_on=self._cluster),
        )
        return [association, *permissions]
