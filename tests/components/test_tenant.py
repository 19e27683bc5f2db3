from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.node_labels import GPU_RESOURCE, SHARED_GPU_RESOURCE
from components.tenant import Tenant, TenantArgs, TenantSpec
from serving.blueprint.errors import InputError
from serving.blueprint.tags import TagKey
from tests.components.recorder import Recorded, Recorder, Resource


@pytest.fixture
def args(tags: dict[str, str]) -> TenantArgs:
    return {
        "name": "payments",
        "cpu": 40,
        "memory_gib": 160,
        "accelerators": 4,
        "operators": ["risk-ml"],
        "viewers": ["auditors"],
        "tags": tags,
    }


@pytest.fixture
def recorded(record: Recorder, args: TenantArgs) -> Recorded:
    return record(lambda: Tenant("tenant", args))


def kubernetes(recorded: Recorded) -> list[Resource]:
    return recorded.managed("kubernetes:")


def test_arguments_are_exactly_what_is_validated() -> None:
    assert set(TenantArgs.__annotations__) == set(TenantSpec.model_fields)


def test_everything_lies_in_the_tenants_namespace_and_carries_its_labels(recorded: Recorded) -> None:
    namespace = recorded.one("Namespace")
    for resource in kubernetes(recorded):
        metadata = resource["metadata"]
        assert metadata["labels"][TagKey.TENANT.label] == "tenant-value"
        if resource is not namespace:
            assert metadata["namespace"] == namespace["metadata"]["name"] == "payments"
            assert namespace.urn in resource.dependencies


def test_pods_that_break_the_restricted_standard_are_refused_by_a_pinned_version(recorded: Recorded) -> None:
    labels = recorded.one("Namespace")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"].startswith("v1.")


def test_the_quota_is_what_the_environment_grants_and_no_way_in_but_the_gateway(recorded: Recorded) -> None:
    hard = recorded.one("ResourceQuota")["spec"]["hard"]
    assert hard["requests.cpu"] == "40"
    assert hard["requests.memory"] == hard["limits.memory"] == "160Gi"
    assert hard[f"requests.{GPU_RESOURCE}"] == "4"
    assert hard[f"requests.{SHARED_GPU_RESOURCE}"] == "0"  # what is not granted is refused
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"


def test_a_tenant_keeps_nothing_in_the_cluster_and_fills_neither_nodes_nor_the_store(recorded: Recorded) -> None:
    hard = recorded.one("ResourceQuota")["spec"]["hard"]
    assert hard["persistentvolumeclaims"] == "0"
    assert int(hard["pods"]) > 0
    assert hard["requests.ephemeral-storage"] == hard["limits.ephemeral-storage"]
    assert {key for key in hard if key.startswith("count/")} >= {"count/jobs.batch", "count/secrets"}
    # a new cluster's quota controller does not know the kinds of charts yet, and would have every object refused
    assert not any("." in key.removeprefix("count/").removesuffix(".batch") for key in hard if key.startswith("count/"))


def test_the_number_of_objects_grows_with_the_number_of_services(record: Recorder, args: TenantArgs) -> None:
    one = record(lambda: Tenant("tenant", args)).one("ResourceQuota")["spec"]["hard"]
    three = record(lambda: Tenant("tenant", {**args, "services": 3})).one("ResourceQuota")["spec"]["hard"]
    counted = [key for key in one if key.startswith("count/")]
    assert all(int(three[key]) == 3 * int(one[key]) for key in counted)
    assert {key: three[key] for key in one if key not in counted} == {
        key: one[key] for key in one if key not in counted
    }


def test_every_quota_on_limits_has_a_default_so_that_no_pod_is_refused_for_silence(recorded: Recorded) -> None:
    hard = recorded.one("ResourceQuota")["spec"]["hard"]
    (limits,) = recorded.one("LimitRange")["spec"]["limits"]
    counted = {key.removeprefix("limits.") for key in hard if key.startswith("limits.")}
    assert counted <= set(limits["default"])
    assert "cpu" not in limits["default"]
    assert not {"min", "max"} & set(limits)


def test_all_traffic_is_denied_but_questions_to_the_clusters_dns(recorded: Recorded) -> None:
    names = {policy["metadata"]["name"] for policy in recorded.of_type("NetworkPolicy")}
    assert names == {"default-deny", "allow-dns"}


def verbs(recorded: Recorded, role: str) -> dict[str, set[str]]:
    (found,) = [one for one in recorded.of_type("Role") if one["metadata"]["name"] == role]
    allowed: dict[str, set[str]] = {}
    for rule in found["rules"]:
        for resource in rule["resources"]:
            allowed.setdefault(resource, set()).update(rule["verbs"])
    return allowed


def test_nobody_reads_secrets_or_uses_a_wildcard(recorded: Recorded) -> None:
    for role in ("viewer", "operator"):
        allowed = verbs(recorded, role)
        assert not {"secrets", "configmaps", "*", "pods/exec"} & set(allowed)
        assert "*" not in set().union(*allowed.values())


def test_viewers_change_nothing(recorded: Recorded) -> None:
    assert set().union(*verbs(recorded, "viewer").values()) <= {"get", "list", "watch"}


def test_operators_steer_what_runs_and_neither_make_nor_delete_it(recorded: Recorded) -> None:
    allowed = verbs(recorded, "operator")
    assert allowed["rollouts/status"] == {"patch"}
    for steered in ("rollouts", "scaledobjects"):
        assert allowed[steered] == {"get", "list", "watch", "patch"}
    made_or_deleted = {kind for kind, granted in allowed.items() if granted & {"create", "update", "delete"}}
    assert made_or_deleted == {"pods/eviction"}


def test_each_role_is_bound_to_its_groups(recorded: Recorded) -> None:
    bound = {
        binding["roleRef"]["name"]: [subject["name"] for subject in binding["subjects"]]
        for binding in recorded.of_type("RoleBinding")
    }
    assert bound == {"operator": ["risk-ml"], "viewer": ["auditors"]}


def test_a_role_that_nobody_has_is_not_made(record: Recorder, args: TenantArgs) -> None:
    args["viewers"] = []
    recorded = record(lambda: Tenant("tenant", args))
    assert [role["metadata"]["name"] for role in recorded.of_type("Role")] == ["operator"]


@pytest.mark.parametrize(("key", "value"), [("name", "Not A Name"), ("cpu", 0), ("accelerators", -1)])
def test_a_wrong_argument_is_refused_before_anything_is_made(
    record: Recorder, args: TenantArgs, key: str, value: Any
) -> None:
    def program() -> None:
        wrong: Any = {**args, key: value}
        with pytest.raises(InputError, match=key):
            Tenant("tenant", wrong)

    assert kubernetes(record(program)) == []


def test_the_namespace_waits_for_what_the_tenant_depends_on(record: Recorder, args: TenantArgs) -> None:
    def program() -> None:
        first = Tenant("first", {**args, "name": "first"})
        Tenant("second", args, pulumi.ResourceOptions(depends_on=[first.namespace]))

    recorded = record(program)
    assert recorded.named("first-namespace").urn in recorded.named("second-namespace").dependencies
