"""What a plan deploys for the recovery of each service, judged against what the service promises.

Owns the reading of facts from recorded resources: health checks, records, replicas, nodes, replication, backup
plans. The promises come from the stack's output `recovery`; a program that exports none gets no table. The
arithmetic is `serving.planning.recovery`, the same that judges the documents before a program runs: here it sees
what was really registered.

Reads the components of this project by their types: a store that another program makes is not found, and counts as
one without copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from serving.blueprint.environment import ALIAS_TTL_SECONDS
from serving.blueprint.environment.routing import ACCELERATOR_REACTION_SECONDS
from serving.blueprint.errors import InputError, Problem
from serving.blueprint.schema.model import Accelerator
from serving.blueprint.schema.recovery import StatefulPart
from serving.blueprint.tags import LABEL_PREFIX, TagKey
from serving.planning.backups import minutes_of
from serving.planning.recovery import (
    OBJECT_POINT_IN_TIME_SECONDS,
    OFFLINE_FEATURES,
    ONLINE_FEATURES,
    TABLE_POINT_IN_TIME_SECONDS,
    TABLE_REPLICATION_SECONDS,
    Assessment,
    Promise,
    ServiceFacts,
    StandingNodes,
    StoreFacts,
    assess,
    starting_services,
)
from serving.preview.plan import Plan, PlanResource

OUTPUT = "recovery"
"""The stack's output with the promises, `Promise.to_document` each."""

_BUCKET = "aws:s3/bucket:Bucket"
_CLUSTER = "aws:eks/cluster:Cluster"
_ENDPOINT_GROUP = "aws:globalaccelerator/endpointGroup:EndpointGroup"
_HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
_NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
_PLAN = "aws:backup/plan:Plan"
_RECORD = "aws:route53/record:Record"
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
_SELECTION = "aws:backup/selection:Selection"
_TABLE = "aws:dynamodb/table:Table"
_TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"


def assessments(plan: Plan) -> tuple[Assessment, ...]:
    """Every promise of the stack, judged by what the plan deploys.

    Raises:
        InputError: The output `recovery` holds no promises.
    """
    promises = _promises(plan)
    facts = plan_facts(plan, promises)
    return tuple(made for promise in promises for made in assess(promise, facts[promise.service]))


def plan_facts(plan: Plan, promises: Sequence[Promise]) -> dict[str, ServiceFacts]:
    """Service -> what the plan deploys for it."""
    reader = _Reader(plan)
    return {promise.service: reader.facts(promise, promises) for promise in promises}


def _promises(plan: Plan) -> tuple[Promise, ...]:
    documents = plan.outputs.get(OUTPUT, [])
    try:
        return tuple(Promise.from_document(document) for document in documents)
    except (KeyError, TypeError, AttributeError) as error:
        problem = Problem(
            f"{plan.project} / {plan.stack}",
            0,
            0,
            f"outputs.{OUTPUT}",
            f"not a list of recovery promises: {type(error).__name__} {error}",
            remedy="export what serving.planning.recovery.promise_of makes, or nothing under this name",
        )
        raise InputError([problem]) from error


