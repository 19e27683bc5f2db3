"""Rule `ddb-global`: tables are where they are read, and can be set back everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.regions import region_of
from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
    judge_on,
)
from policies.stack import Stack
from policies.tokens import DYNAMODB_TABLE, EKS_CLUSTER, TABLE_REPLICA
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

_STRONG: Final = "STRONG"
# Strong consistency over regions takes three regions, one of which may be a witness without data (Amazon DynamoDB
# developer guide, "Multi-Region strong consistency", read 2026-11)
_STRONG_REGIONS: Final = 3


class GlobalTables(Parameters):
    """Parameters."""

    regional_tables: tuple[str, ...] = Field(
        default=(), description="URN patterns of tables whose items concern their own region alone."
    )
    replica_protection_required: bool = Field(
        default=True, description="Whether each replica needs deletion protection of its own."
    )


def check(table: Resource, parameters: GlobalTables) -> Outcomes:
    """Judge a table with its replicas, or a replica that is a resource of its own."""
    if table.token == TABLE_REPLICA:
        yield from _judge_replica(table.properties, parameters)
        return
    yield from judge_each((table.at("pointInTimeRecovery", "enabled"),), _judge_recovery)
    yield from judge_each(table["replicas"].items(), lambda replica: _judge_replica(replica, parameters))
    aspects: tuple[Callable[[Resource, GlobalTables], Outcomes], ...] = (_judge_regions, _judge_strong)
    yield from judge_each(aspects, lambda aspect: aspect(table, parameters))


def _judge_recovery(node: Node) -> Iterator[Outcome]:
    if not node.truth():
        yield Violation(f"{node.place} is not true", remedy="enable point-in-time recovery")


def _judge_replica(replica: Node, parameters: GlobalTables) -> Outcomes:
    wanted = [replica["pointInTimeRecovery"]]
    if parameters.replica_protection_required:
        wanted.append(replica["deletionProtectionEnabled"])
    yield from judge_each(wanted, judge_on)


def _judge_regions(table: Resource, parameters: GlobalTables) -> Iterator[Outcome]:
    if any(fnmatchcase(table.urn, pattern) for pattern in parameters.regional_tables):
        return
    stack = table.stack
    serving = stack.index("cluster-regions", lambda: {region_of(cluster) for cluster in stack.of(EKS_CLUSTER)})
    if len(serving) < 2:
        return
    missing = serving - _regions(table) - _namesakes(table)
    if missing:
        yield Violation(
            f"it is in {len(missing)} of the {len(serving)} regions with clusters neither itself nor a copy"
        )


def _regions(table: Resource) -> set[str | None]:
    """The regions of the table and its replicas."""
    regions = {region_of(table)} | {replica["regionName"].text() for replica in table["replicas"].items()}
    apart = table.stack.companions(table, TABLE_REPLICA, "globalTableArn")
    if apart.loose:
        apart.one_or_doubt()
    return regions | {region_of(replica) for replica in apart.bound}


def _namesakes(table: Resource) -> set[str | None]:
    """Regions that have a table of the same name: each region keeps its own items."""
    if table["name"].missing:
        return set()
    named = table.stack.index("tables-by-name", lambda: _by_name(table.stack))
    return named.get(table["name"].text() or "", set())


def _by_name(stack: Stack) -> dict[str, set[str | None]]:
    result: dict[str, set[str | None]] = {}
    for table in stack.of(DYNAMODB_TABLE):
        if isinstance(table["name"].raw, str) and not table["name"].unknown and not table["region"].unknown:
            result.setdefault(table["name"].raw, set()).add(region_of(table))
    return result


def _judge_strong(table: Resource, parameters: GlobalTables) -> Iterator[Outcome]:
    replicas = table["replicas"].items()
    if not any(replica["consistencyMode"].text() == _STRONG for replica in replicas):
        return
    witness = not table.at("globalTableWitness", "regionName").missing
    if 1 + len(replicas) + witness != _STRONG_REGIONS:
        yield Violation(
            f"replicas[].consistencyMode is {_STRONG} without {_STRONG_REGIONS} regions",
            remedy="give it two replicas, or one replica and a globalTableWitness",
        )


RULE = Rule(
    id="ddb-global",
    title="Tables are in every serving region, and each copy can be set back and is not deleted by mistake",
    description=(
        "Each table has point-in-time recovery, and so has each replica (inline or a resource of its own), with "
        "deletion protection. Where the stack has clusters in several regions, a table or its replicas are in all of "
        "them, or each has a table of that name. Strong consistency has three regions, or two and a witness."
    ),
    effect="a region serves without its features, or a mistaken write cannot be taken back in one of the copies",
    remedy="enable pointInTimeRecovery and deletionProtectionEnabled everywhere, and add a replica per serving region",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(DYNAMODB_TABLE, TABLE_REPLICA),
    parameters=GlobalTables,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
