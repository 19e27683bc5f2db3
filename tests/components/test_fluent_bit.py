"""Lines reach the log of the service that they are of, cut down to what its blueprint names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from components.access_log import telemetry_format
from components.addons import DEFINITIONS, AddonFacts, LoggedService
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS
from tests.components.serving_samples import ACCOUNT, CLUSTER, REGION

CHAT = LoggedService.model_validate(
    {
        "name": "chat",
        "tenant": "assistants",
        "hosts": ["chat.example.com", f"{REGION}.chat.example.com"],
        "log_group": "/serving/test/chat/inference",
        "fields": ["request-id", "tenant", "status", "prompt"],
        "redact": ["prompt", "request-id"],
    }
)
CHAT_LARGE = LoggedService.model_validate(
    {
        "name": "chat-large",
        "tenant": "assistants",
        "hosts": ["chat-large.example.com"],
        "log_group": "/serving/test/chat-large/inference",
        "fields": ["status"],
        "redact": [],
    }
)
FACTS = AddonFacts(
    environment="test",
    region=REGION,
    account_id=ACCOUNT,
    cluster_name=CLUSTER,
    vpc_id="vpc-1",
    logged=[CHAT, CHAT_LARGE],
)
DEFINITION = DEFINITIONS[Addon.FLUENT_BIT]

Section = tuple[str, list[tuple[str, str]]]


def _values() -> dict[str, Any]:
    return DEFINITION.values(FACTS)


def _sections(part: str) -> list[Section]:
    """Sections of a part of the configuration: kind, and its keys and values in their order."""
    found: list[Section] = []
    for line in _values()["config"][part].splitlines():
        if heading := re.fullmatch(r"\[([A-Z]+)\]", line):
            found.append((heading[1], []))
        elif line:
            key, _, value = line.strip().partition(" ")
            found[-1][1].append((key, value))
    return found


def _filters(name: str, match: str) -> list[list[tuple[str, str]]]:
    return [entries for _, entries in _sections("filters") if {("Name", name), ("Match", match)} <= set(entries)]


def _rules(tag: str) -> list[list[str]]:
    (entries,) = _filters("rewrite_tag", f"{tag}.*")
    return [value.split(" ") for key, value in entries if key == "Rule"]


def _sorted(tag: str, value: str) -> list[str]:
    """Tags that a value of the key by which lines are sorted gets."""
    return [new for _, pattern, new, _ in _rules(tag) if re.search(pattern, value)]


@pytest.mark.parametrize(
    ("host", "tags"),
    [
        ("chat.example.com", ["service.chat.access"]),
        ("CHAT.example.com:443", ["service.chat.access"]),
        (f"{REGION}.chat.example.com", ["service.chat.access"]),
        ("chat-large.example.com", ["service.chat-large.access"]),
        ("chatXexample.com", []),
        ("evil-chat.example.com", []),
        ("10.0.0.1:8443", []),
    ],
)
def test_a_line_of_the_gateway_belongs_to_the_service_whose_host_was_asked(host: str, tags: list[str]) -> None:
    assert _sorted("gateway", host) == tags


def test_a_line_of_a_container_belongs_to_the_service_of_its_pods_label() -> None:
    assert _sorted("tenant", "chat") == ["service.chat.container"]
    assert _sorted("tenant", "chat-large") == ["service.chat-large.container"]
    assert all(key.endswith("['serving.blueprint/service']") for key, *_ in _rules("tenant"))


def test_a_rule_has_four_words_and_no_character_that_would_be_unquoted() -> None:
    for rule in [*_rules("tenant"), *_rules("gateway")]:
        assert len(rule) == 4
        assert "\\" not in "".join(rule)


def test_lines_of_a_service_go_to_its_own_log_and_it_is_made_by_nobody_else() -> None:
    outputs = [dict(entries) for _, entries in _sections("outputs")]
    assert {one["Match"]: one["log_group_name"] for one in outputs} == {
        "service.chat.*": CHAT.log_group,
        "service.chat-large.*": CHAT_LARGE.log_group,
    }
    assert all(one["auto_create_group"] == "Off" for one in outputs)


def test_a_line_of_the_gateway_is_cut_down_to_what_the_blueprint_names() -> None:
    (kept,) = _filters("record_modifier", "service.chat-large.access")
    assert [value for key, value in kept if key == "Allowlist_key"] == ["time", "status"]
    assert not _filters("modify", "service.chat-large.access")  # no tenant is asked for


def test_what_must_not_be_readable_is_overwritten_wherever_it_comes_from() -> None:
    redacted = {dict(one)["Condition"]: dict(one)["Set"] for one in _filters("modify", "service.chat.*")}
    assert redacted["Key_exists prompt"] == "prompt [redacted]"
    assert redacted["Key_exists request_id"] == "request_id [redacted]"
    assert not _filters("modify", "service.chat-large.*")


def test_a_tenant_cannot_take_its_lines_out() -> None:
    (kubernetes,) = _filters("kubernetes", "tenant.*")
    assert {("K8S-Logging.Exclude", "Off"), ("K8S-Logging.Parser", "Off")} <= set(kubernetes)


def test_only_tenants_and_proxies_are_read_and_of_the_node_nothing_is_written() -> None:
    paths = {dict(entries)["Tag"]: dict(entries) for _, entries in _sections("inputs")}
    assert paths["tenant.*"]["Path"] == "/var/log/containers/*_assistants_*.log"
    proxies = paths["gateway.*"]
    namespace = TESTED_VERSIONS.envoy_gateway.namespace
    assert proxies["Path"] == f"/var/log/containers/*_{namespace}_envoy-*.log"
    assert proxies["Exclude_Path"] == f"/var/log/containers/*_{namespace}_envoy-gateway-*.log"
    values = _values()
    assert [volume["hostPath"]["path"] for volume in values["daemonSetVolumes"]] == ["/var/log"]
    assert all(mount["readOnly"] for mount in values["daemonSetVolumeMounts"])
    (state,) = values["extraVolumes"]
    assert "emptyDir" in state


def test_it_runs_as_root_and_may_do_nothing_that_root_may() -> None:
    context = _values()["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)


def test_lines_that_a_node_keeps_fit_into_its_volume() -> None:
    (state,) = _values()["extraVolumes"]
    kept = [int(dict(entries)["storage.total_limit_size"].removesuffix("M")) for _, entries in _sections("outputs")]
    assert int(state["emptyDir"]["sizeLimit"].removesuffix("Mi")) > sum(kept)


def test_it_may_add_lines_to_these_logs_and_do_nothing_else() -> None:
    (statement,) = DEFINITION.statements(FACTS)
    assert set(statement.actions) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    groups = [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{one.log_group}:*" for one in (CHAT, CHAT_LARGE)]
    assert list(statement.resources) == groups


def test_the_time_of_a_line_is_read_by_the_key_that_the_gateway_writes() -> None:
    ((_, parser),) = _sections("customParsers")
    (setting,) = telemetry_format()["settings"]
    assert dict(parser)["Time_Key"] in setting["format"]["json"]
