"""Rules between the services of one platform, and between them and an environment.

Owns what no single document can know: two services that claim one host, a fallback that leads nowhere, a
tenant that does not exist, a promise of regions that the environment does not have. Whether the capacity
suffices is arithmetic and belongs to `serving.planning`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from serving.blueprint.environment import Environment
from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.schema import Blueprint


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
    yield from _fallbacks(blueprints)


def environment_findings(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[FleetFinding]:
    """What is wrong between an environment and the services that it runs (name -> blueprint)."""
    for name, blueprint in blueprints.items():
        for finding in _service_in_environment(environment, name, blueprint):
            yield FleetFinding(None, finding)
    for finding in (*_shared_hosts(environment, blueprints), *_ceilings(environment, blueprints)):
        yield FleetFinding(None, finding)
    for finding in _quotas(environment, blueprints):
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
    names = {blueprint.name for blueprint in blueprints}
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
        elif _leads_back(blueprint.name, targets):
            finding = Finding(
                path,
                f"the fallbacks lead back to '{blueprint.name}' (through '{target}')",
                effect="overload would be passed round in a circle",
                remedy="let the last one of the chain answer by itself (static-answer)",
            )
            yield FleetFinding(index, finding)


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
    yield from _residency(environment, name, blueprint)


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
            f"{environment.budget.monthly_usd:g} is less than the services' ceilings together ({total:g})",
            effect="the environment would be over its budget although every service keeps to its own",
            remedy=f"raise the budget to at least {total:g}, or lower a ceiling",
        )


def _quotas(environment: Environment, blueprints: Mapping[str, Blueprint]) -> Iterator[Finding]:
    wanted: dict[str, int] = defaultdict(int)
    for blueprint in blueprints.values():
        wanted[blueprint.identity.tenant] += blueprint.scaling.max_replicas * blueprint.model.resources.accelerators
        fallback = blueprint.degradation.fallback
        if fallback is not None and fallback.model is not None:
            wanted[blueprint.identity.tenant] += fallback.max_replicas * fallback.model.resources.accelerators
    for index, tenant in enumerate(environment.tenants):
        if wanted[tenant.name] > tenant.quota.accelerators:
            yield Finding(
                ("tenants", index, "quota", "accelerators"),
                f"{tenant.quota.accelerators} is less than what its services may scale to ({wanted[tenant.name]})",
                effect="the autoscaler's maximum could never be reached",
                remedy=f"raise the quota to at least {wanted[tenant.name]}, or lower max_replicas",
            )
