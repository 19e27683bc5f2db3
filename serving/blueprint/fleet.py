"""Rules between the services of one platform, and between them and an environment.

Owns what no single document can know: two services that claim one host, a fallback that leads nowhere, a
tenant that does not exist, a promise of regions that the environment does not have. Whether the capacity
suffices is arithmetic and belongs to `serving.planning`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from serving.blueprint.compatibility import misfits
from serving.blueprint.environment import Environment, RoutingKind
from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.gateway_share import MOST_PROXIES, SHARED_PER_PROXY, claimed, needed_proxies
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Delivery, Protocol
from serving.blueprint.schema.degradation import Action
from serving.blueprint.schema.governance import Encryption
from serving.blueprint.schema.recovery import FailoverMode
from serving.blueprint.versions import TESTED_VERSIONS
from serving.blueprint.vocabulary import DataClass, EnvironmentKind

MAX_HOST_LENGTH = 64
"""Longest first name of an ACM certificate (AWS Certificate Manager: DomainName of RequestCertificate is the subject's
common name, which RFC 5280 limits to 64). The regional host before it then stays below the 128 of a listener rule."""

ADMISSION_NAMESPACE = "serving-admission"
"""Namespace of what the cluster's admission rules know of tenants; nobody but the platform writes there."""

RESERVED_NAMESPACES = frozenset(
    {"default", "kube-system", "kube-public", "kube-node-lease", ADMISSION_NAMESPACE} | TESTED_VERSIONS.namespaces
)
"""Namespaces of the cluster and of the platform; a tenant's namespace is named after it."""

DERIVED_SUFFIXES = (
    "canary",
    "fallback",
    "fallback-canary",
    "degradation",
    "unknown-version",
    *(action.value for action in Action),
)
"""What is added to a service's name for further objects in its tenant's namespace."""

SWITCH_CPU = 0.05
SWITCH_MEMORY_MIB = 64
"""What the job asks for that switches one rung of a degradation ladder."""


@dataclass(frozen=True, slots=True)
class FleetFinding:
    """A finding and the document that it is about: a service's blueprint, or the environment.

    Attributes:
        index: Position of the blueprint in the sequence that was judged; None for the environment.
        finding: What is wrong.
    """

    index: int | None
    finding: Finding


def service_findings(blueprints: Sequence[Blueprint]) -> Iterator[FleetFinding]:
    """What is wrong between the blueprints themselves, whatever the environment."""
    yield from _claimed_twice(blueprints, ("identity", "name"), "name", [b.name for b in blueprints])
    hosts = [blueprint.contract.host or blueprint.name for blueprint in blueprints]
    path = ("contract", "host")
    distinct = _first_of_each_name(blueprints)
    yield from _claimed_twice(blueprints, path, "host", hosts, only=distinct)
    data_names = [blueprint.data_name for blueprint in blueprints]
    yield from _claimed_twice(blueprints, ("identity", "data_name"), "data name", data_names, only=distinct)
    yield from _fallbacks(blueprints)
    yield from _derived_names(blueprints)


