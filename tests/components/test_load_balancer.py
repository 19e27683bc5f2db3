"""One region's edge."""

from __future__ import annotations

from typing import Any

import pytest

from components.edge import GATEWAY_HEALTH_PATH
from components.hosts import regional_host
from components.load_balancer import (
    HOSTS_PER_RULE,
    WIRING,
    LoadBalancer,
    LoadBalancerArgs,
    LoadBalancerSpec,
)
from serving.blueprint.errors import InputError
from serving.blueprint.tags import EDGE_PUBLIC, TagKey
from tests.components.recorder import Recorded, Recorder, Resource

REGION = "eu-west-1"
HOSTS = [f"service-{number}.ml.example.com" for number in range(5)]


def run(record: Recorder, tags: dict[str, str], **changes: object) -> Recorded:
    args: LoadBalancerArgs = {
        "environment": "prod",
        "region": REGION,
        "account_id": "123456789012",
        "hosts": HOSTS,
        "max_request_bytes": 1_048_576,
        "gateway_port": 8443,
        "tags": tags,
        "certificate_arns": ["arn:aws:acm:eu-west-1:123456789012:certificate/a", "arn:second"],
        "vpc_id": "vpc-1",
        "public_subnet_ids": ["subnet-1", "subnet-2"],
        "gateway_security_group_id": "sg-gateway",
        "access_log_bucket": "logs",
        "key_arn": "arn:key",
    }
    return record(lambda: LoadBalancer("edge", {**args, **changes}))  # type: ignore[typeddict-item]


@pytest.fixture
def made(record: Recorder, tags: dict[str, str]) -> Recorded:
    return run(record, tags)


def firewall_rules(made: Recorded) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in made.one("WebAcl")["rules"]}


def listener(made: Recorded, port: int) -> Resource:
    (found,) = [one for one in made.of_type("Listener") if one["port"] == port]
    return found


def test_the_arguments_are_the_spec_and_the_wiring() -> None:
    assert set(LoadBalancerArgs.__annotations__) == set(LoadBalancerSpec.model_fields) | WIRING


def test_everything_is_in_the_region_of_the_edge(made: Recorded) -> None:
    assert {resource["region"] for resource in made.managed()} == {REGION}


def test_the_world_reaches_only_https_and_only_through_the_tagged_group(made: Recorded) -> None:
    (ingress,) = made.of_type("SecurityGroupIngressRule")
    assert (ingress["fromPort"], ingress["toPort"], ingress["ipProtocol"]) == (443, 443, "tcp")
    group = made.one("SecurityGroup")
    assert group["tags"][TagKey.EDGE] == EDGE_PUBLIC
    assert made.source_of(ingress, "securityGroupId") == [group]
    assert "ingress" not in group.inputs
    assert "egress" not in group.inputs


def test_the_edge_reaches_the_gateway_and_nothing_else(made: Recorded) -> None:
    (egress,) = made.of_type("SecurityGroupEgressRule")
    assert egress["referencedSecurityGroupId"] == "sg-gateway"
    assert (egress["fromPort"], egress["toPort"]) == (8443, 8443)
    assert not {"cidrIpv4", "cidrIpv6"} & set(egress.inputs)


def test_the_load_balancer_is_protected_twice_and_tells_who_called(made: Recorded) -> None:
    balancer = made.one("LoadBalancer", "edge-load-balancer")
    assert balancer.protect
    assert balancer["enableDeletionProtection"] is True
    assert balancer["dropInvalidHeaderFields"] is True
    for logs in ("accessLogs", "connectionLogs"):
        assert balancer[logs]["enabled"] is True
        assert balancer[logs]["bucket"] == "logs"
    assert balancer["accessLogs"]["prefix"] != balancer["connectionLogs"]["prefix"]


def test_plain_http_is_only_redirected(made: Recorded) -> None:
    (action,) = listener(made, 80)["defaultActions"]
    assert action["type"] == "redirect"
    assert action["redirect"]["protocol"] == "HTTPS"


def test_tls_is_at_least_1_2_with_1_3_offered_and_unknown_hosts_get_nothing(made: Recorded) -> None:
    https = listener(made, 443)
    assert https["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-Res")
    (action,) = https["defaultActions"]
    assert action["fixedResponse"]["statusCode"] == "404"


def test_every_further_certificate_is_attached(made: Recorded) -> None:
    assert [one["certificateArn"] for one in made.of_type("ListenerCertificate")] == ["arn:second"]


def test_every_host_and_its_regional_host_go_to_the_gateway_once(made: Recorded) -> None:
    values = [rule["conditions"][0]["hostHeader"]["values"] for rule in made.of_type("ListenerRule")]
    assert max(map(len, values)) <= HOSTS_PER_RULE
    routed = [name for names in values for name in names]
    assert sorted(routed) == sorted([*HOSTS, *(regional_host(host, REGION) for host in HOSTS)])
    priorities = [rule["priority"] for rule in made.of_type("ListenerRule")]
    assert len(priorities) == len(set(priorities))


def test_a_target_is_healthy_when_the_gateway_says_so_over_the_encrypted_port(made: Recorded) -> None:
    group = made.one("TargetGroup")
    assert (group["targetType"], group["protocol"]) == ("ip", "HTTPS")
    check = group["healthCheck"]
    assert (check["path"], check["protocol"], check["matcher"]) == (GATEWAY_HEALTH_PATH, "HTTPS", "200")
    assert check["timeout"] < check["interval"]


