"""Requests that are answered later, on moto's queue, table and bucket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from serving.blueprint.delivery import DEAD_LETTER_SECONDS, EXPIRY_ATTRIBUTE, REQUEST_ATTRIBUTE
from serving.stages.delivery import KeyReusedError, State, Ticket, ticket_id_of
from tests.stages.bench import ANSWER, ATTEMPTS, REGION, REQUEST, Bench, open_bench


@pytest.fixture
def bench(aws_credentials: None) -> Iterator[Bench]:
    with open_bench() as opened:
        yield opened


def test_a_request_is_worked_on_and_its_answer_handed_out(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    claim = bench.claimed()
    assert (ticket.state, claim.reference.ticket_id, claim.attempt) == (State.QUEUED, ticket.id, 1)
    assert claim.payload == REQUEST
    assert bench.deliveries.finish(claim, 200, ANSWER)
    answered = bench.found(ticket)
    assert (answered.state, answered.answer_status) == (State.ANSWERED, 200)
    assert bench.deliveries.answer(answered) == ANSWER
    assert bench.deliveries.waiting() == 0


def test_a_request_that_is_sent_twice_is_queued_once(bench: Bench) -> None:
    first = bench.deliveries.take_in("shop", "order-1", REQUEST)
    assert bench.deliveries.take_in("shop", "order-1", REQUEST).id == first.id
    assert bench.deliveries.waiting() == 1


def test_an_answered_request_that_is_sent_again_gets_the_same_answer(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    bench.deliveries.finish(bench.claimed(), 200, ANSWER)
    again = bench.deliveries.take_in("shop", "order-1", REQUEST)
    assert (again.state, bench.deliveries.answer(again)) == (State.ANSWERED, ANSWER)


def test_a_key_stands_for_one_request(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    with pytest.raises(KeyReusedError):
        bench.deliveries.take_in("shop", "order-1", replace(REQUEST, body=b'{"amount": 2}'))


def test_a_request_that_is_refused_for_its_key_does_not_replace_the_one_that_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that come at the same time: neither finds the other's ticket, both store what they bring."""
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    found, blind = bench.deliveries._item, iter((None,))
    monkeypatch.setattr(bench.deliveries, "_item", lambda ticket_id: next(blind, found(ticket_id)))
    with pytest.raises(KeyReusedError):
        bench.deliveries.take_in("shop", "order-1", replace(REQUEST, body=b'{"amount": 2}'))
    assert bench.claimed().payload == REQUEST


def test_callers_do_not_share_keys_nor_see_each_others_tickets(bench: Bench) -> None:
    mine = bench.deliveries.take_in("shop", "order-1", REQUEST)
    yours = bench.deliveries.take_in("bank", "order-1", replace(REQUEST, body=b"{}"))
    assert mine.id != yours.id
    assert bench.deliveries.ticket(mine.id, "bank") is None
    assert bench.deliveries.ticket("0" * 64, "shop") is None


def test_a_program_that_died_before_it_queued_a_request_queues_it_when_it_is_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DiedError(Exception):
        pass

    def die(**_: object) -> None:
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(bench.deliveries._queue, "send_message", die)
        with pytest.raises(DiedError):
            bench.deliveries.take_in("shop", "order-1", REQUEST)
    assert bench.deliveries.waiting() == 0
    assert bench.deliveries.take_in("shop", "order-1", REQUEST).state is State.QUEUED
    assert bench.deliveries.waiting() == 1


