from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.gateway import Gateway
from components.model_service import WIRING, ModelService, ModelServiceArgs, ModelServiceSpec
from components.pod import pod_template
from serving.blueprint.errors import InputError
from serving.blueprint.tags import LINEAGE_KEYS, OWNERSHIP_KEYS
from tests.components.recorder import Recorded, Recorder, document_of
from tests.components.serving_samples import ACCOUNT, CONTEXT, NEW_VERSION, OVER_NODES, REGION, service_args, workload
from tests.documents import SERVICES, blueprint, blueprint_document

KINDS = {
    "Service",
    "NetworkPolicy",
    "HTTPRoute",
    "BackendTrafficPolicy",
    "AnalysisTemplate",
    "Rollout",
    "ScaledObject",
    "PodDisruptionBudget",
    "PodMonitor",
    # the degradation ladder and who switches it
    "HTTPRouteFilter",
    "ScaledJob",
    "Role",
    "RoleBinding",
    "SecurityPolicy",
}


def program(service: str = "fraud-score", **changes: Any) -> Callable[[], ModelService]:
    return lambda: ModelService("service", service_args(blueprint(service), **changes))


@pytest.fixture(params=SERVICES)
def recorded(record: Recorder, request: pytest.FixtureRequest) -> Recorded:
    return record(program(request.param))


def unmarked(one: Any) -> Any:
    """What an object asks for; of a job without the marks of its pod, which name the version."""
    asked = one.get("spec")
    if one["kind"] != "ScaledJob":
        return asked
    job = {**asked["jobTargetRef"], "template": asked["jobTargetRef"]["template"]["spec"]}
    return {**asked, "jobTargetRef": job}


def statements(recorded: Recorded) -> dict[str, dict[str, Any]]:
    policy = recorded.named("service-role-policy")["policy"]
    return {statement["Sid"]: statement for statement in document_of(policy)["Statement"]}


def test_arguments_are_exactly_what_is_validated_or_wired() -> None:
    assert set(ModelServiceArgs.__annotations__) == set(ModelServiceSpec.model_fields) | WIRING


def test_a_service_consists_of_all_its_parts_in_its_tenants_namespace(recorded: Recorded) -> None:
    objects = recorded.managed("kubernetes:")
    assert {one.type.rpartition(":")[2] for one in objects} == {*KINDS, "ServiceAccount"}
    assert len({one["metadata"]["namespace"] for one in objects}) == 1


def test_every_object_carries_ownership_and_what_runs_a_model_its_lineage(recorded: Recorded) -> None:
    for one in recorded.managed("kubernetes:"):
        marks = one["metadata"]["labels"] | one["metadata"].get("annotations", {})
        assert all(key.label in marks for key in OWNERSHIP_KEYS), one.name
        runs = one["kind"] in ("Rollout", "LeaderWorkerSet")
        assert {key.label for key in LINEAGE_KEYS if key.label in marks} == (
            {key.label for key in LINEAGE_KEYS} if runs else set()
        )
    for one in recorded.managed("aws:"):
        if "tags" in one.inputs:
            assert {key.value for key in (*OWNERSHIP_KEYS, *LINEAGE_KEYS)} <= set(one["tags"])


def test_a_service_without_a_ladder_has_nobody_who_could_switch_one(record: Recorder) -> None:
    without = record(program("embedding", blueprint=blueprint("embedding", degradation={})))
    assert not {"ScaledJob", "Role", "RoleBinding"} & {
        one.type.rpartition(":")[2] for one in without.managed("kubernetes:")
    }


def test_a_rung_comes_after_its_answer_and_its_switch_after_both(recorded: Recorded) -> None:
    jobs = list(recorded.managed("kubernetes:keda.sh/v1alpha1:ScaledJob"))
    assert jobs
    for job in jobs:
        action = job.name.removeprefix("service-").rpartition("-")[0]
        routed = recorded.named(f"service-{action}-route")
        assert routed.urn in job.dependencies
        assert recorded.named("service-degradation-binding").urn in job.dependencies
        assert recorded.named("service-degradation-network").urn in job.dependencies
        for made in recorded.managed("kubernetes:gateway.envoyproxy.io/v1alpha1:HTTPRouteFilter"):
            if made.name.startswith(f"service-{action}-"):
                assert made.urn in routed.dependencies


