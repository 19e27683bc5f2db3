"""Rule `enc-vectors-cmk`: embeddings are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.frameworks import ES_1, OPENSEARCH_1
from policies.keys import key_problem
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

VECTOR_BUCKET: Final = "aws:s3/vectorsVectorBucket:VectorsVectorBucket"
VECTOR_INDEX: Final = "aws:s3/vectorsIndex:VectorsIndex"
SECURITY_POLICY: Final = "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"
COLLECTION: Final = "aws:opensearch/serverlessCollection:ServerlessCollection"
DOMAINS: Final = ("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain")
_KMS: Final = "aws:kms"


def check(store: Resource, parameters: Parameters) -> Outcomes:
    """Judge what holds vectors, or the policy that says how collections are encrypted."""
    if store.token in (VECTOR_BUCKET, VECTOR_INDEX):
        yield from _judge_vectors(store)
    elif store.token == SECURITY_POLICY:
        yield from _judge_policy(store)
    elif store.token == COLLECTION:
        yield from judge_each(store["encryptionConfigs"].items(), lambda node: _judge_owned(store, node))
    else:
        yield from _judge_domain(store, store["encryptAtRest"])


def _judge_vectors(store: Resource) -> Iterator[Outcome]:
    configurations = store["encryptionConfigurations"].items()
    if not configurations and store.token == VECTOR_BUCKET:  # an index is encrypted like its bucket
        yield Violation("encryptionConfigurations is missing, so vectors are encrypted with AES256")
    yield from judge_each(configurations, lambda node: _judge_configuration(store, node))


def _judge_configuration(store: Resource, configuration: Node) -> Iterator[Outcome]:
    if configuration["sseType"].text() != _KMS:
        yield Violation(f"{configuration['sseType'].place} is not {_KMS}")
        return
    yield from _judge_key(store, configuration["kmsKeyArn"])


def _judge_policy(policy: Resource) -> Iterator[Outcome]:
    if policy["type"].text() != "encryption":
        return
    document = policy["policy"].document()
    if document["AWSOwnedKey"].truth():
        yield Violation("AWSOwnedKey of the policy is true")
        return
    yield from _judge_key(policy, document["KmsARN"])


def _judge_owned(store: Resource, configuration: Node) -> Iterator[Outcome]:
    if configuration["awsOwnedKey"].truth():
        yield Violation(f"{configuration['awsOwnedKey'].place} is true")
        return
    yield from _judge_key(store, configuration["kmsKeyArn"])


def _judge_domain(domain: Resource, encryption: Node) -> Iterator[Outcome]:
    if not encryption["enabled"].truth():
        yield Violation(f"{encryption['enabled'].place} is not true")
        return
    yield from _judge_key(domain, encryption["kmsKeyId"])


def _judge_key(store: Resource, node: Node) -> Iterator[Outcome]:
    problem = key_problem(store, node)
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-vectors-cmk",
    title="Vector stores are encrypted with a customer managed KMS key",
    description=(
        "S3 vector buckets (and indexes that state an encryption of their own) use aws:kms with a customer managed "
        "key; encryption policies and collections of OpenSearch Serverless name one and no key that AWS owns; "
        "OpenSearch and Elasticsearch domains are encrypted at rest with one."
    ),
    effect="embeddings, from which the embedded texts can be guessed, rest under a key that nobody here controls",
    remedy="name a KMS key in the encryption configuration or policy (this replaces a vector bucket)",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(VECTOR_BUCKET, VECTOR_INDEX, SECURITY_POLICY, COLLECTION, *DOMAINS),
    parameters=Parameters,
    check=check,
    frameworks=(ES_1, OPENSEARCH_1),
)