def test_a_reference_that_is_delivered_twice_is_worked_on_once(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    first = bench.claimed()
    second = bench.again(first.reference)
    assert bench.deliveries.claim(second) is None
    bench.deliveries.finish(first, 200, ANSWER)
    assert bench.deliveries.claim(second) is None
    assert bench.deliveries.waiting() == 0


def test_the_lease_of_a_worker_that_died_runs_out_before_its_reference_is_seen_again(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    first = bench.claimed()
    assert 0 < first.seconds < bench.settings.visibility_timeout_seconds
    bench.clock.seconds += bench.settings.visibility_timeout_seconds
    second = bench.claimed(bench.again(first.reference))
    assert (second.attempt, second.payload) == (2, REQUEST)


def failed(bench: Bench) -> Ticket:
    """A request that no attempt could answer."""
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    for attempt in range(1, ATTEMPTS + 1):
        claim = bench.claimed()
        assert claim.attempt == attempt
        bench.deliveries.give_back(claim, wait_seconds=0)
    return ticket


def sent_back(bench: Bench, ticket: Ticket) -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    sqs.send_message(QueueUrl=bench.settings.queue_url, MessageBody=f'{{"ticket": "{ticket.id}"}}')


def expiry() -> int:
    [item] = boto3.client("dynamodb", region_name=REGION).scan(TableName="tickets")["Items"]
    return int(item[EXPIRY_ATTRIBUTE]["N"])


def test_after_the_last_attempt_the_ticket_has_failed_and_its_reference_is_a_dead_letter(bench: Bench) -> None:
    ticket = failed(bench)
    assert bench.found(ticket).state is State.FAILED
    assert bench.deliveries.receive(10) == []
    assert bench.dead() == [f'{{"ticket": "{ticket.id}"}}']


def test_a_request_that_takes_its_replica_along_fails_too_and_its_caller_is_told_at_once(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    reference = bench.one()
    for _ in range(ATTEMPTS):
        assert bench.found(ticket).state is State.QUEUED
        bench.claimed(reference)  # and its worker dies
        bench.clock.seconds += bench.settings.visibility_timeout_seconds
        reference = bench.again(reference)
    assert bench.found(ticket).state is State.FAILED
    assert bench.deliveries.claim(reference) is None
    assert len(bench.dead()) == 1
    assert bench.deliveries.waiting() == 0


def test_what_the_server_never_saw_costs_no_attempt(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    for _ in range(ATTEMPTS + 1):
        claim = bench.claimed()
        assert claim.attempt == 1
        bench.deliveries.give_back_untried(claim.reference, claim, wait_seconds=0)
    assert bench.found(ticket).state is State.QUEUED
    assert bench.dead() == []


def test_what_is_given_back_untried_for_ever_fails_before_the_queue_takes_it_away(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    for _ in range(bench.settings.max_receives):
        bench.deliveries.give_back_untried(bench.one(), None, wait_seconds=0)
    assert bench.found(ticket).state is State.FAILED
    assert len(bench.dead()) == 1


def test_a_dead_letter_that_is_sent_back_is_worked_on_again(bench: Bench) -> None:
    ticket = failed(bench)
    bench.clock.seconds += DEAD_LETTER_SECONDS
    sent_back(bench, ticket)
    claim = bench.claimed()
    assert (claim.attempt, claim.payload) == (1, REQUEST)
    assert (bench.found(ticket).state, bench.found(ticket).overdue) == (State.QUEUED, False)
    bench.deliveries.finish(claim, 200, ANSWER)
    assert bench.found(ticket).state is State.ANSWERED


def test_a_ticket_lives_for_as_long_as_its_dead_letter_and_a_second_wait(bench: Bench) -> None:
    failed(bench)
    assert expiry() == bench.clock() + DEAD_LETTER_SECONDS + bench.settings.retention_seconds


def test_a_reference_without_a_ticket_stays_a_dead_letter(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    ticket = failed(bench)
    boto3.client("dynamodb", region_name=REGION).delete_item(
        TableName="tickets", Key={REQUEST_ATTRIBUTE: {"S": ticket.id}}
    )
    sent_back(bench, ticket)
    assert bench.deliveries.claim(bench.one()) is None
    assert len(bench.dead()) == 2
    assert "is unknown" in caplog.text


def test_a_message_that_is_no_reference_stops_nobody(bench: Bench) -> None:
    boto3.client("sqs", region_name=REGION).send_message(QueueUrl=bench.settings.queue_url, MessageBody="[]")
    assert bench.deliveries.receive(10) == []


def test_a_late_worker_takes_nothing_from_the_one_that_has_the_lease_now(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    late = bench.claimed()
    bench.clock.seconds += bench.settings.visibility_timeout_seconds
    other = bench.claimed(bench.again(late.reference))
    bench.deliveries.give_back(late, wait_seconds=0)
    assert bench.deliveries.claim(bench.again(other.reference)) is None
    assert bench.deliveries.finish(other, 200, ANSWER)
    assert not bench.deliveries.finish(late, 500, replace(ANSWER, body=b"late"))
    answered = bench.found(ticket)
    assert (answered.answer_status, bench.deliveries.answer(answered)) == (200, ANSWER)


def test_headers_that_are_larger_than_metadata_may_be_are_kept(bench: Bench) -> None:
    large = replace(REQUEST, headers={"baggage": "x" * 8_192})
    bench.deliveries.take_in("shop", "order-1", large)
    assert bench.claimed().payload == large


def test_whoever_is_unknown_shares_nothing_with_others_who_are(bench: Bench) -> None:
    first, second = (bench.deliveries.take_in("", "order-1", REQUEST) for _ in range(2))
    assert first.id != second.id
    assert ticket_id_of("", "order-1") not in (first.id, second.id)


def test_what_is_worked_on_counts_as_waiting(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    bench.claimed()
    assert bench.deliveries.waiting() == 1


@pytest.mark.parametrize(("waited", "overdue"), [(3_600, False), (3_601, True)])
def test_a_request_that_waited_for_longer_than_the_queue_keeps_it_is_overdue(
    bench: Bench, waited: int, overdue: bool
) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    bench.clock.seconds += waited
    assert bench.found(ticket).overdue is overdue


def test_tickets_outlive_their_requests_and_answers_are_kept_for_their_time(bench: Bench) -> None:
    kept = bench.settings.retention_seconds
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    assert expiry() == bench.clock() + 2 * kept
    bench.clock.seconds += 60
    bench.deliveries.finish(bench.claimed(), 200, ANSWER)
    assert expiry() == bench.clock() + kept


def test_ids_do_not_run_together() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ('a","b', "c"), ("a", 'b","c')]
    ids = [ticket_id_of(*pair) for pair in pairs]
    assert all(one != other for one, other in itertools.combinations(ids, 2))
