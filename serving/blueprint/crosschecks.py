"""Rules between two or more sections of one blueprint, as plain functions.

Each says which sections it reads, so that it can run as soon as those are valid, even while another section
is not. Findings carry paths from the root of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from serving.blueprint.compatibility import misfits
from serving.blueprint.delivery import ATTEMPT_MARGIN_SECONDS
from serving.blueprint.errors import Finding, KeyPath, format_path
from serving.blueprint.schema.contract import Contract, Delivery, OnFailure, Stage, Stages
from serving.blueprint.schema.degradation import Action, Degradation
from serving.blueprint.schema.governance import Governance
from serving.blueprint.schema.identity import Identity
from serving.blueprint.schema.model import EngineName, Model
from serving.blueprint.schema.observability import Observability
from serving.blueprint.schema.recovery import Recovery, StatefulPart
from serving.blueprint.schema.rollout import Rollout, Strategy
from serving.blueprint.schema.scaling import ZERO_SIGNALS, Scaling
from serving.blueprint.schema.slo import Slo
from serving.blueprint.vocabulary import Tier


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """A rule and the sections that it reads, in the order of its arguments."""

    sections: tuple[str, ...]
    check: Callable[..., Iterable[Finding]]


def cross_findings(sections: Mapping[str, Any]) -> Iterator[Finding]:
    """Run every cross-check whose sections are all present."""
    for cross_check in CROSS_CHECKS:
        if all(name in sections for name in cross_check.sections):
            yield from cross_check.check(*(sections[name] for name in cross_check.sections))


def stages_fit(contract: Contract) -> Iterator[Finding]:
    """Every value that one stage gives must be accepted by the next, from public request to response."""
    pipeline = contract.pipeline()
    yield from _fit(
        contract.public_request,
        pipeline[0].input,
        ("contract", "stages", "ingress", "input"),
        "the public request",
    )
    for before, after in pairwise(pipeline):
        path = ("contract", "stages", after.name, "input")
        yield from _fit(before.output, after.input, path, f"the output of stage '{before.name}'")
    public = ("contract", "response") if contract.response is not None else ("contract", "stages", "delivery")
    yield from _fit(pipeline[-1].output, contract.public_response, public, "the output of stage 'delivery'")


def supported_versions_are_served(contract: Contract) -> Iterator[Finding]:
    """A consumer of an older version must be served by today's pipeline."""
    pipeline = contract.pipeline()
    for index, older in enumerate(contract.supported_versions):
        base: KeyPath = ("contract", "supported_versions", index)
        if older.request is not None:
            what = f"the request of version {older.version}"
            yield from _fit(older.request, pipeline[0].input, (*base, "request"), what)
        if older.response is not None:
            yield from _fit(pipeline[-1].output, older.response, (*base, "response"), "the output of stage 'delivery'")


def _fit(producer: Mapping[str, Any], consumer: Mapping[str, Any], path: KeyPath, what: str) -> Iterator[Finding]:
    for misfit in misfits(producer, consumer):
        yield Finding(
            path,
            f"{what} does not fit at '{misfit.path}': {misfit.reason}",
            effect="requests that the contract allows would fail in the pipeline",
            remedy=f"make {format_path(path)} accept it, or narrow what is produced",
        )


def latency_budget_fits(contract: Contract, slo: Slo) -> Iterator[Finding]:
    """The stages' shares must leave the inference stage something of the tightest latency objective."""
    objective_ms, objective = tightest_latency(contract, slo)
    stages: dict[str, Stage] = {name: getattr(contract.stages, name) for name in Stages.model_fields}
    spent = sum(stage.latency_budget_ms or 0 for stage in stages.values())
    left_for_inference = stages["inference"].latency_budget_ms is not None
    if spent > objective_ms or (spent == objective_ms and not left_for_inference):
        shares = ", ".join(f"{name} {stage.latency_budget_ms or 0}" for name, stage in stages.items())
        yield Finding(
            ("contract", "stages"),
            f"the stages' latency budgets ({shares}) add up to {spent} ms, {objective} promises {objective_ms} ms",
            effect="the objective would be missed even when every stage keeps its budget",
            remedy="lower a stage's latency_budget_ms or relax the objective",
        )


