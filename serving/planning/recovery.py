"""Whether a stack keeps what its blueprints promise of recovery: RTO and RPO, from what is deployed.

Owns the arithmetic of two scenarios, a region that is lost and data that is corrupted or deleted, as pure
functions over facts. Every estimate is a list of numbers with names, so that whoever reads it sees which number
makes it long. Where the facts come from is not decided here: `environment_facts` takes them from the documents,
`serving.preview.recovery` takes the same from the resources of a plan.

An estimate counts what machines do. How long a restore of data takes depends on the data: restore tests measure
it, so no number is given here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from serving.blueprint.environment import ALIAS_TTL_SECONDS, Environment, NodePurpose, RegionRole, Routing, RoutingKind
from serving.blueprint.environment.routing import (
    ACCELERATOR_REACTION_SECONDS,
    GATEWAY_CHECK_FAILURES,
    GATEWAY_CHECK_INTERVAL_SECONDS,
)
from serving.blueprint.errors import Finding
from serving.blueprint.fleet import host_of
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.model import Accelerator, Resources
from serving.blueprint.schema.recovery import BackupRule, FailoverMode, StatefulPart, Topology
from serving.blueprint.vocabulary import Tier
from serving.planning.backups import (
    AIR_GAP_MIN_DAYS,
    COMPLETION_MINUTES,
    COPY_MINUTES,
    START_WINDOW_MINUTES,
    backup_minutes,
    kept_rules,
    rules_for,
    strictest,
)
from serving.planning.capacity import NODE_START_SECONDS, demands, replicas_for_peak, replicas_per_node
from serving.planning.instances import INSTANCE_TYPES

AUTOSCALER_SECONDS = 90
"""From load to a wish for more replicas: KEDA asks every 15 s for a mean over 60 s (`components.autoscaler`), and the
horizontal autoscaler looks every 15 s (kube-controller-manager, `--horizontal-pod-autoscaler-sync-period`)."""

RECORD_CHANGE_SECONDS = 60
"""Time in which a changed record generally reaches all name servers (Amazon Route 53 developer guide)."""

OBJECT_REPLICATION_SECONDS = 15 * 60
"""S3 replication time control: 99.9 % of objects within 15 minutes, with a metric and an event for the rest (Amazon S3
user guide, "Meeting compliance requirements with S3 Replication Time Control", read 2026-11)."""

TABLE_REPLICATION_SECONDS = 3
"""DynamoDB global tables with eventual consistency: "typically within a second", without a promise (Amazon DynamoDB
developer guide, "Global tables", read 2026-11); three, since far regions take longer."""

TABLE_POINT_IN_TIME_SECONDS = 5 * 60
"""`LatestRestorableDateTime` is typically five minutes before now (Amazon DynamoDB developer guide, "Point-in-time
recovery: how it works", read 2026-11)."""

OBJECT_POINT_IN_TIME_SECONDS = 15 * 60
"""How far the continuous backups of S3 are behind: AWS says minutes and no number; 15 is an estimate, upwards."""


ONLINE_FEATURES, OFFLINE_FEATURES = "feature-store (online)", "feature-store (offline)"
_MODEL = "model"


class Scenario(StrEnum):
    """What goes wrong."""

    REGION_LOST = "region lost"
    DATA_LOST = "data corrupted or deleted"


class Verdict(StrEnum):
    """Whether a promise holds."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_PROMISED = "not promised here"


@dataclass(frozen=True, slots=True)
class Step:
    """One number of an estimate."""

    what: str
    seconds: int


@dataclass(frozen=True, slots=True)
class ColdStart:
    """What a new replica needs, as the blueprint states it."""

    pull_seconds: int
    load_seconds: int
    warm_up_seconds: int


@dataclass(frozen=True, slots=True)
class Replicas:
    """Replicas of one kind that the surviving region must run, and what each of them takes."""

    part: str
    count: int
    cpu: float
    memory_gib: float
    accelerator: str
    accelerators: int
    share: str = ""
    """The share of an accelerator that each takes; empty for whole ones."""
    nodes: int = 1
    """Nodes that one replica spans; each takes all of the above."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What one service promises, with what only its blueprint knows. The program exports it (`recovery`).

    Attributes:
        service: Name of the service.
        host: Its public host.
        rto_minutes: Longest time without service after a region is lost.
        rpo_minutes: Longest stretch of data that may be lost.
        single_region: Whether it stands in one region here, by its own leave: then nothing is promised for
            the loss of that region.
        automatic: Whether health checks move the traffic.
        respond_minutes: Time in which a person answers, where a person moves it.
        peak_replicas: Replicas that carry the peak in one region when another is lost.
        usual_replicas: Replicas that the surviving region's own share of the peak asks for before.
        prewarmed_replicas: Loaded replicas held above what the load asks for.
        cold_start: What a new replica needs.
        replicas: All that the surviving region must run for the service.
        parts: Stateful parts that it has backed up.
    """

    service: str
    host: str
    rto_minutes: int
    rpo_minutes: int
    single_region: bool
    automatic: bool
    respond_minutes: int
    peak_replicas: int
    usual_replicas: int
    prewarmed_replicas: int
    cold_start: ColdStart
    replicas: tuple[Replicas, ...]
    parts: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """As JSON values, for the stack's outputs."""
        return asdict(self) | {"replicas": [asdict(one) for one in self.replicas], "parts": list(self.parts)}

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> Promise:
        """Out of JSON values.

        Raises:
            KeyError, TypeError: it is no promise.
        """
        return Promise(
            **{
                **document,
                "cold_start": ColdStart(**document["cold_start"]),
                "replicas": tuple(Replicas(**one) for one in document["replicas"]),
                "parts": tuple(document["parts"]),
            }
        )


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """How one store of data is copied.

    Attributes:
        name: What it is.
        replication_seconds: How far copies in other regions are behind; None without any.
        point_in_time_seconds: How far point-in-time recovery is behind; None without it.
        backup_minutes: Time between two backups; None without any.
        start_window_minutes: How late a backup may start.
        copied: Whether backups are copied out of the region.
    """

    name: str
    replication_seconds: int | None = None
    point_in_time_seconds: int | None = None
    backup_minutes: int | None = None
    start_window_minutes: int = START_WINDOW_MINUTES
    copied: bool = False


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is deployed for one service.

    Attributes:
        regions: Regions that can serve it.
        checks_seconds: Time between two health checks; 0 if nothing is checked.
        check_failures: Failed checks in a row before a region is left.
        clients_keep_seconds: How long clients keep the address of a lost region.
        least_replicas: Fewest replicas of a region.
        nodes_stand: Whether nodes for all replicas that the peak needs run already.
        stores: Where its data is.
        reaction_seconds: Time from failed checks until an accelerator leaves the region; none with names.
    """

    regions: int
    checks_seconds: int
    check_failures: int
    clients_keep_seconds: int
    least_replicas: int
    nodes_stand: bool
    stores: tuple[StoreFacts, ...]
    reaction_seconds: int = 0


@dataclass(frozen=True, slots=True)
class StandingNodes:
    """Nodes of one group that run whatever the load."""

    group: str
    purpose: str
    instance_type: str
    nodes: int
    share: str = ""
    """The share that they offer; empty for whole accelerators."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """One service in one scenario: what is promised, what is computed, and whether the one keeps the other.

    Attributes:
        service: Name of the service.
        scenario: What goes wrong.
        rto_promised_seconds: Promised time without service.
        rto_seconds: Computed time; None where no number can be given, as `note` says.
        rto_steps: What it is made of.
        rpo_promised_seconds: Promised loss of data.
        rpo_seconds: Computed loss, of the store that loses most; None where a store has no copy.
        rpo_store: That store.
        rpo_steps: What the loss is made of.
        verdict: Whether both promises are kept.
        note: What to know besides; what is broken, if something is.
    """

    service: str
    scenario: Scenario
    rto_promised_seconds: int
    rto_seconds: int | None
    rto_steps: tuple[Step, ...]
    rpo_promised_seconds: int
    rpo_seconds: int | None
    rpo_store: str
    rpo_steps: tuple[Step, ...]
    verdict: Verdict
    note: str

    @property
    def rto_broken(self) -> bool:
        """Whether the computed time without service is longer than promised."""
        return self.rto_seconds is not None and self.rto_seconds > self.rto_promised_seconds

    @property
    def rpo_broken(self) -> bool:
        """Whether more data may be lost than promised, or all of a store."""
        return self.rpo_seconds is None or self.rpo_seconds > self.rpo_promised_seconds


def total(steps: Iterable[Step]) -> int:
    """Sum of the steps, seconds."""
    return sum(step.seconds for step in steps)


def shown_steps(steps: Sequence[Step]) -> str:
    """`detection 30 s + DNS 60 s = 90 s`; one step stands alone."""
    text = " + ".join(f"{step.what} {step.seconds} s" for step in steps)
    return text if len(steps) < 2 else f"{text} = {total(steps)} s"


def longest(steps: Sequence[Step]) -> Step:
    """The number that makes an estimate long."""
    return max(steps, key=lambda step: step.seconds)


def rto_steps(promise: Promise, facts: ServiceFacts) -> tuple[Step, ...]:
    """From the loss of a region to a surviving one that carries the declared peak.

    Detection, the time for which clients ask the lost region, and a cold start where the survivor does not
    run enough replicas yet: its own share of the peak and the pre-warmed ones are running, the rest starts.
    """
    if promise.automatic:
        steps = [
            Step("detection", facts.checks_seconds * facts.check_failures),
            Step("accelerator", facts.reaction_seconds),
        ]
    else:
        steps = [Step("a person answers", promise.respond_minutes * 60), Step("records change", RECORD_CHANGE_SECONDS)]
    if facts.clients_keep_seconds:
        steps.append(Step("DNS", facts.clients_keep_seconds))
    running = max(facts.least_replicas, promise.usual_replicas) + promise.prewarmed_replicas
    if running < promise.peak_replicas:
        steps.append(Step("autoscaler", AUTOSCALER_SECONDS))
        if not facts.nodes_stand:
            steps.append(Step("node", NODE_START_SECONDS))
        cold = promise.cold_start
        steps.append(Step("cold start", cold.pull_seconds + cold.load_seconds + cold.warm_up_seconds))
    return tuple(step for step in steps if step.seconds)


def region_loss_steps(store: StoreFacts) -> tuple[Step, ...]:
    """What of a store is lost with its region: the lag of its replica, or of the copies of its backups."""
    ways: list[tuple[Step, ...]] = []
    if store.replication_seconds is not None:
        ways.append((Step("replication", store.replication_seconds),))
    if store.copied and store.backup_minutes is not None:
        ways.append((*_backup_steps(store), Step("copy", COPY_MINUTES * 60)))
    return min(ways, key=total, default=())


def data_loss_steps(store: StoreFacts) -> tuple[Step, ...]:
    """What is lost when a store must go back to before a mistake, which replicas repeat at once."""
    ways: list[tuple[Step, ...]] = []
    if store.point_in_time_seconds is not None:
        ways.append((Step("point-in-time recovery", store.point_in_time_seconds),))
    if store.backup_minutes is not None:
        ways.append(_backup_steps(store))
    return min(ways, key=total, default=())


def _backup_steps(store: StoreFacts) -> tuple[Step, ...]:
    """A loss just before the next backup is complete costs all of these."""
    return (
        Step("backup interval", (store.backup_minutes or 0) * 60),
        Step("start window", store.start_window_minutes * 60),
        Step("completion", COMPLETION_MINUTES * 60),
    )


def assess(promise: Promise, facts: ServiceFacts) -> tuple[Assessment, Assessment]:
    """Judge both scenarios of one service."""
    return _region_lost(promise, facts), _data_lost(promise, facts)


def _region_lost(promise: Promise, facts: ServiceFacts) -> Assessment:
    loss = _worst_loss(facts.stores, region_loss_steps)
    if promise.single_region:
        note = "single-region: code builds it anew elsewhere, with the data that has a copy outside of the lost region"
        return replace(_judged(promise, Scenario.REGION_LOST, (), loss), verdict=Verdict.NOT_PROMISED, note=note)
    if facts.regions < 2:
        note = "there is no second region to serve from"
        return replace(_judged(promise, Scenario.REGION_LOST, (), loss), verdict=Verdict.BROKEN, note=note)
    if promise.automatic and not facts.checks_seconds:
        note = "no health check finds out that a region is lost"
        return replace(_judged(promise, Scenario.REGION_LOST, (), loss), verdict=Verdict.BROKEN, note=note)
    return _judged(promise, Scenario.REGION_LOST, rto_steps(promise, facts), loss)


def _data_lost(promise: Promise, facts: ServiceFacts) -> Assessment:
    made = _judged(promise, Scenario.DATA_LOST, (), _worst_loss(facts.stores, data_loss_steps))
    return made if made.note else replace(made, note="how long a restore takes is measured by the restore tests")


_Loss = tuple[str, tuple[Step, ...]]
"""Name of a store, and what is lost of it; nothing at all for a service without data, no step for one without copy."""


def _worst_loss(stores: Sequence[StoreFacts], steps_of: Callable[[StoreFacts], tuple[Step, ...]]) -> _Loss | None:
    """The store that loses most; one without any copy loses everything."""
    losses = [(store.name, steps_of(store)) for store in stores]
    return max(losses, key=lambda loss: total(loss[1]) if loss[1] else math.inf, default=None)


def _judged(promise: Promise, scenario: Scenario, rto: tuple[Step, ...], loss: _Loss | None) -> Assessment:
    store, rpo = loss or ("", (Step("nothing is stored", 0),))
    made = Assessment(
        service=promise.service,
        scenario=scenario,
        rto_promised_seconds=promise.rto_minutes * 60,
        rto_seconds=total(rto) if rto else None,
        rto_steps=rto,
        rpo_promised_seconds=promise.rpo_minutes * 60,
        rpo_seconds=total(rpo) if rpo else None,
        rpo_store=store,
        rpo_steps=rpo,
        verdict=Verdict.KEPT,
        note="",
    )
    broken = [
        text for is_broken, text in ((made.rto_broken, rto_note(made)), (made.rpo_broken, rpo_note(made))) if is_broken
    ]
    return replace(made, verdict=Verdict.BROKEN, note="; ".join(broken)) if broken else made


def rto_note(made: Assessment) -> str:
    """How the time without service comes about, against the promise."""
    if not made.rto_steps:
        return ""
    return f"RTO: {_against(made.rto_steps, made.rto_promised_seconds)}"


def rpo_note(made: Assessment) -> str:
    """How the loss of data comes about, against the promise."""
    if not made.rpo_steps:
        return f"RPO: {made.rpo_store} has no copy to go back to"
    return f"RPO of {made.rpo_store}: {_against(made.rpo_steps, made.rpo_promised_seconds)}"


def _against(steps: Sequence[Step], promised_seconds: int) -> str:
    relation = ">" if total(steps) > promised_seconds else "<="
    said = f"{shown_steps(steps)} {relation} {promised_seconds} s"
    return said if len(steps) < 2 else f"{said}: {longest(steps).what} is the largest"


def promise_of(environment: Environment, blueprint: Blueprint) -> Promise:
    """What a service promises in an environment."""
    scaling, recovery = blueprint.scaling, blueprint.recovery
    active = len(environment.active_regions)
    shared = recovery.topology is Topology.ACTIVE_ACTIVE and active > 1
    usual_rps = scaling.traffic.peak_rps / active if shared else 0
    cold = blueprint.model.cold_start
    return Promise(
        service=blueprint.name,
        host=host_of(environment, blueprint),
        rto_minutes=recovery.rto_minutes,
        rpo_minutes=recovery.rpo_minutes,
        single_region=recovery.topology is Topology.SINGLE_REGION,
        automatic=recovery.failover is FailoverMode.AUTOMATIC,
        respond_minutes=blueprint.incidents.severities[0].respond_within_minutes,
        peak_replicas=replicas_for_peak(environment, blueprint),
        usual_replicas=math.ceil(usual_rps / scaling.replica_rps),
        prewarmed_replicas=scaling.prewarmed_replicas,
        cold_start=ColdStart(cold.pull_seconds, cold.load_seconds, cold.warm_up_seconds),
        replicas=tuple(
            Replicas(
                part=demand.part,
                count=demand.replicas,
                cpu=demand.resources.cpu,
                memory_gib=demand.resources.memory_gib,
                accelerator=demand.resources.accelerator.value,
                accelerators=demand.resources.accelerators,
                share=demand.resources.accelerator_share.word if demand.resources.accelerator_share else "",
                nodes=demand.resources.nodes,
            )
            for demand in demands(environment, blueprint)
        ),
        parts=tuple(rule.part.value for rule in recovery.backups),
    )


def environment_facts(environment: Environment, blueprints: Sequence[Blueprint]) -> dict[str, ServiceFacts]:
    """Service -> what the environment deploys for it."""
    promises = [promise_of(environment, blueprint) for blueprint in blueprints]
    cells = [
        [
            StandingNodes(
                group.name,
                group.purpose.value,
                group.instance_types[0],
                group.min_nodes,
                group.gpu_sharing.word if group.gpu_sharing else "",
            )
            for group in region.node_groups
        ]
        for region in environment.serving_regions
    ]
    several = len(environment.serving_regions) > 1
    interval, failures, reaction = _detection(environment.routing) if several else (0, 0, 0)
    return {
        blueprint.name: ServiceFacts(
            regions=len(environment.serving_regions),
            checks_seconds=interval,
            check_failures=failures,
            clients_keep_seconds=ALIAS_TTL_SECONDS if environment.routing.kind is RoutingKind.DNS else 0,
            least_replicas=blueprint.scaling.min_replicas,
            nodes_stand=all(blueprint.name not in starting_services(promises, nodes) for nodes in cells),
            stores=tuple(_stores(environment, blueprints, blueprint)),
            reaction_seconds=reaction,
        )
        for blueprint in blueprints
    }


def _detection(routing: Routing) -> tuple[int, int, int]:
    """Time between two checks of a region, failed checks before it is left, and what passes then, seconds."""
    if routing.kind is RoutingKind.ACCELERATOR:
        return GATEWAY_CHECK_INTERVAL_SECONDS, GATEWAY_CHECK_FAILURES, ACCELERATOR_REACTION_SECONDS
    return routing.health_check.interval_seconds, routing.health_check.failures, 0


def _stores(environment: Environment, blueprints: Sequence[Blueprint], blueprint: Blueprint) -> Iterator[StoreFacts]:
    for rule in blueprint.recovery.backups:
        if rule.part is StatefulPart.FEATURE_STORE:
            yield from feature_store_facts(environment, rule)
        else:
            kept = strictest(rules_for(blueprints, rule.part))
            yield _store(environment, rule.part.value, kept, objects=rule.part is StatefulPart.MODEL_STORE)


def feature_store_facts(environment: Environment, rule: BackupRule) -> Iterator[StoreFacts]:
    """The two halves of a feature store: they are copied by different services at different speeds."""
    several = len(environment.regions) > 1
    online = _store(environment, ONLINE_FEATURES, rule, objects=False)
    yield replace(
        online,
        replication_seconds=TABLE_REPLICATION_SECONDS if several else None,
        point_in_time_seconds=TABLE_POINT_IN_TIME_SECONDS,
    )
    yield _store(environment, OFFLINE_FEATURES, rule, objects=True)


def _store(environment: Environment, name: str, rule: BackupRule, *, objects: bool) -> StoreFacts:
    return StoreFacts(
        name=name,
        replication_seconds=OBJECT_REPLICATION_SECONDS if objects and len(environment.regions) > 1 else None,
        point_in_time_seconds=OBJECT_POINT_IN_TIME_SECONDS if objects and rule.continuous else None,
        backup_minutes=backup_minutes(rule),
        copied=_copied(environment),
    )


def _copied(environment: Environment) -> bool:
    """Whether every region's backups have a copy outside of it."""
    vaults = {vault_arn.split(":")[3] for vault_arn in environment.backup.copy_vault_arns}
    vaults |= {region.name for region in environment.regions if region.role is RegionRole.RECOVERY}
    holding = [region.name for region in environment.regions if region.role is not RegionRole.RECOVERY]
    return all(vaults - {region} for region in holding)


def starting_services(promises: Sequence[Promise], nodes: Sequence[StandingNodes]) -> set[str]:
    """Services with replicas that find no standing node in a region, when it must carry everybody's peak."""
    free = {group.group: float(group.nodes) for group in nodes}
    wanted = [(promise.service, replicas) for promise in promises for replicas in promise.replicas]
    starting = set()
    for service, replicas in sorted(wanted, key=_largest_first):
        left = replicas.count
        for group in sorted(nodes, key=lambda group: group.group):
            per_node = _replicas_per_node(replicas, group)
            if left > 0 and per_node:
                taken = min(left, math.floor(free[group.group] * per_node + 1e-9) // replicas.nodes)
                free[group.group] -= taken * replicas.nodes / per_node
                left -= taken
        if left > 0 and replicas.part == _MODEL:
            starting.add(service)
    return starting


def _largest_first(wanted: tuple[str, Replicas]) -> tuple[int, float, str]:
    service, replicas = wanted
    return (-replicas.nodes * replicas.accelerators, -replicas.memory_gib, service)


def _replicas_per_node(replicas: Replicas, nodes: StandingNodes) -> int:
    purpose = NodePurpose.CPU if replicas.accelerator == Accelerator.NONE.value else NodePurpose.GPU
    if nodes.purpose != purpose.value or nodes.instance_type not in INSTANCE_TYPES or nodes.share != replicas.share:
        return 0
    # a share is counted as a whole accelerator: what a plan shows of nodes does not say into how many they are shared
    resources = Resources(
        cpu=replicas.cpu,
        memory_gib=replicas.memory_gib,
        accelerator=Accelerator(replicas.accelerator),
        accelerators=replicas.accelerators,
        nodes=replicas.nodes,
    )
    return replicas_per_node(resources, INSTANCE_TYPES[nodes.instance_type])


@dataclass(frozen=True, slots=True)
class RecoveryFinding:
    """A promise that is not kept, at the key of the blueprint that states it."""

    service: str
    finding: Finding


def recovery_findings(environment: Environment, blueprints: Sequence[Blueprint]) -> Iterator[RecoveryFinding]:
    """Every promise of RTO and RPO that the environment cannot keep, with the number that breaks it.

    And every backup that the air-gapped vault would refuse.
    """
    facts = environment_facts(environment, blueprints)
    for blueprint in blueprints:
        for made in assess(promise_of(environment, blueprint), facts[blueprint.name]):
            if made.verdict is Verdict.BROKEN:
                for finding in _broken(made):
                    yield RecoveryFinding(blueprint.name, finding)
        if environment.backup.air_gapped_vault and blueprint.identity.tier is Tier.USERS_STOP:
            for finding in _too_short_for_the_air_gap(kept_rules(blueprint, blueprints)):
                yield RecoveryFinding(blueprint.name, finding)


def _too_short_for_the_air_gap(rules: Sequence[BackupRule]) -> Iterator[Finding]:
    for index, rule in enumerate(rules):
        if rule.retention_days < AIR_GAP_MIN_DAYS:
            yield Finding(
                ("recovery", "backups", index, "retention_days"),
                f"{rule.retention_days} days, and an air-gapped vault keeps for at least {AIR_GAP_MIN_DAYS}",
                effect="every copy to the air-gapped vault would be refused",
                remedy=f"state at least {AIR_GAP_MIN_DAYS}",
            )


def _broken(made: Assessment) -> Iterator[Finding]:
    if made.rto_broken:
        yield Finding(
            ("recovery", "rto_minutes"),
            f"{made.scenario}: {rto_note(made)}",
            effect="users would be without the service for longer than promised",
            remedy=_remedy(made.rto_steps, "rto_minutes"),
        )
    if made.rpo_broken:
        lone = made.rpo_steps or (Step(_NO_COPY, 0),)
        yield Finding(
            ("recovery", "rpo_minutes"),
            f"{made.scenario}: {rpo_note(made)}",
            effect="more data could be lost than promised",
            remedy=_remedy(lone, "rpo_minutes"),
        )
    if not made.rto_broken and not made.rpo_broken:
        yield Finding(
            ("recovery", "rto_minutes"),
            f"{made.scenario}: {made.note}",
            effect="the promise could not be kept",
            remedy="add a region to the environment, or state topology: single-region",
        )


_NO_COPY = "no copy"
_REMEDIES = {
    "autoscaler": "run or pre-warm more replicas",
    "cold start": "run or pre-warm more replicas",
    "node": "raise min_nodes of a fitting node group",
    "detection": "check more often (routing.health_check of the environment)",
    "a person answers": "let health checks move the traffic (recovery.failover: automatic)",
    "DNS": "route by the accelerator (routing.kind of the environment)",
    "backup interval": "back up more often",
    _NO_COPY: "give the environment a region with role: recovery",
}
"""Largest number -> what shortens it; replication, point-in-time recovery and an accelerator have no faster setting."""


def _remedy(steps: Sequence[Step], key: str) -> str:
    shorten = _REMEDIES.get(longest(steps).what, "")
    state = f"state {key}: {math.ceil(total(steps) / 60)} or more" if total(steps) else ""
    return ", or ".join(filter(None, (shorten, state)))
