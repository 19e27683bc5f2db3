from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from components.isolation import EVERYWHERE, allow_dns, default_deny, workload_policy
from components.workload import Workload
from serving.blueprint.schema.stage_programs import ADMIN_PORT, ENTRY_PORT
from serving.telemetry.metrics import engine_metrics_endpoint
from tests.components.serving_samples import NAMES, WORKLOADS, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)


def spec(sample: Workload, *cidrs: str) -> dict[str, Any]:
    found: dict[str, Any] = workload_policy(sample, cidrs or ("10.0.0.0/16",))["spec"]
    return found


def test_by_default_nobody_talks_to_anybody() -> None:
    denied = default_deny("tenant", {})["spec"]
    assert denied["podSelector"] == {}
    assert set(denied["policyTypes"]) == {"Ingress", "Egress"}
    assert not {"ingress", "egress"} & set(denied)


def test_every_pod_may_ask_the_clusters_dns_and_nothing_else_there() -> None:
    allowed = allow_dns("tenant", {})["spec"]
    assert allowed["policyTypes"] == ["Egress"]
    (rule,) = allowed["egress"]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
    (peer,) = rule["to"]
    assert set(peer) == {"namespaceSelector", "podSelector"}


@every_workload
def test_requests_come_from_the_gateway_and_scrapes_from_prometheus(sample: Workload) -> None:
    requests, scrapes = spec(sample)["ingress"]
    validated = sample.blueprint.contract.stages.ingress.validation is not None
    scraped = [engine_metrics_endpoint(sample.model).port, *([ADMIN_PORT] if validated else [])]
    assert [port["port"] for port in requests["ports"]] == [ENTRY_PORT if validated else sample.server.port]
    assert [port["port"] for port in scrapes["ports"]] == scraped
    for rule in (requests, scrapes):
        for peer in rule["from"]:
            assert peer["namespaceSelector"]["matchLabels"]
            assert peer["podSelector"]["matchLabels"]


@every_workload
def test_the_policy_selects_the_workloads_pods(sample: Workload) -> None:
    assert spec(sample)["podSelector"]["matchLabels"] == sample.selector


def test_nothing_leaves_but_to_credentials_and_aws() -> None:
    rules = spec(workload(), "10.0.0.0/16")["egress"]
    reached = {
        (peer["ipBlock"]["cidr"], port["port"]) for rule in rules for peer in rule["to"] for port in rule["ports"]
    }
    assert reached == {("169.254.170.23/32", 80), ("10.0.0.0/16", 443)}


def test_everywhere_means_the_internet_and_no_private_network() -> None:
    blocks = [peer["ipBlock"] for rule in spec(workload(), EVERYWHERE)["egress"] for peer in rule["to"]]
    (public,) = [block for block in blocks if block["cidr"] == EVERYWHERE]
    for private in ("10.1.2.0/24", "172.20.0.0/16", "192.168.1.0/24", "169.254.169.254/32"):
        assert any(IPv4Network(private).subnet_of(IPv4Network(one)) for one in public["except"])