def tightest_latency(contract: Contract, slo: Slo) -> tuple[int, str]:
    """The latency that the stages share, milliseconds, and the key of the objective it comes from.

    For streams it is the time to first token; p95 before p99 before p50, because a budget for p95 is what
    load tests measure.
    """
    objectives, key = slo.latency_ms, "slo.latency_ms"
    if Delivery.STREAM in contract.delivery and slo.time_to_first_token_ms is not None:
        objectives, key = slo.time_to_first_token_ms, "slo.time_to_first_token_ms"
    stated = objectives.by_percentile()
    percentile = next(p for p in (95, 99, 50) if p in stated)
    return stated[percentile], f"{key}.p{percentile}"


def an_attempt_fits_its_lease(contract: Contract, slo: Slo) -> Iterator[Finding]:
    """A request that is answered later must have ended before another worker takes it for lost."""
    from serving.blueprint.timing import longest_request_seconds

    seconds, queue = longest_request_seconds(contract, slo), contract.queue
    least = seconds + ATTEMPT_MARGIN_SECONDS
    if Delivery.ASYNC in contract.delivery and queue.visibility_timeout_seconds < least:
        yield Finding(
            ("contract", "queue", "visibility_timeout_seconds"),
            f"{queue.visibility_timeout_seconds} s, and a request may take {seconds} s by the timeouts of its stages",
            effect="attempts would be broken off although they are inside their time, and begun again elsewhere",
            remedy=f"raise it to at least {least}, or lower the stages' timeout_ms",
        )


def a_queue_needs_somebody_awake(contract: Contract, scaling: Scaling) -> Iterator[Finding]:
    """What waits is counted by the replicas themselves: nobody counts where there is none."""
    if Delivery.ASYNC in contract.delivery and scaling.scale_to_zero:
        yield Finding(
            ("scaling", "scale_to_zero"),
            "no replica when idle, although answers are delivered later",
            effect="requests that were taken in could wait with nobody to work on them, nor to say so",
            remedy="keep a replica, or take 'async' out of contract.delivery",
        )


def fallback_is_another(identity: Identity, model: Model, degradation: Degradation) -> Iterator[Finding]:
    """A fallback must not be the service or the model that it stands in for."""
    fallback = degradation.fallback
    if fallback is None:
        return
    if fallback.service == identity.name:
        yield Finding(
            ("degradation", "fallback", "service"),
            f"'{fallback.service}' falls back to itself",
            effect="an overloaded service would route its traffic to the same replicas",
            remedy="name another service, or a smaller model",
        )
    if fallback.model is not None and (
        fallback.model.name == model.name or fallback.model.manifest.digest == model.manifest.digest
    ):
        yield Finding(
            ("degradation", "fallback", "model"),
            f"model '{fallback.model.name}' falls back to itself",
            effect="the fallback would fail together with what it stands in for",
            remedy="name another, smaller model",
        )


def degrading_stage_has_a_ladder(contract: Contract, degradation: Degradation) -> Iterator[Finding]:
    """`on_failure: degrade` needs a step to take."""
    for name in Stages.model_fields:
        if getattr(contract.stages, name).on_failure is OnFailure.DEGRADE and not degradation.ladder:
            yield Finding(
                ("contract", "stages", name, "on_failure"),
                "'degrade' although the degradation ladder is empty",
                effect="the stage would have no step to take",
                remedy="state degradation.ladder, or choose another reaction",
                allowed=tuple(OnFailure),
            )


def static_answer_fits(contract: Contract, degradation: Degradation) -> Iterator[Finding]:
    """A static answer is an answer: consumers must be able to read it."""
    for index, step in enumerate(degradation.ladder):
        if step.action is Action.STATIC_ANSWER and Delivery.ASYNC in contract.delivery:
            yield Finding(
                ("degradation", "ladder", index, "action"),
                f"'{step.action}' although requests may be answered later",
                effect="whoever asks for an answer that is being worked on would get the static one instead",
                remedy="take the step out of the ladder, or 'async' out of contract.delivery",
            )
        if step.action is Action.STATIC_ANSWER and step.static_answer is not None:
            from serving.blueprint.compatibility import instance_errors

            promised = {"the public response": contract.public_response} | {
                f"the response of version {older.version}": older.response
                for older in contract.supported_versions
                if older.response is not None
            }
            for what, response in promised.items():
                for place, reason in instance_errors(step.static_answer, response):
                    yield Finding(
                        ("degradation", "ladder", index, "static_answer"),
                        f"does not fit {what} at '{place}': {reason}",
                        effect="consumers could not read the answer when they need it most",
                        remedy="write an answer that contract.response and those of all supported versions allow",
                    )


