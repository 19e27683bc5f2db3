"""Rendering of the admission rules; what an API server makes of them is tests/cluster's."""

from __future__ import annotations

from typing import Any

import pytest

from components.admission import Admission, AdmissionArgs, AdmissionSpec, admitted_tenant
from components.admission_policy import Fact, Policy, Rule
from components.admission_rules import policies
from components.cluster_addons import ClusterAddons
from components.hosts import regional_host
from components.manifest import FORCE_OWNERSHIP
from serving.blueprint.errors import InputError
from serving.blueprint.fleet import RESERVED_NAMESPACES
from serving.blueprint.tags import LINEAGE_KEYS, OWNERSHIP_KEYS
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.serving_samples import REGION, REGISTRY, WORKLOADS
from tests.documents import SERVICES, blueprint

PUBLIC_KEY = f"-----BEGIN PUBLIC KEY-----\n{'A' * 64}\n{'B' * 60}\n-----END PUBLIC KEY-----"

POLICIES = policies(ClusterAddons.PROMETHEUS_URL)
RULES = [(policy, rule) for policy in POLICIES for rule in policy.rules]
every_rule = pytest.mark.parametrize(("policy", "rule"), RULES, ids=[f"{p.name}-{r.name}" for p, r in RULES])


@pytest.fixture
def args(tags: dict[str, str]) -> AdmissionArgs:
    return {
        "tenants": [
            {
                "name": tenant,
                "registries": [REGISTRY],
                "hosts": [f"{tenant}.example.com"],
                "services": [f"{tenant}-service"],
                "priority_classes": ["serving-tier-1"],
            }
            for tenant in ("payments", "search")
        ],
        "tags": tags,
    }


@pytest.fixture
def recorded(record: Recorder, args: AdmissionArgs) -> Recorded:
    return record(lambda: Admission("admission", args))


def bindings(recorded: Recorded) -> list[Resource]:
    return recorded.of_type("ValidatingAdmissionPolicyBinding")


def guarded(binding: Resource) -> list[str]:
    return guarded_by(binding["spec"]["matchResources"])


def guarded_by(matched: Any) -> list[str]:
    (selected,) = matched["namespaceSelector"]["matchExpressions"]
    assert (selected["key"], selected["operator"]) == ("kubernetes.io/metadata.name", "In")
    return list(selected["values"])


def test_arguments_are_exactly_what_is_validated() -> None:
    assert set(AdmissionArgs.__annotations__) == set(AdmissionSpec.model_fields)


def test_every_policy_refuses_what_it_cannot_judge(recorded: Recorded) -> None:
    for policy in recorded.of_type("ValidatingAdmissionPolicy"):
        assert policy["spec"]["failurePolicy"] == "Fail"
    for binding in bindings(recorded):
        assert set(binding["spec"]["validationActions"]) == {"Deny", "Audit"}


def test_every_policy_holds_for_every_tenant_and_for_no_platform_namespace(recorded: Recorded) -> None:
    by_policy: dict[str, list[str]] = {}
    for binding in bindings(recorded):
        by_policy.setdefault(binding["spec"]["policyName"], []).extend(guarded(binding))
    assert set(by_policy) == {policy["metadata"]["name"] for policy in recorded.of_type("ValidatingAdmissionPolicy")}
    for names in by_policy.values():
        assert sorted(names) == ["payments", "search"]
        assert not RESERVED_NAMESPACES & set(names)


def test_facts_of_a_tenant_lie_where_only_the_platform_writes_and_are_asked_for_that_tenant_alone(
    recorded: Recorded,
) -> None:
    facts = {one["metadata"]["name"]: one["metadata"]["namespace"] for one in recorded.of_type("ConfigMap")}
    assert set(facts) == {"payments", "search"}
    assert set(facts.values()) == {Admission.NAMESPACE} <= RESERVED_NAMESPACES
    asked = [binding for binding in bindings(recorded) if "paramRef" in binding["spec"]]
    assert asked
    for binding in asked:
        reference = binding["spec"]["paramRef"]
        assert guarded(binding) == [reference["name"]]
        assert reference["namespace"] == Admission.NAMESPACE
        assert reference["parameterNotFoundAction"] == "Deny"


def test_a_policy_that_asks_for_facts_is_bound_with_them(recorded: Recorded) -> None:
    for binding in bindings(recorded):
        policy = next(one for one in POLICIES if one.name == binding["spec"]["policyName"])
        assert ("paramRef" in binding["spec"]) == policy.asks_facts
        assert policy.asks_facts == any("params." in rule.broken for rule in policy.rules)


def test_a_binding_comes_after_its_policy_and_its_facts(recorded: Recorded) -> None:
    for binding in bindings(recorded):
        spec = binding["spec"]
        made = recorded.of_type("ValidatingAdmissionPolicy")
        needed = [policy for policy in made if policy["metadata"]["name"] == spec["policyName"]]
        if "paramRef" in spec:
            needed += [r for r in recorded.of_type("ConfigMap") if r["metadata"]["name"] == spec["paramRef"]["name"]]
        assert {one.urn for one in needed} <= binding.dependencies


