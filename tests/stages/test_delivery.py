"""Requests that are answered later, on moto's queue, table and bucket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from serving.blueprint.delivery import EXPIRY_ATTRIBUTE
from serving.stages.delivery import KeyReusedError, State, ticket_id_of
from tests.stages.bench import ANSWER, ATTEMPTS, REGION, REQUEST, Bench, open_bench


@pytest.fixture
def bench(aws_credentials: None) -> Iterator[Bench]:
    with open_bench() as opened:
        yield opened


def test_a_request_is_worked_on_and_its_answer_handed_out(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    reference = bench.one()
    assert (ticket.state, reference.ticket_id) == (State.QUEUED, ticket.id)
    assert bench.deliveries.claim(reference) == REQUEST
    bench.deliveries.finish(reference, 200, ANSWER)
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
    reference = bench.one()
    bench.deliveries.claim(reference)
    bench.deliveries.finish(reference, 200, ANSWER)
    again = bench.deliveries.take_in("shop", "order-1", REQUEST)
    assert (again.state, bench.deliveries.answer(again)) == (State.ANSWERED, ANSWER)


def test_a_key_stands_for_one_request(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    with pytest.raises(KeyReusedError):
        bench.deliveries.take_in("shop", "order-1", replace(REQUEST, body=b'{"amount": 2}'))


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
    first = bench.one()
    assert bench.deliveries.claim(first) == REQUEST
    second = bench.again(first)
    assert bench.deliveries.claim(second) is None
    bench.deliveries.finish(first, 200, ANSWER)
    assert bench.deliveries.claim(second) is None
    assert bench.deliveries.waiting() == 0


def test_the_lease_of_a_worker_that_died_runs_out_before_its_reference_is_seen_again(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    first = bench.one()
    bench.deliveries.claim(first)
    second = bench.again(first)
    bench.clock.seconds += bench.settings.visibility_timeout_seconds
    assert bench.deliveries.claim(second) == REQUEST


def test_after_the_last_attempt_the_ticket_has_failed_and_its_reference_is_a_dead_letter(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    for attempt in range(1, ATTEMPTS + 1):
        reference = bench.one()
        assert reference.attempt == attempt
        assert bench.deliveries.claim(reference) == REQUEST
        bench.deliveries.give_back(reference, wait_seconds=0)
    assert bench.found(ticket).state is State.FAILED
    assert bench.deliveries.receive(10) == []
    dead = boto3.client("sqs", region_name=REGION).receive_message(QueueUrl=bench.dead_letters)
    assert ticket.id in dead["Messages"][0]["Body"]


def test_a_dead_letter_that_is_sent_back_is_worked_on_again(bench: Bench) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    for _ in range(ATTEMPTS):
        reference = bench.one()
        bench.deliveries.claim(reference)
        bench.deliveries.give_back(reference, wait_seconds=0)
    sqs = boto3.client("sqs", region_name=REGION)
    sqs.send_message(QueueUrl=bench.settings.queue_url, MessageBody=f'{{"ticket": "{ticket.id}"}}')
    reference = bench.one()
    assert bench.deliveries.claim(reference) == REQUEST
    bench.deliveries.finish(reference, 200, ANSWER)
    assert bench.found(ticket).state is State.ANSWERED


def test_a_late_worker_takes_nothing_from_the_one_that_has_the_lease_now(bench: Bench) -> None:
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    late = bench.one()
    bench.deliveries.claim(late)
    other = bench.again(late)
    bench.clock.seconds += bench.settings.visibility_timeout_seconds
    bench.deliveries.claim(other)
    bench.deliveries._release(late)
    third = bench.again(other)
    assert bench.deliveries.claim(third) is None


@pytest.mark.parametrize(("waited", "overdue"), [(3_600, False), (3_601, True)])
def test_a_request_that_waited_for_longer_than_the_queue_keeps_it_is_overdue(
    bench: Bench, waited: int, overdue: bool
) -> None:
    ticket = bench.deliveries.take_in("shop", "order-1", REQUEST)
    bench.clock.seconds += waited
    assert bench.found(ticket).overdue is overdue


def test_tickets_outlive_their_requests_and_answers_are_kept_for_their_time(bench: Bench) -> None:
    table = boto3.client("dynamodb", region_name=REGION)

    def expiry() -> int:
        [item] = table.scan(TableName="tickets")["Items"]
        return int(item[EXPIRY_ATTRIBUTE]["N"])

    kept = bench.settings.retention_seconds
    bench.deliveries.take_in("shop", "order-1", REQUEST)
    assert expiry() == bench.clock() + 2 * kept
    bench.clock.seconds += 60
    reference = bench.one()
    bench.deliveries.claim(reference)
    bench.deliveries.finish(reference, 200, ANSWER)
    assert expiry() == bench.clock() + kept


def test_ids_do_not_run_together() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ('a","b', "c"), ("a", 'b","c')]
    ids = [ticket_id_of(*pair) for pair in pairs]
    assert all(one != other for one, other in itertools.combinations(ids, 2))
