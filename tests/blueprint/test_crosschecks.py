"""The rules between the sections of one blueprint."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serving.blueprint.crosschecks import CROSS_CHECKS, cross_findings, tightest_latency
from serving.blueprint.schema import Blueprint
from tests.documents import SERVICES, blueprint, blueprint_document, changed

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
NUMBER = {"type": "object", "required": ["text"], "properties": {"text": {"type": "number"}}}


def refused(service: str, **changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Blueprint.model_validate(changed(blueprint_document(service), changes))
    return str(caught.value)


@pytest.mark.parametrize("service", SERVICES)
def test_the_shipped_blueprints_break_no_rule_between_sections(service: str) -> None:
    document = blueprint(service)
    sections = {name: getattr(document, name) for name in Blueprint.model_fields}
    assert list(cross_findings(sections)) == []


def test_a_check_runs_as_soon_as_its_own_sections_are_valid() -> None:
    document = blueprint("fraud-score")
    assert list(cross_findings({"contract": document.contract})) == []
    assert all(set(check.sections) <= set(Blueprint.model_fields) for check in CROSS_CHECKS)


def test_a_stage_that_does_not_take_what_the_stage_before_gives_is_named_with_the_field() -> None:
    told = refused("fraud-score", **{"contract.stages.inference.input": NUMBER})
    assert "contract.stages.inference.input" in told
    assert "stage 'features'" in told
    assert "text" in told


def test_a_pipeline_that_refuses_the_public_request_is_refused() -> None:
    told = refused("fraud-score", **{"contract.stages.ingress.input": TEXT})
    assert "the public request does not fit" in told


def test_a_pipeline_whose_answer_is_not_the_public_response_is_refused() -> None:
    told = refused("fraud-score", **{"contract.stages.delivery.output": TEXT})
    assert "contract.response" in told


def test_an_older_contract_version_that_the_pipeline_no_longer_takes_is_refused() -> None:
    older: dict[str, Any] = {
        "version": "2.0.0",
        "request": TEXT,
        "deprecated_on": "2026-01-01",
        "removed_on": "2027-01-01",
    }
    told = refused("fraud-score", **{"contract.supported_versions": [older]})
    assert "the request of version 2.0.0 does not fit" in told


@pytest.mark.parametrize(("budget", "fits"), [(54, True), (55, False), (56, False)])
def test_the_stages_must_leave_the_inference_stage_a_part_of_the_objective(budget: int, fits: bool) -> None:
    # p95 is 80 ms; features 15, delivery 5 and ingress as tested leave the inference stage the rest
    changes = {
        "contract.stages.features.latency_budget_ms": budget + 15,
        "contract.stages.features.timeout_ms": 200,
    }
    if fits:
        assert blueprint("fraud-score", **changes)
    else:
        assert "latency budgets" in refused("fraud-score", **changes)


def test_a_stated_inference_budget_may_use_the_objective_up() -> None:
    assert blueprint("fraud-score", **{"contract.stages.inference.latency_budget_ms": 55})
    assert "latency budgets" in refused("fraud-score", **{"contract.stages.inference.latency_budget_ms": 56})


def test_streams_share_the_time_to_first_token_and_others_the_whole_latency() -> None:
    chat, fraud = blueprint("chat"), blueprint("fraud-score")
    assert tightest_latency(chat.contract, chat.slo) == (900, "slo.time_to_first_token_ms.p95")
    assert tightest_latency(fraud.contract, fraud.slo) == (80, "slo.latency_ms.p95")


def test_a_service_does_not_fall_back_to_itself() -> None:
    told = refused("chat", **{"degradation.fallback": {"service": "chat"}})
    assert "'chat' falls back to itself" in told


def test_a_model_does_not_fall_back_to_itself_under_another_version() -> None:
    named = {"name": "qwen3-8b", "manifest.path": "qwen3-8b/1.4.0/manifest.json"}
    told = refused("chat", **{f"degradation.fallback.model.{key}": value for key, value in named.items()})
    assert "falls back to itself" in told


def test_a_model_does_not_fall_back_to_itself_under_another_name() -> None:
    digest = blueprint("chat").model.manifest.digest
    assert "falls back to itself" in refused("chat", **{"degradation.fallback.model.manifest.digest": digest})


def test_a_stage_can_only_degrade_where_there_is_a_ladder() -> None:
    told = refused("fraud-score", **{"degradation.ladder": []})
    assert "contract.stages.inference.on_failure" in told


def test_a_static_answer_is_none_to_whoever_waits_for_another() -> None:
    ladder = blueprint_document("fraud-score")["degradation"]["ladder"]
    assert "degradation.ladder[1].action" in refused("embedding", **{"degradation.ladder": ladder})


def test_a_static_answer_must_be_readable_by_consumers() -> None:
    told = refused("fraud-score", **{"degradation.ladder.1.static_answer": {"score": 2}})
    assert "degradation.ladder[1].static_answer" in told


def test_a_static_answer_must_be_readable_by_consumers_of_older_versions() -> None:
    older = blueprint_document("fraud-score")["contract"]["response"]
    older = {**older, "properties": {**older["properties"], "reasons": {"type": "array", "maxItems": 0}}}
    told = refused("fraud-score", **{"contract.supported_versions.0.response": older})
    assert "does not fit the response of version 3.0.0 at" in told
    assert "static_answer" in told


@pytest.mark.parametrize(("replicas", "allowed"), [(1, False), (2, True)])
def test_one_failed_node_does_not_stop_a_tier_zero_service(replicas: int, allowed: bool) -> None:
    if allowed:
        assert blueprint("fraud-score", **{"scaling.min_replicas": replicas})
    else:
        assert "in tier 0" in refused("fraud-score", **{"scaling.min_replicas": replicas})


SLEEPING: dict[str, object] = {"scaling.scale_to_zero": True, "scaling.min_replicas": 0, "scaling.triggers": []}


@pytest.mark.parametrize(("tier", "allowed"), [(1, False), (2, True)])
def test_only_a_service_that_nobody_misses_may_sleep(tier: int, allowed: bool) -> None:
    changes = {**SLEEPING, "identity.tier": tier, "contract.delivery": ["sync"]}
    if allowed:
        assert blueprint("embedding", **changes)
    else:
        assert "no replica when idle, in tier 1" in refused("embedding", **changes)


@pytest.mark.parametrize(("triggers", "allowed"), [([{"signal": "queue-depth", "target": 4}], False), ([], True)])
def test_a_fallback_model_sleeps_only_where_the_gateway_can_wake_it(triggers: list[object], allowed: bool) -> None:
    # nobody is sent to it all at once (`smaller-model`), or it would have to be warm
    changes = {"degradation.ladder.1": ..., "degradation.fallback.min_replicas": 0, "scaling.triggers": triggers}
    if allowed:
        assert blueprint("chat", **changes)
    else:
        assert "degradation.fallback.min_replicas: 0 with triggers" in refused("chat", **changes)


def test_a_first_token_can_only_be_promised_on_a_stream() -> None:
    told = refused("chat", **{"contract.delivery": ["sync"]})
    assert "slo.time_to_first_token_ms" in told


def test_a_known_engine_takes_no_metric_names_from_a_blueprint() -> None:
    told = refused("chat", **{"observability.metrics": {"queue-depth": "my_queue"}})
    assert "has a metric contract of its own" in told


def test_features_that_are_read_are_backed_up() -> None:
    told = refused("fraud-score", **{"recovery.backups": [{"part": "model-store", "continuous": True}]})
    assert "no backup rule covers 'feature-store'" in told


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("scaling.max_replica", "is not a key of a blueprint"),
        ("scaling.max_replicas.more", "is not a key of a blueprint"),
        ("governance.data_class", "can't be opened to environments"),
        ("identity.tier", "can't be opened to environments"),
    ],
)
def test_only_existing_and_harmless_keys_can_be_opened_to_environments(key: str, message: str) -> None:
    assert message in refused("chat", overridable=[key])


OVER_NODES: dict[str, object] = {
    "model.resources.nodes": 2,
    "model.resources.accelerators": 8,
    "rollout.strategy": "rolling",
    "rollout.steps": [],
    "rollout.analysis": [],
    "rollout.automatic_rollback": False,
}


def test_a_model_may_span_nodes_where_nothing_is_promised_that_no_controller_keeps() -> None:
    assert blueprint("chat", **OVER_NODES).model.resources.spans_nodes


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_no_rollout_controller_is_promised_for_replicas_that_span_nodes(strategy: str) -> None:
    stated = {"rollout.strategy": strategy, "rollout.steps": [STEP], "rollout.max_surge_percent": None}
    told = refused("chat", **OVER_NODES | stated)
    assert "replicas that span 2 nodes" in told


def test_replicas_of_one_pod_are_not_replaced_unmeasured() -> None:
    told = refused("chat", **OVER_NODES | {"model.resources.nodes": 1})
    assert "'rolling' although a replica is one pod" in told


STEP = {"weight_percent": 5, "bake_seconds": 600}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("rollout.steps", [STEP], "steps of a rolling update"),
        ("rollout.analysis", [{"signal": "error-rate", "max_value": 1}], "conditions of a rolling update"),
        ("rollout.automatic_rollback", True, "automatic rollback of a rolling update"),
    ],
)
def test_what_nothing_does_in_a_rolling_update_is_refused(key: str, value: object, words: str) -> None:
    assert words in refused("chat", **OVER_NODES | {key: value})


def test_only_a_rolling_update_holds_replicas() -> None:
    assert "1 held replicas with strategy 'canary'" in refused("chat", **{"rollout.held_replicas": 1})
    assert blueprint("chat", **OVER_NODES | {"rollout.held_replicas": 1}).rollout.held_replicas == 1


def test_the_loss_of_a_zone_must_not_stop_a_service_of_tier_zero_whose_model_spans_nodes() -> None:
    stopping = OVER_NODES | {"identity.tier": 0}
    assert "1 for a model of tier 0 that spans nodes" in refused(
        "chat", **stopping, **{"recovery.min_active_regions": 1}
    )
    assert blueprint("chat", **stopping, **{"recovery.min_active_regions": 2}).name == "chat"


def test_a_stand_in_does_not_span_nodes() -> None:
    told = refused("chat", **{"degradation.fallback.model.resources.nodes": 2})
    assert "a fallback model over 2 nodes" in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model.engine.version": "0.11.1"}, "spans nodes with Ray only"),
        ({"model.engine.arguments": ["--pipeline-parallel-size=4"]}, "stated by the platform"),
        ({"model.engine.arguments": ["--node_rank", "1"]}, "stated by the platform"),
        ({"model.resources.accelerator": "none", "model.resources.accelerators": 0}, "without an accelerator"),
    ],
)
def test_what_would_not_join_nodes_to_one_replica_is_refused(changes: dict[str, object], words: str) -> None:
    assert words in refused("chat", **OVER_NODES | changes)


def test_only_vllm_spans_nodes() -> None:
    spanning = {
        "model.resources.nodes": 2,
        "model.resources.accelerator": "nvidia-l4",
        "model.resources.accelerators": 1,
    }
    assert "engine 'mlserver' over 2 nodes" in refused("fraud-score", **spanning)