def test_the_server_goes_on_watching_for_facts_when_all_tenants_are_gone(recorded: Recorded) -> None:
    policy, binding = (recorded.one(f"ValidatingAdmissionPolicy{part}Patch") for part in ("", "Binding"))
    for one in (policy, binding):
        assert (one.protect, one.retain_on_delete) == (False, True)
        assert one["metadata"]["annotations"] == FORCE_OWNERSHIP
    assert policy["spec"]["paramKind"]["kind"] == "ConfigMap"
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    assert binding.dependencies == {policy.urn}
    first = {policy.urn, binding.urn}
    later = [one for one in recorded.managed("kubernetes:") if one.urn not in first]
    assert all(_comes_after(recorded, one, binding) for one in later)


def _comes_after(recorded: Recorded, later: Resource, earlier: Resource) -> bool:
    needs = later.dependencies
    return earlier.urn in needs or any(_comes_after(recorded, recorded.by_urn(urn), earlier) for urn in needs)


@every_rule
def test_whoever_is_refused_is_told_what_it_was_what_it_would_do_and_what_to_do(policy: Policy, rule: Rule) -> None:
    validation = rule.validation
    for part in (rule.what, rule.effect, rule.remedy):
        assert part
        assert part in validation["message"]
    assert f"variables.{rule.name}.join" in validation["messageExpression"]
    assert "\n" not in validation["message"]


def test_all_variables_of_a_policy_have_names_of_their_own() -> None:
    for policy in POLICIES:
        names = [*policy.variables, *(rule.name for rule in policy.rules)]
        assert len(names) == len(set(names))


def test_every_key_of_ownership_and_lineage_is_asked_of_pods() -> None:
    asked = next(rule for _, rule in RULES if rule.name == "unlabelled").broken
    for key in (*OWNERSHIP_KEYS, *LINEAGE_KEYS):
        assert f'"{key.label}"' in asked


def test_rules_about_pods_hold_where_pods_are_written_and_where_they_come_to_be() -> None:
    by_name = {policy.name: {rule.name for rule in policy.rules} for policy in POLICIES}
    assert by_name["serving-tenant-pods"] < by_name["serving-tenant-rollouts"]


def test_a_tenant_may_use_what_its_blueprints_declare_and_nothing_else() -> None:
    hosts = {service: f"{service}.example.com" for service in SERVICES}
    for service in SERVICES:
        declared = blueprint(service)
        may = admitted_tenant(declared.identity.tenant, [declared], hosts, REGION, [REGISTRY])
        own = [one for one in WORKLOADS if one.blueprint.name == service]
        assert may["services"] == [service]
        assert set(may["hosts"]) == {hosts[service], regional_host(hosts[service], REGION)}
        used = {one.model.resources.accelerator.value for one in own if one.model.resources.accelerators}
        assert set(may["accelerators"]) == used
        assert may["accelerators_per_container"] == max(one.model.resources.accelerators for one in own)


def test_signatures_are_asked_for_where_there_are_keys_and_only_there(
    record: Recorder, args: AdmissionArgs, recorded: Recorded
) -> None:
    assert recorded.of_type("ImageValidatingPolicy") == []
    signed = record(lambda: Admission("admission", {**args, "signature_keys": [PUBLIC_KEY, PUBLIC_KEY]}))
    spec = signed.one("ImageValidatingPolicy")["spec"]
    assert guarded_by(spec["matchConstraints"]) == ["payments", "search"]
    assert [one["cosign"]["key"]["data"] for one in spec["attestors"]] == [PUBLIC_KEY, PUBLIC_KEY]
    assert [one["glob"] for one in spec["matchImageReferences"]] == [f"{REGISTRY}/*"]


def test_an_image_that_nobody_could_verify_is_refused(record: Recorder, args: AdmissionArgs) -> None:
    signed = record(lambda: Admission("admission", {**args, "signature_keys": [PUBLIC_KEY]}))
    spec = signed.one("ImageValidatingPolicy")["spec"]
    assert (spec["failurePolicy"], spec["validationActions"]) == ("Fail", ["Deny"])
    assert spec["validationConfigurations"] == {"mutateDigest": False, "verifyDigest": True, "required": True}
    judged = " ".join(one["expression"] for one in spec["validations"])
    for kind in ("containers", "initContainers", "ephemeralContainers", "volumes"):
        assert f"images.{kind}." in judged


def test_no_service_but_the_registry_decides_whether_a_signed_image_starts(
    record: Recorder, args: AdmissionArgs
) -> None:
    """Neither a key service nor a public log, which would learn the names of private images, is asked."""
    signed = record(lambda: Admission("admission", {**args, "signature_keys": [PUBLIC_KEY]}))
    for attestor in signed.one("ImageValidatingPolicy")["spec"]["attestors"]:
        assert set(attestor["cosign"]["key"]) == {"data"}
        assert attestor["cosign"]["ctlog"] == {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True}


@pytest.mark.parametrize(
    ("key", "value"), [("name", "Not A Name"), ("registries", []), ("hosts", []), ("accelerators_per_pod", -1)]
)
def test_a_wrong_argument_is_refused_before_anything_is_made(
    record: Recorder, args: AdmissionArgs, key: str, value: Any
) -> None:
    def program() -> None:
        first, *others = args["tenants"]
        wrong: Any = {**args, "tenants": [{**first, key: value}, *others]}
        with pytest.raises(InputError, match=key):
            Admission("admission", wrong)

    assert record(program).managed("kubernetes:") == []


def test_each_fact_is_a_value_of_the_parameters(recorded: Recorded) -> None:
    for facts in recorded.of_type("ConfigMap"):
        assert set(facts["data"]) == {fact.value for fact in Fact}
        assert all(isinstance(value, str) for value in facts["data"].values())
