"""Rule `data-residency`: data stays where its law holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from policies.regions import arn_region, is_regional, jurisdiction, region_node, region_of
from policies.rule import (
    ANY_TYPE,
    Kind,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.stack import Stack
from policies.tagging import is_aws, tag_of
from policies.tokens import (
    BACKUP_PLAN,
    BUCKET,
    BUCKET_REPLICATION,
    DYNAMODB_TABLE,
    ENDPOINT_GROUP,
    REGISTRY_REPLICATION,
    SECRET,
    TABLE_REPLICA,
)
from policies.views import UNKNOWN, Node, Resource, Undetermined
from serving.blueprint.tags import TagKey

_VAULTS: Final = ("aws:backup/vault:Vault", "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault")
_OF_CLASS: Final = (DYNAMODB_TABLE, TABLE_REPLICA, SECRET, BUCKET_REPLICATION, BACKUP_PLAN)


class DataResidency(Parameters):
    """Parameters."""

    allowed_regions: tuple[str, ...] = Field(
        default=(), description="Regions in which anything may be; every region if none is named."
    )
    exempt_types: tuple[str, ...] = Field(
        default=("aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation"),
        description="Type tokens that hold no data and must be elsewhere, as certificates of CloudFront.",
    )
    class_tag: str = Field(default=TagKey.DATA_CLASS.value, description="Tag key of the data class.")
    bound_classes: tuple[str, ...] = Field(
        default=("confidential", "restricted", "pii"),
        description="Data classes whose copies must stay in the jurisdiction of the original.",
    )


@dataclass(frozen=True, slots=True)
class _Copy:
    """Where a copy, or traffic, goes: the region, and the property that says so."""

    region: str | None
    node: Node


def check(resource: Resource, parameters: DataResidency) -> Outcomes:
    """Judge where one AWS resource is, and where it copies its data to."""
    if not is_aws(resource):
        return
    if parameters.allowed_regions and resource.token not in parameters.exempt_types:
        yield from judge_each((resource,), lambda one: _judge_place(one, parameters))
        yield from judge_each(_readers(resource), lambda node: _judge_copy_place(resource, node, parameters))
    if resource.token in _OF_CLASS:
        yield from judge_each((resource,), lambda one: _judge_copies(one, parameters))


def _judge_place(resource: Resource, parameters: DataResidency) -> Iterator[Outcome]:
    if not is_regional(resource.token):
        return
    node = region_node(resource)
    if node.text() is not None and node.text() not in parameters.allowed_regions:
        yield Violation(f"the region is {node.shown}, which is not allowed", resource.urn)


def _judge_copy_place(resource: Resource, node: Node, parameters: DataResidency) -> Iterator[Outcome]:
    for copy in _copies(resource, node):
        if copy.region is not None and copy.region not in parameters.allowed_regions:
            yield Violation(f"{copy.node.place} leads to a region that is not allowed", resource.urn)


def _judge_copies(resource: Resource, parameters: DataResidency) -> Iterator[Outcome]:
    original = _original(resource)
    if original is None or tag_of(original, parameters.class_tag) not in parameters.bound_classes:
        return
    home = region_of(original)
    law = None if home is None else jurisdiction(home)
    if law is not None:
        yield from judge_each(_readers(resource), lambda node: _judge_law(resource, node, law))


def _judge_law(resource: Resource, node: Node, law: str) -> Iterator[Outcome]:
    for copy in _copies(resource, node):
        there = None if copy.region is None else jurisdiction(copy.region)
        if there is not None and there != law:
            yield Violation(f"{copy.node.place} takes data of this class from {law} to {there}", resource.urn)


def _original(resource: Resource) -> Resource | None:
    """Whose data it copies; None where that is not in the stack."""
    if resource.token == TABLE_REPLICA:
        return _owner(resource, resource["globalTableArn"], DYNAMODB_TABLE)
    if resource.token == BUCKET_REPLICATION:
        return _owner(resource, resource["bucket"], BUCKET)
    return resource


def _owner(resource: Resource, node: Node, token: str) -> Resource | None:
    owners = [source for source in resource.sources(node) if source.token == token]
    if owners:
        return owners[0]
    if node.unknown:
        raise Undetermined(node.path, node.urn)
    return _bucket(resource.stack, node.text() or "") if token == BUCKET else None


def _bucket(stack: Stack, name: str) -> Resource | None:
    """The bucket of that name; None where it is not in the stack."""
    named: dict[str, Resource] = stack.index("buckets by name", lambda: _index(stack))
    if name not in named and UNKNOWN in named:
        node = named[UNKNOWN]["bucket"]
        raise Undetermined(node.path, node.urn)
    return named.get(name)


def _index(stack: Stack) -> dict[str, Resource]:
    """Buckets by name; the last one whose name is not known yet stands for all of them."""
    return {UNKNOWN if one["bucket"].unknown else str(one["bucket"].raw): one for one in stack.of(BUCKET)}


def _readers(resource: Resource) -> tuple[Node, ...]:
    """Properties that each say where copies go."""
    if resource.token in (DYNAMODB_TABLE, SECRET):
        key = "regionName" if resource.token == DYNAMODB_TABLE else "region"
        return tuple(copy[key] for copy in resource["replicas"].items())
    if resource.token == TABLE_REPLICA:
        return (region_node(resource),)
    if resource.token == ENDPOINT_GROUP:
        return (resource["endpointGroupRegion"],)
    if resource.token == BACKUP_PLAN:
        actions = (action for rule in resource["rules"].items() for action in rule["copyActions"].items())
        return tuple(action["destinationVaultArn"] for action in actions)
    if resource.token == BUCKET_REPLICATION:
        return tuple(rule.at("destination", "bucket") for rule in resource["rules"].items())
    if resource.token == REGISTRY_REPLICATION:
        rules = resource.at("replicationConfiguration", "rules").items()
        return tuple(target["region"] for rule in rules for target in rule["destinations"].items())
    return ()


def _copies(resource: Resource, node: Node) -> Iterator[_Copy]:
    if resource.token == BACKUP_PLAN and not node.unknown:
        yield _Copy(arn_region(node), node)
    elif resource.token in (BACKUP_PLAN, BUCKET_REPLICATION) and node.unknown:
        targets = (BUCKET,) if resource.token == BUCKET_REPLICATION else _VAULTS
        sources = [source for source in resource.sources(node) if source.token in targets]
        if not sources:
            raise Undetermined(node.path, node.urn)
        yield from (_Copy(region_of(source), node) for source in sources)
    elif resource.token == BUCKET_REPLICATION:
        name = (node.text() or "").rpartition(":")[2]
        found = _bucket(resource.stack, name)
        yield _Copy(None if found is None else region_of(found), node)
    else:
        yield _Copy(node.text(), node)


RULE = Rule(
    id="data-residency",
    title="Data and its copies stay in the jurisdiction that its class allows",
    description=(
        "Copies of data of a bound class (replicas of tables and secrets, replicated buckets, copies of backups) "
        "stay in the jurisdiction of the original, the European Union being one. Where regions are configured, "
        "every regional AWS resource, every copy, replicated registry and endpoint group of an accelerator is in "
        "one of them. Copies to what is not in the stack are placed by their ARN, if that names a region."
    ),
    effect="personal data is transferred to where nobody checked that it may be",
    remedy="move the copy to a region of the same jurisdiction, or have the transfer approved and waive the rule",
    topic=Topic.RETENTION,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=DataResidency,
    check=check,
)
