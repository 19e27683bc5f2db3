"""The rules inside one section of a blueprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.contract import Contract
from serving.blueprint.schema.rollout import Rollout
from serving.blueprint.schema.scaling import Scaling
from tests.documents import SERVICES, blueprint, blueprint_document, changed


def nested_models(model: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> Iterator[type[BaseModel]]:
    seen = seen if seen is not None else set()
    if model in seen:
        return
    seen.add(model)
    yield model
    for field in model.model_fields.values():
        pending: list[Any] = [field.annotation]
        while pending:
            annotation = pending.pop()
            pending += getattr(annotation, "__args__", ())
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from nested_models(annotation, seen)


MODELS = list(nested_models(Blueprint))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_of_a_blueprint_is_described(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_section_is_frozen_and_refuses_unknown_keys(model: type[BaseModel]) -> None:
    assert issubclass(model, Section)
    assert model.model_config["frozen"] is True
    assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize("service", SERVICES)
def test_a_blueprint_survives_being_written_and_read_again(service: str) -> None:
    once = blueprint(service)
    assert Blueprint.model_validate(once.model_dump(mode="json", by_alias=True)) == once


# (key, value, part of the message)
BROKEN = [
    ("identity.tier", 3, "Input should be 0, 1 or 2"),
    ("identity.tier", True, "'true' is no tier"),
    ("identity.name", "Fraud_Score", "String should match pattern"),
    ("identity.name", "x" * 31, "at most 30 characters"),
    ("contract.version", "1.0", "String should match pattern"),
    ("slo.availability_percent", 100, "less than 100"),
    ("slo.availability_percent", 50, "greater than 50"),
    ("slo.latency_ms", {"p50": 100, "p95": 80}, "80 ms is less than p50 (100 ms)"),
    ("slo.latency_ms", {}, "no percentile is stated"),
    ("slo.window_days", 6, "greater than or equal to 7"),
    ("scaling.max_replicas", 2, "2 is less than min_replicas (3)"),
    ("scaling.prewarmed_replicas", 13, "13 is more than max_replicas (12)"),
    ("scaling.fallback.replicas", 13, "13 is more than max_replicas (12)"),
    ("scaling.schedule.0.replicas", 13, "13 is more than max_replicas (12)"),
    ("scaling.traffic.peak_rps", 100, "100 is less than baseline_rps (200)"),
    ("scaling.traffic.daily_shape", [0.5] * 23, "23 values"),
    ("scaling.triggers", [{"signal": "utilization", "target": 101}], "101 is more than 100 %"),
    ("scaling.cooldown_seconds", "5m", "valid integer"),
    ("rollout.steps", [], "a canary without steps"),
    (
        "rollout.steps",
        [{"weight_percent": 10, "bake_seconds": 60}, {"weight_percent": 10, "bake_seconds": 60}],
        "10 does not rise above the step before (10)",
    ),
    ("degradation.ladder.0.when", {"signal": "error-rate"}, "exactly one of 'above' and 'below'"),
    ("degradation.ladder.1.static_answer", None, "action 'static-answer' needs static_answer"),
    ("degradation.ladder.1.action", "shed-low-priority", "stands in the ladder twice"),
    ("degradation.ladder.1.action", "smaller-model", "no fallback is stated"),
    ("recovery.backups.0.continuous", False, "cannot keep an RPO of 15 minutes"),
    ("recovery.backups", [], "at least 1 item"),
    ("recovery.backups.1", {"part": "feature-store", "every_minutes": 59}, "59 is less than 60"),
    ("model.manifest.signer", "arn:aws:kms:eu-west-1:123456789012:alias/model-signing", "is no alias of a key"),
    ("model.manifest.signer", "alias/${aws:username}", "is no alias of a key"),
    ("model.manifest.path", "manifest.json", "is not below 'fraud-gbm/3.2.0/'"),
    ("model.manifest.path", "fraud-gbm/3.2.0/../../other/manifest.json", "is not below 'fraud-gbm/3.2.0/'"),
    ("model.version", "3.2.0-rc.", "String should match pattern"),
    ("scaling.scale_to_zero", True, "1 together with scale_to_zero"),
    ("scaling.scale_to_zero", True, "'latency-p95' has no value while there is no replica"),
    ("recovery.topology", "single-region", "2 active regions in topology 'single-region'"),
    ("governance.model_card", None, "risk class 'high' needs a model card"),
    ("governance.retention.inference_log_days", 182, "less than the six months"),
    ("governance.data_class", "internal", "although personal data is processed"),
    ("governance.personal_data.legal_basis", None, "legal_basis is not stated"),
    ("governance.lineage.source_commit", "abc", "String should match pattern"),
    ("model.engine.image_digest", "sha256:abc", "String should match pattern"),
    ("model.engine.arguments", ["--trust-remote-code"], "is not allowed"),
    ("model.resources.accelerators", 1, "1 of accelerator 'none'"),
    ("model.resources.accelerator_share", {"kind": "mig", "profile": "1g.10gb"}, "a share of 0 accelerators"),
    ("model.resources.accelerator_share", {"kind": "mig"}, "mig without a profile"),
    ("model.resources.accelerator_share", {"kind": "time-slicing", "profile": "1g.5gb"}, "a profile for time-slicing"),
    ("model.engine.name", "custom", "needs a `custom` part"),
    ("model.format", "pickle", "Input should be"),
    ("incidents.escalation.1.after_minutes", 0, "0 is not later than the step before (0)"),
    ("incidents.runbooks.input-drift", ..., "no runbook for 'input-drift'"),
    ("cost.monthly_ceiling_usd", 0, "greater than 0"),
    ("schema", 2, "Input should be 1"),
]


@pytest.mark.parametrize(("key", "value", "message"), BROKEN, ids=[f"{key}={value}"[:60] for key, value, _ in BROKEN])
def test_a_broken_value_is_refused_with_its_reason(key: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Blueprint.model_validate(changed(blueprint_document("fraud-score"), {key: value}))
    assert message in str(caught.value)


def test_the_boundaries_of_bounded_values_are_allowed() -> None:
    edge = blueprint(
        "fraud-score",
        **{
            "slo.availability_percent": 99.999,
            "scaling.max_replicas": 12,
            "scaling.prewarmed_replicas": 12,
            "governance.retention.inference_log_days": 183,
            "scaling.traffic.baseline_rps": 900,
        },
    )
    assert edge.slo.error_budget_ratio == pytest.approx(0.00001)


def test_without_triggers_throughput_is_kept_at_seventy_percent_of_the_measured_capacity() -> None:
    scaling = Scaling.model_validate(
        {
            "min_replicas": 1,
            "max_replicas": 2,
            "replica_rps": 50,
            "traffic": {"baseline_rps": 1, "peak_rps": 10},
        }
    )
    assert [(t.signal.value, t.target) for t in scaling.effective_triggers] == [("throughput", 35)]


@pytest.mark.parametrize(("minimum", "maximum", "held"), [(1, 1, 1), (1, 5, 3), (4, 5, 4), (2, 12, 6)])
def test_the_default_fallback_holds_half_of_the_maximum_and_never_less_than_the_minimum(
    minimum: int, maximum: int, held: int
) -> None:
    scaling = Scaling.model_validate(
        {
            "min_replicas": minimum,
            "max_replicas": maximum,
            "replica_rps": 1,
            "traffic": {"baseline_rps": 1, "peak_rps": 1},
        }
    )
    assert scaling.effective_fallback.replicas == held


def test_a_left_out_stage_passes_its_input_on() -> None:
    contract = Contract.model_validate({"version": "1.0.0", "protocol": "open-inference-v2"})
    pipeline = {stage.name: stage for stage in contract.pipeline()}
    assert pipeline["features"].output == pipeline["ingress"].input == contract.public_request
    assert pipeline["inference"].output == pipeline["delivery"].output == contract.public_response


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_protocol_of_the_teams_own_needs_its_schemas(protocol: str) -> None:
    with pytest.raises(ValidationError, match="has no request schema of its own"):
        Contract.model_validate({"version": "1.0.0", "protocol": protocol})


@pytest.mark.parametrize(
    ("strategy", "weights", "desired", "both"),
    [
        ("canary", [1, 10, 50], 12, 18),  # at 100: all of the new, half of the old
        ("canary", [5, 20, 50, 80], 6, 8),  # from 50 to 80: five and three; from 80: six and two
        ("canary", [50], 1, 2),
        ("canary", [50], 2, 3),
        ("canary", [100], 4, 8),
        ("blue-green", [50], 4, 8),
    ],
)
def test_both_versions_have_what_a_step_needs_of_them(
    strategy: str, weights: list[int], desired: int, both: int
) -> None:
    steps = [{"weight_percent": weight, "bake_seconds": 600} for weight in weights]
    rollout = Rollout.model_validate({"strategy": strategy, "steps": steps})
    assert rollout.replicas_of_both(desired) == both


def test_a_version_that_stays_whole_needs_room_for_two() -> None:
    assert Rollout.model_validate({"max_surge_percent": 100}).replicas_of_both(3) == 6


@pytest.mark.parametrize(("percent", "fits"), [(49, False), (50, True), (None, True)])
def test_a_surge_below_the_largest_rise_of_the_weights_is_refused(percent: int | None, fits: bool) -> None:
    steps = [{"weight_percent": 10, "bake_seconds": 600}, {"weight_percent": 50, "bake_seconds": 600}]
    document = {"steps": steps, "max_surge_percent": percent}
    if fits:
        assert Rollout.model_validate(document).needed_surge_percent == 50
        return
    with pytest.raises(ValidationError, match="49 is less than the 50"):
        Rollout.model_validate(document)


@pytest.mark.parametrize(("bake_seconds", "fits"), [(59, False), (60, True)])
def test_a_step_that_ends_before_it_is_measured_is_refused(bake_seconds: int, fits: bool) -> None:
    document = {
        "steps": [{"weight_percent": 50, "bake_seconds": bake_seconds}],
        "analysis": [{"signal": "error-rate", "max_value": 1, "interval_seconds": 30}],
    }
    if fits:
        assert Rollout.model_validate(document)
        return
    with pytest.raises(ValidationError, match="less than two measurements take"):
        Rollout.model_validate(document)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        ({"kind": "mig", "profile": "1g.1gb"}, "has 1 GiB, the model 2.3 GiB"),
        ({"kind": "time-slicing"}, "vLLM without --gpu-memory-utilization"),
    ],
)
def test_a_share_must_have_room_for_the_model(share: dict[str, object], told: str) -> None:
    document = changed(blueprint_document("embedding"), {"model.resources.accelerator_share": share})
    with pytest.raises(ValidationError, match=told):
        Blueprint.model_validate(document)


@pytest.mark.parametrize(
    ("when", "until", "refused"),
    [
        ({"above": 12}, {"below": 4}, False),
        ({"above": 12}, {"below": 12}, False),
        ({"above": 12}, {"below": 13}, True),
        ({"above": 12}, {"above": 20}, True),
        ({"below": 2}, {"above": 5}, False),
        ({"below": 5}, {"above": 2}, True),
        ({"below": 5}, {"below": 2}, True),
    ],
)
def test_what_ends_a_step_must_not_hold_while_what_starts_it_holds(
    when: dict[str, float], until: dict[str, float], *, refused: bool
) -> None:
    step = {
        "action": "shed-low-priority",
        "when": {"signal": "queue-depth", **when},
        "until": {"signal": "queue-depth", **until},
    }
    if refused:
        with pytest.raises(ValidationError, match="holds while `when` holds"):
            blueprint("chat", **{"degradation.ladder": [step]})
    else:
        blueprint("chat", **{"degradation.ladder": [step]})


def test_a_smaller_model_that_everybody_may_be_sent_to_is_kept_warm() -> None:
    with pytest.raises(ValidationError, match="although the ladder has a step 'smaller-model'"):
        blueprint("chat", **{"degradation.fallback.min_replicas": 0})
