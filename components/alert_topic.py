"""The topics through which people are told.

Owns how such a topic is made: encrypted, only over TLS, and only for the named AWS services of the account.
Who subscribes is the business of the component that owns the topic.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from components.iam import Condition, Principals, Statement, arn, plain_denial, policy_document
from components.options import child_options

OPERATIONS_PUBLISHERS: Final = ("aps", "backup", "cloudwatch", "events")
"""AWS services that tell of incidents (docs/facts.md)."""

COST_PUBLISHERS: Final = ("budgets", "costalerts")
"""AWS services that tell of costs (docs/facts.md)."""

# Publishers that read a topic's attributes as well (Amazon Managed Service for Prometheus user guide, "Giving
# permission to send alert messages to your Amazon SNS topic", read 2026-11)
_READERS = frozenset({"aps"})


def create_topic(
    parent: pulumi.Resource,
    logical_name: str,
    name: str,
    *,
    region: str,
    account_id: str,
    display_name: str,
    key_arn: pulumi.Input[str],
    publishers: Sequence[str],
    tags: Mapping[str, str],
) -> aws.sns.Topic:
    """Make a topic and its policy.

    Args:
        parent: The component that owns the topic.
        logical_name: Pulumi's name; `-policy` is appended for the policy.
        name: Physical name.
        region: Where it is.
        account_id: Whose services may publish.
        display_name: Sender that people see.
        key_arn: Customer managed key that encrypts the messages.
        publishers: AWS services that may publish, as `cloudwatch`.
        tags: Its tags.
    """
    topic = aws.sns.Topic(
        logical_name,
        region=region,
        name=name,
        display_name=display_name,
        kms_master_key_id=key_arn,
        signature_version=2,  # SHA-256; version 1 signs with SHA-1
        tags=dict(tags),
        opts=child_options(parent),
    )
    aws.sns.TopicPolicy(
        f"{logical_name}-policy",
        region=region,
        arn=topic.arn,
        policy=policy_document(_statements(topic_arn(region, account_id, name), account_id, publishers)),
        opts=child_options(parent),
    )
    return topic


def topic_arn(region: str, account_id: str, name: str) -> str:
    """ARN of a topic, known before the topic exists."""
    return arn("sns", region, account_id, name)


def _statements(topic: str, account_id: str, publishers: Sequence[str]) -> list[Statement]:
    readers = [publisher for publisher in publishers if publisher in _READERS]
    return [
        _for_services("PublishByServices", "sns:Publish", topic, account_id, publishers),
        *([_for_services("ReadByServices", "sns:GetTopicAttributes", topic, account_id, readers)] if readers else []),
        plain_denial("OnlyOverTls", ("sns:Publish",), (topic,)),
    ]


def _for_services(sid: str, action: str, topic: str, account_id: str, services: Sequence[str]) -> Statement:
    return Statement(
        sid,
        (action,),
        (topic,),
        principals=Principals.service(*(f"{service}.amazonaws.com" for service in services)),
        conditions=(Condition("StringEquals", "aws:SourceAccount", account_id),),
    )
