"""Certificates and their validation records."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest

from components.certificates import NAMES_PER_CERTIFICATE, WIRING, Certificates, CertificatesArgs, CertificatesSpec
from components.hosts import regional_host
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder

REGIONS = ["eu-west-1", "eu-central-1"]


def run(record: Recorder, tags: dict[str, str], hosts: list[str]) -> Recorded:
    return record(
        lambda: Certificates(
            "certificates",
            {"environment": "prod", "hosts": hosts, "regions": REGIONS, "zone_id": "Z0123456789", "tags": tags},
        )
    )


def hosts(count: int) -> list[str]:
    return [f"service-{number}.ml.example.com" for number in range(count)]


def test_the_arguments_are_the_spec_and_the_wiring() -> None:
    assert set(CertificatesArgs.__annotations__) == set(CertificatesSpec.model_fields) | WIRING


@pytest.mark.parametrize("count", [1, 5, 6, 23])
def test_every_region_has_every_host_and_its_regional_host_exactly_once(
    record: Recorder, tags: dict[str, str], count: int
) -> None:
    made = run(record, tags, hosts(count))
    for region in REGIONS:
        certificates = [c for c in made.of_type("Certificate") if c["region"] == region]
        names = [[c["domainName"], *c["subjectAlternativeNames"]] for c in certificates]
        assert max(map(len, names)) <= NAMES_PER_CERTIFICATE
        expected = {name for host in hosts(count) for name in (host, regional_host(host, region))}
        assert Counter(chain(*names)) == Counter(expected)


def test_a_name_has_one_validation_record_whatever_the_number_of_regions(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags, hosts(3))
    # three hosts, and three regional hosts in each of two regions
    assert len(made.of_type("Record")) == 3 + 3 * len(REGIONS)


def test_a_certificate_is_handed_out_only_when_it_is_validated(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, hosts(3))
    for validation in made.of_type("CertificateValidation"):
        (certificate,) = made.source_of(validation, "certificateArn")
        assert certificate["region"] == validation["region"]
        names = 1 + len(certificate["subjectAlternativeNames"])
        assert len(validation["validationRecordFqdns"]) == names


def test_a_domain_that_no_certificate_can_start_with_is_refused(record: Recorder, tags: dict[str, str]) -> None:
    long = f"{'a' * 40}.{'b' * 40}.example.com"
    with pytest.raises(InputError, match="shorter domain"):
        run(record, tags, [long])
    assert run(record, tags, [long, *hosts(1)]).of_type("Certificate")
