"""Notices of held runs: told once a hold, closed when a person settles it."""

from dataclasses import replace

import pytest

from approvals.operations.exceptions import settle_hold, take_exception
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.notice_kinds import KINDS
from portal.audit.operation import operation
from portal.core import outbox
from portal.core.clock import wall_clock
from portal.core.models import OutboxMessage
from runs.models import Hold
from runs.operations.moments import hold_run

pytestmark = pytest.mark.django_db


def relay() -> None:
    """Spread every piece of news that waits, and nothing else."""
    waiting = OutboxMessage.objects.filter(topic__startswith="news.", delivered_at=None)
    for message in waiting.order_by("available_at", "id"):
        outbox._HANDLERS[message.topic](message.payload)
        OutboxMessage.objects.filter(id=message.id).update(delivered_at=wall_clock())


def told(portal, name: str) -> list[Notice]:
    person = portal.people.people[name]
    return list(Notice.objects.filter(person=person.id).order_by("told_at", "id"))


@operation(leaves="run.held")
def hold(run_id, rule_key="conflicting-records") -> None:
    hold_run(
        run_id=run_id,
        rule_key=rule_key,
        sentence="The records differ.",
        actor=SYSTEM,
        now=wall_clock(),
    )


def settle(portal, hold_id, disposition="RESUMED") -> None:
    settle_hold(
        actor=portal.people.actor("erik"),
        hold_id=hold_id,
        disposition=disposition,
        reason_code="",
        text="Read it.",
        now=wall_clock(),
    )


@pytest.fixture
def held(portal) -> Hold:
    """A run that a stop rule holds, with everything else that was told out of the way."""
    run_id = portal.ask()["run"]["id"]
    OutboxMessage.objects.all().delete()
    hold(run_id)
    relay()
    return Hold.objects.get(run_id=run_id)


def test_a_run_that_is_held_tells_who_may_let_it_go_on(portal, held):
    for name in ("erik", "maya"):
        assert [each.kind for each in told(portal, name)] == ["run_held"]
    assert told(portal, "erik")[0].href == f"/exceptions/{held.id}/"
    assert told(portal, "dana") == []


@pytest.mark.parametrize(
    ("disposition", "words"),
    [
        ("RESUMED", "Erik Sandberg let the run go on."),
        ("STOPPED", "Erik Sandberg stopped the run for good."),
    ],
)
def test_settling_a_hold_closes_what_was_told_of_it(portal, held, disposition, words):
    settle(portal, held.id, disposition)
    relay()

    closed = told(portal, "maya")[0]
    assert closed.closed_at is not None
    assert closed.closed_words == words
    assert closed.mail_due_at is None


def test_a_run_that_is_held_again_is_told_again(portal, held):
    settle(portal, held.id)
    hold(held.run_id)
    relay()

    assert [each.closed_at is None for each in told(portal, "erik")] == [False, True]


def test_a_hold_that_is_settled_before_it_is_told_is_not_told(portal):
    run_id = portal.ask()["run"]["id"]
    OutboxMessage.objects.all().delete()
    hold(run_id)
    settle(portal, Hold.objects.get(run_id=run_id).id)
    relay()

    assert told(portal, "maya") == []


def test_the_line_for_many_holds_closes_with_the_last_of_them(portal, monkeypatch):
    runs = [portal.ask(run=f"case-{n}")["run"]["id"] for n in range(2)]
    OutboxMessage.objects.all().delete()
    monkeypatch.setitem(KINDS, "run_held", replace(KINDS["run_held"], alone_max=1))
    for run_id in runs:
        hold(run_id)
    relay()
    line = next(each for each in told(portal, "maya") if not each.subject)

    is_closed = []
    for each in Hold.objects.order_by("placed_at"):
        settle(portal, each.id)
        relay()
        line.refresh_from_db()
        is_closed.append(line.closed_at is not None)

    # The proposals still wait for others: only the holds count here.
    assert is_closed == [False, True]


def test_whoever_looked_into_it_is_told_who_took_it_over(portal, held):
    tom = portal.people.people["tom"]
    Hold.objects.filter(id=held.id).update(taken_by_id=tom.id, taken_at=wall_clock())

    take_exception(actor=portal.people.actor("erik"), hold_id=held.id, now=wall_clock())
    relay()

    notices = told(portal, "tom")
    assert [(each.kind, each.by) for each in notices] == [
        ("exception", "Erik Sandberg")
    ]
    assert notices[0].href == f"/exceptions/{held.id}/"
