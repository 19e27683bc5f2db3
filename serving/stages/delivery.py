"""Answers that are fetched later: a request is taken in once, done once, and its answer kept for a while.

Owns what is stored where: the request and its answer in a bucket, a reference to them in the queue, and in a table
what has become of it. A *ticket* is one caller's one request, however often it is sent: its id follows from caller and
idempotency key. The queue may deliver a reference twice and the program may die at any line, so that each step can be
repeated:

    take in: payload to the bucket, ticket `accepted` if there is none, reference to the queue, ticket `queued`
    work:    lease and attempt on the ticket, payload, answer to the bucket, ticket `answered`, reference deleted
    fail:    ticket `failed`, reference to the dead letters, reference deleted from the queue

Attempts are counted on the ticket and not by the queue: a reference that is given back untried has cost none, and one
whose attempt ended with its worker has. A worker that dies leaves a lease that runs out with the visibility timeout of
its reference. Whoever sends a dead letter back opens its ticket again. Infrastructure: `components.delivery_queue`,
whose attribute names are stated here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from serving.blueprint.delivery import (
    DEAD_LETTER_SECONDS,
    EXPIRY_ATTRIBUTE,
    LEASE_MARGIN_SECONDS,
    REQUEST_ATTRIBUTE,
)
from serving.stages.settings import DeliverySettings

_WAIT_SECONDS: Final = 5
"""Of a receive: short enough that a replica that is to stop stops soon."""

_COUNTED: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

_LOG = logging.getLogger(__name__)

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
        answer_key: Where the answer is, once there is one.
        overdue: Whether it waited for longer than references are kept.
    """

    id: str
    caller: str
    state: State
    answer_status: int | None = None
    answer_key: str = ""
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """A body with the headers that belong to it."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A message of the queue.

    Attributes:
        ticket_id: The request.
        receipt: This receipt of it.
        receives: How often it was received.
        received_at: Unix time at which it was.
    """

    ticket_id: str
    receipt: str
    receives: int
    received_at: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on a ticket: the right to one attempt.

    Attributes:
        reference: The message that led to it.
        attempt: Which attempt it is, counted from 1.
        seconds: Time that is left of the lease.
        payload: The request.
    """

    reference: Reference
    attempt: int
    seconds: float
    payload: Payload


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

        Where nobody knows who calls, keys would collide and ids could be guessed: each request is one of its own then.

        Raises:
            KeyReusedError: The key stands for another request.
        """
        ticket_id = ticket_id_of(caller, idempotency_key) if caller else secrets.token_hex(32)
        digest = hashlib.sha256(payload.body).hexdigest()
        found = self._item(ticket_id)
        if found is None:
            self._store(_request_key(ticket_id, digest), payload)
            found = self._accept(ticket_id, caller, digest)
        if found["digest"]["S"] != digest:
            raise KeyReusedError(idempotency_key)
        if found["state"]["S"] == State.ACCEPTED:
            self._queue.send_message(QueueUrl=self._settings.queue_url, MessageBody=_body(ticket_id))
            # where it went further meanwhile, it stays there
            self._change(
                ticket_id,
                "SET #state = :queued",
                "#state = :accepted",
                queued=State.QUEUED.value,
                accepted=State.ACCEPTED.value,
            )
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
        return self._load(ticket.answer_key)

    # Working

    def receive(self, at_most: int) -> list[Reference]:
        """Wait for references, some seconds at most."""
        received = self._queue.receive_message(
            QueueUrl=self._settings.queue_url,
            WaitTimeSeconds=_WAIT_SECONDS,
            MaxNumberOfMessages=min(at_most, 10),  # the most that SQS gives (botocore 1.44.5, sqs, ReceiveMessage)
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return list(self._references(received.get("Messages", []), self._now()))

    def _references(self, messages: list[dict[str, Any]], now: float) -> Iterator[Reference]:
        for one in messages:
            try:
                ticket_id = str(json.loads(one["Body"])["ticket"])
            except (ValueError, KeyError, TypeError):  # not ours, its text may be anything: the queue sets it aside
                _LOG.error("message %s is no reference", one["MessageId"])
                continue
            yield Reference(ticket_id, one["ReceiptHandle"], int(one["Attributes"]["ApproximateReceiveCount"]), now)

    def claim(self, reference: Reference) -> Claim | None:
        """Take a lease and the request; None where there is nothing to do, or somebody else does it."""
        until = int(reference.received_at) + self._settings.visibility_timeout_seconds - LEASE_MARGIN_SECONDS
        found, now = self._item(reference.ticket_id), int(self._now())
        if found is None:
            _LOG.error("ticket %s is unknown; its reference becomes a dead letter", reference.ticket_id)
            self._set_aside(reference)
        elif found["state"]["S"] == State.ANSWERED:
            self._delete(reference)
        elif now < until and not _is_leased(found, now):
            return self._attempt(reference, found, until)
        return None

    def _attempt(self, reference: Reference, found: Mapping[str, Any], until: int) -> Claim | None:
        sent_back, now = found["state"]["S"] == State.FAILED, int(self._now())
        spent = 0 if sent_back else _spent(found)  # what a person sent back begins anew
        if spent >= self._settings.max_attempts:  # the worker of the last attempt died
            self._fail(reference)
            return None
        taken = self._change(
            reference.ticket_id,
            "SET #state = :queued, accepted_at = :accepted, attempts = :attempts, lease = :lease, lease_until = :until",
            "#state = :before AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
            queued=State.QUEUED.value,
            before=found["state"]["S"],
            accepted=now if sent_back else int(found["accepted_at"]["N"]),
            attempts=spent + 1,
            lease=reference.receipt,
            until=until,
            now=now,
        )
        if not taken:
            return None
        payload = self._load(_request_key(reference.ticket_id, found["digest"]["S"]))
        return Claim(reference, spent + 1, until - self._now(), payload)

    def finish(self, claim: Claim, status: int, answer: Payload) -> bool:
        """Store the answer, then the fact that there is one, then forget the reference.

        False where the lease is somebody else's by now: what they answer counts.
        """
        ticket_id = claim.reference.ticket_id
        key = f"answers/{ticket_id}/{secrets.token_hex(8)}"  # nobody writes over an answer that was given
        self._store(key, answer)
        kept = self._change(
            ticket_id,
            "SET #state = :answered, answer_status = :status, answer_key = :key, #expiry = :expiry"
            " REMOVE lease, lease_until",
            "lease = :lease",
            answered=State.ANSWERED.value,
            status=status,
            key=key,
            expiry=int(self._now()) + self._settings.retention_seconds,
            lease=claim.reference.receipt,
        )
        if kept:
            self._delete(claim.reference)
        return kept

    def give_back(self, claim: Claim, wait_seconds: int) -> None:
        """Let another attempt follow; after the last one, say that there was none that worked."""
        if claim.attempt >= self._settings.max_attempts:
            self._fail(claim.reference)
        elif self._release(claim.reference, claim.attempt):
            self._show_again(claim.reference, wait_seconds)

    def give_back_untried(self, reference: Reference, claim: Claim | None, wait_seconds: int) -> None:
        """Leave it to others: the server never saw it, so that it has cost no attempt."""
        if reference.receives >= self._settings.max_receives:  # the queue would set it aside, and nobody would know
            self._fail(reference)
        elif claim is None or self._release(reference, claim.attempt - 1):
            self._show_again(reference, wait_seconds)

    def _release(self, reference: Reference, attempts: int) -> bool:
        """End the lease, unless it took so long that somebody else has it now."""
        return self._change(
            reference.ticket_id,
            "SET attempts = :attempts REMOVE lease, lease_until",
            "lease = :lease",
            attempts=attempts,
            lease=reference.receipt,
        )

    def _fail(self, reference: Reference) -> None:
        """Say that nobody could answer, for as long as a dead letter can be sent back and answered after all."""
        now = int(self._now())
        failed = self._change(
            reference.ticket_id,
            "SET #state = :failed, #expiry = :expiry REMOVE lease, lease_until",
            "#state IN (:accepted, :queued, :failed)"
            " AND (attribute_not_exists(lease_until) OR lease_until <= :now OR lease = :lease)",
            failed=State.FAILED.value,
            accepted=State.ACCEPTED.value,
            queued=State.QUEUED.value,
            expiry=now + DEAD_LETTER_SECONDS + self._settings.retention_seconds,
            now=now,
            lease=reference.receipt,
        )
        if failed:
            self._set_aside(reference)

    def _set_aside(self, reference: Reference) -> None:
        self._queue.send_message(QueueUrl=self._settings.dead_letters_url, MessageBody=_body(reference.ticket_id))
        self._delete(reference)

    def _show_again(self, reference: Reference, wait_seconds: int) -> None:
        self._queue.change_message_visibility(
            QueueUrl=self._settings.queue_url,
            ReceiptHandle=reference.receipt,
            VisibilityTimeout=min(wait_seconds, self._settings.visibility_timeout_seconds),
        )

    def waiting(self) -> int:
        """References that are not answered yet, approximately: waiting, worked on, or resting before an attempt."""
        found = self._queue.get_queue_attributes(QueueUrl=self._settings.queue_url, AttributeNames=list(_COUNTED))
        return sum(int(found["Attributes"][name]) for name in _COUNTED)

    # Storage

    def _delete(self, reference: Reference) -> None:
        self._queue.delete_message(QueueUrl=self._settings.queue_url, ReceiptHandle=reference.receipt)

    def _item(self, ticket_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self._table.get_item(
            TableName=self._settings.table, Key=_key(ticket_id), ConsistentRead=True
        )
        return found.get("Item")

    def _change(self, ticket_id: str, update: str, condition: str, **values: str | int) -> bool:
        """Change a ticket where the condition holds; whether it did."""
        names = {"#state": "state", "#expiry": EXPIRY_ATTRIBUTE}
        try:
            self._table.update_item(
                TableName=self._settings.table,
                Key=_key(ticket_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={sign: name for sign, name in names.items() if sign in update + condition},
                ExpressionAttributeValues={
                    f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value}
                    for name, value in values.items()
                },
            )
        except self._table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _store(self, key: str, payload: Payload) -> None:
        """Headers, a line feed, the body: metadata of an object has 2 KB at most (S3 user guide, read 2026-11)."""
        headers = json.dumps(dict(payload.headers)).encode()
        self._bucket.put_object(Bucket=self._settings.bucket, Key=key, Body=b"\n".join((headers, payload.body)))

    def _load(self, key: str) -> Payload:
        stored: bytes = self._bucket.get_object(Bucket=self._settings.bucket, Key=key)["Body"].read()
        headers, _, body = stored.partition(b"\n")
        return Payload(body, json.loads(headers))

    def _ticket(self, item: Mapping[str, Any]) -> Ticket:
        status, key = item.get("answer_status"), item.get("answer_key")
        now, state = self._now(), State(item["state"]["S"])
        if state is not State.ANSWERED and _spent(item) >= self._settings.max_attempts and not _is_leased(item, now):
            state = State.FAILED  # the worker of the last attempt died with it
        return Ticket(
            id=item[REQUEST_ATTRIBUTE]["S"],
            caller=item["caller"]["S"],
            state=state,
            answer_status=int(status["N"]) if status else None,
            answer_key=key["S"] if key else "",
            overdue=now - float(item["accepted_at"]["N"]) > self._settings.retention_seconds,
        )


def ticket_id_of(caller: str, idempotency_key: str) -> str:
    """The id of a request: the same for the same caller and key, another one for everybody else."""
    return hashlib.sha256(json.dumps([caller, idempotency_key]).encode()).hexdigest()


def _key(ticket_id: str) -> dict[str, Any]:
    return {REQUEST_ATTRIBUTE: {"S": ticket_id}}


def _request_key(ticket_id: str, digest: str) -> str:
    """Where a request waits: by its body too, so that another one with the same idempotency key cannot replace it."""
    return f"requests/{ticket_id}/{digest}"


def _body(ticket_id: str) -> str:
    return json.dumps({"ticket": ticket_id})


def _spent(item: Mapping[str, Any]) -> int:
    """Attempts that a ticket has had, the running one among them."""
    return int(item["attempts"]["N"]) if "attempts" in item else 0


def _is_leased(item: Mapping[str, Any], now: float) -> bool:
    return "lease_until" in item and int(item["lease_until"]["N"]) > now
