"""Policy documents: what IAM reads is what was stated."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.iam import (
    Condition,
    Effect,
    Principals,
    Statement,
    arn,
    create_role,
    dns_suffix,
    partition,
    pod_identity_trust,
    policy_document,
    role_arn,
    role_name,
    service_trust,
    when_permitted,
)
from tests.components.recorder import UNKNOWN, Recorder
from tests.components.samples import ACCOUNT, HOME, TAGS


def only_statement(document: object) -> dict[str, Any]:
    assert isinstance(document, str)
    (statement,) = json.loads(document)["Statement"]
    return dict(statement)


def test_a_document_of_known_parts_is_plain_text() -> None:
    document = policy_document([Statement("Read", ("s3:GetObject",), ("arn:aws:s3:::data/*",))])
    assert only_statement(document) == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
    }


def test_conditions_of_one_operator_stand_together() -> None:
    both = (Condition("StringEquals", "a", "1"), Condition("StringEquals", "b", "2", "3"))
    statement = only_statement(policy_document([Statement("X", ("s3:*",), ("*",), conditions=both)]))
    assert statement["Condition"] == {"StringEquals": {"a": "1", "b": ["2", "3"]}}


def test_a_denial_to_everybody_is_written_as_one() -> None:
    deny = Statement("No", ("ecr:*",), effect=Effect.DENY, principals=Principals.anyone())
    assert only_statement(policy_document([deny])) == {
        "Sid": "No",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:*",
    }


def test_an_unknown_part_stays_unknown_and_the_document_dependent_and_readable(record: Recorder) -> None:
    class Holder(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Holder", "holder")
            key, _ = create_role(
                self, "holder-a", "a", description="a", trust=service_trust("ec2.amazonaws.com"), tags=TAGS
            )
            create_role(
                self,
                "holder-b",
                "b",
                description="b",
                trust=service_trust("ec2.amazonaws.com"),
                tags=TAGS,
                statements=[Statement("Use", ("kms:Decrypt",), (key.arn,))],
            )

    recorded = record(Holder)
    policy = recorded.named("holder-b-policy")
    [statement] = policy["policy"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", UNKNOWN)
    assert recorded.source_of(policy, "policy") == [recorded.named("holder-a")]


def test_who_takes_a_permitted_role_waits_for_its_permissions(record: Recorder) -> None:
    class Holder(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Holder", "holder")
            role, permissions = create_role(
                self,
                "holder-a",
                "a",
                description="a",
                trust=service_trust("ec2.amazonaws.com"),
                tags=TAGS,
                managed_policy_arns={"one": "arn:aws:iam::aws:policy/One", "two": "arn:aws:iam::aws:policy/Two"},
            )
            waiting = Statement("Use", ("sts:AssumeRole",), (when_permitted(role, permissions),))
            trust = service_trust("ec2.amazonaws.com")
            create_role(self, "holder-b", "b", description="b", trust=trust, tags=TAGS, statements=[waiting])

    recorded = record(Holder)
    sources = {source.name for source in recorded.source_of(recorded.named("holder-b-policy"), "policy")}
    assert sources == {"holder-a", "holder-a-one", "holder-a-two"}


def test_pods_of_another_cluster_or_account_cannot_assume_a_role() -> None:
    cluster = arn("eks", HOME, ACCOUNT, "cluster/test")
    statement = only_statement(pod_identity_trust(ACCOUNT, cluster))
    assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": cluster},
    }


@pytest.mark.parametrize(
    ("region", "name", "suffix"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ],
)
def test_a_region_decides_partition_and_domain(region: str, name: str, suffix: str) -> None:
    assert (partition(region), dns_suffix(region)) == (name, suffix)
    assert arn("s3", "", "", "data", within=region) == f"arn:{name}:s3:::data"


def test_the_arn_of_a_role_can_be_told_before_the_role_is_made() -> None:
    assert role_arn("test", ACCOUNT, HOME, HOME, "node").endswith(f":role/{role_name('test', HOME, 'node')}")


def test_a_document_with_outputs_is_the_same_text_in_every_run(record: Recorder) -> None:
    """The SDK resolves mappings in any order; another order would be a change at every preview."""
    texts: set[str] = set()

    def program() -> None:
        for _ in range(20):
            conditions = (
                Condition("StringNotEquals", "aws:SourceVpce", pulumi.Output.from_input("vpce-1")),
                Condition("Bool", "aws:SecureTransport", "false"),
            )
            statement = Statement("One", ("s3:GetObject",), ("arn:aws:s3:::b/*",), conditions=conditions)
            pulumi.Output.from_input(policy_document([statement])).apply(texts.add)

    record(program)
    (text,) = texts
    assert text == json.dumps(json.loads(text), sort_keys=True)
