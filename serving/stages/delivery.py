"""Answers that are fetched later: a request is taken in once, done once, and its answer kept for a while.

Owns what is stored where: the request and its answer in a bucket, a reference to them in the queue, and in a table
what has become of it. A *ticket* is one caller's one request, however often it is sent: its id follows from caller and
idempotency key. The queue may deliver a reference twice and the program may die at any line, so that each step can be
repeated:

    take in: payload to the bucket, ticket `accepted` if there is none, reference to the queue, ticket `queued`
    work:    lease on the ticket, payload, answer to the bucket, ticket `answered`, reference deleted

A worker that dies leaves a lease that runs out with the visibility timeout of its reference. After the last attempt
the ticket is `failed` and the reference goes to the dead letters; whoever sends it back from there opens the ticket
again. Infrastructure: `components.delivery_queue`, whose attribute names are stated here.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from serving.blueprint.delivery import EXPIRY_ATTRIBUTE, REQUEST_ATTRIBUTE
from serving.stages.settings import DeliverySettings

_LEASE_MARGIN_SECONDS: Final = 5
"""A lease ends before its reference is seen again, so that the next worker finds it free."""

_WAIT_SECONDS: Final = 5
"""Of a receive: short enough that a replica that is to stop stops soon."""

Clock = Callable[[], float]


class State(StrEnum):
    """What has become of a request."""

    ACCEPTED = "accepted"
    """It is stored, and in the queue or about to be."""
    QUEUED = "queued"
    """Its reference is in the queue."""
    ANSWERED = "answered"
    """Its answer is stored."""
    FAILED = "failed"
    """No attempt worked; a person decides."""


class KeyReusedError(ValueError):
    """The caller has sent another request under the same idempotency key."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that was taken in.

    Attributes:
        id: Hexadecimal; names request and answer.
        caller: Who sent it and alone may see the answer.
        state: What has become of it.
        answer_status: HTTP status of the answer, once there is one.
        overdue: Whether it waited for longer than references are kept.
    """

    id: str
    caller: str
    state: State
    answer_status: int | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """A body with the headers that belong to it."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A message of the queue."""

    ticket_id: str
    receipt: str
    attempt: int