def tier_zero_survives(identity: Identity, scaling: Scaling) -> Iterator[Finding]:
    """Where users stop when the service stops, one failed node must not stop it."""
    if identity.tier is Tier.USERS_STOP and scaling.min_replicas < 2:
        yield Finding(
            ("scaling", "min_replicas"),
            f"{scaling.min_replicas} replica(s) in tier 0",
            effect="one failed node would stop the service",
            remedy="keep at least 2 replicas, or choose a lower tier",
        )


def only_the_unnoticed_sleeps(identity: Identity, scaling: Scaling) -> Iterator[Finding]:
    """With no replica at all, requests fail until one has started."""
    if scaling.scale_to_zero and identity.tier is not Tier.USERS_UNAWARE:
        yield Finding(
            ("scaling", "scale_to_zero"),
            f"no replica when idle, in tier {identity.tier.value}",
            effect="the first requests of a quiet hour would fail for a whole cold start, and users would notice",
            remedy=f"keep a replica, or choose tier {Tier.USERS_UNAWARE.value}",
        )


def a_sleeping_fallback_wakes(scaling: Scaling, degradation: Degradation) -> Iterator[Finding]:
    """A fallback model without replicas is woken by what the gateway counts, and by nothing else."""
    fallback = degradation.fallback
    if fallback is None or fallback.model is None or fallback.min_replicas:
        return
    signals = {trigger.signal for trigger in scaling.effective_triggers}
    if unseen := sorted(signals - ZERO_SIGNALS):
        yield Finding(
            ("degradation", "fallback", "min_replicas"),
            f"0 with triggers that have no value without a replica ({', '.join(unseen)})",
            effect="nothing would start the fallback when it is needed",
            remedy="keep a replica of it, or scale by what the gateway counts",
            allowed=tuple(sorted(ZERO_SIGNALS)),
        )


def strategy_fits_the_replicas(model: Model, rollout: Rollout) -> Iterator[Finding]:
    """Replicas that span nodes are replaced one by one; all others by a controller that measures the new version."""
    spans, rolling = model.resources.spans_nodes, rollout.strategy is Strategy.ROLLING
    if spans and not rolling:
        yield Finding(
            ("rollout", "strategy"),
            f"'{rollout.strategy}' for replicas that span {model.resources.nodes} nodes",
            effect="the rollout controller knows single pods only: no group of pods would ever be made",
            remedy="state strategy: rolling and automatic_rollback: false",
            allowed=(Strategy.ROLLING.value,),
        )
    if rolling and not spans:
        yield Finding(
            ("rollout", "strategy"),
            "'rolling' although a replica is one pod",
            effect="a bad version would take over unmeasured where it could have been stopped",
            remedy="choose canary, or blue-green",
            allowed=(Strategy.CANARY.value, Strategy.BLUE_GREEN.value),
        )


def spanning_replicas_can_be_replaced(identity: Identity, model: Model, recovery: Recovery) -> Iterator[Finding]:
    """Nodes of one fabric stand in one zone: what its loss must not stop needs another region."""
    if model.resources.spans_nodes and identity.tier is Tier.USERS_STOP and recovery.min_active_regions < 2:
        yield Finding(
            ("recovery", "min_active_regions"),
            f"{recovery.min_active_regions} for a model of tier 0 that spans nodes",
            effect="its nodes stand in one zone: the loss of that zone would stop the service",
            remedy="promise at least 2 active regions, or choose a lower tier",
        )


def stand_in_fits_one_node(degradation: Degradation) -> Iterator[Finding]:
    """A stand-in that waits for several nodes at once comes too late."""
    fallback = degradation.fallback
    if fallback is not None and fallback.model is not None and fallback.model.resources.spans_nodes:
        yield Finding(
            ("degradation", "fallback", "model", "resources", "nodes"),
            f"a fallback model over {fallback.model.resources.nodes} nodes",
            effect="it would need as many nodes at once as what it stands in for",
            remedy="name a model that fits one node",
        )