class _Reader:
    """Finds what belongs to a service among the resources of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._by_type: dict[str, list[PlanResource]] = {}
        for resource in plan.resources:
            self._by_type.setdefault(resource.type, []).append(resource)
        self._by_urn = {resource.urn: resource for resource in plan.resources}
        self._selected = {
            key: self._by_urn[urn] for selection in self._of(_SELECTION) for key, urn in _selects(selection)
        }

    def facts(self, promise: Promise, promises: Sequence[Promise]) -> ServiceFacts:
        """What is deployed for one service; `promises` are those of all services, which share the nodes."""
        scaled = [one for one in self._of(_SCALED_OBJECT) if one.inputs["metadata"]["name"] == promise.service]
        regions = {one.region for one in scaled}
        interval, failures = self._gateway_checks() if self._accelerated else self._checks(promise.service)
        return ServiceFacts(
            regions=len(regions),
            checks_seconds=interval,
            check_failures=failures,
            clients_keep_seconds=self._clients_keep_seconds(promise.host),
            least_replicas=min((int(one.inputs["spec"]["minReplicaCount"]) for one in scaled), default=0),
            nodes_stand=all(
                promise.service not in starting_services(promises, self._nodes(region)) for region in regions
            ),
            stores=tuple(store for part in promise.parts for store in self._stores(part, promise.service)),
            reaction_seconds=ACCELERATOR_REACTION_SECONDS if self._accelerated and interval else 0,
        )

    @property
    def _accelerated(self) -> bool:
        return bool(self._of(_ENDPOINT_GROUP))

    def _of(self, type_: str) -> list[PlanResource]:
        return self._by_type.get(type_, [])

    def _checks(self, service: str) -> tuple[int, int]:
        """The slowest of the service's health checks; a check of checks has no interval of its own."""
        own = [one.inputs for one in self._of(_HEALTH_CHECK) if _tag(one, TagKey.SERVICE) == service]
        return _slowest((one["requestInterval"], one["failureThreshold"]) for one in own if "requestInterval" in one)

    def _gateway_checks(self) -> tuple[int, int]:
        """The slowest checks of the regions' gateways, the only ones of an accelerator; none with one region."""
        if len(self._of(_ENDPOINT_GROUP)) < 2:
            return 0, 0
        checks = [group.inputs["healthCheck"] for group in self._of(_TARGET_GROUP)]
        return _slowest((one["interval"], one["unhealthyThreshold"]) for one in checks)

    def _clients_keep_seconds(self, host: str) -> int:
        if self._accelerated:
            return 0  # the addresses of an accelerator never change
        records = [one.inputs for one in self._of(_RECORD) if one.inputs.get("name") == host]
        return max((int(one.get("ttl") or ALIAS_TTL_SECONDS) for one in records), default=0)

    def _nodes(self, region: str | None) -> list[StandingNodes]:
        """Standing nodes by the group of the environment, which several managed groups may make up together."""
        standing: dict[str, StandingNodes] = {}
        for group in self._of(_NODE_GROUP):
            labels = group.inputs.get("labels") or {}
            name, machines = labels.get(f"{LABEL_PREFIX}node-group"), group.inputs.get("instanceTypes")
            if group.region != region or name is None or not machines:
                continue  # nodes of a Capacity Block, whose template names the machine, do not stand
            before = standing[name].nodes if name in standing else 0
            standing[name] = StandingNodes(
                group=name,
                purpose=labels[f"{LABEL_PREFIX}purpose"],
                instance_type=machines[0],
                nodes=before + int(group.inputs["scalingConfig"]["minSize"]),
                share=_share(labels),
            )
        return list(standing.values())

    def _stores(self, part: str, service: str) -> Iterator[StoreFacts]:
        if part == StatefulPart.FEATURE_STORE.value:
            tables = [one for one in self._inside("FeatureStore", _TABLE) if _tag(one, TagKey.SERVICE) == service]
            yield self._table(tables)
            buckets = [one for one in self._inside("FeatureStore", _BUCKET) if _tag(one, TagKey.SERVICE) == service]
            yield self._objects(OFFLINE_FEATURES, buckets)
        elif part == StatefulPart.MODEL_STORE.value:
            yield self._objects(part, self._inside("ModelStore", _BUCKET))
        else:
            yield self._store(part, self._of(_CLUSTER))

    def _inside(self, component: str, type_: str) -> list[PlanResource]:
        return [one for one in self._of(type_) if f":index:{component}$" in one.urn]

    def _table(self, tables: Sequence[PlanResource]) -> StoreFacts:
        replicated = bool(tables) and all(table.inputs.get("replicas") for table in tables)
        recoverable = bool(tables) and all((t.inputs.get("pointInTimeRecovery") or {}).get("enabled") for t in tables)
        return self._store(
            ONLINE_FEATURES,
            tables,
            replication_seconds=TABLE_REPLICATION_SECONDS if replicated else None,
            point_in_time_seconds=TABLE_POINT_IN_TIME_SECONDS if recoverable else None,
        )

    def _objects(self, name: str, buckets: Sequence[PlanResource]) -> StoreFacts:
        names = {bucket.inputs.get("bucket") for bucket in buckets}
        replications = [one for one in self._of(_REPLICATION) if one.inputs.get("bucket") in names]
        continuous = [
            any(rule.get("enableContinuousBackup") for rule in plan.inputs["rules"]) for plan in self._plans(buckets)
        ]
        return self._store(
            name,
            buckets,
            replication_seconds=_replication_seconds(replications),
            point_in_time_seconds=OBJECT_POINT_IN_TIME_SECONDS if continuous and all(continuous) else None,
        )

    def _store(
        self,
        name: str,
        resources: Sequence[PlanResource],
        *,
        replication_seconds: int | None = None,
        point_in_time_seconds: int | None = None,
    ) -> StoreFacts:
        plans = self._plans(resources)
        snapshots = [rule for plan in plans for rule in _snapshots(plan)]
        intervals = [minutes_of(rule["schedule"]) for rule in snapshots]
        known = [minutes for minutes in intervals if minutes is not None]
        return StoreFacts(
            name=name,
            replication_seconds=replication_seconds,
            point_in_time_seconds=point_in_time_seconds,
            backup_minutes=max(known) if known and len(known) == len(intervals) else None,
            start_window_minutes=max((int(rule["startWindow"]) for rule in snapshots), default=0),
            copied=bool(snapshots) and all(_leaves(rule, plan.region) for plan in plans for rule in _snapshots(plan)),
        )

    def _plans(self, resources: Sequence[PlanResource]) -> list[PlanResource]:
        """The backup plans that select the resources, by the tag that says so, each in its region."""
        keys = [(resource.region, _tag(resource, TagKey.BACKUP_PLAN)) for resource in resources]
        return [self._selected[key] for key in keys if key in self._selected]


