"""What a cluster's API server admits in the namespaces of tenants, enforced before anything of theirs runs.

Owns the policies' objects, whom they hold for and the facts of each tenant. The rules themselves are
`components.admission_rules`. Platform namespaces are exempt: no binding names them. Facts lie in a namespace of
the platform, because whoever could change them could admit whatever they like.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NotRequired, TypedDict

import pulumi
from pydantic import Field

from components.admission_policy import (
    Fact,
    Policy,
    binding_manifest,
    facts_data,
    policy_manifest,
    watch_manifests,
)
from components.admission_rules import policies
from components.cluster_addons import ClusterAddons
from components.hosts import regional_host
from components.image_signatures import signature_policy
from components.lineage import annotations, labels
from components.manifest import (
    KubernetesObject,
    LastingObject,
    Manifest,
    create_lasting_object,
    create_object,
    declared_dependencies,
)
from components.namespaces import namespace_manifest
from components.node_labels import wanted_accelerator
from components.options import parse_args, type_token
from components.priorities import priority_class
from serving.blueprint.environment.registry import PublicKey
from serving.blueprint.fleet import ADMISSION_NAMESPACE
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.model import Model
from serving.blueprint.vocabulary import Tier

_SUFFIX: Final = "serving-tenant-"
"""What the policies' names begin with; the rest of a name is the suffix of its logical name."""


class AdmittedTenantArgs(TypedDict):
    """What one tenant may use.

    Attributes:
        name: Name of the tenant and of its namespace.
        registries: Registry hosts and prefixes that its images may come from.
        hosts: Hosts that its routes may name.
        services: Its services.
        priority_classes: Priority classes that its pods may have.
        accelerators: Kinds of accelerators; none by default.
        accelerators_per_container: Most accelerators of one container; 0 by default.
        accelerators_per_pod: Most accelerators of one pod; 0 by default.
    """

    name: str
    registries: list[str]
    hosts: list[str]
    services: list[str]
    priority_classes: list[str]
    accelerators: NotRequired[list[str]]
    accelerators_per_container: NotRequired[int]
    accelerators_per_pod: NotRequired[int]


class AdmissionArgs(TypedDict):
    """Arguments of `Admission`.

    Attributes:
        tenants: The tenants whose namespaces are guarded.
        prometheus_url: The one place that controllers may ask for metrics; the cluster's own Prometheus by default.
        signature_keys: Public keys, PEM: images must be signed with one of them. Needs Kyverno. By default none is.
        tags: Ownership tags.
    """

    tenants: list[AdmittedTenantArgs]
    prometheus_url: NotRequired[str]
    signature_keys: NotRequired[list[str]]
    tags: dict[str, str]


class AdmittedTenantSpec(Section):
    """The validated form of `AdmittedTenantArgs`."""

    name: Name
    registries: tuple[str, ...] = Field(min_length=1)
    hosts: tuple[str, ...] = Field(min_length=1)
    services: tuple[Name, ...] = Field(min_length=1)
    priority_classes: tuple[str, ...] = Field(min_length=1)
    accelerators: tuple[str, ...] = ()
    accelerators_per_container: int = Field(default=0, ge=0)
    accelerators_per_pod: int = Field(default=0, ge=0)

    @property
    def facts(self) -> dict[Fact, Sequence[str]]:
        """The same as the policies read it."""
        return {
            Fact.REGISTRIES: self.registries,
            Fact.HOSTS: self.hosts,
            Fact.SERVICES: self.services,
            Fact.PRIORITY_CLASSES: self.priority_classes,
            Fact.ACCELERATORS: self.accelerators,
            Fact.ACCELERATORS_PER_CONTAINER: [str(self.accelerators_per_container)],
            Fact.ACCELERATORS_PER_POD: [str(self.accelerators_per_pod)],
        }


class AdmissionSpec(Section):
    """The validated arguments."""

    tenants: tuple[AdmittedTenantSpec, ...] = Field(min_length=1)
    prometheus_url: str = ClusterAddons.PROMETHEUS_URL
    signature_keys: tuple[PublicKey, ...] = ()
    tags: dict[str, str]