def environment_findings(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[FleetFinding]:
    """What is wrong between an environment and the services that it runs (name -> blueprint)."""
    for name, blueprint in blueprints.items():
        for finding in _service_in_environment(environment, name, blueprint):
            yield FleetFinding(None, finding)
    for judge in (_shared_hosts, _ceilings, _quotas, _tenant_names, _group_members, _gateway_shares):
        for finding in judge(environment, blueprints):
            yield FleetFinding(None, finding)


def host_of(environment: Environment, blueprint: Blueprint) -> str:
    """The host at which consumers reach a service in an environment."""
    override = environment.services.get(blueprint.name)
    if override is not None and override.host is not None:
        return override.host
    return f"{blueprint.contract.host or blueprint.name}.{environment.domain}"


def _first_of_each_name(blueprints: Sequence[Blueprint]) -> set[int]:
    first: dict[str, int] = {}
    for index, blueprint in enumerate(blueprints):
        first.setdefault(blueprint.name, index)
    return set(first.values())


def _claimed_twice(
    blueprints: Sequence[Blueprint],
    path: KeyPath,
    what: str,
    claims: Sequence[str],
    only: set[int] | None = None,
) -> Iterator[FleetFinding]:
    first: dict[str, int] = {}
    for index, claim in enumerate(claims):
        if only is not None and index not in only:
            continue
        if claim in first:
            other = blueprints[first[claim]].name
            finding = Finding(
                path,
                f"two services have the {what} '{claim}' (the other one: {other})",
                effect="requests and resources of the two could not be told apart",
                remedy=f"give one of the two another {what}",
            )
            yield FleetFinding(index, finding)
        else:
            first[claim] = index


def _fallbacks(blueprints: Sequence[Blueprint]) -> Iterator[FleetFinding]:
    by_name = {blueprint.name: blueprint for blueprint in blueprints}
    names = set(by_name)
    targets = {b.name: b.degradation.fallback.service for b in blueprints if b.degradation.fallback}
    for index, blueprint in enumerate(blueprints):
        target = targets.get(blueprint.name)
        if target is None:
            continue
        path = ("degradation", "fallback", "service")
        if target not in names:
            finding = Finding(
                path,
                f"there is no service '{target}'",
                effect="the fallback would route to nothing",
                remedy="name a service that has a blueprint",
                allowed=tuple(sorted(names - {blueprint.name})),
            )
            yield FleetFinding(index, finding)
        elif (reason := _contract_differs(blueprint, by_name[target])) is not None:
            finding = Finding(
                path,
                f"'{target}' does not answer with the same contract: {reason}",
                effect="consumers could not read the fallback's answers",
                remedy="name a service with the same contract",
            )
            yield FleetFinding(index, finding)
        elif _leads_back(blueprint.name, targets):
            finding = Finding(
                path,
                f"the fallbacks lead back to '{blueprint.name}' (through '{target}')",
                effect="overload would be passed round in a circle",
                remedy="let the last one of the chain answer by itself (static-answer)",
            )
            yield FleetFinding(index, finding)


def _contract_differs(service: Blueprint, fallback: Blueprint) -> str | None:
    """Why a fallback cannot stand in: what consumers send and what they can read must fit it."""
    if service.contract.protocol is not fallback.contract.protocol:
        return f"protocol '{fallback.contract.protocol}' instead of '{service.contract.protocol}'"
    for producer, consumer, what in (
        (service.contract.public_request, fallback.contract.public_request, "request"),
        (fallback.contract.public_response, service.contract.public_response, "response"),
    ):
        for misfit in misfits(producer, consumer):
            return f"the {what} does not fit at '{misfit.path}': {misfit.reason}"
    return None


def _leads_back(start: str, targets: Mapping[str, str | None]) -> bool:
    """Whether following fallbacks from `start` reaches it again; a self-reference is another rule's."""
    seen: set[str] = set()
    name = targets.get(start)
    while name is not None and name not in seen:
        if name == start:
            return len(seen) > 0
        seen.add(name)
        name = targets.get(name)
    return False


def _service_in_environment(environment: Environment, name: str, blueprint: Blueprint) -> Iterator[Finding]:
    here: KeyPath = ("services", name)
    tenants = tuple(tenant.name for tenant in environment.tenants)
    if blueprint.identity.tenant not in tenants:
        yield Finding(
            here,
            f"its tenant '{blueprint.identity.tenant}' is not a tenant of this environment",
            effect="the service would have no namespace and no quota",
            remedy="add the tenant, or correct identity.tenant",
            allowed=tenants,
        )
    active = len(environment.active_regions)
    if blueprint.recovery.min_active_regions > active:
        yield Finding(
            here,
            f"it promises {blueprint.recovery.min_active_regions} active regions, the environment has {active}",
            effect="the loss of a region would stop the service",
            remedy="add an active region, or override recovery.min_active_regions where the blueprint allows it",
        )
    if blueprint.recovery.topology is not environment.topology:
        yield Finding(
            here,
            f"it promises topology '{blueprint.recovery.topology}', the environment has '{environment.topology}'",
            effect="failover would not work as the blueprint says",
            remedy="change the environment's topology, or override recovery.topology where the blueprint allows it",
        )
    accelerated = environment.routing.kind is RoutingKind.ACCELERATOR
    if accelerated and blueprint.recovery.failover is FailoverMode.MANUAL and len(environment.serving_regions) > 1:
        yield Finding(
            here,
            "its failover is 'manual', and an accelerator moves traffic by itself",
            effect="a region would be left although people were to decide",
            remedy="choose routing.kind: dns in the environment, or recovery.failover: automatic in the blueprint",
        )
    if blueprint.scaling.scale_to_zero and not accelerated and len(environment.serving_regions) > 1:
        yield Finding(
            here,
            f"it may have no replica when idle, and {len(environment.serving_regions)} regions ask after its health",
            effect="health checks would keep it awake, or take a region without replicas for lost",
            remedy="keep a replica, or choose routing.kind: accelerator in the environment",
        )
    yield from _unrendered(name, blueprint)
    yield from _callers_are_known(environment, name, blueprint)
    yield from _answers_have_an_owner(environment, name, blueprint)
    yield from _host_fits(environment, name, blueprint)
    yield from _residency(environment, name, blueprint)


def _callers_are_known(environment: Environment, name: str, blueprint: Blueprint) -> Iterator[Finding]:
    """In production somebody must know who calls a service whose callers, or whose data, are not just anybody's."""
    sensitive = blueprint.governance.data_class in (DataClass.CONFIDENTIAL, DataClass.RESTRICTED)
    if environment.kind is not EnvironmentKind.PROD or not (sensitive or blueprint.callers):
        return
    if environment.callers is None:
        yield Finding(
            ("callers",),
            f"nobody authenticates the callers of '{name}' (data class '{blueprint.governance.data_class}')",
            effect="whoever reaches the edge would reach the service",
            remedy="state callers (issuer, jwks_uri, audiences), or callers: {authentication: provided} where something"
            " before the gateway does it",
        )
    elif environment.callers.verified and not blueprint.callers:
        yield Finding(
            ("services", name),
            f"its data is '{blueprint.governance.data_class}', and no group is named that may call it",
            effect="every caller with a token of the environment's issuer could",
            remedy="name groups in governance.access.invoke",
        )


def _answers_have_an_owner(environment: Environment, name: str, blueprint: Blueprint) -> Iterator[Finding]:
    """In production an answer that is fetched later is handed to who asked, and to nobody else."""
    public = blueprint.governance.data_class is DataClass.PUBLIC
    if environment.kind is not EnvironmentKind.PROD or public or Delivery.ASYNC not in blueprint.contract.delivery:
        return
    if environment.callers is None or not environment.callers.verified:
        yield Finding(
            ("callers",),
            f"'{name}' delivers answers later (data class '{blueprint.governance.data_class}'), and nobody verifies who"
            " asks for them",
            effect="whoever learns the place of an answer could fetch it, and no request would be done only once",
            remedy="state callers (issuer, jwks_uri, audiences), or take 'async' out of contract.delivery",
        )


def _not_rendered_yet(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    """What a blueprint may say but no stack can deploy yet, and what to do meanwhile."""
    if blueprint.contract.protocol is Protocol.GRPC:  # nor could the gateway answer gRPC by itself, as a ladder asks
        yield "contract.protocol 'grpc' (the load balancer and its health checks speak HTTP/1.1)", "serve HTTP"
    fallback, acts = blueprint.degradation.fallback, {step.action for step in blueprint.degradation.ladder}
    if Action.SMALLER_MODEL in acts and fallback is not None and fallback.service is not None:
        yield "a step 'smaller-model' to another service (no route leads there)", "state degradation.fallback.model"
    if Action.CACHED_ANSWER in acts:
        yield "a step 'cached-answer' (the gateway keeps no answers)", "take smaller-model or static-answer"
    if blueprint.governance.encryption is Encryption.SERVICE_KEY:
        yield "governance.encryption 'service-key' (keys are made for each data class)", "take data-class-key"


def _unrendered(name: str, blueprint: Blueprint) -> Iterator[Finding]:
    """Silence would be a promise: what the stack cannot do is refused where it is to be deployed."""
    for what, remedy in _not_rendered_yet(blueprint):
        yield Finding(
            ("services", name),
            f"it asks for {what}, which this version does not render",
            effect="the blueprint would promise what nothing deploys",
            remedy=f"{remedy}, or leave the service out of this environment",
        )


def _host_fits(environment: Environment, name: str, blueprint: Blueprint) -> Iterator[Finding]:
    host = host_of(environment, blueprint)
    override = environment.services.get(name)
    path: KeyPath = ("services", name, "host") if override is not None and override.host else ("domain",)
    if not host.endswith(f".{environment.domain}"):
        yield Finding(
            path,
            f"'{host}' is not below '{environment.domain}'",
            effect="neither its certificate nor its record could be made in the environment's zone",
            remedy=f"name a host below {environment.domain}",
        )
    if len(host) > MAX_HOST_LENGTH:
        yield Finding(
            path,
            f"'{host}' has {len(host)} characters, at most {MAX_HOST_LENGTH} are allowed",
            effect="no certificate could be made for it",
            remedy="shorten the domain, or state a shorter contract.host",
        )


def _residency(environment: Environment, name: str, blueprint: Blueprint) -> Iterator[Finding]:
    allowed = blueprint.governance.residency
    for index, region in enumerate(environment.regions):
        if allowed and region.jurisdiction not in allowed:
            yield Finding(
                ("regions", index, "jurisdiction"),
                f"{region.name} ({region.jurisdiction}) is outside of where data of '{name}' may be",
                effect="data would leave the jurisdictions that its governance allows",
                remedy="remove the region, or let the service's owner widen governance.residency",
                allowed=tuple(jurisdiction.value for jurisdiction in allowed),
            )


def _shared_hosts(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, blueprint in blueprints.items():
        host = host_of(environment, blueprint)
        if host in first:
            yield Finding(
                ("services", name, "host"),
                f"'{name}' and '{first[host]}' have the same host '{host}'",
                effect="requests for one would reach the other",
                remedy="give one of the two another host",
            )
        first.setdefault(host, name)


def _ceilings(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    total = sum(blueprint.cost.monthly_ceiling_usd for blueprint in blueprints.values())
    if total > environment.budget.monthly_usd:
        yield Finding(
            ("budget", "monthly_usd"),
            f"{environment.budget.monthly_usd:,.0f} is less than the services' ceilings together"
            f" ({math.ceil(total):,})",
            effect="the environment would be over its budget although every service keeps to its own",
            remedy=f"raise the budget to at least {math.ceil(total)}, or lower a ceiling",
        )


def _quotas(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    """A tenant's quota must admit the maximum of its services, with what surges while two versions run."""
    for index, tenant in enumerate(environment.tenants):
        theirs = [blueprint for blueprint in blueprints.values() if blueprint.identity.tenant == tenant.name]
        for resource, amount in (_wanted(theirs) | _room_wanted(theirs)).items():
            quota: int = getattr(tenant.quota, resource)
            if amount > quota:
                yield Finding(
                    ("tenants", index, "quota", resource),
                    f"{quota} is less than what its services may scale to ({amount:g}, rollouts included)",
                    effect="the autoscaler's maximum could never be reached, or no rollout could begin",
                    remedy=f"raise the quota to at least {math.ceil(amount)}, or lower max_replicas",
                )


def _wanted(blueprints: Iterable[Blueprint]) -> dict[str, float]:
    """What services ask for at their maximum, surge included: resource of a quota -> amount."""
    wanted: dict[str, float] = {"cpu": 0, "memory_gib": 0, "accelerators": 0, "accelerator_slices": 0}
    for blueprint in blueprints:
        parts = [(blueprint.scaling.max_replicas, blueprint.replica_resources(blueprint.model))]
        fallback = blueprint.degradation.fallback
        if fallback is not None and fallback.model is not None:
            parts.append((fallback.max_replicas, blueprint.replica_resources(fallback.model)))
        for replicas, resources in parts:
            pods = blueprint.rollout.replicas_of_both(replicas) * resources.nodes
            wanted["cpu"] += pods * resources.cpu
            wanted["memory_gib"] += pods * resources.memory_gib
            wanted["accelerator_slices" if resources.time_sliced else "accelerators"] += pods * resources.accelerators
        # a rung is switched just when everything is taken
        wanted["cpu"] += len(blueprint.degradation.ladder) * SWITCH_CPU
        wanted["memory_gib"] += len(blueprint.degradation.ladder) * SWITCH_MEMORY_MIB / 1_024
    return wanted


def _room_wanted(blueprints: Iterable[Blueprint]) -> dict[str, float]:
    """The same for what each pod takes of every node: a place and disk."""
    wanted: dict[str, float] = {"pods": 0, "ephemeral_storage_gib": 0}
    for blueprint in blueprints:
        parts = [(blueprint.scaling.max_replicas, blueprint.model)]
        fallback = blueprint.degradation.fallback
        if fallback is not None and fallback.model is not None:
            parts.append((fallback.max_replicas, fallback.model))
        for replicas, model in parts:
            pods = blueprint.rollout.replicas_of_both(replicas) * model.resources.nodes
            wanted["pods"] += pods
            wanted["ephemeral_storage_gib"] += pods * model.disk_gib
    return wanted


def _gateway_shares(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    """What all services may have in flight must fit into the gateway, so that none takes another's place."""
    if needed_proxies(blueprints.values()) is None:
        greedy = max(blueprints, key=lambda name: claimed(blueprints[name], MOST_PROXIES))
        yield Finding(
            ("services", greedy),
            f"the services' requests in flight do not fit into {MOST_PROXIES} proxies of the gateway; it claims most"
            f" ({claimed(blueprints[greedy], MOST_PROXIES):,} of {SHARED_PER_PROXY:,} in each)",
            effect=f"services of {len(environment.tenants)} tenants would wait for connections that one of them holds",
            remedy="lower its peak_rps or the timeouts of its stages, or run it in an environment of its own",
        )


def _tenant_names(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    for index, tenant in enumerate(environment.tenants):
        if tenant.name in RESERVED_NAMESPACES or tenant.name.startswith("kube-"):
            yield Finding(
                ("tenants", index, "name"),
                f"'{tenant.name}' is a namespace of the cluster or of the platform",
                effect="the tenant would be handed what belongs to all",
                remedy="give the tenant another name",
            )


def _group_members(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    """Where members of groups are stated, those of every group are: a group that is forgotten has nobody in it."""
    stated = environment.cluster.group_roles
    if not stated:
        return
    used = {tenant.owner for tenant in environment.tenants}
    used |= {group for blueprint in blueprints.values() for group in blueprint.deployers}
    for group in sorted(used - set(stated)):
        yield Finding(
            ("cluster", "group_roles"),
            f"no role for group '{group}', which runs services of this environment",
            effect="its people would get into no cluster, and could not follow their runbooks",
            remedy="name their roles, or none ([]) where an identity provider of the cluster knows them",
        )
    for group in sorted(set(stated) - used):
        yield Finding(
            ("cluster", "group_roles", group),
            "is a group that no tenant and no blueprint names",
            effect="its people would get in and be allowed nothing",
            remedy="correct the name, or take it out",
            allowed=tuple(sorted(used)),
        )


def _derived_names(blueprints: Sequence[Blueprint]) -> Iterator[FleetFinding]:
    """A service must not have the name of another service's further objects in the same namespace."""
    taken = {
        (blueprint.identity.tenant, f"{blueprint.name}-{suffix}"): blueprint.name
        for blueprint in blueprints
        for suffix in DERIVED_SUFFIXES
    }
    for index, blueprint in enumerate(blueprints):
        owner = taken.get((blueprint.identity.tenant, blueprint.name))
        if owner is not None:
            finding = Finding(
                ("identity", "name"),
                f"'{blueprint.name}' is the name of an object of service '{owner}'",
                effect="one service would take the other's traffic",
                remedy="give one of the two another name",
            )
            yield FleetFinding(index, finding)
