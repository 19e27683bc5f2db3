"""Which region answers a request: records and health checks of every service.

Owns DNS routing between the edges of the regions. A failover is a decision of the health checkers, taken in
Route 53's data plane: no control plane is called, nothing is created, no person is needed. That is why every
record stands ready beforehand, the passive ones too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.hosts import regional_host
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion, DomainName, RegionRole
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.recovery import FailoverMode

_HTTPS_PORT = 443
_WEIGHT_SERVING, _WEIGHT_WAITING = 100, 0


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
    """

    name: str
    role: str
    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]


class GlobalRoutingArgs(TypedDict):
    """Arguments of `GlobalRouting`.

    Attributes:
        environment: Short name of the environment.
        zone_id: Public zone that holds the hosts.
        services: Service name -> what is routed.
        regions: Regions that can serve, home region first.
        health_check_interval_seconds: 10 or 30.
        health_check_failures: Failed checks before a region is left.
        tags: Ownership tags.
        service_tags: Service name -> tags of its health checks; `tags` by default.
    """

    environment: str
    zone_id: pulumi.Input[str]
    services: dict[str, RoutedServiceArgs]
    regions: list[RoutedRegionArgs]
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
    health_check_interval_seconds: int = 10
    health_check_failures: int = Field(default=3, ge=1, le=10)
    tags: dict[str, str]
    service_tags: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "GlobalRoutingSpec":
        if self.health_check_interval_seconds not in (10, 30):
            raise ValueError("health_check_interval_seconds: Route 53 checks every 10 or every 30 seconds")
        return self


class RoutedRegionSpec(Section):
    """The plain part of `RoutedRegionArgs`."""

    name: AwsRegion
    role: RegionRole = Field(default=RegionRole.ACTIVE)

    @model_validator(mode="after")
    def _check(self) -> "RoutedRegionSpec":
        if self.role is RegionRole.RECOVERY:
            raise ValueError("role: a recovery region serves nobody and can't be routed to")
        return self


WIRING = frozenset({"zone_id", "regions"})
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
        evaluate_target: Whether the target's own health counts.
    """

    name: str
    suffix: str
    target: str
    policy: dict[str, Any]
    checked: str | None
    evaluate_target: bool = True


@dataclass(frozen=True, slots=True)
class _Region:
    spec: RoutedRegionSpec
    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]


def routes(host: str, regions: Sequence[RoutedRegionSpec], failover: FailoverMode) -> Iterator[Route]:
    """The records of a host.

    One active region: a plain record. Several: the nearest healthy one answers. Passive regions answer only
    when no active one is healthy. A group of several regions behind one failover record gets a name of its
    own, because Route 53 allows one primary and one secondary record a name.
    """
    active = [region.name for region in regions if region.role is RegionRole.ACTIVE]
    passive = [region.name for region in regions if region.role is RegionRole.PASSIVE]
    if failover is FailoverMode.MANUAL and len(regions) > 1:
        yield from _manual(host, active, passive)
    elif not passive:
        yield from _nearest(host, active)
    else:
        yield from _group(host, "primary", active)
        yield from _group(host, "secondary", passive)


def _manual(host: str, active: Sequence[str], passive: Sequence[str]) -> Iterator[Route]:
    """Weights that only a person changes; no health check may move the traffic."""
    for region in (*active, *passive):
        weight = _WEIGHT_SERVING if region in active else _WEIGHT_WAITING
        policy = {"set_identifier": region, "weighted_routing_policies": [{"weight": weight}]}
        yield Route(host, region, region, policy, checked=None, evaluate_target=False)


def _nearest(host: str, regions: Sequence[str]) -> Iterator[Route]:
    if len(regions) == 1:
        yield Route(host, regions[0], regions[0], {}, checked=None)
        return
    for region in regions:
        policy = {"set_identifier": region, "latency_routing_policies": [{"region": region}]}
        yield Route(host, region, region, policy, checked=region)


def _group(host: str, role: str, regions: Sequence[str]) -> Iterator[Route]:
    """One side of a failover; a side of several regions is a name of its own."""
    policy = {"set_identifier": role, "failover_routing_policies": [{"type": role.upper()}]}
    if len(regions) == 1:
        yield Route(host, role, regions[0], policy, checked=regions[0])
        return
    name = f"{role}.{host}"
    yield from _nearest(name, regions)
    yield Route(host, role, name, policy, checked=None)


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
        planned = routes(spec.host, [region.spec for region in self._regions.values()], spec.failover)
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
        checked = self.health_check_ids[f"{service}/{route.checked}"] if route.checked else None
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
