"""Two addresses for all regions: an accelerator in front of the regions' load balancers.

The alternative to `GlobalRouting` for clients that keep an address longer than a record's time to live. The
network chooses the region of each connection, the nearest that has a healthy gateway; a failover waits for no
resolver, and no control plane is called on the way.

What it can't do: it looks at the health of load balancers, which is that of their gateways. A region in which one
service fails alone is not left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.access_log_bucket import ACCELERATOR_LOGS_PREFIX
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion, DomainName, RegionRole
from serving.blueprint.environment.routing import EVEN_WEIGHT, MOST_WEIGHT
from serving.blueprint.schema.base import Name, Section

_WEB_PORT = 443

_ENDPOINT_WEIGHT = 128
"""Of the one endpoint of a group. It must be more than 0, or its region would never be failed over to (AWS Global
Accelerator developer guide, "How failover works for unhealthy endpoints", read 2026-11)."""


class AcceleratedRegionArgs(TypedDict):
    """One region that can serve.

    Attributes:
        name: AWS region.
        role: active or passive.
        weight: Its share, 0 to 255: a region takes that part of the requests that are nearest to it, measured by
            the largest share; all of them by default.
        load_balancer_arn: Its load balancer.
    """

    name: str
    role: str
    weight: NotRequired[int]
    load_balancer_arn: pulumi.Input[str]


class GlobalAcceleratorArgs(TypedDict):
    """Arguments of `GlobalAccelerator`.

    Attributes:
        environment: Short name of the environment.
        hosts: Service name -> its public host.
        regions: Regions that can serve, home region first.
        zone_id: Public zone that holds the hosts.
        log_bucket: Bucket that accepts an accelerator's flow logs.
        tags: Ownership tags.
    """

    environment: str
    hosts: dict[str, str]
    regions: list[AcceleratedRegionArgs]
    zone_id: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    tags: dict[str, str]


class AcceleratedRegionSpec(Section):
    """The plain part of `AcceleratedRegionArgs`."""

    name: AwsRegion
    role: RegionRole = Field(default=RegionRole.ACTIVE)
    weight: int = Field(default=EVEN_WEIGHT, ge=0, le=MOST_WEIGHT)

    @model_validator(mode="after")
    def _check(self) -> "AcceleratedRegionSpec":
        if self.role is RegionRole.RECOVERY:
            raise ValueError("role: a recovery region serves nobody and can't be an endpoint")
        return self


class GlobalAcceleratorSpec(Section):
    """The plain part of `GlobalAcceleratorArgs`."""

    environment: str = Field(min_length=1)
    hosts: dict[Name, DomainName] = Field(min_length=1)
    tags: dict[str, str]


WIRING = frozenset({"regions", "zone_id", "log_bucket"})
REGION_WIRING = frozenset({"load_balancer_arn"})


@dataclass(frozen=True, slots=True)
class _Region:
    spec: AcceleratedRegionSpec
    load_balancer_arn: pulumi.Input[str]


def traffic_dials(regions: Sequence[AcceleratedRegionSpec]) -> dict[str, float]:
    """Region -> percent of the requests nearest to it that it takes.

    A passive region takes none. It is failed over to all the same: a dial does not count where no other region has
    a healthy endpoint (AWS Global Accelerator developer guide, "How failover works for unhealthy endpoints").
    """
    active = {region.name: region.weight for region in regions if region.role is RegionRole.ACTIVE}
    largest = max(active.values(), default=0)
    return {region.name: round(100 * active.get(region.name, 0) / largest, 2) if largest else 0 for region in regions}


class GlobalAccelerator(pulumi.ComponentResource):
    """An accelerator with an endpoint group in each serving region, and the hosts' records."""

    arn: pulumi.Output[str]
    """ARN of the accelerator."""
    dns_name: pulumi.Output[str]
    """Name of its two addresses."""
    fqdns: dict[str, pulumi.Output[str]]
    """Service -> name of its record."""

    def __init__(self, name: str, args: GlobalAcceleratorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("GlobalAccelerator"), name, None, opts)
        self._spec = parse_args(GlobalAcceleratorSpec, "GlobalAccelerator", name, args, WIRING)
        self._name, self._args = name, args
        accelerator = self._create_accelerator()
        self._create_endpoints(self._create_listener(accelerator))
        self.arn, self.dns_name = accelerator.arn, accelerator.dns_name
        self.fqdns = {service: self._create_record(service, host, accelerator) for service, host in self._hosts()}
        self.register_outputs({"arn": self.arn, "dns_name": self.dns_name, "fqdns": self.fqdns})

    def _hosts(self) -> list[tuple[str, str]]:
        return [*self._spec.hosts.items()]

    def _create_accelerator(self) -> aws.globalaccelerator.Accelerator:
        return aws.globalaccelerator.Accelerator(
            f"{self._name}-accelerator",
            name=physical_name(NameRule.ACCELERATOR, self._spec.environment, "edge"),
            ip_address_type="IPV4",
            enabled=True,
            attributes={
                "flow_logs_enabled": True,
                "flow_logs_s3_bucket": self._args["log_bucket"],
                "flow_logs_s3_prefix": ACCELERATOR_LOGS_PREFIX.rstrip("/"),
            },
            tags=self._spec.tags,
            # its addresses stand in other people's allow lists and can't be had again
            opts=child_options(self, stateful=True),
        )

    def _create_listener(self, accelerator: aws.globalaccelerator.Accelerator) -> aws.globalaccelerator.Listener:
        return aws.globalaccelerator.Listener(
            f"{self._name}-listener",
            accelerator_arn=accelerator.arn,
            protocol="TCP",
            port_ranges=[{"from_port": _WEB_PORT, "to_port": _WEB_PORT}],
            client_affinity="NONE",  # requests stand alone, and one client must not keep to one region
            opts=child_options(self),
        )

    def _create_endpoints(self, listener: aws.globalaccelerator.Listener) -> None:
        regions = [*_regions(self._name, self._args["regions"])]
        dials = traffic_dials([region.spec for region in regions])
        for region in regions:
            aws.globalaccelerator.EndpointGroup(
                f"{self._name}-endpoints-{region.spec.name}",
                listener_arn=listener.arn,
                endpoint_group_region=region.spec.name,
                traffic_dial_percentage=dials[region.spec.name],
                # a load balancer's health is that of its own checks; those of the group are for other endpoints
                endpoint_configurations=[
                    {
                        "endpoint_id": region.load_balancer_arn,
                        "weight": _ENDPOINT_WEIGHT,
                        # the firewall counts the requests of each address
                        "client_ip_preservation_enabled": True,
                    }
                ],
                opts=child_options(self),
            )

    def _create_record(
        self, service: str, host: str, accelerator: aws.globalaccelerator.Accelerator
    ) -> pulumi.Output[str]:
        record = aws.route53.Record(
            f"{self._name}-{service}",
            zone_id=self._args["zone_id"],
            name=host,
            type="A",
            aliases=[
                {
                    "name": accelerator.dns_name,
                    "zone_id": accelerator.hosted_zone_id,
                    "evaluate_target_health": False,  # there is no other record to answer instead
                }
            ],
            opts=child_options(self),
        )
        return record.fqdn


def _regions(name: str, regions: Sequence[AcceleratedRegionArgs]) -> Iterator[_Region]:
    for index, region in enumerate(regions):
        place = f"{name}.regions[{index}]"
        spec = parse_args(AcceleratedRegionSpec, "GlobalAccelerator", place, region, REGION_WIRING)
        yield _Region(spec, region["load_balancer_arn"])
