"""The DNS zone."""

from __future__ import annotations

import pytest

from components.dns_zone import DnsZone, DnsZoneArgs, DnsZoneSpec
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder


def run(record: Recorder, tags: dict[str, str], **more: str) -> Recorded:
    args: DnsZoneArgs = {"environment": "prod", "domain": "ml.example.com", "tags": tags}
    return record(lambda: DnsZone("zone", {**args, **more}))  # type: ignore[typeddict-item]


def test_the_arguments_are_the_spec() -> None:
    assert set(DnsZoneArgs.__annotations__) == set(DnsZoneSpec.model_fields)


def test_a_new_zone_is_protected_and_only_its_own_authority_may_issue(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags)
    zone = made.one("Zone")
    assert zone.protect
    assert zone.retain_on_delete
    assert zone["forceDestroy"] is False
    assert zone["tags"] == tags
    caa = made.one("Record")
    assert made.source_of(caa, "zoneId") == [zone]
    assert all("amazon.com" in value for value in caa["records"])


def test_an_existing_zone_is_taken_by_its_id_and_nothing_is_made(record: Recorder, tags: dict[str, str]) -> None:
    made = run(record, tags, hosted_zone_id="Z0123456789ABC")
    assert made.managed() == []
    assert made.outputs[made.one("DnsZone").urn]["zone_id"] == "Z0123456789ABC"


@pytest.mark.parametrize("changes", [{"hosted_zone_id": "zone"}, {"domain": "no spaces.example"}])
def test_a_wrong_id_or_domain_is_refused_before_anything_is_made(
    record: Recorder, tags: dict[str, str], changes: dict[str, str]
) -> None:
    with pytest.raises(InputError):
        run(record, tags, **changes)
