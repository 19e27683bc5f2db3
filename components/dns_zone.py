"""The DNS zone of an environment's domain.

Owns the public hosted zone and who may issue certificates for it. An existing zone can be brought from
outside by its id: then nothing is created, and its CAA record is its owner's business. Records of services
are made by `GlobalRouting`, validation records by `Certificates`.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import DomainName
from serving.blueprint.schema.base import Section

_CAA_TTL_SECONDS = 3_600
# One of the four that AWS Certificate Manager accepts (repositories that cite its user guide, "Configure a CAA
# record", read 2026-11: amazon.com, amazontrust.com, awstrust.com, amazonaws.com)
_CERTIFICATE_AUTHORITY = "amazon.com"


class DnsZoneArgs(TypedDict):
    """Arguments of `DnsZone`.

    Attributes:
        environment: Short name of the environment.
        domain: Domain of the zone.
        hosted_zone_id: Id of an existing zone; a new one is created by default.
        tags: Ownership tags.
    """

    environment: str
    domain: str
    hosted_zone_id: NotRequired[str]
    tags: dict[str, str]


class DnsZoneSpec(Section):
    """The plain part of `DnsZoneArgs`."""

    environment: str = Field(min_length=1)
    domain: DomainName
    hosted_zone_id: str | None = Field(default=None, pattern=r"^Z[A-Z0-9]{5,31}$")
    tags: dict[str, str]


class DnsZone(pulumi.ComponentResource):
    """The public hosted zone of a domain, made here or brought from outside."""

    zone_id: pulumi.Output[str]
    """Id of the zone."""
    name_servers: pulumi.Output[list[str]]
    """Servers that the parent domain must delegate to; empty for an existing zone."""

    def __init__(self, name: str, args: DnsZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("DnsZone"), name, None, opts)
        spec = parse_args(DnsZoneSpec, "DnsZone", name, args)
        if spec.hosted_zone_id is not None:
            self.zone_id = pulumi.Output.from_input(spec.hosted_zone_id)
            self.name_servers = pulumi.Output.from_input([])
        else:
            zone = self._create_zone(name, spec)
            self._create_authorization(name, spec, zone)
            self.zone_id, self.name_servers = zone.zone_id, zone.name_servers.apply(list)
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})

    def _create_zone(self, name: str, spec: DnsZoneSpec) -> aws.route53.Zone:
        return aws.route53.Zone(
            f"{name}-zone",
            name=spec.domain,
            comment=f"Hosts of the model services of {spec.environment}",
            force_destroy=False,
            tags=spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_authorization(self, name: str, spec: DnsZoneSpec, zone: aws.route53.Zone) -> aws.route53.Record:
        """Nobody but the account's own certificate authority may issue certificates for the domain."""
        return aws.route53.Record(
            f"{name}-caa",
            zone_id=zone.zone_id,
            name=spec.domain,
            type="CAA",
            ttl=_CAA_TTL_SECONDS,
            records=[f'0 issue "{_CERTIFICATE_AUTHORITY}"', f'0 issuewild "{_CERTIFICATE_AUTHORITY}"'],
            opts=child_options(self),
        )