def llm_objectives_need_a_stream(contract: Contract, slo: Slo) -> Iterator[Finding]:
    """Time to first token is only seen by consumers of a stream."""
    if slo.time_to_first_token_ms is not None and Delivery.STREAM not in contract.delivery:
        yield Finding(
            ("slo", "time_to_first_token_ms"),
            "an objective for the first token, but the contract delivers no stream",
            effect="the objective could not be measured",
            remedy="add 'stream' to contract.delivery, or remove the objective",
            allowed=tuple(Delivery),
        )


def known_engines_have_their_metrics(model: Model, observability: Observability) -> Iterator[Finding]:
    """Which metric carries a signal is said by an engine's contract, and only for custom engines here.

    Whether a signal that is used is offered at all is judged by the metric contract, in `serving.telemetry`.
    """
    if model.engine.name is not EngineName.CUSTOM and observability.metrics:
        yield Finding(
            ("observability", "metrics"),
            f"engine '{model.engine.name}' has a metric contract of its own",
            effect="two metric names would compete for one signal",
            remedy="remove observability.metrics",
        )


def feature_store_is_backed_up(governance: Governance, recovery: Recovery) -> Iterator[Finding]:
    """Features that are read when serving must survive the loss of a region."""
    parts = {rule.part for rule in recovery.backups}
    if governance.lineage.feature_views and StatefulPart.FEATURE_STORE not in parts:
        yield Finding(
            ("recovery", "backups"),
            "the service reads feature views but no backup rule covers 'feature-store'",
            effect="lost features could not be restored",
            remedy="add a rule with part: feature-store",
            allowed=tuple(StatefulPart),
        )


def overridable_paths_exist(overridable: tuple[str, ...]) -> Iterator[Finding]:
    """What an environment may override must be a key of the blueprint."""
    from serving.blueprint.schema import Blueprint

    for index, dotted in enumerate(overridable):
        if not _is_key(Blueprint, dotted.split(".")):
            yield Finding(
                ("overridable", index),
                f"'{dotted}' is not a key of a blueprint",
                effect="no environment could make use of it",
                remedy="state the key path of a value, e.g. scaling.max_replicas",
            )
        elif dotted.split(".")[0] in ("identity", "contract", "governance", "overridable", "schema"):
            yield Finding(
                ("overridable", index),
                f"'{dotted}' can't be opened to environments",
                effect="consumers and auditors would be told something else in each environment",
                remedy="keep identity, contract and governance the same everywhere",
            )


def _is_key(model: type[BaseModel], parts: list[str]) -> bool:
    """Whether the path names a field, following nested sections."""
    head, *rest = parts
    field = next((f for n, f in model.model_fields.items() if (f.alias or n) == head), None)
    if field is None:
        return False
    annotation = field.annotation
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    nested = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return not rest or (nested is not None and _is_key(nested, rest))


CROSS_CHECKS: tuple[CrossCheck, ...] = (
    CrossCheck(("contract",), stages_fit),
    CrossCheck(("contract",), supported_versions_are_served),
    CrossCheck(("contract", "slo"), latency_budget_fits),
    CrossCheck(("contract", "slo"), an_attempt_fits_its_lease),
    CrossCheck(("contract", "scaling"), a_queue_needs_somebody_awake),
    CrossCheck(("identity", "model", "degradation"), fallback_is_another),
    CrossCheck(("contract", "degradation"), degrading_stage_has_a_ladder),
    CrossCheck(("contract", "degradation"), static_answer_fits),
    CrossCheck(("identity", "scaling"), tier_zero_survives),
    CrossCheck(("identity", "scaling"), only_the_unnoticed_sleeps),
    CrossCheck(("scaling", "degradation"), a_sleeping_fallback_wakes),
    CrossCheck(("model", "rollout"), strategy_fits_the_replicas),
    CrossCheck(("identity", "model", "recovery"), spanning_replicas_can_be_replaced),
    CrossCheck(("degradation",), stand_in_fits_one_node),
    CrossCheck(("contract", "slo"), llm_objectives_need_a_stream),
    CrossCheck(("model", "observability"), known_engines_have_their_metrics),
    CrossCheck(("governance", "recovery"), feature_store_is_backed_up),
    CrossCheck(("overridable",), overridable_paths_exist),
)
