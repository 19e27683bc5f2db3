"""RTO and RPO are computed from facts, and the number that breaks a promise is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components import autoscaler
from serving.blueprint.environment import Environment
from serving.blueprint.schema import Blueprint
from serving.planning.backups import COMPLETION_MINUTES, COPY_MINUTES, DAY, START_WINDOW_MINUTES
from serving.planning.recovery import (
    AUTOSCALER_SECONDS,
    Assessment,
    Promise,
    Scenario,
    ServiceFacts,
    Step,
    StoreFacts,
    Verdict,
    assess,
    data_loss_steps,
    environment_facts,
    promise_of,
    recovery_findings,
    region_loss_steps,
    rto_steps,
    shown_steps,
    total,
)
from tests.documents import SERVICES, blueprint, environment

BACKUP_SECONDS = (DAY + START_WINDOW_MINUTES + COMPLETION_MINUTES) * 60


def chat(**changes: object) -> Blueprint:
    return blueprint("chat", **changes)


def judged(prod: Environment, *services: Blueprint) -> list[Assessment]:
    facts = environment_facts(prod, services)
    return [made for one in services for made in assess(promise_of(prod, one), facts[one.name])]


def facts_of(prod: Environment, service: Blueprint) -> tuple[Promise, ServiceFacts]:
    return promise_of(prod, service), environment_facts(prod, [service])[service.name]


def names(steps: tuple[Step, ...]) -> list[str]:
    return [step.what for step in steps]


def test_the_shipped_production_environment_keeps_every_promise() -> None:
    made = judged(environment("prod"), *map(blueprint, SERVICES))
    assert {one.verdict for one in made} == {Verdict.KEPT}
    assert len(made) == len(SERVICES) * len(Scenario)


def test_an_accelerator_leaves_a_region_by_the_gateways_checks_and_nobody_waits_for_names() -> None:
    prod = environment("prod", routing={"kind": "accelerator"})
    steps = rto_steps(*facts_of(prod, blueprint("embedding")))
    assert names(steps) == ["detection", "accelerator"]
    assert total(steps) == prod.routing.failover_seconds


def test_a_region_is_left_after_detection_and_the_time_for_which_clients_keep_its_address() -> None:
    promise, facts = facts_of(environment("prod"), blueprint("embedding"))
    assert rto_steps(promise, facts) == (Step("detection", 30), Step("DNS", 60))


def test_replicas_that_do_not_run_yet_cost_a_cold_start_and_without_a_node_a_node() -> None:
    promise, facts = facts_of(environment("prod"), chat())
    absent = replace(facts, nodes_stand=False)
    assert names(rto_steps(promise, absent)) == ["detection", "DNS", "autoscaler", "node", "cold start"]
    standing = replace(facts, nodes_stand=True)
    assert names(rto_steps(promise, standing)) == ["detection", "DNS", "autoscaler", "cold start"]
    running = replace(facts, least_replicas=promise.peak_replicas)
    assert names(rto_steps(promise, running)) == ["detection", "DNS"]


@pytest.mark.parametrize(("missing", "starts"), [(0, False), (1, True)])
def test_one_replica_too_few_is_a_cold_start(missing: int, starts: bool) -> None:
    promise, facts = facts_of(environment("prod"), chat())
    enough = promise.peak_replicas - promise.prewarmed_replicas
    steps = rto_steps(promise, replace(facts, least_replicas=enough - missing))
    assert ("cold start" in names(steps)) is starts


def test_nodes_stand_only_where_every_region_holds_the_peak_on_its_least_nodes() -> None:
    fraud = blueprint("fraud-score")
    assert environment_facts(environment("prod"), [fraud])["fraud-score"].nodes_stand
    fewer = environment("prod", **{"regions.1.node_groups.1.min_nodes": 1})
    assert not environment_facts(fewer, [fraud])["fraud-score"].nodes_stand


def test_a_person_who_moves_the_traffic_takes_the_time_in_which_a_person_answers() -> None:
    promise, facts = facts_of(environment("prod"), blueprint("embedding", **{"recovery.failover": "manual"}))
    assert rto_steps(promise, facts)[:2] == (Step("a person answers", 300), Step("records change", 60))


def test_the_numbers_of_an_unkept_rto_and_the_largest_stand_in_the_finding() -> None:
    prod = environment("prod", **{"regions.0.node_groups.3.min_nodes": 8, "regions.1.node_groups.3.min_nodes": 8})
    [found] = recovery_findings(prod, [chat(**{"recovery.rto_minutes": 1})])
    assert (found.service, found.finding.path) == ("chat", ("recovery", "rto_minutes"))
    assert "detection 30 s + DNS 60 s + autoscaler 90 s + cold start 160 s = 340 s > 60 s" in found.finding.message
    assert "cold start is the largest" in found.finding.message
    assert found.finding.remedy.endswith("state rto_minutes: 6 or more")


def test_a_backup_counts_from_the_one_before_to_the_end_of_the_next() -> None:
    store = StoreFacts("s", backup_minutes=DAY, copied=True)
    assert total(data_loss_steps(store)) == BACKUP_SECONDS
    assert total(region_loss_steps(store)) == BACKUP_SECONDS + COPY_MINUTES * 60


def test_the_quickest_of_several_copies_counts() -> None:
    store = StoreFacts("s", replication_seconds=900, point_in_time_seconds=300, backup_minutes=60, copied=True)
    assert region_loss_steps(store) == (Step("replication", 900),)
    assert data_loss_steps(store) == (Step("point-in-time recovery", 300),)


def test_replicas_do_not_help_against_a_mistake_since_they_repeat_it() -> None:
    assert data_loss_steps(StoreFacts("s", replication_seconds=3)) == ()


def test_a_daily_backup_does_not_keep_an_rpo_of_a_day() -> None:
    service = blueprint("embedding", **{"recovery.backups": [{"part": "model-store", "every_minutes": 1_440}]})
    [found] = recovery_findings(environment("prod"), [service])
    assert found.finding.path == ("recovery", "rpo_minutes")
    assert "backup interval is the largest" in found.finding.message
    assert "state rpo_minutes: 1560" in found.finding.remedy


def test_a_backup_that_ends_too_soon_for_the_air_gap_is_refused_where_a_service_of_tier_0_states_it() -> None:
    backups = [{"part": "model-store", "every_minutes": 60, "retention_days": 6, "continuous": True}]
    changes = {"recovery.backups": backups, "recovery.rpo_minutes": 1_440}
    prod = environment("prod", **{"backup.air_gapped_vault": True})
    service = blueprint("embedding", **changes)
    assert list(recovery_findings(prod, [service])) == []
    [found] = recovery_findings(prod, [blueprint("embedding", **changes, **{"identity.tier": 0})])
    assert found.finding.path == ("recovery", "backups", 0, "retention_days")
    longer = blueprint("chat", **{"recovery.backups": [{"part": "model-store", "retention_days": 90}]})
    stricter = [blueprint("embedding", **changes, **{"identity.tier": 0}), longer]
    assert list(recovery_findings(prod, stricter)) == []


def test_the_default_backup_keeps_the_default_rpo() -> None:
    service = blueprint("embedding", **{"recovery.backups": [{"part": "model-store"}], "recovery.rpo_minutes": 1_440})
    assert list(recovery_findings(environment("prod"), [service])) == []


def test_a_store_without_any_copy_loses_all_and_breaks_the_promise() -> None:
    promise, facts = facts_of(environment("prod"), chat())
    bare = replace(facts, stores=(*facts.stores, StoreFacts("bare", replication_seconds=3)))
    _, data_lost = assess(promise, bare)
    assert (data_lost.verdict, data_lost.rpo_store, data_lost.rpo_seconds) == (Verdict.BROKEN, "bare", None)
    assert "no copy" in data_lost.note


def test_the_loss_of_the_only_region_is_promised_by_nobody_who_says_single_region() -> None:
    dev = environment("dev")
    here = chat(**{"recovery.topology": "single-region", "recovery.min_active_regions": 1})
    lost, _ = judged(dev, here)
    assert (lost.verdict, lost.rto_seconds) == (Verdict.NOT_PROMISED, None)
    lost, _ = judged(dev, chat())
    assert lost.verdict is Verdict.BROKEN
    assert "no second region" in lost.note


def test_a_region_that_nothing_checks_is_not_left() -> None:
    promise, facts = facts_of(environment("prod"), chat())
    lost, _ = assess(promise, replace(facts, checks_seconds=0))
    assert lost.verdict is Verdict.BROKEN
    assert "no health check" in lost.note


def test_slower_health_checks_are_counted() -> None:
    prod = environment("prod", routing={"health_check": {"interval_seconds": 30, "failures": 10}})
    [found] = recovery_findings(prod, [blueprint("fraud-score")])
    assert "detection 300 s" in found.finding.message
    assert "routing.health_check" in found.finding.remedy


def test_a_promise_survives_the_way_through_the_stack_outputs() -> None:
    for service in SERVICES:
        promise = promise_of(environment("prod"), blueprint(service))
        assert Promise.from_document(promise.to_document()) == promise


def test_the_autoscaler_is_given_the_time_that_it_is_configured_to_take() -> None:
    assert autoscaler._POLLING_SECONDS + autoscaler._WINDOW_SECONDS + 15 == AUTOSCALER_SECONDS


def test_one_number_is_not_added_up() -> None:
    assert shown_steps((Step("a", 1),)) == "a 1 s"
    assert shown_steps((Step("a", 1), Step("b", 2))) == "a 1 s + b 2 s = 3 s"


def test_a_copy_in_another_account_outlives_the_region_only_where_it_is_in_another_one() -> None:
    single = [{"part": "model-store", "every_minutes": 60}]
    service = chat(
        **{"recovery.topology": "single-region", "recovery.min_active_regions": 1, "recovery.backups": single}
    )
    for region, copied in (("eu-west-1", False), ("eu-north-1", True)):
        vault = f"arn:aws:backup:{region}:999988887777:backup-vault:copies"
        dev = environment("dev", backup={"copy_vault_arns": [vault]})
        [store] = environment_facts(dev, [service])["chat"].stores
        assert store.copied is copied


def test_a_cluster_is_restored_from_its_backups() -> None:
    rules = [{"part": "cluster", "every_minutes": 120}]
    service = blueprint("embedding", **{"recovery.backups": rules, "recovery.rpo_minutes": 300})
    lost, corrupted = judged(environment("prod"), service)
    assert lost.rpo_seconds == 300 * 60
    assert corrupted.rpo_seconds == 240 * 60


def test_a_share_stands_only_where_nodes_share() -> None:
    changes = {
        "model.resources.accelerator_share": {"kind": "time-slicing"},
        "model.engine.arguments": ["--gpu-memory-utilization=0.3"],
    }
    shared = blueprint("embedding", **changes)
    assert environment_facts(environment("prod"), [blueprint("embedding")])["embedding"].nodes_stand
    assert not environment_facts(environment("prod"), [shared])["embedding"].nodes_stand