def test_replicas_come_after_everything_that_they_need(recorded: Recorded) -> None:
    needed = {
        recorded.named(f"service-{suffix}").urn
        for suffix in ("account", "identity", "role-policy", "network", "stable", "canary", "route", "analysis")
    }
    assert needed <= recorded.named("service-rollout").dependencies
    assert recorded.named("service-rollout").urn in recorded.named("service-autoscaler").dependencies


def test_no_route_is_open_before_its_access_policy_stands(recorded: Recorded) -> None:
    guard = recorded.named("service-access").urn
    assert guard in recorded.named("service-route").dependencies


def test_the_route_serves_the_public_and_the_regional_host_at_the_gateway(recorded: Recorded) -> None:
    spec = recorded.named("service-route")["spec"]
    host = spec["hostnames"][0]
    assert spec["hostnames"] == [host, f"{REGION}.{host}"]
    assert spec["parentRefs"] == [
        {"name": Gateway.NAME, "namespace": Gateway.NAMESPACE, "sectionName": Gateway.LISTENER}
    ]


def test_replicas_read_their_own_models_and_no_others(record: Recorder) -> None:
    read = statements(record(program("chat")))["ReadModels"]
    chat = blueprint("chat")
    assert chat.degradation.fallback is not None
    assert chat.degradation.fallback.model is not None
    folders = {
        manifest.path.rpartition("/")[0] for manifest in (chat.model.manifest, chat.degradation.fallback.model.manifest)
    }
    assert read["Action"] == "s3:GetObject"
    assert set(read["Resource"]) == {f"arn:aws:s3:::{CONTEXT.model_bucket}/{folder}/*" for folder in folders}


def test_keys_are_used_through_the_store_that_they_belong_to(recorded: Recorded) -> None:
    for sid, statement in statements(recorded).items():
        if sid.startswith("Decrypt"):
            via = statement["Condition"]["StringEquals"]["kms:ViaService"]
            assert via.endswith(f".{REGION}.amazonaws.com")
            assert statement["Action"] == "kms:Decrypt"


def test_only_a_model_that_reads_features_may_read_the_feature_table(record: Recorder) -> None:
    fraud, chat = record(program("fraud-score")), record(program("chat"))
    assert all(not action.startswith("dynamodb:Put") for action in statements(fraud)["ReadFeatures"]["Action"])
    assert "ReadFeatures" not in statements(chat)
    assert "FEATURE_TABLE" in json.dumps(fraud.named("service-rollout")["spec"])


def test_the_key_of_the_signature_is_usable_where_it_is_given(record: Recorder) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/signing"
    allowed = statements(record(program(signer_key_arn=key)))["VerifySignature"]
    assert allowed["Resource"] == key
    assert "kms:Sign" not in allowed["Action"]


def test_the_keys_that_have_the_alias_of_the_manifest_verify_it_where_none_is_given(record: Recorder) -> None:
    signer = blueprint("chat").model.manifest.signer
    allowed = statements(record(program("chat")))["VerifySignature"]
    assert allowed["Resource"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
    assert allowed["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": signer}}
    by_name = blueprint("fraud-score", **{"model.manifest.signer": "CN=release,O=acme"})
    assert "VerifySignature" not in statements(record(lambda: ModelService("service", service_args(by_name))))


def test_the_identity_is_the_service_accounts_in_this_cluster(recorded: Recorded) -> None:
    identity, account = recorded.named("service-identity"), recorded.named("service-account")
    assert identity["serviceAccount"] == account["metadata"]["name"]
    assert identity["namespace"] == account["metadata"]["namespace"]
    assert identity["region"] == REGION


