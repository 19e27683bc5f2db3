"""How an environment's words for routing and edge reach the whole platform."""

from __future__ import annotations

from components.serving_platform import ServingPlatform
from tests.components.recorder import Recorder
from tests.documents import SERVICES, blueprint, environment


def test_a_platform_with_an_accelerator_routes_by_nothing_else(record: Recorder) -> None:
    accelerated = environment("prod", routing={"kind": "accelerator"})
    services = [blueprint(name) for name in SERVICES]
    made = record(lambda: ServingPlatform("serving", {"environment": accelerated, "blueprints": services}))
    assert made.of_type("HealthCheck") == []
    assert made.of_type("GlobalRouting") == []
    groups = made.of_type("EndpointGroup")
    assert {one["endpointGroupRegion"] for one in groups} == {one.name for one in accelerated.serving_regions}
    policies = [one for one in made.of_type("BucketPolicy") if "DeliverAcceleratorLogs" in str(one["policy"])]
    assert [one.name for one in policies] == ["serving-logs-eu-west-1-policy"]


def test_what_is_brought_to_the_edge_is_used_and_not_made(record: Recorder) -> None:
    regions = ("eu-west-1", "eu-central-1")
    certificates = {one: [f"arn:aws:acm:{one}:444455556666:certificate/theirs"] for one in regions}
    acl = "arn:aws:wafv2:eu-west-1:444455556666:regional/webacl/edge/5f0c1c9e-0000-4000-8000-000000000003"
    brought = environment("prod", edge={"certificate_arns": certificates, "web_acl_arns": {"eu-west-1": acl}})
    services = [blueprint(name) for name in SERVICES]
    made = record(lambda: ServingPlatform("serving", {"environment": brought, "blueprints": services}))
    assert made.of_type("aws:acm/certificate:Certificate") == made.of_type("CertificateValidation") == []
    listeners = [one for one in made.of_type("aws:lb/listener:Listener") if one["port"] == 443]
    assert {one["certificateArn"] for one in listeners} == {one for (one,) in certificates.values()}
    assert {one["region"] for one in made.of_type("WebAcl")} == {"eu-central-1"}
