"""Rule `enc-dynamodb-cmk-all-replicas`: tables and all their replicas are encrypted with keys of our own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.keys import key_problem
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import DYNAMODB_TABLE
from policies.views import Node, Resource


def check(table: Resource, parameters: Parameters) -> Outcomes:
    """Judge a table with its replicas, or a replica that is a resource of its own."""
    if table.token != DYNAMODB_TABLE:
        yield from _judge_key(table, table["kmsKeyArn"])
        return
    encryption = table["serverSideEncryption"]
    yield from judge_each((encryption,), lambda node: _judge_table(table, node))
    yield from judge_each(table["replicas"].items(), lambda replica: _judge_key(table, replica["kmsKeyArn"]))


def _judge_table(table: Resource, encryption: Node) -> Iterator[Outcome]:
    if not encryption["enabled"].truth():
        yield Violation(f"{encryption['enabled'].place} is not true")
        return
    yield from _judge_key(table, encryption["kmsKeyArn"])


def _judge_key(table: Resource, node: Node) -> Iterator[Outcome]:
    problem = key_problem(table, node)
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-dynamodb-cmk-all-replicas",
    title="Tables and all their replicas are encrypted with customer managed KMS keys",
    description=(
        "serverSideEncryption of a table is enabled with a customer managed key, and each replica (inline or a "
        "resource of its own) names one of its region."
    ),
    effect="features are readable wherever a copy lies under a key that nobody here controls",
    remedy="set serverSideEncryption with enabled and kmsKeyArn, and kmsKeyArn of every replica",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(DYNAMODB_TABLE, "aws:dynamodb/tableReplica:TableReplica"),
    parameters=Parameters,
    check=check,
)