def test_a_fallback_model_beside_the_services_own_has_a_workload_of_its_own(record: Recorder) -> None:
    recorded = record(program("chat"))
    names = {one["metadata"]["name"] for one in recorded.of_type("Rollout")}
    assert names == {"chat", "chat-fallback"}
    accounts = {one["metadata"]["name"] for one in recorded.of_type("ServiceAccount")}
    assert accounts == {"chat", "chat-degradation"}
    assert len(record(program("fraud-score")).of_type("Rollout")) == 1


def test_names_are_unique_within_their_kind(recorded: Recorded) -> None:
    names = [(one.type, one["metadata"]["name"]) for one in recorded.managed("kubernetes:")]
    assert len(set(names)) == len(names)


def test_a_new_model_version_changes_only_the_rollout_and_what_names_the_version(record: Recorder) -> None:
    before = blueprint("fraud-score")
    after = blueprint("fraud-score", **NEW_VERSION)
    old_run = record(lambda: ModelService("service", service_args(before)))
    new_run = record(lambda: ModelService("service", service_args(after)))
    changed = {one.name for one in new_run.managed("kubernetes:") if unmarked(one) != unmarked(old_run.named(one.name))}
    assert changed == {"service-rollout"}


def test_a_mapping_is_as_good_as_a_blueprint(record: Recorder) -> None:
    plain = record(program("embedding", blueprint=blueprint_document("embedding")))
    typed = record(program("embedding"))
    assert {one.name: one.inputs for one in plain} == {one.name: one.inputs for one in typed}


@pytest.mark.parametrize(("service", "missing"), [("chat", "fallback_tags"), ("fraud-score", "feature_table")])
def test_what_the_blueprint_needs_must_be_given(record: Recorder, service: str, missing: str) -> None:
    def wrong() -> None:
        with pytest.raises(InputError, match=missing):
            ModelService("service", service_args(blueprint(service), **{missing: None}))

    assert record(wrong).managed() == []


def test_the_rollout_is_the_workloads_own_rendering(record: Recorder) -> None:
    spec = record(program("chat")).named("service-rollout")["spec"]
    assert spec["template"] == pod_template(workload("chat"), CONTEXT)


def test_the_service_waits_for_what_it_depends_on(record: Recorder) -> None:
    def ordered() -> None:
        first = ModelService("first", service_args(blueprint("embedding")))
        args = service_args(blueprint("fraud-score"))
        ModelService("second", args, pulumi.ResourceOptions(depends_on=[first]))

    recorded = record(ordered)
    before = recorded.named("first-rollout").urn
    waiting = {one.name for one in recorded.managed("kubernetes:") if before in one.dependencies}
    assert {"second-account", "second-network", "second-stable", "second-analysis"} <= waiting


def test_replicas_that_span_nodes_are_groups_behind_one_service_and_judged_by_no_controller(record: Recorder) -> None:
    changed = blueprint("chat", **OVER_NODES)
    recorded = record(lambda: ModelService("service", service_args(changed, fabric_adapters=32)))
    own = [one for one in recorded.managed("kubernetes:") if one["metadata"]["name"] == "chat"]
    kinds = {one.type.rpartition(":")[2] for one in own}
    assert {"LeaderWorkerSet", "ScaledObject", "PodDisruptionBudget", "PodMonitor"} <= kinds
    assert not {"Rollout", "AnalysisTemplate"} & kinds
    groups = recorded.named("service-groups")
    needed = {recorded.named(f"service-{one}").urn for one in ("account", "identity", "network", "stable", "route")}
    assert needed <= groups.dependencies
    assert groups.urn in recorded.named("service-autoscaler").dependencies
    for kind in ("leaderTemplate", "workerTemplate"):
        [server] = groups["spec"]["leaderWorkerTemplate"][kind]["spec"]["containers"]
        assert server["resources"]["limits"]["vpc.amazonaws.com/efa"] == "32"
