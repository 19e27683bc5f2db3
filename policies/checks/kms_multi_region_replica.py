"""Rule `kms-multi-region-replica`: where a service runs, the keys of its data are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic import Field

from policies.keys import KEY_TOKENS, KMS_KEY, KMS_REPLICA_KEY
from policies.regions import arn_region, region_node, region_of
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import DYNAMODB_TABLE, EKS_CLUSTER, SECRET, TABLE_REPLICA
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

EXTERNAL_KEY: Final = "aws:kms/externalKey:ExternalKey"
EXTERNAL_REPLICA: Final = "aws:kms/replicaExternalKey:ReplicaExternalKey"
_REPLICAS: Final = {KMS_KEY: KMS_REPLICA_KEY, EXTERNAL_KEY: EXTERNAL_REPLICA}
_SERVING: Final = (EKS_CLUSTER, "aws:ecs/cluster:Cluster", "aws:sagemaker/endpoint:Endpoint")


class KeyRegions(Parameters):
    """Parameters."""

    regions: tuple[str, ...] = Field(
        default=(),
        description=(
            "Regions in which every multi-Region key must be; by default those in which the stack has a cluster "
            "or an endpoint."
        ),
    )


@dataclass(slots=True)
class _Serving:
    """Regions that serve. `lost` says why the region of a cluster or endpoint is not known."""

    regions: set[str] = field(default_factory=set)
    lost: list[Undetermined] = field(default_factory=list)


def check(resource: Resource, parameters: KeyRegions) -> Outcomes:
    """Judge a multi-Region key by its replicas, or data with copies by the keys of the copies."""
    if resource.token in _REPLICAS:
        yield from _judge_key(resource, parameters)
    elif resource.token == TABLE_REPLICA:
        yield from _judge_copy(resource, region_node(resource), resource["kmsKeyArn"])
    else:
        region, key = ("region", "kmsKeyId") if resource.token == SECRET else ("regionName", "kmsKeyArn")
        yield from judge_each(resource["replicas"].items(), lambda copy: _judge_copy(resource, copy[region], copy[key]))


def _judge_key(key: Resource, parameters: KeyRegions) -> Iterator[Outcome]:
    if not key["multiRegion"].truth():
        return
    companions = key.stack.companions(key, _REPLICAS[key.token], "primaryKeyArn")
    serving = _Serving(set(parameters.regions)) if parameters.regions else _serving(key.stack)
    present = {region_of(holder) for holder in (key, *companions.bound)}
    missing = sorted(serving.regions - present)
    if missing and companions.loose:
        raise Undetermined(companions.loose[0].path, companions.loose[0].urn)
    if missing:
        yield Violation(f"the multi-Region key has no replica in {', '.join(missing)}")
    yield from judge_each(serving.lost, _raise)


def _judge_copy(holder: Resource, region: Node, key: Node) -> Iterator[Outcome]:
    """Judge the key of one copy: it must be a key of the region in which the copy is."""
    if key.missing or region.missing:
        return
    if key.unknown:
        keys = [source for source in holder.sources(key) if source.token in KEY_TOKENS]
        if not keys:
            raise Undetermined(key.path, key.urn)
        regions = {region_of(source) for source in keys}
    else:
        regions = {arn_region(key)}
    if None not in regions and region.text() not in regions:
        yield Violation(f"{key.place} names no key of {region.shown}, where the copy is")


def _serving(stack: Stack) -> _Serving:
    return stack.index("serving regions", partial(_index, stack))


def _index(stack: Stack) -> _Serving:
    result = _Serving()
    for resource in stack.of(*_SERVING):
        try:
            region = region_of(resource)
        except Undetermined as doubt:
            result.lost.append(doubt)
        else:
            result.regions |= {region} if region else set()
    return result


def _raise(doubt: Undetermined) -> Iterator[Outcome]:
    raise doubt


RULE = Rule(
    id="kms-multi-region-replica",
    title="Multi-Region keys are in every region that serves, and copies use the key of their region",
    description=(
        "Each multi-Region KMS key of the stack has a replica in every region in which the stack has an EKS or "
        "ECS cluster or a SageMaker endpoint (or in the configured regions). Replicas of DynamoDB tables and of "
        "secrets name a key of the region in which they are."
    ),
    effect="after a failover the data is there and cannot be decrypted",
    remedy="add a kms.ReplicaKey with primaryKeyArn and region for each region named, and use it there",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(KMS_KEY, EXTERNAL_KEY, DYNAMODB_TABLE, TABLE_REPLICA, SECRET),
    parameters=KeyRegions,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
