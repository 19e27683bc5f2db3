"""Rule `enc-queue-topic-secret-cmk`: messages and secrets are encrypted with keys of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.frameworks import KINESIS_1, SQS_1
from policies.keys import key_problem
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import SECRET, TOPIC
from policies.views import Node, Resource

QUEUE: Final = "aws:sqs/queue:Queue"
PARAMETER: Final = "aws:ssm/parameter:Parameter"
STREAM: Final = "aws:kinesis/stream:Stream"
KAFKA: Final = "aws:msk/cluster:Cluster"
_KEY_PATHS: Final[dict[str, tuple[str, ...]]] = {
    TOPIC: ("kmsMasterKeyId",),
    QUEUE: ("kmsMasterKeyId",),
    SECRET: ("kmsKeyId",),
    PARAMETER: ("keyId",),
    STREAM: ("kmsKeyId",),
    KAFKA: ("encryptionInfo", "encryptionAtRestKmsKeyArn"),
}


def check(holder: Resource, parameters: Parameters) -> Outcomes:
    """Judge what holds messages or secrets, and a secret's copies in other regions."""
    if holder.token == PARAMETER and holder["type"].text() != "SecureString":
        return
    nodes = [holder.at(*_KEY_PATHS[holder.token])]
    if holder.token == STREAM:
        yield from judge_each((holder["encryptionType"],), _judge_stream)
    yield from judge_each(nodes, lambda node: _judge_key(holder, node))
    if holder.token == SECRET:
        yield from judge_each(holder["replicas"].items(), lambda replica: _judge_key(holder, replica["kmsKeyId"]))


def _judge_stream(encryption: Node) -> Iterator[Outcome]:
    if encryption.text() != "KMS":
        yield Violation(f"{encryption.place} is not KMS", remedy="set encryptionType to KMS and kmsKeyId to a KMS key")


def _judge_key(holder: Resource, node: Node) -> Iterator[Outcome]:
    problem = key_problem(holder, node)
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-queue-topic-secret-cmk",
    title="Queues, topics, streams and secrets are encrypted with customer managed KMS keys",
    description=(
        "SNS topics, SQS queues, Kinesis streams, MSK clusters, secrets of Secrets Manager with each of their "
        "replicas, and SecureString parameters of Systems Manager name a customer managed key. Encryption with a "
        "key that SQS or SNS owns does not count: no policy of ours guards it."
    ),
    effect="requests, answers and passwords rest under a key whose use nobody here can limit, audit or end",
    remedy="set the key property to a KMS key whose policy admits the services that send and receive",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=tuple(_KEY_PATHS),
    parameters=Parameters,
    check=check,
    frameworks=(KINESIS_1, SQS_1),
)
