"""Which region answers a request: records and health checks of every service.

Owns DNS routing between the edges of the regions. A failover is a decision of the health checkers, taken in
Route 53's data plane: no control plane is called, nothing is created, no person is needed. That is why every
record stands ready beforehand, the passive ones too.

A record that a region switch may close has two layers. Above stands the health check that the plan turns, below it
a name of the region with the health check that asks the service: a region is used while both are healthy, and
neither needs to know of the other.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, ValidationError, model_validator

from components.hosts import regional_host
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion, DomainName, HealthCheck, RegionRole, RoutingPolicy
from serving.blueprint.environment.routing import EVEN_WEIGHT, MOST_WEIGHT
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.recovery import FailoverMode

_HTTPS_PORT = 443
_WEIGHT_WAITING = 0


class RoutedServiceArgs(TypedDict):
    """One service that is routed.

    Attributes:
        host: Its public host.
        readiness_path: Path that answers 2xx only when the model is loaded.
        failover: automatic (health checks decide) or manual (a person changes weights).
    """

    host: str
    readiness_path: str
    failover: NotRequired[str]


class RoutedRegionArgs(TypedDict):
    """One region that can serve.

    Attributes:
        name: AWS region.
        role: active or passive.
        dns_name: DNS name of its load balancer.
        zone_id: Zone of that name.
        weight: Its share of the requests, 0 to 255, with policy weighted; all alike by default.
    """

    name: str
    role: str
    weight: NotRequired[int]
    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]


class GlobalRoutingArgs(TypedDict):
    """Arguments of `GlobalRouting`.

    Attributes:
        environment: Short name of the environment.
        zone_id: Public zone that holds the hosts.
        services: Service name -> what is routed.
        regions: Regions that can serve, home region first.
        policy: latency (the nearest healthy region answers) or weighted (each its share).
        switch_check_ids: `<service>/<region>` -> health check by which a region switch closes the region's
            record; nothing but the services' own health closes a record by default.
        health_check_interval_seconds: 10 or 30.
        health_check_failures: Failed checks before a region is left.
        tags: Ownership tags.
        service_tags: Service name -> tags of its health checks; `tags` by default.
    """

    environment: str
    zone_id: pulumi.Input[str]
    services: dict[str, RoutedServiceArgs]
    regions: list[RoutedRegionArgs]
    policy: NotRequired[str]
    switch_check_ids: NotRequired[dict[str, pulumi.Input[str]]]
    health_check_interval_seconds: NotRequired[int]
    health_check_failures: NotRequired[int]
    tags: dict[str, str]
    service_tags: NotRequired[dict[str, dict[str, str]]]


class RoutedServiceSpec(Section):
    """The validated form of `RoutedServiceArgs`."""

    host: DomainName
    readiness_path: str = Field(pattern="^/", max_length=255)  # longest path of a Route 53 health check
    failover: FailoverMode = FailoverMode.AUTOMATIC


class GlobalRoutingSpec(Section):
    """The plain part of `GlobalRoutingArgs`."""

    environment: str = Field(min_length=1)
    services: dict[Name, RoutedServiceSpec] = Field(min_length=1)
    policy: RoutingPolicy = RoutingPolicy.LATENCY
    health_check_interval_seconds: int = HealthCheck().interval_seconds
    health_check_failures: int = HealthCheck().failures
    tags: dict[str, str]
    service_tags: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "GlobalRoutingSpec":
        try:
            HealthCheck(interval_seconds=self.health_check_interval_seconds, failures=self.health_check_failures)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"]) from None
        return self


class RoutedRegionSpec(Section):
    """The plain part of `RoutedRegionArgs`."""

    name: AwsRegion
    role: RegionRole = Field(default=RegionRole.ACTIVE)
    weight: int = Field(default=EVEN_WEIGHT, ge=0, le=MOST_WEIGHT)

    @model_validator(mode="after")
    def _check(self) -> "RoutedRegionSpec":
        if self.role is RegionRole.RECOVERY:
            raise ValueError("role: a recovery region serves nobody and can't be routed to")
        return self


WIRING = frozenset({"zone_id", "regions", "switch_check_ids"})
REGION_WIRING = frozenset({"dns_name", "zone_id"})


@dataclass(frozen=True, slots=True)
class Route:
    """One record of a name.

    Attributes:
        name: Name of the record.
        suffix: Last part of the record's logical name.
        target: A region's load balancer, or another record of the zone.
        policy: Routing policy of the record; a plain record without.
        checked: Region whose health check the record carries.
        switched: Region whose switch closes the record; such a record asks no service itself.
        evaluate_target: Whether the target's own health counts.
    """

    name: str
    suffix: str
    target: str
    policy: dict[str, Any]
    checked: str | None = None
    switched: str | None = None
    evaluate_target: bool = True

    @property
    def identifier(self) -> str | None:
        """What tells the record from others of its name."""
        return self.policy.get("set_identifier")


@dataclass(frozen=True, slots=True)
class _Region:
    spec: RoutedRegionSpec
    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]


def routes(
    host: str,
    regions: Sequence[RoutedRegionSpec],
    failover: FailoverMode,
    policy: RoutingPolicy = RoutingPolicy.LATENCY,
    switched: Collection[str] = (),
) -> Iterator[Route]:
    """The records of a host.

    One active region: a plain record. Several: the nearest healthy one answers, or each its share. Passive regions
    answer only when no active one is healthy. A group of several regions behind one failover record gets a name of
    its own, because Route 53 allows one primary and one secondary record a name.

    Args:
        host: Name that is routed.
        regions: Regions that can serve.
        failover: Who may move the traffic.
        policy: Which of several healthy regions answers.
        switched: Regions that a region switch can close.
    """
    active = [region for region in regions if region.role is RegionRole.ACTIVE]
    passive = [region for region in regions if region.role is RegionRole.PASSIVE]
    tree = _Tree(host, policy, frozenset(switched))
    if failover is FailoverMode.MANUAL and len(regions) > 1:
        yield from tree.manual(active, passive)
    elif not passive:
        yield from tree.spread(host, active)
    else:
        # a waiting region's switch stands at closed until people open it: on this side it would hold up what
        # the health checks decide, and closing the other side is enough
        yield from tree.side("primary", active)
        yield from _Tree(host, policy, frozenset()).side("secondary", passive)


def switch_points(planned: Sequence[Route], regions: Collection[str]) -> tuple[str, dict[str, str]]:
    """Where a region switch acts: the name of the records that it closes, and each region's record there.

    Empty where it closes nothing.
    """
    name = next((route.name for route in planned if route.switched is not None), "")
    identifiers = {
        route.switched or route.target: route.identifier
        for route in planned
        if route.name == name and route.identifier and (route.switched or route.target in regions)
    }
    return name, identifiers


@dataclass(frozen=True, slots=True)
class _Tree:
    """Records of one host, from the name that clients ask down to the regions."""

    host: str
    policy: RoutingPolicy
    switched_regions: frozenset[str]

    def manual(self, active: Sequence[RoutedRegionSpec], passive: Sequence[RoutedRegionSpec]) -> Iterator[Route]:
        """Weights, and switches where there are some: no health of a service may move the traffic."""
        for region in (*active, *passive):
            weight = region.weight if region in active else _WEIGHT_WAITING
            yield Route(
                self.host,
                region.name,
                region.name,
                _weighted(region.name, weight),
                switched=region.name if region.name in self.switched_regions else None,
                evaluate_target=False,
            )

    def spread(self, name: str, regions: Sequence[RoutedRegionSpec]) -> Iterator[Route]:
        """All regions of one side, by the policy."""
        if len(regions) == 1:
            yield Route(name, regions[0].name, regions[0].name, {})
            return
        for region in regions:
            if self.policy is RoutingPolicy.WEIGHTED:
                policy = _weighted(region.name, region.weight)
            else:
                policy = {"set_identifier": region.name, "latency_routing_policies": [{"region": region.name}]}
            yield from self._one(name, region.name, region.name, policy)

    def side(self, role: str, regions: Sequence[RoutedRegionSpec]) -> Iterator[Route]:
        """One side of a failover; a side of several regions is a name of its own."""
        policy = {"set_identifier": role, "failover_routing_policies": [{"type": role.upper()}]}
        if len(regions) == 1:
            yield from self._one(self.host, role, regions[0].name, policy)
            return
        name = f"{role}.{self.host}"
        yield from self.spread(name, regions)
        yield Route(self.host, role, name, policy)

    def _one(self, name: str, suffix: str, region: str, policy: dict[str, Any]) -> Iterator[Route]:
        """A region's record, above a checked one where a switch closes it."""
        if region not in self.switched_regions:
            yield Route(name, suffix, region, policy, checked=region)
            return
        checked = f"checked-{region}.{self.host}"
        yield Route(checked, region, region, _weighted(region, EVEN_WEIGHT), checked=region)
        yield Route(name, suffix, checked, policy, switched=region)


