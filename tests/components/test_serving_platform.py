"""The shipped stacks as a whole: what only shows where the components meet."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
import yaml

from components.addons import DEFINITIONS
from components.load_balancer import (
    LEAST_IDLE_SECONDS,
    LEAST_REQUESTS_PER_IP,
    MOST_IDLE_SECONDS,
    MOST_REQUESTS_PER_IP,
)
from components.regional_replica import idle_timeout_seconds, requests_per_ip
from components.serving_platform import ServingPlatform
from serving.blueprint.environment import Addon, Provision
from serving.blueprint.schema import Blueprint
from serving.blueprint.timing import request_seconds
from serving.preview.aws_types import arguments_of
from serving.telemetry import gateway
from serving.workspace import Workspace, load_workspace
from tests.components.recorder import Recorded, Resource, record
from tests.documents import ROOT, STACKS, blueprint

RELEASE = "kubernetes:helm.sh/v3:Release"

both_stacks = pytest.mark.parametrize("stack", STACKS)


@functools.cache
def workspace(stack: str) -> Workspace:
    return load_workspace(ROOT, stack)


@functools.cache
def platform(stack: str) -> Recorded:
    """All that a shipped stack registers."""
    environment, blueprints = workspace(stack).environment, list(workspace(stack).blueprints)

    def program() -> None:
        provider = aws.Provider("aws", region=environment.home_region.name)
        options = pulumi.ResourceOptions(providers=[provider])
        ServingPlatform("serving", {"environment": environment, "blueprints": blueprints}, options)

    return record(program)


def rate_rules(made: Recorded) -> Iterator[dict[str, Any]]:
    """The rate rule of every region's firewall."""
    for web_acl in made.of_type("WebAcl"):
        (rule,) = [rule for rule in web_acl["rules"] if "rateBasedStatement" in rule["statement"]]
        yield rule["statement"]["rateBasedStatement"]


def gateway_bounds_asked(rules: Resource) -> set[float]:
    """Buckets of the gateway's latency that the rules of one service read."""
    groups = yaml.safe_load(rules["data"])["groups"]
    expressions = [rule["expr"] for group in groups for rule in group["rules"]]
    bucket = re.compile(rf'{gateway.LATENCY_MS}_bucket{{[^{{}}]*\ble=~?"([0-9.]+)')
    return {float(bound) for expression in expressions for bound in bucket.findall(expression)}


def gateway_bounds_kept(proxies: Resource) -> set[float]:
    """Buckets that the gateway's bootstrap has for its latency."""
    (settings,) = yaml.safe_load(proxies["spec"]["bootstrap"]["value"])["stats_config"]["histogram_bucket_settings"]
    assert gateway.LATENCY_MS.endswith(settings["match"]["suffix"])
    return {float(bound) for bound in settings["buckets"]}


def with_peak(one: Blueprint, peak_rps: float) -> Blueprint:
    """The blueprint with another peak, whether or not it could serve that."""
    traffic = one.scaling.traffic.model_copy(update={"peak_rps": peak_rps})
    return one.model_copy(update={"scaling": one.scaling.model_copy(update={"traffic": traffic})})


def with_inference_ms(one: Blueprint, timeout_ms: int) -> Blueprint:
    """The blueprint with another timeout of its inference stage."""
    stages = one.contract.stages
    stages = stages.model_copy(update={"inference": stages.inference.model_copy(update={"timeout_ms": timeout_ms})})
    return one.model_copy(update={"contract": one.contract.model_copy(update={"stages": stages})})


