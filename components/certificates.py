"""TLS certificates of the services' hosts, in every serving region.

Owns the certificates and the DNS records that prove the domain. Certificates are regional, but AWS gives one
name the same validation record in every region of an account, so the records are made once, here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, field_validator

from components.hosts import regional_host
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion, DomainName
from serving.blueprint.errors import ServingError
from serving.blueprint.schema.base import Section

# Names a certificate, without asking for more (botocore 1.44.5, acm, RequestCertificate)
NAMES_PER_CERTIFICATE = 10
_NAMES_PER_HOST = 2  # the host and its regional host
# Certificates a load balancer, the default one not counted: 25 (Elastic Load Balancing user guide, "Quotas for your
# Application Load Balancers", read 2026-11)
_LARGEST_HOST_COUNT = (25 + 1) * NAMES_PER_CERTIFICATE // _NAMES_PER_HOST
_LONGEST_FIRST_NAME = 64  # RFC 5280, upper bound of a common name; further names have no such limit
_VALIDATION_TTL_SECONDS = 300


class CertificatesArgs(TypedDict):
    """Arguments of `Certificates`.

    Attributes:
        environment: Short name of the environment.
        hosts: Hosts of the services, without regional ones.
        regions: Serving regions.
        zone_id: Id of the public zone that holds the hosts.
        tags: Ownership tags.
    """

    environment: str
    hosts: list[str]
    regions: list[str]
    zone_id: pulumi.Input[str]
    tags: dict[str, str]


class CertificatesSpec(Section):
    """The plain part of `CertificatesArgs`."""

    environment: str = Field(min_length=1)
    hosts: tuple[DomainName, ...] = Field(min_length=1, max_length=_LARGEST_HOST_COUNT)
    regions: tuple[AwsRegion, ...] = Field(min_length=1)
    tags: dict[str, str]

    @field_validator("hosts")
    @classmethod
    def _fit_a_certificate(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for group in host_groups(hosts):
            if len(min(group, key=len)) > _LONGEST_FIRST_NAME:
                raise ValueError(
                    f"no host of {', '.join(group)} has at most {_LONGEST_FIRST_NAME} characters, "
                    "as the first name on a certificate must; choose a shorter domain"
                )
        return hosts


WIRING = frozenset({"zone_id"})


class Certificates(pulumi.ComponentResource):
    """Validated certificates of the services' hosts and regional hosts."""

    arns: dict[str, list[pulumi.Output[str]]]
    """Region -> ARNs of validated certificates; the first is the listener's default."""

    def __init__(self, name: str, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Certificates"), name, None, opts)
        spec = parse_args(CertificatesSpec, "Certificates", name, args, WIRING)
        self._name, self._spec, self._zone_id = name, spec, args["zone_id"]
        self._records: dict[str, aws.route53.Record] = {}
        self.arns = {region: [*self._create_region(region)] for region in spec.regions}
        self.register_outputs({"arns": self.arns})

    def _create_region(self, region: str) -> Iterator[pulumi.Output[str]]:
        for index, hosts in enumerate(host_groups(self._spec.hosts)):
            names = [name for host in hosts for name in (host, regional_host(host, region))]
            suffix = f"{region}-{index}"
            certificate = self._create_certificate(suffix, region, names)
            records = self._create_records(names, certificate)
            yield self._create_validation(suffix, region, certificate, records)

    def _create_certificate(self, suffix: str, region: str, names: Sequence[str]) -> aws.acm.Certificate:
        first = min(names, key=len)
        return aws.acm.Certificate(
            f"{self._name}-certificate-{suffix}",
            region=region,
            domain_name=first,
            subject_alternative_names=[name for name in names if name != first],
            validation_method="DNS",
            key_algorithm="EC_prime256v1",
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _create_records(self, names: Sequence[str], certificate: aws.acm.Certificate) -> list[aws.route53.Record]:
        """The validation record of each name; another region's where it exists."""
        for name in names:
            if name not in self._records:
                self._records[name] = self._create_record(name, certificate)
        return [self._records[name] for name in names]

    def _create_record(self, name: str, certificate: aws.acm.Certificate) -> aws.route53.Record:
        option = certificate.domain_validation_options.apply(lambda options: _option_of(options, name))
        return aws.route53.Record(
            f"{self._name}-validation-{name}",
            zone_id=self._zone_id,
            name=option["name"],
            type=option["type"],
            records=[option["value"]],
            ttl=_VALIDATION_TTL_SECONDS,
            opts=child_options(self),
        )

    def _create_validation(
        self,
        suffix: str,
        region: str,
        certificate: aws.acm.Certificate,
        records: Sequence[aws.route53.Record],
    ) -> pulumi.Output[str]:
        validation = aws.acm.CertificateValidation(
            f"{self._name}-validated-{suffix}",
            region=region,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=child_options(self),
        )
        return validation.certificate_arn


def host_groups(hosts: Sequence[str]) -> list[Sequence[str]]:
    """Hosts, in groups that share a certificate."""
    size = NAMES_PER_CERTIFICATE // _NAMES_PER_HOST
    return [hosts[start : start + size] for start in range(0, len(hosts), size)]


def _option_of(
    options: Sequence[aws.acm.outputs.CertificateDomainValidationOption] | None, name: str
) -> Mapping[str, str | None]:
    """The validation option of one name; AWS lists them in no particular order.

    Raises:
        ServingError: the certificate has none, as when `--target` left it out of the update.
    """
    option = next((option for option in options or () if option.domain_name == name), None)
    if option is None:
        raise ServingError(f"no validation record of the certificate for '{name}' is known; update without --target")
    return {
        "name": option.resource_record_name,
        "type": option.resource_record_type,
        "value": option.resource_record_value,
    }