def _weighted(region: str, weight: int) -> dict[str, Any]:
    return {"set_identifier": region, "weighted_routing_policies": [{"weight": weight}]}


class GlobalRouting(pulumi.ComponentResource):
    """Records and health checks of the services' hosts."""

    health_check_ids: dict[str, pulumi.Output[str]]
    """`<service>/<region>` -> id of the health check; empty with one region."""
    fqdns: dict[str, pulumi.Output[str]]
    """Service -> name of its record."""

    def __init__(self, name: str, args: GlobalRoutingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("GlobalRouting"), name, None, opts)
        self._spec = parse_args(GlobalRoutingSpec, "GlobalRouting", name, args, WIRING)
        self._name, self._zone_id = name, args["zone_id"]
        self._switch_check_ids: Mapping[str, pulumi.Input[str]] = args.get("switch_check_ids", {})
        self._regions = {region.spec.name: region for region in _regions(name, args["regions"])}
        self.health_check_ids, self.fqdns = {}, {}
        for service, spec in self._spec.services.items():
            self._create_service(service, spec)
        self.register_outputs({"health_check_ids": self.health_check_ids, "fqdns": self.fqdns})

    def _create_service(self, service: str, spec: RoutedServiceSpec) -> None:
        for region in self._regions.values() if len(self._regions) > 1 else ():
            # with one region there is nowhere to fail over to, and nothing to check
            self._create_regional_record(service, spec, region)
            check = self._create_health_check(service, spec, region)
            self.health_check_ids[f"{service}/{region.spec.name}"] = check.id
        made: dict[str, aws.route53.Record] = {}
        planned = routes(
            spec.host,
            [region.spec for region in self._regions.values()],
            spec.failover,
            self._spec.policy,
            [region for region in self._regions if f"{service}/{region}" in self._switch_check_ids],
        )
        for route in planned:
            made[route.name] = self._create_record(service, route, made)
        self.fqdns[service] = made[spec.host].fqdn

    def _create_regional_record(self, service: str, spec: RoutedServiceSpec, region: _Region) -> aws.route53.Record:
        """The host by which health checks reach one region through the same edge as users."""
        return aws.route53.Record(
            f"{self._name}-{service}-regional-{region.spec.name}",
            zone_id=self._zone_id,
            name=regional_host(spec.host, region.spec.name),
            type="A",
            aliases=[_alias(region.dns_name, region.zone_id, evaluate=False)],
            opts=child_options(self),
        )

    def _create_health_check(self, service: str, spec: RoutedServiceSpec, region: _Region) -> aws.route53.HealthCheck:
        return aws.route53.HealthCheck(
            f"{self._name}-{service}-health-{region.spec.name}",
            type="HTTPS",
            fqdn=regional_host(spec.host, region.spec.name),
            port=_HTTPS_PORT,
            enable_sni=True,
            resource_path=spec.readiness_path,
            request_interval=self._spec.health_check_interval_seconds,
            failure_threshold=self._spec.health_check_failures,
            measure_latency=True,
            tags=self._spec.service_tags.get(service, self._spec.tags)
            | {"Name": f"{self._spec.environment}-{service}-{region.spec.name}"},
            opts=child_options(self),
        )

    def _create_record(self, service: str, route: Route, made: dict[str, aws.route53.Record]) -> aws.route53.Record:
        prefix = "" if route.name == self._spec.services[service].host else f"{route.name.split('.')[0]}-"
        checked: pulumi.Input[str] | None = None
        if route.checked:
            checked = self.health_check_ids[f"{service}/{route.checked}"]
        elif route.switched:
            checked = self._switch_check_ids[f"{service}/{route.switched}"]
        return aws.route53.Record(
            f"{self._name}-{service}-{prefix}{route.suffix}",
            zone_id=self._zone_id,
            name=route.name,
            type="A",
            aliases=[self._target(route, made)],
            health_check_id=checked,
            opts=child_options(self),
            **route.policy,
        )

    def _target(self, route: Route, made: dict[str, aws.route53.Record]) -> "aws.route53.RecordAliasArgsDict":
        region = self._regions.get(route.target)
        if region is None:
            return _alias(made[route.target].name, self._zone_id, evaluate=route.evaluate_target)
        return _alias(region.dns_name, region.zone_id, evaluate=route.evaluate_target)


def _alias(name: pulumi.Input[str], zone_id: pulumi.Input[str], *, evaluate: bool) -> "aws.route53.RecordAliasArgsDict":
    return {"name": name, "zone_id": zone_id, "evaluate_target_health": evaluate}


def _regions(name: str, regions: Sequence[RoutedRegionArgs]) -> Iterator[_Region]:
    for index, region in enumerate(regions):
        spec = parse_args(RoutedRegionSpec, "GlobalRouting", f"{name}.regions[{index}]", region, REGION_WIRING)
        yield _Region(spec, region["dns_name"], region["zone_id"])