class Deliveries:
    """Tickets, requests and answers of one service. Every method is one or a few calls of AWS and may block."""

    def __init__(self, settings: DeliverySettings, session: Any, now: Clock = time.time) -> None:  # noqa: ANN401
        """Make the clients.

        Args:
            settings: Where things are.
            session: A boto3 session, or what makes clients like one.
            now: Unix time.
        """
        self._settings, self._now = settings, now
        self._queue = session.client("sqs", region_name=settings.region)
        self._table = session.client("dynamodb", region_name=settings.region)
        self._bucket = session.client("s3", region_name=settings.region)

    # Taking in

    def take_in(self, caller: str, idempotency_key: str, payload: Payload) -> Ticket:
        """Store a request and queue it, or find that this was done before.

        Raises:
            KeyReusedError: The key stands for another request.
        """
        ticket_id, digest = ticket_id_of(caller, idempotency_key), hashlib.sha256(payload.body).hexdigest()
        found = self._item(ticket_id)
        if found is None:
            self._store("requests", ticket_id, payload)
            found = self._accept(ticket_id, caller, digest)
        if found["digest"]["S"] != digest:
            raise KeyReusedError(idempotency_key)
        if found["state"]["S"] == State.ACCEPTED:
            self._queue.send_message(QueueUrl=self._settings.queue_url, MessageBody=json.dumps({"ticket": ticket_id}))
            self._advance(ticket_id, State.QUEUED, (State.ACCEPTED,))
            found = {**found, "state": {"S": State.QUEUED.value}}
        return self._ticket(found)

    def _accept(self, ticket_id: str, caller: str, digest: str) -> dict[str, Any]:
        now = int(self._now())
        item = {
            REQUEST_ATTRIBUTE: {"S": ticket_id},
            "caller": {"S": caller},
            "digest": {"S": digest},
            "state": {"S": State.ACCEPTED.value},
            "accepted_at": {"N": str(now)},
            EXPIRY_ATTRIBUTE: {"N": str(now + 2 * self._settings.retention_seconds)},
        }
        try:
            self._table.put_item(
                TableName=self._settings.table,
                Item=item,
                ConditionExpression="attribute_not_exists(#id)",
                ExpressionAttributeNames={"#id": REQUEST_ATTRIBUTE},
            )
        except self._table.exceptions.ConditionalCheckFailedException:
            return self._item(ticket_id) or item  # somebody sent the same at the same time
        return item

    # Handing out

    def ticket(self, ticket_id: str, caller: str) -> Ticket | None:
        """What has become of a caller's request; None for an unknown one, or somebody else's."""
        found = self._item(ticket_id)
        if found is None or found["caller"]["S"] != caller:
            return None
        return self._ticket(found)

    def answer(self, ticket: Ticket) -> Payload:
        """The stored answer of a ticket that is `answered`."""
        return self._load("answers", ticket.id)

    # Working

    def receive(self, at_most: int) -> list[Reference]:
        """Wait for references, some seconds at most."""
        received = self._queue.receive_message(
            QueueUrl=self._settings.queue_url,
            WaitTimeSeconds=_WAIT_SECONDS,
            MaxNumberOfMessages=min(at_most, 10),  # the most that SQS gives (botocore 1.44.5, sqs, ReceiveMessage)
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Reference(
                json.loads(one["Body"])["ticket"],
                one["ReceiptHandle"],
                int(one["Attributes"]["ApproximateReceiveCount"]),
            )
            for one in received.get("Messages", [])
        ]

    def claim(self, reference: Reference) -> Payload | None:
        """Take a lease and the request; None where there is nothing to do, or somebody else does it."""
        now = int(self._now())
        lease_until = now + self._settings.visibility_timeout_seconds - _LEASE_MARGIN_SECONDS
        try:
            self._table.update_item(
                TableName=self._settings.table,
                Key=_key(reference.ticket_id),
                UpdateExpression="SET lease_until = :until, lease = :lease",
                ConditionExpression="#state <> :answered AND attribute_exists(#state)"
                " AND (attribute_not_exists(lease_until) OR lease_until < :now)",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":until": {"N": str(lease_until)},
                    ":lease": {"S": reference.receipt},
                    ":now": {"N": str(now)},
                    ":answered": {"S": State.ANSWERED.value},
                },
            )
        except self._table.exceptions.ConditionalCheckFailedException:
            self._forget_if_settled(reference)
            return None
        return self._load("requests", reference.ticket_id)

    def _forget_if_settled(self, reference: Reference) -> None:
        found = self._item(reference.ticket_id)
        if found is None or found["state"]["S"] == State.ANSWERED:
            self._delete(reference)

    def finish(self, reference: Reference, status: int, answer: Payload) -> None:
        """Store the answer, then the fact that there is one, then forget the reference."""
        self._store("answers", reference.ticket_id, answer)
        self._table.update_item(
            TableName=self._settings.table,
            Key=_key(reference.ticket_id),
            UpdateExpression="SET #state = :answered, answer_status = :status, #expiry = :expiry"
            " REMOVE lease, lease_until",
            ExpressionAttributeNames={"#state": "state", "#expiry": EXPIRY_ATTRIBUTE},
            ExpressionAttributeValues={
                ":answered": {"S": State.ANSWERED.value},
                ":status": {"N": str(status)},
                ":expiry": {"N": str(int(self._now()) + self._settings.retention_seconds)},
            },
        )
        self._delete(reference)

    def give_back(self, reference: Reference, wait_seconds: int) -> None:
        """Let another attempt follow; after the last one, say that there was none that worked."""
        last = reference.attempt >= self._settings.max_attempts
        if last:
            self._advance(reference.ticket_id, State.FAILED, (State.ACCEPTED, State.QUEUED))
        self._release(reference)
        self._queue.change_message_visibility(
            QueueUrl=self._settings.queue_url,
            ReceiptHandle=reference.receipt,
            VisibilityTimeout=0 if last else min(wait_seconds, self._settings.visibility_timeout_seconds),
        )

    def _release(self, reference: Reference) -> None:
        try:
            self._table.update_item(
                TableName=self._settings.table,
                Key=_key(reference.ticket_id),
                UpdateExpression="REMOVE lease, lease_until",
                ConditionExpression="lease = :lease",
                ExpressionAttributeValues={":lease": {"S": reference.receipt}},
            )
        except self._table.exceptions.ConditionalCheckFailedException:
            return  # it took so long that somebody else has it now

    def waiting(self) -> int:
        """References that wait for a worker, approximately."""
        attributes = self._queue.get_queue_attributes(
            QueueUrl=self._settings.queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    # Storage

    def _delete(self, reference: Reference) -> None:
        self._queue.delete_message(QueueUrl=self._settings.queue_url, ReceiptHandle=reference.receipt)

    def _item(self, ticket_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self._table.get_item(
            TableName=self._settings.table, Key=_key(ticket_id), ConsistentRead=True
        )
        return found.get("Item")

    def _advance(self, ticket_id: str, state: State, of: tuple[State, ...]) -> None:
        """Set the state where it is one of those; a state that went further meanwhile stays."""
        values = {f":s{index}": {"S": one.value} for index, one in enumerate(of)}
        try:
            self._table.update_item(
                TableName=self._settings.table,
                Key=_key(ticket_id),
                UpdateExpression="SET #state = :state",
                ConditionExpression=f"#state IN ({', '.join(values)})",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":state": {"S": state.value}, **values},
            )
        except self._table.exceptions.ConditionalCheckFailedException:
            return

    def _store(self, folder: str, ticket_id: str, payload: Payload) -> None:
        self._bucket.put_object(
            Bucket=self._settings.bucket,
            Key=f"{folder}/{ticket_id}",
            Body=payload.body,
            Metadata={"headers": json.dumps(dict(payload.headers))},
        )

    def _load(self, folder: str, ticket_id: str) -> Payload:
        stored = self._bucket.get_object(Bucket=self._settings.bucket, Key=f"{folder}/{ticket_id}")
        return Payload(stored["Body"].read(), json.loads(stored["Metadata"]["headers"]))

    def _ticket(self, item: Mapping[str, Any]) -> Ticket:
        status = item.get("answer_status")
        waited = self._now() - float(item["accepted_at"]["N"])
        return Ticket(
            id=item[REQUEST_ATTRIBUTE]["S"],
            caller=item["caller"]["S"],
            state=State(item["state"]["S"]),
            answer_status=int(status["N"]) if status else None,
            overdue=waited > self._settings.retention_seconds,
        )


def ticket_id_of(caller: str, idempotency_key: str) -> str:
    """The id of a request: the same for the same caller and key, another one for everybody else."""
    return hashlib.sha256(json.dumps([caller, idempotency_key]).encode()).hexdigest()


def _key(ticket_id: str) -> dict[str, Any]:
    return {REQUEST_ATTRIBUTE: {"S": ticket_id}}