def _share(labels: Mapping[str, str]) -> str:
    """The share that a node's accelerator label names; empty for whole accelerators and none."""
    value = labels.get(f"{LABEL_PREFIX}accelerator", "")
    whole = next((one.value for one in Accelerator if value == one.value or value.startswith(f"{one.value}-")), value)
    return value.removeprefix(whole).removeprefix("-")


def _slowest(checks: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Interval and failures of the check that finds out last; zeros without any."""
    return max(checks, key=lambda check: check[0] * check[1], default=(0, 0))


def _selects(selection: PlanResource) -> Iterator[tuple[tuple[str | None, str | None], str]]:
    """(region, class of backups) -> URN of the plan that a selection belongs to."""
    plans = [urn for urn in selection.property_dependencies.get("planId", ()) if f"{_PLAN}::" in urn]
    for condition in selection.inputs.get("conditions") or ():
        for equals in condition.get("stringEquals") or ():
            if equals["key"] == f"aws:ResourceTag/{TagKey.BACKUP_PLAN.value}":
                for urn in plans:
                    yield (selection.region, equals["value"]), urn


def _snapshots(plan: PlanResource) -> list[Mapping[str, Any]]:
    return [rule for rule in plan.inputs["rules"] if not rule.get("enableContinuousBackup")]


def _leaves(rule: Mapping[str, Any], region: str | None) -> bool:
    """Whether a rule copies to a vault of another region."""
    vaults = [copy["destinationVaultArn"] for copy in rule.get("copyActions") or ()]
    return any(vault.split(":")[3] != region for vault in vaults)


def _replication_seconds(replications: Sequence[PlanResource]) -> int | None:
    """The slowest rule's promise; None where any rule promises no time, because then nothing is known."""
    minutes = []
    for rule in (rule for one in replications for rule in one.inputs["rules"]):
        time = rule["destination"].get("replicationTime") or {}
        if rule["status"] != "Enabled" or time.get("status") != "Enabled":
            return None
        minutes.append(int(time["time"]["minutes"]))
    return max(minutes) * 60 if minutes else None


def _tag(resource: PlanResource, key: TagKey) -> str | None:
    tags = resource.inputs.get("tags")
    return tags.get(key.value) if isinstance(tags, Mapping) else None
