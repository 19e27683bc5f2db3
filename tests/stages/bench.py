"""Moto's queue, table and bucket for tests of asynchronous delivery, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import boto3
from moto import mock_aws

from serving.blueprint.delivery import RECEIVES_PER_ATTEMPT, REQUEST_ATTRIBUTE
from serving.stages.delivery import Claim, Deliveries, Payload, Reference, Ticket
from serving.stages.settings import DeliverySettings

REGION = "eu-west-1"
REQUEST = Payload(b'{"amount": 1}', {"x-contract-version": "3.1.0"})
ANSWER = Payload(b'{"score": 0.5}', {"content-type": "application/json"})
ATTEMPTS = 3


@dataclass
class Clock:
    """Unix time as the test wants it."""

    seconds: float = field(default=1_800_000_000)

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Bench:
    """Deliveries, and what they stand on."""

    deliveries: Deliveries
    clock: Clock
    settings: DeliverySettings
    dead_letters: str

    def one(self) -> Reference:
        [reference] = self.deliveries.receive(10)
        return reference

    def claimed(self, reference: Reference | None = None) -> Claim:
        claim = self.deliveries.claim(reference or self.one())
        assert claim is not None
        return claim

    def dead(self) -> list[str]:
        """Bodies of the dead letters."""
        sqs = boto3.client("sqs", region_name=REGION)
        received = sqs.receive_message(QueueUrl=self.dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [one["Body"] for one in received.get("Messages", [])]

    def again(self, reference: Reference) -> Reference:
        """The reference as SQS would give it the next time, without waiting for its timeout.

        The clock is the test's: whoever lets a lease run out moves it first.
        """
        sqs = boto3.client("sqs", region_name=REGION)
        sqs.change_message_visibility(
            QueueUrl=self.settings.queue_url, ReceiptHandle=reference.receipt, VisibilityTimeout=0
        )
        return self.one()

    def found(self, ticket: Ticket) -> Ticket:
        found = self.deliveries.ticket(ticket.id, ticket.caller)
        assert found is not None
        return found


@contextmanager
def open_bench() -> Iterator[Bench]:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {RECEIVES_PER_ATTEMPT * ATTEMPTS}}}'
        queue = sqs.create_queue(QueueName="requests", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
        boto3.client("dynamodb", region_name=REGION).create_table(
            TableName="tickets",
            KeySchema=[{"AttributeName": REQUEST_ATTRIBUTE, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": REQUEST_ATTRIBUTE, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        boto3.client("s3", region_name=REGION).create_bucket(
            Bucket="payloads", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        settings = DeliverySettings(
            "https://here.example.com", REGION, queue, dead, "tickets", "payloads", 120, 3_600, ATTEMPTS
        )
        clock = Clock()
        yield Bench(Deliveries(settings, boto3.Session(), clock), clock, settings, dead)