def repeated(identities: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [identity for identity, count in Counter(identities).items() if count > 1]


@both_stacks
def test_one_address_may_ask_the_whole_declared_peak_in_every_region(stack: str) -> None:
    peak_rps = sum(one.scaling.traffic.peak_rps for one in workspace(stack).blueprints)
    statements = list(rate_rules(platform(stack)))
    assert len(statements) == len(workspace(stack).environment.serving_regions)
    for statement in statements:
        assert statement["limit"] >= peak_rps * statement["evaluationWindowSec"]


def test_the_limit_of_an_address_stays_between_the_default_and_what_the_firewall_takes() -> None:
    def limit(peak_rps: float) -> int:
        return requests_per_ip([with_peak(blueprint(), peak_rps)])

    assert limit(0.1) == LEAST_REQUESTS_PER_IP
    assert LEAST_REQUESTS_PER_IP < limit(100) < limit(200)
    assert limit(1e9) == MOST_REQUESTS_PER_IP


@both_stacks
def test_no_request_is_cut_off_by_the_load_balancer_before_it_is_given_up(stack: str) -> None:
    longest = max(request_seconds(one) for one in workspace(stack).blueprints)
    for balancer in platform(stack).of_type("aws:lb/loadBalancer:LoadBalancer"):
        assert balancer["idleTimeout"] >= longest


def test_silence_is_borne_as_long_as_the_longest_request_within_what_a_load_balancer_takes() -> None:
    def idle(timeout_ms: int) -> int:
        return idle_timeout_seconds([blueprint(), with_inference_ms(blueprint(), timeout_ms)])

    assert idle(1) == LEAST_IDLE_SECONDS
    assert 600 <= idle(600_000) < 700
    assert idle(10_000_000) == MOST_IDLE_SECONDS


@both_stacks
def test_cost_tags_are_activated_only_where_the_stack_is_the_one_to_do_it(stack: str) -> None:
    managed = workspace(stack).environment.budget.cost_tags is Provision.MANAGED
    assert bool(platform(stack).of_type("CostAllocationTag")) == managed


@both_stacks
def test_logs_that_hold_audit_data_are_protected_and_outlive_the_program(stack: str) -> None:
    groups = platform(stack).of_type("LogGroup")
    # what the metrics service reports of its own failures is the one log that tells nothing of who did what
    audit = [group for group in groups if "/vendedlogs/" not in group["name"]]
    assert len(groups) - len(audit) == len(workspace(stack).environment.serving_regions)
    assert [group.name for group in audit if not (group.protect and group.retain_on_delete)] == []


@both_stacks
def test_every_bucket_that_rules_ask_of_the_gateway_is_one_that_it_keeps(stack: str) -> None:
    made = platform(stack)
    asked = set[float]().union(*map(gateway_bounds_asked, made.of_type("RuleGroupNamespace")))
    objectives = {ms for one in workspace(stack).blueprints for ms in one.slo.latency_ms.by_percentile().values()}
    assert asked >= objectives
    proxies = made.of_type("EnvoyProxy")
    assert len(proxies) == len(workspace(stack).environment.serving_regions)
    for one in proxies:
        assert asked <= gateway_bounds_kept(one)


@both_stacks
def test_no_two_objects_of_a_cluster_claim_the_same_name(stack: str) -> None:
    def identity(one: Resource) -> tuple[str, ...]:
        # a release of Helm has its name and namespace where objects have metadata
        named = one.get("metadata", one.inputs)
        return one.provider, one.type, named.get("namespace", ""), named["name"]

    objects = platform(stack).managed("kubernetes:")
    assert all(one.provider for one in objects)
    assert repeated(map(identity, objects)) == []


@both_stacks
def test_whatever_can_say_its_region_says_it(stack: str) -> None:
    regions = {region.name for region in workspace(stack).environment.regions}
    managed = platform(stack).managed("aws:")
    # a plan of ARC is global, and its provider is about to drop the argument
    regional = [one for one in managed if hasattr(arguments_of(one.type), "region") and "arcregion" not in one.type]
    assert len(regional) > len(managed) / 2
    assert {one.name: one.get("region") for one in regional if one.get("region") not in regions} == {}


BUILT_IN_GROUPS = frozenset(
    {
        *("core", "apps", "autoscaling", "batch", "policy"),
        *(f"{group}.k8s.io" for group in ("networking", "rbac.authorization", "scheduling", "storage")),
        *(f"{group}.k8s.io" for group in ("admissionregistration", "coordination", "discovery")),
        # pulumi-kubernetes' own
        *("helm.sh", "yaml", "kustomize"),
        # of EKS Auto Mode, whose control plane has it
        "eks.amazonaws.com",
    }
)
"""Groups whose kinds every API server of EKS has."""


def group_of(resource: Resource) -> str:
    """API group of a Kubernetes object: `kubernetes:keda.sh/v1alpha1:ScaledObject`."""
    return resource.type.split(":")[1].partition("/")[0]


def custom_objects(made: Recorded) -> list[Resource]:
    return [
        one for one in made.managed("kubernetes:") if one.type.count(":") == 2 and group_of(one) not in BUILT_IN_GROUPS
    ]


def reaches(made: Recorded, start: Resource, targets: set[str]) -> bool:
    """Whether something among the targets must exist before a resource."""
    by_urn = {one.urn: one for one in made}
    seen: set[str] = set()
    waiting = [start.urn]
    while waiting:
        urn = waiting.pop()
        if urn in targets:
            return True
        if urn not in seen and urn in by_urn:
            seen.add(urn)
            waiting += by_urn[urn].dependencies
    return False


def without_a_kind(made: Recorded, provided: frozenset[Addon]) -> list[str]:
    """Custom objects that could be made before their kind."""
    bringing = {group: addon for addon, one in DEFINITIONS.items() for group in one.api_groups}
    found = []
    for one in custom_objects(made):
        addon = bringing.get(group_of(one))
        releases = {r.urn for r in made.of_type(RELEASE) if addon and r.name.endswith(f"-addons-{addon.value}")}
        # the cell that it is in: a release of another region would not help
        same = {urn for urn in releases if made_in(made, urn) == made_in(made, one.urn)}
        if addon is None or (addon not in provided and not reaches(made, one, same)):
            found.append(f"{one.type} {one.name}")
    return found


def made_in(made: Recorded, urn: str) -> str:
    """The Kubernetes provider of a resource: one a cluster."""
    return next(one.provider for one in made if one.urn == urn)


@both_stacks
def test_no_custom_resource_can_be_made_before_its_kind(stack: str) -> None:
    made = platform(stack)
    assert len(custom_objects(made)) > 10
    assert without_a_kind(made, frozenset()) == []


def test_a_custom_resource_that_waits_for_nothing_would_be_found() -> None:
    made = platform("dev")
    loose = dataclasses.replace(
        made,
        resources=tuple(
            dataclasses.replace(one, dependencies=frozenset()) if group_of_or_none(one) == "keda.sh" else one
            for one in made
        ),
    )
    found = without_a_kind(loose, frozenset())
    assert found
    assert all("keda.sh" in one for one in found)


def group_of_or_none(resource: Resource) -> str | None:
    return group_of(resource) if resource.type.startswith("kubernetes:") else None


@both_stacks
def test_nodes_are_started_by_one_alone(stack: str) -> None:
    made = platform(stack)
    starters = [
        r for r in made.of_type(RELEASE) if r.name.endswith(("-addons-cluster-autoscaler", "-addons-karpenter"))
    ]
    assert Counter(one.provider for one in starters) == dict.fromkeys((one.provider for one in starters), 1)
    pools = {one.provider for one in made.of_type("NodePool")}
    assert pools == {one.provider for one in starters if one.name.endswith("karpenter")}
