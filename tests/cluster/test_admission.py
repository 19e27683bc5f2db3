"""The admission rules on a real API server: what we render is admitted, and for each rule its twins are refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from components.admission import Admission, admitted_tenant
from components.admission_policy import Rule, policy_manifest
from components.admission_rules import policies
from components.cluster_addons import ClusterAddons
from components.image_signatures import signature_policy
from components.lineage import platform_tags, service_tags, tenant_tags
from components.node_labels import GPU_RESOURCE
from components.priorities import priority_class_manifest
from components.tenant import Tenant, TenantArgs
from components.workload import service_account
from serving.blueprint.vocabulary import Tier
from serving.preview.manifests import planned_objects
from serving.preview.session import Request, preview
from tests.cluster.admission_twins import FURTHER_ACCOUNT, FURTHER_SERVICE, HOST, Samples, Twin, pod_of, twins
from tests.cluster.api import Api, Object, Refused, Warned
from tests.cluster.control_plane import ControlPlane
from tests.components.recorder import record
from tests.components.serving_samples import REGION, REGISTRY
from tests.documents import ROOT, STACKS

POLICIES = policies(ClusterAddons.PROMETHEUS_URL)
RULES = {(policy.name, rule.name): rule for policy in POLICIES for rule in policy.rules}

GUARDED = Samples("guarded")
"""In namespaces where the rules are enforced, as they are deployed."""
TOLD = Samples("told")
"""In namespaces where breaking a rule is only told, so that every rule that is broken is."""

every_twin = pytest.mark.parametrize("index", range(len(twins(GUARDED))), ids=[twin.name for twin in twins(GUARDED)])

_SETTLE_SECONDS = 90
"""For the API server to take notice of policies and bindings, which it does in the background."""


def surroundings(samples: Samples, action: str) -> list[Object]:
    """Namespaces with quotas, accounts, priority classes, policies, and bindings that do something."""
    hosts = {"chat": HOST, "fraud-score": "fraud-score.example.com"}
    tags = platform_tags(samples.environment)

    def program() -> None:
        for one in samples.blueprints:
            tenant = one.identity.tenant
            args: TenantArgs = {
                "name": tenant,
                "cpu": 100,
                "memory_gib": 1_000,
                "accelerators": 4,
                "tags": tenant_tags(samples.environment, tenant),
            }
            Tenant(tenant, args)
        tenants = [admitted_tenant(one.identity.tenant, [one], hosts, REGION, [REGISTRY]) for one in samples.blueprints]
        tenants[0]["services"].append(FURTHER_SERVICE)
        Admission("admission", {"tenants": tenants, "tags": tags})

    made = [resource.inputs for resource in record(program).managed("kubernetes:")]
    for one in made:
        if one["kind"] == "ValidatingAdmissionPolicyBinding":
            one["metadata"]["name"] += f"-{samples.chat.namespace}"  # those of other tests have the same names
            one["spec"]["validationActions"] = [action, "Audit"]
    made += [dict(priority_class_manifest(tier, {})) for tier in Tier]
    accounts = [dict(service_account(one, service_tags(samples.environment, one))) for one in samples.blueprints]
    further = {**accounts[0], "metadata": {**accounts[0]["metadata"], "name": FURTHER_ACCOUNT}}
    made += [*accounts, further]
    return sorted(made, key=lambda one: one["kind"] != "Namespace")


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Iterator[Api]:
    """The API server with both sets of surroundings, once it has taken notice of them."""
    api = control_plane.api
    made = [one for samples, action in ((GUARDED, "Deny"), (TOLD, "Warn")) for one in surroundings(samples, action)]
    api.apply(*made, force=True)
    for samples in (GUARDED, TOLD):
        for policy in POLICIES:
            in_force = next((twin for twin in twins(samples) if twin.policy == policy.name), None)
            if in_force is not None:
                api.wait(f"{policy.name} in force", partial(judged, api, in_force.bad), _SETTLE_SECONDS)
    yield api
    for one in reversed(made):
        if one["kind"] == "ValidatingAdmissionPolicyBinding":
            api.delete(one)


def judged(api: Api, thing: Object) -> bool:
    """Whether a policy has something to say of an object."""
    try:
        api.apply(thing, dry_run=True, force=True)
    except (Refused, Warned) as said:
        return "ValidatingAdmissionPolicy" in str(said)
    return False


def broken_rule(twin: Twin) -> Rule:
    return RULES[twin.policy, twin.rule]


@pytest.mark.parametrize("index", range(len(GUARDED.good)), ids=[one["kind"] for one in GUARDED.good])
def test_what_we_render_is_admitted_without_a_warning(api: Api, index: int) -> None:
    api.apply(GUARDED.good[index], dry_run=True, force=True)


@every_twin
def test_a_twin_with_one_fault_is_refused_with_what_effect_and_remedy(api: Api, index: int) -> None:
    twin = twins(GUARDED)[index]
    with pytest.raises(Refused) as refused:
        api.apply(twin.bad, dry_run=True, force=True)
    said = str(refused.value)
    assert f"'{twin.policy}'" in said
    for part in (broken_rule(twin).what, broken_rule(twin).effect, broken_rule(twin).remedy):
        assert part in said


@every_twin
def test_a_twin_breaks_the_rule_that_is_meant_and_no_other(api: Api, index: int) -> None:
    twin = twins(TOLD)[index]
    with pytest.raises(Warned) as warned:
        api.apply(twin.bad, dry_run=True, force=True)
    said = str(warned.value)
    assert said.count("Validation failed for ValidatingAdmissionPolicy") == 1
    assert broken_rule(twin).what in said


_FINALIZER = "serving.blueprint/tests"


def kept(thing: Object, name: str) -> Object:
    """An object under another name that a finalizer keeps when it is deleted."""
    metadata = {**thing["metadata"], "name": name, "finalizers": [_FINALIZER]}
    return {**copy.deepcopy(thing), "metadata": metadata}


@pytest.mark.parametrize("policy", sorted({twin.policy for twin in twins(GUARDED)}))
def test_what_is_being_deleted_is_still_judged_when_it_changes(api: Api, policy: str) -> None:
    """The gateway serves a route, and a pod answers, until its last finalizer is gone."""
    twin = next(one for one in twins(GUARDED) if one.policy == policy)
    good, bad = (kept(one, "leaving") for one in (twin.good, twin.bad))
    api.apply(good)
    try:
        api.delete(good, grace_seconds=0)
        assert "deletionTimestamp" in api.apply(good)["metadata"]
        with pytest.raises(Refused, match=broken_rule(twin).what):
            api.apply(bad, force=True)
    finally:
        api.patch(good, {"metadata": {"finalizers": None}})


@pytest.mark.parametrize("policy", sorted({twin.policy for twin in twins(TOLD)}))
def test_a_finalizer_lets_go_of_what_breaks_a_rule(api: Api, policy: str) -> None:
    """What was there before the rules can always be deleted."""
    twin = next(one for one in twins(TOLD) if one.policy == policy)
    bad = kept(twin.bad, "before-the-rules")
    with pytest.raises(Warned):
        api.apply(bad)
    api.delete(bad, grace_seconds=0)
    api.catch_up(bad)
    api.patch(bad, {"metadata": {"finalizers": None}})
    assert api.find(bad["apiVersion"], bad["kind"], bad["metadata"]["name"], bad["metadata"]["namespace"]) is None


def test_a_container_that_asks_for_more_than_any_service_declares_is_refused_by_name(api: Api) -> None:
    pod = copy.deepcopy(GUARDED.chat_pod)
    server = pod["spec"]["containers"][0]
    for stated in server["resources"].values():
        stated[GPU_RESOURCE] = "2"
    with pytest.raises(Refused, match=RULES["serving-tenant-pods", "greedyContainers"].what) as refused:
        api.apply(pod, dry_run=True)
    assert f"{server['name']} (2)" in str(refused.value)


def test_every_rule_has_a_twin() -> None:
    # more accelerators in one container are more in its pod: one fault breaks both rules
    never_alone = {(policy, rule) for policy, rule in RULES if rule == "greedyContainers"}
    of_pods = {rule.name for policy in POLICIES if policy.name == "serving-tenant-pods" for rule in policy.rules}
    # in the templates of Rollouts the same rules stand as text of the same source
    repeated = {(policy, rule) for policy, rule in RULES if policy == "serving-tenant-rollouts" and rule in of_pods}
    judged_by_twins = {(twin.policy, twin.rule) for twin in twins(GUARDED)}
    namespaces = {(policy, rule) for policy, rule in RULES if policy == "serving-tenant-namespaces"}
    assert set(RULES) - judged_by_twins <= never_alone | repeated | namespaces


@pytest.mark.parametrize(
    ("label", "rule"),
    [("pod-security.kubernetes.io/enforce", "weakened"), ("serving.blueprint/tenant", "renamed")],
)
def test_the_labels_that_guard_a_namespace_cannot_be_changed(api: Api, label: str, rule: str) -> None:
    namespace = api.get("v1", "Namespace", GUARDED.chat.namespace)
    with pytest.raises(Refused, match=RULES["serving-tenant-namespaces", rule].what):
        api.patch(namespace, {"metadata": {"labels": {label: "privileged"}}})


def test_what_pod_security_refuses_is_left_to_it(api: Api) -> None:
    pod = twins(GUARDED)[0].good
    server = pod["spec"]["containers"][0]
    security = {**server["securityContext"], "privileged": True, "allowPrivilegeEscalation": True}
    spec = {**pod["spec"], "containers": [{**server, "securityContext": security}]}
    with pytest.raises(Refused, match="violates PodSecurity"):
        api.apply({**pod, "spec": spec}, dry_run=True)


def test_more_accelerators_than_the_quota_grants_are_refused(api: Api) -> None:
    quota = api.get("v1", "ResourceQuota", "quota", GUARDED.chat.namespace)
    granted = {"spec": {"hard": {"requests.nvidia.com/gpu": "0"}}}
    api.patch(quota, granted)
    try:
        api.wait("the quota counts", lambda: _quota_refuses(api), _SETTLE_SECONDS)
    finally:
        api.patch(quota, {"spec": {"hard": {"requests.nvidia.com/gpu": "4"}}})


def _quota_refuses(api: Api) -> bool:
    try:
        api.apply(GUARDED.chat_pod, dry_run=True)
    except Refused as refused:
        return "exceeded quota" in str(refused)
    return False


def test_platform_namespaces_are_not_judged(api: Api) -> None:
    free = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "unguarded"}}
    api.apply(free)
    api.wait("account", lambda: api.find("v1", "ServiceAccount", "default", "unguarded"), _SETTLE_SECONDS)
    container = {"name": "any", "image": "docker.io/library/any:latest"}
    pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any", "namespace": "unguarded"}}
    api.apply({**pod, "spec": {"containers": [container]}}, dry_run=True)


def test_the_controller_manager_finds_no_fault_in_the_types_of_the_expressions(api: Api) -> None:
    for policy in POLICIES:
        status = api.wait(f"{policy.name} checked", partial(_checked, api, policy.name), _SETTLE_SECONDS)
        assert status["typeChecking"].get("expressionWarnings", []) == []


def test_the_expressions_about_signatures_compile(api: Api) -> None:
    """Kyverno evaluates them, which does not run here: what only it knows, images and signatures, has stand-ins."""
    judged_by_kyverno = signature_policy([REGISTRY], ["key"], [GUARDED.chat.namespace], {})["spec"]
    images = [f"'{kind}': ['']" for kind in ("containers", "initContainers", "ephemeralContainers", "volumes")]
    stand_ins = {"images": f"dyn({{{', '.join(images)}}})", "attestors": "dyn({'release0': ''})"}
    validations = []
    for validation in judged_by_kyverno["validations"]:
        assert "verifyImageSignatures(i, " in validation["expression"]
        expression = validation["expression"].replace("verifyImageSignatures(i, ", "size([i] + ")
        for name in stand_ins:
            expression = expression.replace(f"{name}.", f"variables.{name}.")
        validations.append({**validation, "expression": expression})
    variables = stand_ins | {one["name"]: one["expression"] for one in judged_by_kyverno["images"]}
    policy = policy_manifest(next(one for one in POLICIES if not one.asks_facts), {})
    spec = {
        **policy["spec"],
        "matchConditions": judged_by_kyverno["matchConditions"],
        "variables": [{"name": name, "expression": expression} for name, expression in variables.items()],
        "validations": validations,
    }
    one = {**policy, "metadata": {"name": "signatures"}, "spec": spec}
    api.apply(one, dry_run=True)
    spec["validations"] = [{"expression": "variables.volumes.all(v, nobody_knows(v))"}]
    with pytest.raises(Refused, match="undeclared reference to 'nobody_knows'"):
        api.apply(one, dry_run=True)


def _checked(api: Api, name: str) -> Object | None:
    found = api.get("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", name)
    status: Object = found.get("status", {})
    current = status.get("observedGeneration") == found["metadata"]["generation"]
    return status if current and "typeChecking" in status else None


def test_tenants_that_come_after_all_others_have_gone_are_judged_by_their_facts(api: Api) -> None:
    again = [one for one in surroundings(GUARDED, "Deny") if one["kind"] == "ValidatingAdmissionPolicyBinding"]
    bound = api.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")
    asking = {one["metadata"]["name"] for one in bound if "paramRef" in one["spec"]}
    gone = [one for one in again if one["metadata"]["name"] in asking]
    told = [one for one in surroundings(TOLD, "Warn") if one["metadata"]["name"] in asking]
    foreign = next(twin.bad for twin in twins(GUARDED) if twin.rule == "foreignImages")
    for one in (*gone, *told):
        api.delete({**one, "metadata": {"name": one["metadata"]["name"]}})
    api.wait("rules no longer in force", lambda: not judged(api, foreign), _SETTLE_SECONDS)
    api.apply(*gone, *told, force=True)
    api.wait("rules in force", lambda: judged(api, foreign), _SETTLE_SECONDS)
    api.apply(GUARDED.chat_pod, dry_run=True, force=True)


SURROUNDINGS = (
    "Namespace",
    "ConfigMap",
    "PriorityClass",
    "ServiceAccount",
    "LimitRange",
    "ResourceQuota",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
"""What must be there before a pod can be judged, in order."""


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_that_a_stack_brings_about_is_admitted(api: Api, stack: str) -> None:
    """Those of Rollouts, groups and jobs, under the rules, quotas and defaults that the same stack makes."""
    objects = objects_of(stack)
    around = [one for kind in SURROUNDINGS for one in objects if one["kind"] == kind]
    api.apply(*around, force=True)
    try:
        pods = [pod for one in objects for pod in pods_of(one)]
        tenants = {facts["metadata"]["name"] for facts in of_kind(objects, "ConfigMap")}
        assert {pod["metadata"]["namespace"] for pod in pods} == tenants
        foreign = copy.deepcopy(pods[0])
        foreign["spec"]["containers"][0]["image"] = "docker.io/library/any:latest"
        api.wait("rules in force", lambda: judged(api, foreign), _SETTLE_SECONDS)
        for pod in pods:
            api.apply(pod, dry_run=True)
    finally:
        for one in reversed(around):
            if one["kind"] in ("Namespace", "ValidatingAdmissionPolicyBinding"):
                api.delete(one)
        names = {one["metadata"]["name"] for one in of_kind(objects, "Namespace")}
        api.wait("namespaces gone", lambda: not names & namespaces(api), 180)


def namespaces(api: Api) -> set[str]:
    return {one["metadata"]["name"] for one in api.list("v1", "Namespace")}


def objects_of(stack: str) -> list[Object]:
    """The objects of a stack's first cluster, in order."""
    planned = planned_objects(preview(Request(ROOT, stack)))
    first = min(one.cluster for one in planned)
    return [dict(one.manifest) for one in planned if one.cluster == first]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [one for one in objects if one["kind"] == kind]


def pods_of(thing: Object) -> Iterator[Object]:
    """A pod of each template in an object, wherever it stands."""
    for number, template in enumerate(templates(thing["spec"] if isinstance(thing.get("spec"), dict) else {})):
        name = f"{thing['metadata']['name']}-{thing['kind'].lower()}-{number}"
        yield pod_of(template, name, thing["metadata"]["namespace"])


def templates(inside: Any) -> Iterator[Object]:
    """Everything that has containers, with its metadata."""
    if isinstance(inside, list):
        for one in inside:
            yield from templates(one)
    elif isinstance(inside, dict):
        if "containers" in inside.get("spec", {}):
            yield {"metadata": {}, **inside}
            return
        for one in inside.values():
            yield from templates(one)
