"""Asynchronous delivery of one service in one region: what waits, what was answered, what could not be.

Owns the queue, the queue of dead letters, the table by which a request is done once, the bucket of requests and
answers, and the alarms on them. A message of the queue is a reference: requests and answers are larger than a
message may be, and personal data is kept in one place that forgets it in time. What reads the queue is
`serving.stages.delivery`; who may call is the gateway's business.
"""

import json
from math import ceil
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.bucket import SecureBucket, SecureBucketArgs, bucket_arn
from components.iam import (
    Condition,
    Statement,
    arn,
    denial,
    dns_suffix,
    plain_denial,
    policy_document,
)
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.delivery import (
    DEAD_LETTER_SECONDS,
    EXPIRY_ATTRIBUTE,
    RECEIVES_PER_ATTEMPT,
    REQUEST_ATTRIBUTE,
)
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.contract import Delivery
from serving.stages.settings import DeliverySettings
from serving.telemetry.slo import runbook_link

_MOST_RETENTION_SECONDS: Final = 1_209_600
"""14 days (botocore 1.44.5, sqs, CreateQueue, MessageRetentionPeriod)."""

_MOST_RECEIVES: Final = 1_000
"""Of one message before it becomes a dead letter (botocore 1.44.5, sqs, CreateQueue, RedrivePolicy)."""

_LONG_POLL_SECONDS: Final = 20
"""The longest wait of a receive (botocore 1.44.5, sqs, CreateQueue, ReceiveMessageWaitTimeSeconds); asking less often
costs less and finds messages as fast."""

_KEY_REUSE_SECONDS: Final = 300
"""How long a data key serves (botocore 1.44.5, sqs, CreateQueue, KmsDataKeyReusePeriodSeconds: its default)."""

RUNBOOK: Final = "docs/runbooks/delivery.md"
"""What to do about dead letters and about requests that wait too long."""

_DAY_SECONDS: Final = 86_400
_RECOVERY_DAYS: Final = 7
"""Longer than it takes to see that requests were answered wrongly."""

_WIRING: Final = frozenset({"key_arn", "log_bucket", "topic_arn", "endpoint_ids"})


class DeliveryQueueArgs(TypedDict):
    """Arguments of `DeliveryQueue`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account."""
    region: str
    """Region of the cell that answers."""
    service: str
    """The service whose requests wait."""
    max_attempts: int
    """Attempts before a request is set aside as a dead letter."""
    visibility_timeout_seconds: int
    """Time in which a worker must finish a request, or another one tries."""
    retention_seconds: int
    """How long an unread request waits before it is given up, and as long again is its answer kept."""
    oldest_seconds: int
    """Age of the oldest waiting request at which people are told."""
    runbook_base_url: NotRequired[str]
    """Where the repository's files can be read; alarms name the runbook below it."""
    deletion_protection: bool
    """Whether the table refuses to be deleted."""
    key_arn: pulumi.Input[str]
    """Key of the service's data class in the region."""
    log_bucket: pulumi.Input[str]
    """Access log bucket of the region."""
    endpoint_ids: NotRequired[list[pulumi.Input[str]]]
    """Gateway endpoints through which alone requests and answers are read and written; every way by default."""
    topic_arn: pulumi.Input[str]
    """Who is told of dead letters and of requests that wait too long."""
    tags: dict[str, str]
    """Ownership and lineage tags."""