class Admission(pulumi.ComponentResource):
    """Rules that the API server itself keeps: they hold for whoever writes, by whatever tool."""

    NAMESPACE = ADMISSION_NAMESPACE

    policy_names: list[str]
    """Names of the policies."""

    def __init__(self, name: str, args: AdmissionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Admission"), name, None, opts)
        self._name = name
        self._spec = parse_args(AdmissionSpec, "Admission", name, args)
        self._labels = {"app.kubernetes.io/part-of": "serving", **labels(self._spec.tags)}
        self._cluster = [*declared_dependencies(opts)]
        self._cluster.append(self._keep_watching())
        facts = self._create_facts()
        self.bindings: list[pulumi.Resource] = []
        rules = policies(self._spec.prometheus_url)
        for policy in rules:
            self._create_policy(policy, facts)
        if self._spec.signature_keys:
            self.bindings.append(self._create("images", self._signatures(), self._cluster))
        self.policy_names = [policy.name for policy in rules]
        self.register_outputs({"policy_names": self.policy_names})

    def _create(self, suffix: str, manifest: Manifest, depends_on: Sequence[pulumi.Resource]) -> KubernetesObject:
        return create_object(self, f"{self._name}-{suffix}", manifest, depends_on)

    def _keep_watching(self) -> LastingObject:
        """Before anything else: the API server finds the facts of tenants that come after others have gone."""
        policy, binding = watch_manifests(self._labels)
        created = create_lasting_object(self, f"{self._name}-watch", policy, self._cluster)
        return create_lasting_object(self, f"{self._name}-watch-binding", binding, [created])

    def _create_facts(self) -> dict[str, KubernetesObject]:
        """Tenant -> its parameters."""
        manifest = namespace_manifest(self.NAMESPACE, self._labels, annotations(self._spec.tags))
        namespace = self._create("namespace", manifest, self._cluster)
        return {
            tenant.name: self._create(f"facts-{tenant.name}", self._facts(tenant), [namespace])
            for tenant in self._spec.tenants
        }

    def _facts(self, tenant: AdmittedTenantSpec) -> Manifest:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": tenant.name, "namespace": self.NAMESPACE, "labels": self._labels},
            "data": facts_data(tenant.facts),
        }

    def _signatures(self) -> Manifest:
        tenants = self._spec.tenants
        registries = sorted({registry for tenant in tenants for registry in tenant.registries})
        names = [tenant.name for tenant in tenants]
        return signature_policy(registries, self._spec.signature_keys, names, self._labels)

    def _create_policy(self, policy: Policy, facts: Mapping[str, pulumi.Resource]) -> None:
        suffix = policy.name.removeprefix(_SUFFIX)
        created = self._create(suffix, policy_manifest(policy, self._labels), self._cluster)
        if not policy.asks_facts:
            bound = binding_manifest(policy, self._labels, [*facts])
            self.bindings.append(self._create(f"{suffix}-binding", bound, [created]))
            return
        for tenant, parameters in facts.items():
            reference = {"name": tenant, "namespace": self.NAMESPACE}
            bound = binding_manifest(policy, self._labels, [tenant], reference)
            self.bindings.append(self._create(f"{suffix}-binding-{tenant}", bound, [created, parameters]))


def admitted_tenant(
    name: str, blueprints: Iterable[Blueprint], hosts: Mapping[str, str], region: str, registries: Sequence[str]
) -> AdmittedTenantArgs:
    """What a tenant may use: what its services' blueprints declare, and nothing else.

    Args:
        name: The tenant.
        blueprints: Its services.
        hosts: Service -> host.
        region: AWS region of the cluster.
        registries: Where the region's images are.
    """
    theirs = list(blueprints)
    resources = [model.resources for blueprint in theirs for model in _models(blueprint)]
    most = max(one.accelerators for one in resources)
    return {
        "name": name,
        "registries": list(registries),
        "hosts": [host for b in theirs for host in (hosts[b.name], regional_host(hosts[b.name], region))],
        "services": [blueprint.name for blueprint in theirs],
        "priority_classes": sorted({priority_class(tier) for b in theirs for tier in _tiers(b)}),
        "accelerators": sorted({wanted_accelerator(one) for one in resources if one.accelerators}),
        "accelerators_per_container": most,
        "accelerators_per_pod": most,
    }


def _models(blueprint: Blueprint) -> list[Model]:
    fallback = blueprint.degradation.fallback
    return [blueprint.model, *([fallback.model] if fallback is not None and fallback.model is not None else [])]


def _tiers(blueprint: Blueprint) -> set[Tier]:
    """The service's own; what only helps it (a stand-in, a switch) may have the lowest."""
    return {blueprint.identity.tier, Tier.USERS_UNAWARE}
