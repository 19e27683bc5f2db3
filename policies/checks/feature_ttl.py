"""Rule `feature-ttl`: features about people expire."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.keys import key_problem
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tagging import tags
from policies.tokens import DYNAMODB_TABLE
from policies.views import Node, Resource
from serving.blueprint.tags import TagKey

FEATURE_GROUP: Final = "aws:sagemaker/featureGroup:FeatureGroup"
_OPEN_FORMATS: Final = ("Iceberg", "Glue")
_SECONDS_A_DAY: Final = 86_400
# Units of TtlDuration: SageMaker API reference, read 2026-11.
_SECONDS: Final = {"Seconds": 1, "Minutes": 60, "Hours": 3_600, "Days": _SECONDS_A_DAY, "Weeks": 7 * _SECONDS_A_DAY}


class FeatureTtl(Parameters):
    """Parameters."""

    table_patterns: tuple[str, ...] = Field(
        default=("*feature*",), description="Names of tables that are online feature stores."
    )
    feature_tag: str = Field(
        default=TagKey.FEATURE_VIEW.value, description="Tag key that a table of features carries, whatever its name."
    )
    maximum_ttl_days: int = Field(default=400, ge=1, description="Longest time to live of a feature group's records.")


def check(resource: Resource, parameters: FeatureTtl) -> Outcomes:
    """Judge one table of features, or one feature group."""
    if resource.token == FEATURE_GROUP:
        yield from judge_each((resource["onlineStoreConfig"],), lambda node: _judge_online(resource, node, parameters))
        yield from judge_each((resource["offlineStoreConfig"],), lambda node: _judge_offline(resource, node))
    elif _holds_features(resource, parameters):
        yield from judge_each((resource["ttl"],), _judge_table)


def _holds_features(table: Resource, parameters: FeatureTtl) -> bool:
    if parameters.feature_tag in tags(table) or _matches(table.name, parameters):
        return True
    return _matches(table["name"].text() or "", parameters)


def _matches(name: str, parameters: FeatureTtl) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in parameters.table_patterns)


def _judge_table(ttl: Node) -> Iterator[Outcome]:
    if not ttl["enabled"].truth():
        yield Violation("ttl.enabled is not true, so features are kept for ever")
    elif not ttl["attributeName"].text():
        yield Violation("ttl.attributeName is missing")


def _judge_online(group: Resource, store: Node, parameters: FeatureTtl) -> Iterator[Outcome]:
    if not store["enableOnlineStore"].truth():
        return
    yield from judge_each((store["ttlDuration"],), lambda node: _judge_duration(node, parameters))
    yield from judge_each((store.at("securityConfig", "kmsKeyId"),), lambda node: _judge_key(group, node))


def _judge_duration(duration: Node, parameters: FeatureTtl) -> Iterator[Outcome]:
    value, unit = duration["value"].number(), _SECONDS.get(duration["unit"].text() or "")
    if value is None or unit is None:
        yield Violation(f"{duration.place} is missing, so features are kept for ever")
    elif value * unit > parameters.maximum_ttl_days * _SECONDS_A_DAY:
        yield Violation(f"{duration.place} is more than {parameters.maximum_ttl_days} days")


def _judge_offline(group: Resource, store: Node) -> Iterator[Outcome]:
    if store.missing:
        return
    table_format = store["tableFormat"]
    if not table_format.missing and table_format.text() not in _OPEN_FORMATS:
        yield Violation(f"{table_format.place} is {table_format.shown}, not {' or '.join(_OPEN_FORMATS)}")
    yield from judge_each((store.at("s3StorageConfig", "kmsKeyId"),), lambda node: _judge_key(group, node))


def _judge_key(group: Resource, node: Node) -> Iterator[Outcome]:
    problem = key_problem(group, node)
    if problem:
        yield Violation(problem, remedy=f"set {node.place} to a KMS key (this replaces the feature group)")


RULE = Rule(
    id="feature-ttl",
    title="Features expire, and feature groups are encrypted with a key of our own",
    description=(
        "DynamoDB tables of features (by name, or by the tag of their feature view) have a time to live; the "
        "online store of each SageMaker feature group has one within the configured bound; online and offline "
        "stores name a customer managed key."
    ),
    effect="what was computed about a person stays when the person, and the purpose, have gone",
    remedy="set ttl with enabled and attributeName, or onlineStoreConfig.ttlDuration",
    topic=Topic.RETENTION,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(DYNAMODB_TABLE, FEATURE_GROUP),
    parameters=FeatureTtl,
    check=check,
)