class DeliveryQueueSpec(Section):
    """The plain facts of `DeliveryQueueArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    service: Name
    # limits of Amazon SQS: botocore 1.44.5, sqs, CreateQueue
    max_attempts: int = Field(ge=1, le=_MOST_RECEIVES // RECEIVES_PER_ATTEMPT)
    visibility_timeout_seconds: int = Field(ge=1, le=43_200)
    retention_seconds: int = Field(ge=60, le=_MOST_RETENTION_SECONDS)
    oldest_seconds: int = Field(ge=1)
    runbook_base_url: str = ""
    deletion_protection: bool
    tags: dict[str, str]


class DeliveryQueue(pulumi.ComponentResource):
    """Requests that are answered later: none lost, none done twice, none kept for ever."""

    queue_url: pulumi.Output[str]
    """Queue of references to requests; whoever takes it waits for its policy."""
    dead_letter_queue_url: pulumi.Output[str]
    """Queue of the references that no worker could finish."""
    table_name: pulumi.Output[str]
    """Table by which a request is done once."""
    bucket_name: pulumi.Output[str]
    """Bucket of requests and answers."""

    def __init__(self, name: str, args: DeliveryQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("DeliveryQueue"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(DeliveryQueueSpec, "DeliveryQueue", name, args, _WIRING)
        spec = self._spec
        self.names: DeliveryNames = DeliveryNames(spec.environment, spec.account_id, spec.region, spec.service)
        dead_letters = self._create_dead_letters()
        queue = self._create_queue(dead_letters)
        self._create_alarms()
        self.queue_url = queue.url
        self.dead_letter_queue_url = dead_letters.url
        self.table_name = self._create_table().name
        self.bucket_name = self._create_bucket().name
        self.register_outputs({key: getattr(self, key) for key in DeliveryQueue.__annotations__})

    def _create_dead_letters(self) -> aws.sqs.Queue:
        """They wait as long as they can: a person looks, mends and sends them back."""
        spec = self._spec
        queue = aws.sqs.Queue(
            f"{self._name}-dead-letters",
            name=self.names.dead_letters,
            message_retention_seconds=DEAD_LETTER_SECONDS,
            redrive_allow_policy=json.dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [self.names.queue_arn]}
            ),
            kms_master_key_id=self._args["key_arn"],
            kms_data_key_reuse_period_seconds=_KEY_REUSE_SECONDS,
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )
        self._create_policy("dead-letters-policy", queue, self.names.dead_letters_arn)
        return queue

    def _create_queue(self, dead_letters: aws.sqs.Queue) -> aws.sqs.Queue:
        spec = self._spec
        queue = aws.sqs.Queue(
            f"{self._name}-queue",
            name=self.names.queue,
            visibility_timeout_seconds=spec.visibility_timeout_seconds,
            message_retention_seconds=spec.retention_seconds,
            receive_wait_time_seconds=_LONG_POLL_SECONDS,
            # workers count attempts and set aside; this is for what none of them can make anything of
            redrive_policy=pulumi.Output.json_dumps(
                {
                    "deadLetterTargetArn": dead_letters.arn,
                    "maxReceiveCount": RECEIVES_PER_ATTEMPT * spec.max_attempts,
                },
                sort_keys=True,
            ),
            kms_master_key_id=self._args["key_arn"],
            kms_data_key_reuse_period_seconds=_KEY_REUSE_SECONDS,
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )
        self._create_policy("queue-policy", queue, self.names.queue_arn)
        return queue

    def _create_policy(self, suffix: str, queue: aws.sqs.Queue, queue_arn: str) -> None:
        """Who may send and receive is said by roles; nobody does without TLS, and nobody of another account."""
        everything, here = ("sqs:*",), (queue_arn,)
        foreign = Condition("StringNotEquals", "aws:PrincipalAccount", self._spec.account_id)
        statements = [
            plain_denial("OnlyOverTls", everything, here),
            denial("OnlyOwnAccount", everything, here, foreign),
        ]
        aws.sqs.QueuePolicy(
            f"{self._name}-{suffix}",
            queue_url=queue.url,
            policy=policy_document(statements),
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_table(self) -> aws.dynamodb.Table:
        spec = self._spec
        return aws.dynamodb.Table(
            f"{self._name}-table",
            name=self.names.table,
            billing_mode="PAY_PER_REQUEST",
            hash_key=REQUEST_ATTRIBUTE,
            attributes=[{"name": REQUEST_ATTRIBUTE, "type": "S"}],
            ttl={"attribute_name": EXPIRY_ATTRIBUTE, "enabled": True},
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": _RECOVERY_DAYS},
            server_side_encryption={"enabled": True, "kms_key_arn": self._args["key_arn"]},
            deletion_protection_enabled=spec.deletion_protection,
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_bucket(self) -> SecureBucket:
        spec = self._spec
        args: SecureBucketArgs = {
            "bucket": self.names.bucket,
            "account_id": spec.account_id,
            "region": spec.region,
            "expire_days": _kept_days(spec.retention_seconds),
            "noncurrent_days": 1,  # nothing here is ever written twice
            "key_arn": self._args["key_arn"],
            "log_bucket": self._args["log_bucket"],
            "tags": spec.tags,
        }
        if "endpoint_ids" in self._args:
            args["endpoint_ids"] = self._args["endpoint_ids"]
        return SecureBucket(f"{self._name}-payloads", args, opts=child_options(self))

    def _create_alarms(self) -> None:
        self._create_alarm(
            "dead-letters-alarm",
            self.names.dead_letters,
            "ApproximateNumberOfMessagesVisible",
            threshold=0,
            description=f"Requests to {self._spec.service} were tried {self._spec.max_attempts} times and set aside."
            f" {self._runbook}#requests-were-set-aside",
        )
        self._create_alarm(
            "age-alarm",
            self.names.queue,
            "ApproximateAgeOfOldestMessage",
            threshold=self._spec.oldest_seconds,
            description=f"Requests to {self._spec.service} wait longer than promised."
            f" {self._runbook}#requests-wait-too-long",
        )

    @property
    def _runbook(self) -> str:
        return f"Runbook: {runbook_link(self._spec.runbook_base_url, RUNBOOK)}"

    def _create_alarm(self, suffix: str, queue: str, metric: str, threshold: int, description: str) -> None:
        topic = self._args["topic_arn"]
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{suffix}",
            name=physical_name(NameRule.ALARM, queue, suffix),
            alarm_description=description,
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions={"QueueName": queue},
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            period=60,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data="notBreaching",  # a queue that nobody uses reports nothing
            alarm_actions=[topic],
            ok_actions=[topic],
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self),
        )


class DeliveryNames:
    """Physical names of a service's delivery in a region, for those who need them before it is made."""

    def __init__(self, environment: str, account_id: str, region: str, service: str) -> None:
        self._here = (region, account_id)
        self.region: str = region
        self.queue: str = physical_name(NameRule.SQS_QUEUE, environment, service, "requests")
        self.dead_letters: str = physical_name(NameRule.SQS_QUEUE, environment, service, "dead-letters")
        self.table: str = physical_name(NameRule.DYNAMODB_TABLE, environment, service, "requests")
        self.bucket: str = physical_name(NameRule.S3_BUCKET, environment, account_id, region, service, "delivery")

    @property
    def queue_url(self) -> str:
        """URL of the queue."""
        return self._url(self.queue)

    @property
    def dead_letters_url(self) -> str:
        """URL of the queue of dead letters."""
        return self._url(self.dead_letters)

    def _url(self, queue: str) -> str:
        """Amazon SQS developer guide, "Queue and message identifiers", read 2026-11."""
        region, account_id = self._here
        return f"https://sqs.{region}.{dns_suffix(region)}/{account_id}/{queue}"

    @property
    def queue_arn(self) -> str:
        """ARN of the queue."""
        return arn("sqs", *self._here, self.queue)

    @property
    def dead_letters_arn(self) -> str:
        """ARN of the queue of dead letters."""
        return arn("sqs", *self._here, self.dead_letters)

    @property
    def table_arn(self) -> str:
        """ARN of the table."""
        return arn("dynamodb", *self._here, f"table/{self.table}")


