from __future__ import annotations

from typing import Any

import pytest

from components.access import access_policy, rate_limit
from components.routing import PREVIEW_HEADER, STAND_IN_HEADER, route
from components.workload import Workload
from serving.blueprint.environment import Callers
from serving.blueprint.headers import CALLER_HEADER
from serving.blueprint.schema.limits import Limits
from tests.components.serving_samples import NAMES, WORKLOADS, stand_in, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)
HEALTH = "/v2/health/ready"
CALLERS = Callers(
    issuer="https://login.test/", jwks_uri="https://login.test/keys", audiences=("serving",), groups_claim="roles"
)


def spec(sample: Workload, callers: Callers | None = CALLERS) -> dict[str, Any]:
    found: dict[str, Any] = access_policy(sample, callers, [HEALTH])["spec"]
    return found


def allowed(sample: Workload, method: str, path: str, *, callers: Callers | None = CALLERS, **caller: Any) -> bool:
    """What the gateway would do: the first rule that fits, else the default."""
    headers, groups = caller.get("headers", {}), caller.get("groups")
    authorization = spec(sample, callers)["authorization"]
    for rule in authorization["rules"]:
        operation, principal = rule.get("operation"), rule["principal"]
        if operation and (method not in operation["methods"] or path != operation["path"]["value"]):
            continue
        if any(headers.get(one["name"]) not in one["values"] for one in principal.get("headers", [])):
            continue
        if "jwt" in principal and not (groups and _claims_fit(principal["jwt"], groups)):
            continue
        return bool(rule["action"] == "Allow")
    return bool(authorization["defaultAction"] == "Allow")


def _claims_fit(principal: dict[str, Any], groups: set[str]) -> bool:
    (claim,) = principal["claims"]
    known: dict[str, set[str]] = {"roles": groups, "iss": {CALLERS.issuer or ""}}
    return bool(known[claim["name"]] & set(claim["values"]))


def test_only_the_named_groups_may_call() -> None:
    sample = workload()
    assert allowed(sample, "POST", "/score", groups={"payments-gateway"})
    assert not allowed(sample, "POST", "/score", groups={"somebody-else"})
    assert not allowed(sample, "POST", "/score")


def test_where_no_group_is_named_any_valid_token_will_do_and_none_will_not() -> None:
    sample = workload("embedding")
    assert allowed(sample, "POST", "/v1/embeddings", groups={"whoever"})
    assert not allowed(sample, "POST", "/v1/embeddings")


@pytest.mark.parametrize("path", ["/metrics", "/v1/load_lora_adapter", "/v2/models/x/infer", "/score/"])
@pytest.mark.parametrize("callers", [CALLERS, None])
def test_what_the_contract_does_not_offer_is_closed_to_everybody(path: str, callers: Callers | None) -> None:
    for sample in (workload(), workload("chat")):
        groups = {*sample.blueprint.callers, *sample.blueprint.deployers}
        for method in ("GET", "POST", "DELETE"):
            assert not allowed(sample, method, path, callers=callers, groups=groups)


@every_workload
def test_health_checks_bring_no_token_and_get_nothing_but_health(sample: Workload) -> None:
    assert allowed(sample, "GET", HEALTH)
    assert not allowed(sample, "POST", HEALTH)


@pytest.mark.parametrize("header", [PREVIEW_HEADER, STAND_IN_HEADER])
def test_what_users_do_not_get_yet_is_open_to_those_who_deploy_and_to_no_caller(header: str) -> None:
    sample, asked = workload("chat"), {header: "true"}
    path = "/v1/chat/completions"
    assert allowed(sample, "POST", path, headers=asked, groups={"assistants-ml"})
    assert not allowed(sample, "POST", path, headers=asked, groups={"assistants-apps"})


def test_without_an_identity_provider_anybody_may_call_what_the_contract_offers() -> None:
    assert allowed(workload(), "POST", "/score", callers=None)
    assert "jwt" not in spec(workload(), None)


def test_authentication_by_others_is_not_repeated() -> None:
    assert "jwt" not in spec(workload(), Callers.model_validate({"authentication": "provided"}))


@every_workload
def test_the_policy_holds_for_every_route_of_the_service(sample: Workload) -> None:
    (selector,) = spec(workload(sample.blueprint.name))["targetSelectors"]
    labels = route(sample, ["a.test"], "gateway", "edge", "https")["metadata"]["labels"]
    assert selector["matchLabels"].items() <= labels.items()
    assert selector["kind"] == "HTTPRoute"


def test_the_policy_of_one_service_holds_for_no_other() -> None:
    (selector,) = spec(workload("embedding"))["targetSelectors"]
    labels = route(stand_in(), ["a.test"], "gateway", "edge", "https")["metadata"]["labels"]
    assert not selector["matchLabels"].items() <= labels.items()


def test_a_token_is_never_taken_from_the_query() -> None:
    (provider,) = spec(workload())["jwt"]["providers"]
    assert set(provider["extractFrom"]) == {"headers"}
    assert provider["audiences"] == ["serving"]


@pytest.mark.parametrize(
    ("per_minute", "proxies", "share"),
    [
        (60_000, 2, {"requests": 500, "unit": "Second"}),
        (240, 2, {"requests": 2, "unit": "Second"}),
        (119, 2, {"requests": 60, "unit": "Minute"}),
        (3, 2, {"requests": 2, "unit": "Minute"}),
        (1, 6, {"requests": 1, "unit": "Minute"}),
    ],
)
def test_each_proxy_counts_its_share_and_all_together_never_less_than_the_limit(
    per_minute: int, proxies: int, share: dict[str, Any]
) -> None:
    limits = Limits(requests_per_minute_per_caller=per_minute)
    rule = rate_limit(limits, proxies, CALLERS)["rateLimit"]["local"]["rules"][0]
    assert rule["limit"] == share
    assert share["requests"] * (60 if share["unit"] == "Second" else 1) * proxies >= per_minute


def test_callers_are_told_apart_by_what_is_verified_or_else_by_address() -> None:
    limits = Limits(requests_per_minute_per_caller=60)

    def selectors(callers: Callers | None) -> list[dict[str, Any]]:
        rules = rate_limit(limits, 2, callers)["rateLimit"]["local"]["rules"]
        assert all(rule["limit"] == rules[0]["limit"] for rule in rules)
        return [selector for rule in rules for selector in rule["clientSelectors"]]

    named, unnamed = selectors(CALLERS)
    assert named == {"headers": [{"type": "Distinct", "name": CALLER_HEADER}]}
    assert selectors(None) == [{"sourceCIDR": {"type": "Distinct", "value": "0.0.0.0/0"}}]
    # a token without the claim is no way around the limit; health checks carry none
    name, token = unnamed["headers"]
    assert name == {"type": "RegularExpression", "name": CALLER_HEADER, "value": ".+", "invert": True}
    assert token == {"type": "RegularExpression", "name": "Authorization", "value": "Bearer .+"}


def test_nothing_is_limited_that_no_contract_limits() -> None:
    assert rate_limit(Limits(), 2, CALLERS) == {}