def test_the_firewall_guards_the_load_balancer_and_logs_to_an_encrypted_group(made: Recorded) -> None:
    association = made.one("WebAclAssociation")
    assert [r.name for r in made.source_of(association, "resourceArn")] == ["edge-load-balancer"]
    log = made.one("LogGroup")
    assert log["name"].startswith("aws-waf-logs-")
    assert log["kmsKeyId"] == "arn:key"
    assert (log.protect, log.retain_on_delete) == (True, True)
    configuration = made.one("WebAclLoggingConfiguration")
    assert log in made.source_of(configuration, "logDestinationConfigs")
    redacted = {field["singleHeader"]["name"] for field in configuration["redactedFields"]}
    assert "authorization" in redacted


def test_the_firewall_limits_rate_and_size_and_counts_what_prompts_would_break(made: Recorded) -> None:
    rules = firewall_rules(made)
    assert len({rule["priority"] for rule in rules.values()}) == len(rules)
    assert rules["rate"]["statement"]["rateBasedStatement"]["limit"] == 2_000
    assert "block" in rules["size"]["action"]
    common = rules["AWSManagedRulesCommonRuleSet"]["statement"]["managedRuleGroupStatement"]
    assert {override["name"] for override in common["ruleActionOverrides"]} == {
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "SizeRestrictions_BODY",
    }
    assert {tuple(override["actionToUse"]) for override in common["ruleActionOverrides"]} == {("count",)}


@pytest.mark.parametrize(("idle", "drain"), [(600, 600), (4_000, 3_600)])
def test_a_gateway_that_leaves_may_end_its_streams_as_far_as_a_target_group_allows(
    record: Recorder, tags: dict[str, str], idle: int, drain: int
) -> None:
    made = run(record, tags, idle_timeout_seconds=idle)
    assert made.one("LoadBalancer", "edge-load-balancer")["idleTimeout"] == idle
    assert made.one("TargetGroup")["deregistrationDelay"] == drain


@pytest.mark.parametrize("limit", [256, 1_048_576, 104_857_600])
def test_no_allowed_request_is_too_large_for_the_firewall(record: Recorder, tags: dict[str, str], limit: int) -> None:
    sizes = firewall_rules(run(record, tags, max_request_bytes=limit))["size"]["statement"]["orStatement"]
    (announced,) = [
        one["sizeConstraintStatement"]
        for one in sizes["statements"]
        if "singleHeader" in one["sizeConstraintStatement"]["fieldToMatch"]
    ]
    assert announced["comparisonOperator"] == "GT"
    assert len(str(limit)) <= announced["size"] < len(str(limit * 10))


def test_every_taggable_resource_carries_the_tags(made: Recorded, tags: dict[str, str]) -> None:
    untaggable = {"ListenerCertificate", "WebAclAssociation", "WebAclLoggingConfiguration"}
    for resource in made.managed():
        if resource.type.rsplit(":", 1)[-1] not in untaggable:
            assert tags.items() <= resource["tags"].items(), resource.name


def test_a_host_whose_regional_name_no_rule_can_hold_is_refused(record: Recorder, tags: dict[str, str]) -> None:
    room = 128 - len(regional_host(".example.com", REGION))
    fitting, too_long = (f"{'a' * 50}.{'b' * (length - 51)}.example.com" for length in (room, room + 1))
    run(record, tags, hosts=[fitting])
    with pytest.raises(InputError, match="shorter host"):
        run(record, tags, hosts=[too_long])


def test_a_wrong_argument_is_refused_before_anything_is_made(record: Recorder, tags: dict[str, str]) -> None:
    with pytest.raises(InputError, match="idle_timeout_seconds"):
        run(record, tags, idle_timeout_seconds=5_000)


def test_health_checkers_and_servers_get_in_and_who_hides_does_not(made: Recorded) -> None:
    hidden = firewall_rules(made)["AWSManagedRulesAnonymousIpList"]["statement"]["managedRuleGroupStatement"]
    assert {one["name"]: tuple(one["actionToUse"]) for one in hidden["ruleActionOverrides"]} == {
        "HostingProviderIPList": ("count",)
    }


def test_the_firewall_logs_what_a_rule_had_something_to_say_about(made: Recorded) -> None:
    kept = made.one("WebAclLoggingConfiguration")["loggingFilter"]
    assert kept["defaultBehavior"] == "DROP"
    (only,) = kept["filters"]
    assert only["behavior"] == "KEEP"
    actions = {one["actionCondition"]["action"] for one in only["conditions"]}
    assert {"BLOCK", "COUNT"} <= actions
    assert "ALLOW" not in actions


def test_a_web_acl_that_is_there_already_stands_before_the_load_balancer(
    record: Recorder, tags: dict[str, str]
) -> None:
    made = run(record, tags, web_acl_arn="arn:of:theirs")
    assert made.of_type("WebAcl") == made.of_type("WebAclLoggingConfiguration") == made.of_type("LogGroup") == []
    assert made.one("WebAclAssociation")["webAclArn"] == "arn:of:theirs"
