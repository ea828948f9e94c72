"""The outbox delivers what was committed, at least once, and buries what cannot be."""

import pytest
from django.db import transaction

from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core import outbox
from portal.core.models import OutboxMessage


@pytest.fixture
def received():
    """What a handler of the topic "test" was given; a dict tells it to fail."""
    calls: list[dict] = []

    def handle(payload: dict) -> None:
        calls.append(payload)
        if payload.get("fails"):
            raise OSError("the receiver is away")
        if payload.get("refuses"):
            raise outbox.RefusedByReceiver("no such address")

    outbox.handles("test", handle)
    yield calls
    outbox._HANDLERS.pop("test")


@operation(leaves="person.created")
def send(**payload: object) -> None:
    outbox.enqueue(topic="test", payload=payload)
    record("person.created", actor=SYSTEM, person="Ana")


@pytest.mark.django_db(transaction=False)
def test_what_an_operation_enqueues_is_delivered_once(received):
    send(number=1)

    assert outbox.has_due()
    assert outbox.relay_once() == outbox.RelayReport(delivered=1, failed=0)
    assert outbox.relay_once() == outbox.RelayReport(delivered=0, failed=0)
    assert received == [{"number": 1}]


def test_what_is_rolled_back_is_never_delivered(committed_db, received):
    with transaction.atomic():
        outbox.enqueue(topic="test", payload={"number": 1})
        transaction.set_rollback(True)

    outbox.relay_once()
    assert received == []


def test_a_message_outside_a_transaction_is_refused(committed_db):
    with pytest.raises(RuntimeError, match="inside an operation"):
        outbox.enqueue(topic="test", payload={})


@pytest.mark.django_db
def test_one_bad_message_does_not_stop_the_others(received):
    send(fails=True)
    send(number=2)

    assert outbox.relay_once() == outbox.RelayReport(delivered=1, failed=1)
    assert {"number": 2} in received
    waiting = OutboxMessage.objects.get(delivered_at=None)
    assert waiting.attempts == 1
    assert "the receiver is away" in waiting.last_error


@pytest.mark.django_db
def test_what_the_receiver_refuses_is_buried_and_can_be_sent_again(received):
    send(refuses=True)

    outbox.relay_once()
    assert not outbox.has_due()
    assert OutboxMessage.objects.get().dead_at is not None

    assert outbox.redrive_dead() == 1
    assert outbox.has_due()


@pytest.mark.django_db
def test_the_last_attempt_buries_a_message(received):
    send(fails=True)
    OutboxMessage.objects.update(attempts=outbox.ATTEMPTS_MAX - 1)

    outbox.relay_once()

    assert OutboxMessage.objects.get().dead_at is not None


@pytest.mark.django_db
def test_many_hints_of_one_kind_wake_a_task_once(monkeypatch):
    woken: list[dict] = []
    monkeypatch.setitem(outbox._HANDLERS, "hint", woken.append)

    @operation(leaves="person.created")
    def hint_thrice() -> None:
        for _ in range(3):
            outbox.enqueue(topic="hint", payload={"task": "runs.tasks.fold_inbox"})
        record("person.created", actor=SYSTEM, person="Ana")

    hint_thrice()

    assert outbox.relay_once().delivered == 3
    assert woken == [{"task": "runs.tasks.fold_inbox"}]


def test_a_message_that_is_being_delivered_is_not_claimed_by_another_relay(
    committed_db, received
):
    send(number=3)

    first = outbox.claim()
    second = outbox.claim()

    assert [message.payload for message in first] == [{"number": 3}]
    assert second == []