def deliver_statements(names: DeliveryNames, region: str, key_arn: pulumi.Input[str]) -> list[Statement]:
    """What replicas need to take requests in, to work on them and to hand answers out; no more than that.

    They set requests aside; dead letters are not theirs to read: a person decides about them.
    """
    receive = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
    once = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
    services = [f"{service}.{region}.{dns_suffix(region)}" for service in ("dynamodb", "s3", "sqs")]
    through = Condition("StringEquals", "kms:ViaService", *services)
    return [
        Statement("Queue", (*receive, "sqs:SendMessage"), (names.queue_arn,)),
        Statement("SetAside", ("sqs:SendMessage",), (names.dead_letters_arn,)),
        Statement("DoOnce", once, (names.table_arn,)),
        Statement("Payloads", ("s3:GetObject", "s3:PutObject"), (f"{bucket_arn(names.bucket, region)}/*",)),
        Statement("DeliveryKey", ("kms:Decrypt", "kms:GenerateDataKey"), (key_arn,), conditions=(through,)),
    ]


def delivery_settings(blueprint: Blueprint, names: DeliveryNames, origin: str) -> DeliverySettings:
    """What the program beside the server must know of its queue.

    Args:
        blueprint: The service.
        names: Where it is.
        origin: Scheme and host of the service in this region.
    """
    queue = blueprint.contract.queue
    return DeliverySettings(
        origin=origin,
        region=names.region,
        queue_url=names.queue_url,
        dead_letters_url=names.dead_letters_url,
        table=names.table,
        bucket=names.bucket,
        visibility_timeout_seconds=queue.visibility_timeout_seconds,
        retention_seconds=queue.retention_seconds,
        max_attempts=queue.max_attempts,
        parallel_requests=queue.parallel_requests,
        always=set(blueprint.contract.delivery) == {Delivery.ASYNC},
    )


def _kept_days(retention_seconds: int) -> int:
    """Whole days after which a request and its answer are gone.

    It waits at most once, as long as a dead letter, and once more after it was sent back; an answer is kept for less.
    """
    return ceil((2 * retention_seconds + DEAD_LETTER_SECONDS) / _DAY_SECONDS)
